"""The classes of settings and the reading of them."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from connectors.registry import CONNECTORS
from integrationhub import configuration
from integrationhub.configuration import Limits, Mail, Misconfigured, Reader, Running
from integrationhub.management.commands import list_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """Return a function that reads with these variables set, and no others of the hub."""
    for name in os.environ:
        if name in {one.name for one in list_settings.all_settings()}:
            monkeypatch.delenv(name)

    def make(*, in_file: str = "", **values: str) -> Reader:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        path = tmp_path / ".env"
        path.write_text(in_file, encoding="utf-8")
        return Reader(path)

    return make


class TestReader:
    def test_takes_the_environment_then_the_file_then_the_fallback_then_the_default(self, reader):
        read = reader(HUB_PORT="9000", in_file="HUB_PORT=1\nHUB_SANDBOX_PORT=2\nOTHERS=3\n")
        rest = {"HUB_SANDBOX_PORT": "4", "HUB_LANGUAGE": "sv"}

        found = read.read(Running, fallback=rest)

        assert (found.hub_port, found.hub_sandbox_port) == (9000, 2)
        assert (found.hub_language, found.hub_log_level) == ("sv", "INFO")

    def test_takes_an_empty_value_for_one_that_is_not_set(self, reader):
        read = reader(HUB_PORT="", in_file="HUB_SANDBOX_PORT=\n")

        found = read.read(Running)

        assert (found.hub_port, found.hub_sandbox_port) == (8000, 8001)

    def test_splits_lists_at_commas(self, reader):
        found = reader(HUB_ALLOWED_HOSTS="a.example, b.example,").read(Running)

        assert found.hub_allowed_hosts == ["a.example", "b.example"]

    def test_collects_every_missing_setting_of_production_in_one_message(self, reader):
        read = reader(HUB_SANDBOX="0")
        read.read(Running)

        with pytest.raises(Misconfigured) as refusal:
            read.finish()

        assert len(refusal.value.reasons) == 6
        assert "CELERY_BROKER_URL is not set (required: HUB_SANDBOX=0). Redis, as redis://" in str(
            refusal.value
        )
        assert "copy it to `.env`" in str(refusal.value)

    def test_wants_keys_of_its_own_for_a_database_of_its_own(self, reader):
        read = reader(DATABASE_URL="postgres://127.0.0.1/hub")

        read.read(Running)

        assert read.reasons[0].startswith("HUB_SECRET_KEY is not set")

    def test_needs_nothing_for_the_trial(self, reader):
        read = reader()

        for kind in (Running, Limits, Mail, *(one.settings for one in CONNECTORS.values())):
            read.read(kind)

        read.finish()

    @pytest.mark.parametrize(
        ("kind", "name", "value"),
        [
            (Limits, "HUB_WORKER_THREADS", "eight"),
            (Limits, "HUB_WORKER_THREADS", "0"),
            (Limits, "HUB_WORKER_THREADS", "3.5"),
            (Running, "HUB_PORT", "65536"),
            (Running, "HUB_SANDBOX", "maybe"),
            (Running, "HUB_LANGUAGE", "fi"),
            (CONNECTORS["businessnxt"].settings, "BUSINESS_NXT_CURRENCIES", "kroner"),
            (CONNECTORS["vismabusiness"].settings, "VISMA_BUSINESS_SIGN", "perhaps"),
        ],
    )
    def test_names_what_cannot_be_used_and_shows_no_value(self, reader, kind, name, value):
        read = reader(**{name: value})

        read.read(kind)

        assert [reason.partition(":")[0] for reason in read.reasons] == [name]
        assert value not in read.reasons[0].replace("65535", "")

    def test_names_the_place_of_a_key_that_cannot_be_used_but_not_the_key(self, reader):
        read = reader(HUB_ENCRYPTION_KEYS=f"{Fernet.generate_key().decode()}, hunter2")

        read.read(Running)

        assert read.reasons[0].startswith("HUB_ENCRYPTION_KEYS: key 2 is not a Fernet key.")
        assert "hunter2" not in read.reasons[0]

    def test_knows_a_name_that_is_a_slip_of_the_pen(self, reader):
        read = reader(HUB_WORKER_THREAD="8", in_file="HUB_PROT=8000\nSOMEBODYS=1\n")

        assert {"HUB_WORKER_THREAD", "HUB_PROT"} <= {*read.unknown()}
        assert "SOMEBODYS" not in read.unknown()

    def test_shows_no_secret_when_it_is_printed(self, reader):
        found = reader(HUB_SECRET_KEY="hunter2", HUB_EMAIL_URL="smtp://a:hunter2@b").read(Running)

        assert "hunter2" not in repr(found)


class TestReadEnvFile:
    def test_reads_names_and_values_and_skips_the_rest(self, tmp_path):
        path = tmp_path / ".env"
        path.write_text("# a comment\n\nexport A=1\nB = 'two words' \nC=x=y\nD=\n")

        values = configuration.read_env_file(path)

        assert values == {"A": "1", "B": "two words", "C": "x=y", "D": ""}

    def test_takes_an_absent_file_for_an_empty_one(self, tmp_path):
        assert configuration.read_env_file(tmp_path / "absent") == {}

    def test_names_every_line_that_it_cannot_read(self, tmp_path):
        path = tmp_path / ".env"
        path.write_text("A=1\nnonsense\n9=x\n")

        with pytest.raises(Misconfigured) as refusal:
            configuration.read_env_file(path)

        assert [reason.rpartition("/")[2] for reason in refusal.value.reasons] == [
            ".env, line 2: write NAME=value.",
            ".env, line 3: write NAME=value.",
        ]


class TestKeepOwnSecrets:
    def test_makes_keys_once_and_returns_the_same_ever_after(self, tmp_path):
        path = tmp_path / "var" / "secrets.env"

        first = configuration.keep_own_secrets(path)
        second = configuration.keep_own_secrets(path)

        assert first == second
        assert len(first["HUB_SECRET_KEY"]) >= 50
        assert Fernet(first["HUB_ENCRYPTION_KEYS"])

    def test_lets_nobody_else_read_them(self, tmp_path):
        path = tmp_path / "secrets.env"

        configuration.keep_own_secrets(path)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [one.name for one in tmp_path.iterdir()] == ["secrets.env"]

    def test_takes_the_keys_of_a_process_that_was_quicker(self, tmp_path, monkeypatch):
        path = tmp_path / "secrets.env"

        def someone_was_quicker(draft: Path, target: Path) -> None:
            target.write_text("HUB_SECRET_KEY=theirs\n")
            raise FileExistsError

        monkeypatch.setattr(os, "link", someone_was_quicker)

        assert configuration.keep_own_secrets(path) == {"HUB_SECRET_KEY": "theirs"}
        assert [one.name for one in tmp_path.iterdir()] == ["secrets.env"]


class TestSettings:
    """The settings module itself, in a process of its own."""

    def start(
        self, tmp_path: Path, *, program: str = "", **values: str
    ) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "HUB_ENV_FILE": os.devnull, **values}
        env |= {"HUB_DATA_DIR": str(tmp_path), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        program = program or (
            "from django.conf import settings as s; "
            "print(s.HUB_BASE_URL, s.HUB_VENDORS['VISMA_NET_API_URL'], s.SESSION_COOKIE_SECURE, "
            "s.SECURE_HSTS_SECONDS > 0 and s.SECURE_HSTS_INCLUDE_SUBDOMAINS, "
            "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, "
            "s.HUB_THEME_COOKIE_NAME, s.HUB_MESSAGES_COOKIE_NAME, s.DEBUG)"
        )
        env["DJANGO_SETTINGS_MODULE"] = "integrationhub.settings"
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )

    def test_start_the_trial_with_nothing_set(self, tmp_path):
        done = self.start(tmp_path, HUB_PORT="8010", HUB_SANDBOX_PORT="8011")

        assert done.stdout.split() == [
            "http://localhost:8010",
            "http://127.0.0.1:8011/visma-net",
            "False",
            "False",
            *("sessionid", "csrftoken", "django_language", "theme", "messages", "False"),
        ]

    def test_stop_production_with_every_missing_setting_named(self, tmp_path):
        done = self.start(tmp_path, HUB_SANDBOX="0")

        named = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("  - ")]
        assert done.returncode != 0
        assert set(named) == {
            "HUB_BASE_URL",
            "HUB_ALLOWED_HOSTS",
            "HUB_SECRET_KEY",
            "HUB_ENCRYPTION_KEYS",
            "DATABASE_URL",
            "CELERY_BROKER_URL",
            "VISMA_CONNECT_URL",
            "VISMA_NET_API_URL",
            "VISMA_CONNECT_CLIENT_ID",
            "VISMA_CONNECT_CLIENT_SECRET",
        }

    def test_stop_production_with_everything_unsafe_named(self, tmp_path):
        unsafe = {
            "HUB_BASE_URL": "http://hub.example",
            "HUB_ALLOWED_HOSTS": "*",
            "HUB_SECRET_KEY": "short-hunter2",
            "HUB_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "DATABASE_URL": "postgres://127.0.0.1/hub",
            "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
            "VISMA_CONNECT_URL": "http://connect.visma.com",
            "VISMA_NET_API_URL": "http://localhost:9",
            "VISMA_CONNECT_CLIENT_ID": "isv_hub",
            "VISMA_CONNECT_CLIENT_SECRET": "not-a-real-one",
        }

        done = self.start(tmp_path, HUB_SANDBOX="0", **unsafe)

        named = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("  - ")]
        assert done.returncode != 0
        assert set(named) == {
            *("HUB_BASE_URL:", "HUB_ALLOWED_HOSTS:", "HUB_SECRET_KEY:"),
            *("VISMA_CONNECT_URL:", "VISMA_NET_API_URL:"),
        }
        assert "hunter2" not in done.stderr

    def test_hash_passwords_slowly(self, tmp_path):
        asks = (
            "from django.contrib.auth.hashers import get_hasher; h = get_hasher(); "
            "print(h.algorithm, h.iterations, len(h.salt()))"
        )

        done = self.start(tmp_path, program=asks)

        algorithm, rounds, salt = done.stdout.split()
        assert algorithm == "pbkdf2_sha256"
        assert int(rounds) >= 600_000
        assert int(salt) >= 22

    def test_make_no_secrets_in_production(self, tmp_path):
        self.start(tmp_path, HUB_SANDBOX="0")

        assert not (tmp_path / "secrets.env").exists()

    def test_secure_the_cookies_when_people_come_by_https(self, tmp_path):
        done = self.start(tmp_path, HUB_BASE_URL="https://hub.example/")

        assert done.stdout.split()[0] == "https://hub.example"
        assert done.stdout.split()[2:] == [
            *("True", "True"),
            *("__Host-sessionid", "__Host-csrftoken", "__Host-django_language", "__Host-theme"),
            *("__Host-messages", "False"),
        ]

    def test_show_no_insides_whatever_is_asked_for(self, tmp_path):
        done = self.start(tmp_path, DEBUG="1", HUB_DEBUG="1", DJANGO_DEBUG="1")

        assert done.stdout.split()[-1] == "False"


class TestEnvExample:
    def test_is_in_step_with_the_table(self):
        assert (ROOT / ".env.example").read_text() == list_settings.as_env(), "make settings"

    def test_has_a_page_of_reference_that_says_the_same(self):
        page = ROOT / "docs" / "reference" / "settings.md"

        assert page.read_text() == list_settings.as_markdown(), "make settings"

    def test_sets_nothing_by_itself(self):
        assert configuration.read_env_file(ROOT / ".env.example") == {}

    def test_shows_no_value_of_a_secret(self):
        secret = [setting for setting in list_settings.all_settings() if setting.secret]

        assert len(secret) > 4
        assert all(one.default in ("", "memory://localhost/") for one in secret)


class TestListSettings:
    def test_makes_a_row_for_every_setting(self):
        rows = [row for row in list_settings.as_markdown().splitlines() if row.startswith("| `")]

        assert len(rows) == len(list_settings.all_settings())
        assert any(row.startswith("| `DATABASE_URL` | PostgreSQL, as") for row in rows)
