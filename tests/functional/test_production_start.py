"""
Production as `deploy/` says: two processes, PostgreSQL, Redis, and no sandbox.

The commands are read from the unit files, so that what operators copy is what is tried here.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
import requests

from integrationhub import configuration
from tests import environment
from tests.hub import free_ports

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy" / "systemd"
PROCESSES = ("web", "worker")
DATABASE = f"hub_production_{os.getpid()}"
PATIENCE_SECONDS = 300
ADDRESS = "ada@office.example"
PASSWORD = "seven-green-bottles"

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        not environment.SERVICES, reason="production needs PostgreSQL and Redis: the services tier"
    ),
]


@dataclass(frozen=True)
class Installation:
    """What an operator has set up: where it answers, and the environment of its processes."""

    port: int
    env: Mapping[str, str]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def manage(self, *words: str, typed: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a management command as the operator."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env={**self.env, **more},
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )


def unit(name: str, *, port: int) -> tuple[list[str], dict[str, str]]:
    """Return the command of a unit file, with our Python and port, and its environment."""
    text = (UNITS / f"integrationhub-{name}.service").read_text()
    line = re.search(r"^ExecStart=\S*/bin/(.*)$", text, re.MULTILINE)
    own = re.search(r"^Environment=(.*)$", text, re.MULTILINE)
    assert line, f"{name}: the unit file has no command"
    assert own, f"{name}: the unit file has no environment"
    command = line[1].replace("%H", socket.gethostname()).replace(":8000", f":{port}")
    pairs = (pair.partition("=") for pair in shlex.split(own[1]))
    return [sys.executable, "-m", *shlex.split(command)], {key: value for key, _, value in pairs}


def required_settings(*, port: int) -> dict[str, str]:
    """Return a value for everything that production demands."""
    values = {
        "HUB_BASE_URL": f"http://127.0.0.1:{port}",
        "HUB_ALLOWED_HOSTS": "127.0.0.1",
        "HUB_SECRET_KEY": os.environ["HUB_SECRET_KEY"],
        "HUB_ENCRYPTION_KEYS": os.environ["HUB_ENCRYPTION_KEYS"],
        "DATABASE_URL": urlunsplit(
            urlsplit(environment.DATABASE_URL)._replace(path=f"/{DATABASE}")
        ),
        "CELERY_BROKER_URL": environment.BROKER_URL,
    }
    for setting in (*configuration.TABLE, *configuration.vendor_table()):
        if setting.is_required(sandbox=False, own_database=True):
            nowhere = "http://127.0.0.1:9" if setting.name.endswith("_URL") else "not-a-real-one"
            values.setdefault(setting.name, nowhere)
    return values


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Install the hub on a database of its own, on which it was tried with the sandbox before."""
    port, _ = free_ports()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(environment.OURS)}
    env = {
        **kept,
        **required_settings(port=port),
        "HUB_SANDBOX": "0",
        "HUB_ENV_FILE": os.devnull,
        "HUB_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "HUB_LOG_FORMAT": "json",
    }
    made = Installation(port=port, env=env)
    server = psycopg2.connect(environment.DATABASE_URL)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{DATABASE}"')
        cursor.execute(f'CREATE DATABASE "{DATABASE}"')
    for words in (
        ["migrate", "--no-input", "--verbosity=0"],
        ["collectstatic", "--no-input", "--verbosity=0"],
    ):
        done = made.manage(*words)
        assert done.returncode == 0, done.stderr
    tried = made.manage("seed_demo", HUB_SANDBOX="1")
    assert tried.returncode == 0, tried.stderr
    yield made
    with server.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{DATABASE}" WITH (FORCE)')
    server.close()


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start the two processes, and wait until the hub says that it is ready."""
    logs = Path(installation.env["HUB_DATA_DIR"])
    started: dict[str, subprocess.Popen[str]] = {}
    for name in PROCESSES:
        command, own = unit(name, port=installation.port)
        with (logs / f"{name}.log").open("w") as log:
            started[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**installation.env, **own},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
    try:
        wait_until_ready(installation, started, logs)
        yield started
    finally:
        for process in started.values():
            if process.poll() is None:
                process.kill()
            process.wait()


def wait_until_ready(
    installation: Installation, started: Mapping[str, subprocess.Popen[str]], logs: Path
) -> None:
    """Ask `/readyz` until it answers 200; a process that ends fails the test with its log."""
    until, said = time.monotonic() + PATIENCE_SECONDS, ""
    while time.monotonic() < until:
        for name, process in started.items():
            assert process.poll() is None, f"{name} ended:\n{(logs / f'{name}.log').read_text()}"
        try:
            answer = requests.get(installation.url("/readyz"), timeout=30)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.2)
            continue
        if answer.status_code == 200:
            return
        said = answer.text
        time.sleep(0.2)
    raise AssertionError(f"the hub never became ready: {said}")


def sign_in(installation: Installation, email: str, password: str) -> requests.Response:
    """Sign in by the page, as a browser does, and return the answer."""
    session = requests.Session()
    page = session.get(installation.url("/sign-in/"), timeout=30)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.text
    return session.post(
        installation.url("/sign-in/"),
        data={"csrfmiddlewaretoken": token[1], "login": email, "password": password},
        allow_redirects=False,
        timeout=30,
    )


class TestProduction:
    @pytest.mark.parametrize("name", PROCESSES)
    def test_does_not_start_without_a_setting_and_says_which(
        self, installation: Installation, name: str
    ) -> None:
        command, own = unit(name, port=installation.port)
        env = {k: v for k, v in installation.env.items() if k != "CELERY_BROKER_URL"}

        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**env, **own},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

        said = done.stdout + done.stderr
        assert done.returncode != 0
        assert "CELERY_BROKER_URL is not set (required: HUB_SANDBOX=0). Redis, as redis://" in said
        assert "`.env.example` lists every setting" in said

    @pytest.mark.usefixtures("running")
    def test_is_alive_and_ready_with_every_part(self, installation: Installation) -> None:
        alive = requests.get(installation.url("/healthz"), timeout=30)
        ready = requests.get(installation.url("/readyz"), timeout=30)

        assert (alive.status_code, ready.status_code) == (200, 200)
        assert ready.headers["Content-Type"] == "application/json"
        checks = {check["name"]: check["ok"] for check in ready.json()["checks"]}
        assert checks.items() >= {
            ("database", True),
            ("broker", True),
            ("worker", True),
        }

    @pytest.mark.usefixtures("running")
    def test_knows_no_sandbox(self, installation: Installation) -> None:
        page = requests.get(installation.url("/sign-in/"), timeout=30)
        alone = subprocess.run(
            [sys.executable, "-m", "sandbox"],
            cwd=ROOT,
            env=installation.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        seeded = installation.manage("seed_demo")

        assert page.status_code == 200
        assert "andbox" not in page.text
        assert alone.returncode != 0
        assert "HUB_SANDBOX=0" in alone.stderr
        assert seeded.returncode != 0
        assert "belongs beside the sandbox" in seeded.stderr

    @pytest.mark.usefixtures("running")
    def test_lets_real_people_in_and_no_demo_users(self, installation: Installation) -> None:
        made = installation.manage("create_organisation", "Byrån")
        added = installation.manage(
            *("create_user", ADDRESS, "--name", "Ada", "--organisation", "Byrån"),
            "--password-stdin",
            typed=PASSWORD,
        )
        assert (made.returncode, added.returncode) == (0, 0), made.stderr + added.stderr

        person = sign_in(installation, ADDRESS, PASSWORD)
        demo = sign_in(installation, "admin@demo.example", "integration-hub-demo")

        assert (person.status_code, person.headers.get("Location")) == (302, "/")
        assert demo.status_code == 200
        assert "is wrong" in demo.text

    def test_stops_cleanly(
        self, installation: Installation, running: dict[str, subprocess.Popen[str]]
    ) -> None:
        for process in running.values():
            process.send_signal(signal.SIGTERM)

        codes = {name: process.wait(timeout=PATIENCE_SECONDS) for name, process in running.items()}

        assert codes == dict.fromkeys(PROCESSES, 0)
