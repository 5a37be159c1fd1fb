"""The command `doctor`."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from email.utils import format_datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.operations import hosts
from background.models import Heartbeat
from integrationhub import production
from integrationhub.management.commands import doctor
from tests import environment, factories

CONNECT, API = "http://127.0.0.1:1/visma-connect", "http://127.0.0.1:1/visma-net"
pytestmark = pytest.mark.django_db


@pytest.fixture
def vendors(settings):
    others = {name: "" for name in settings.HUB_VENDORS if name.endswith("_URL")}
    settings.HUB_VENDORS = {
        **settings.HUB_VENDORS,
        **others,
        "VISMA_CONNECT_URL": CONNECT,
        "VISMA_NET_API_URL": API,
    }
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def everything_runs(vendors, settings, tmp_path):
    settings.HUB_DATA_DIR = tmp_path
    Heartbeat.objects.create(name="worker", kind="worker", at=timezone.now())
    date = {"Date": format_datetime(timezone.now(), usegmt=True)}
    vendors.get(CONNECT + doctor.DISCOVERY, json={}, headers=date)
    vendors.get(API + doctor.DISCOVERY, status=404, headers=date)


def ask(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


class TestDoctor:
    @pytest.mark.usefixtures("everything_runs")
    def test_ends_with_0_when_all_is_well(self):
        code, text = ask()

        assert code == 0
        assert "WRONG" not in text
        assert f"{CONNECT} answers." in text

    @pytest.mark.usefixtures("everything_runs")
    def test_answers_as_json(self):
        code, text = ask("--json")

        report = json.loads(text)
        assert (code, report["ok"]) == (0, True)
        assert {"mode", "migrations", "keys", "disk", "clock", "worker"} <= {
            check["name"] for check in report["checks"]
        }

    @pytest.mark.usefixtures("everything_runs")
    def test_ends_with_1_when_one_thing_is_wrong(self):
        Heartbeat.objects.filter(kind="worker").delete()

        code, text = ask("--json")

        assert (code, json.loads(text)["ok"]) == (1, False)

    @pytest.mark.usefixtures("everything_runs")
    def test_names_what_others_on_the_machine_may_open(self, tmp_path):
        (tmp_path / "log").mkdir(mode=0o755)
        (tmp_path / "log").chmod(0o755)

        code, text = ask("--json")

        wrong = {
            check["name"]: check["text"] for check in json.loads(text)["checks"] if not check["ok"]
        }
        assert (code, list(wrong)) == (1, ["data folder"])
        assert str(tmp_path / "log") in wrong["data folder"]
        assert f"chmod -R go= {tmp_path}" in wrong["data folder"]

    def test_names_each_setting_that_stops_the_start(self, tmp_path):
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
            "HUB_ENV_FILE": os.devnull,
            "HUB_DATA_DIR": str(tmp_path),
            "HUB_SANDBOX": "0",
            "HUB_SECRET_KEY": "short",
            "HUB_BASE_URL": "http://hub.example",
        }

        done = subprocess.run(
            [sys.executable, "manage.py", "doctor"],
            cwd=Path(doctor.__file__).parents[3],
            env=env,
            capture_output=True,
            text=True,
        )

        assert done.returncode == 1
        assert "HUB_SECRET_KEY: it is too easy to guess" in done.stderr
        assert "HUB_BASE_URL: it is not https" in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.usefixtures("everything_runs")
    def test_names_each_address_that_is_borne_without_https(self, settings):
        settings.HUB_WEAKNESSES = production.weaknesses(
            base_url="http://127.0.0.1:8000",
            allowed_hosts=["127.0.0.1"],
            secret_key="",
            metrics_token="",
            vendors={"VISMA_NET_API_URL": "http://[::1]:8001/api"},
        )

        code, text = ask("--json")

        wrong = {check["name"] for check in json.loads(text)["checks"] if not check["ok"]}
        assert (code, wrong) == (1, {"HUB_BASE_URL", "VISMA_NET_API_URL"})

    def test_calls_nobody_when_offline(self, vendors):
        ask("--offline")

        assert len(vendors.calls) == 0


class TestCheckVendors:
    def findings(self) -> dict[str, doctor.Finding]:
        return {finding.name: finding for finding in doctor.check_vendors(requests.get)}

    def test_says_which_address_does_not_answer(self, vendors):
        vendors.get(CONNECT + doctor.DISCOVERY, json={})
        vendors.get(API + doctor.DISCOVERY, body=requests.ConnectionError())

        found = self.findings()

        assert found["VISMA_CONNECT_URL"].ok
        assert not found["VISMA_NET_API_URL"].ok
        assert "does not answer (ConnectionError)" in found["VISMA_NET_API_URL"].text

    def test_says_which_answers_with_an_error(self, vendors):
        vendors.get(CONNECT + doctor.DISCOVERY, status=502)
        vendors.get(API + doctor.DISCOVERY, status=404)

        found = self.findings()

        assert not found["VISMA_CONNECT_URL"].ok
        assert found["VISMA_NET_API_URL"].ok

    def test_says_which_is_not_set(self, vendors, settings):
        settings.HUB_VENDORS = {**settings.HUB_VENDORS, "VISMA_CONNECT_URL": ""}
        vendors.get(API + doctor.DISCOVERY, status=404)

        assert self.findings()["VISMA_CONNECT_URL"].text.startswith("Not set. ")

    @pytest.mark.parametrize(("minutes", "ok"), [(0, True), (2, False), (-2, False)])
    def test_compares_the_clocks(self, vendors, minutes, ok):
        theirs = timezone.now() + timedelta(minutes=minutes)
        headers = {"Date": format_datetime(theirs, usegmt=True)}
        vendors.get(CONNECT + doctor.DISCOVERY, json={}, headers=headers)
        vendors.get(API + doctor.DISCOVERY, status=404)

        assert self.findings()["clock"].ok is ok


class TestCheckAuditTrail:
    def test_is_well_when_entries_can_only_be_added(self):
        assert doctor.check_audit_trail().ok

    def test_says_what_was_switched_off(self):
        name = "audit_is_append_only" if environment.SERVICES else "audit_is_never_changed"
        switch_off = (
            f"ALTER TABLE audit_auditentry DISABLE TRIGGER {name}"
            if environment.SERVICES
            else f"DROP TRIGGER {name}"
        )
        with connection.cursor() as cursor:
            cursor.execute(switch_off)

        found = doctor.check_audit_trail()

        assert not found.ok
        assert f"({name})" in found.text

    @pytest.mark.skipif(not environment.SERVICES, reason="SQLite has no roles")
    def test_wants_two_roles_in_production(self, settings):
        settings.HUB_SANDBOX = False

        found = doctor.check_audit_trail()

        assert not found.ok
        assert "two roles" in found.text


class TestCheckInvitations:
    @pytest.mark.parametrize(
        ("offices", "mail", "sandbox", "ok"),
        [
            (2, False, False, False),
            (2, True, False, True),
            (1, False, False, True),
            (2, False, True, True),
        ],
    )
    def test_wants_mail_where_several_organisations_share_the_hub(
        self, settings: Any, offices: int, mail: bool, sandbox: bool, ok: bool
    ) -> None:
        settings.HUB_SENDS_MAIL, settings.HUB_SANDBOX = mail, sandbox
        for _office in range(offices):
            factories.organisation()

        assert doctor.check_invitations().ok is ok


class TestCheckProduction:
    def test_wants_a_broker_that_others_can_reach(self, settings):
        settings.HUB_SANDBOX, settings.HUB_BASE_URL = False, "https://hub.example"
        settings.HUB_BROKER_IS_EMBEDDED = True

        assert not doctor.check_production().ok

    def test_is_well_otherwise(self, settings):
        settings.HUB_SANDBOX, settings.HUB_BASE_URL = False, "https://hub.example"
        settings.HUB_BROKER_IS_EMBEDDED = False

        assert doctor.check_production().ok


class TestCheckKeys:
    def test_finds_one_that_cannot_be_used(self, settings):
        settings.HUB_ENCRYPTION_KEYS = ["x"]

        assert not doctor.check_keys().ok


class TestCheckDisk:
    def test_wants_room(self, monkeypatch):
        monkeypatch.setattr(doctor, "DISK_AT_LEAST_MB", 10**12)

        assert not doctor.check_disk().ok


class TestCheckIdentity:
    @pytest.fixture
    def in_a_container(self, settings, monkeypatch, tmp_path):
        settings.HUB_SANDBOX, settings.HUB_INSTALLATION_ID = False, ""
        mark = tmp_path / "containerenv"
        mark.touch()
        monkeypatch.setattr(hosts, "CONTAINER_FILES", (mark,))

    def test_warns_of_a_container_whose_next_start_would_wait_for_an_operator(self, in_a_container):
        found = doctor.check_identity()

        assert not found.ok
        assert "HUB_INSTALLATION_ID" in found.text

    def test_is_content_with_a_name_that_the_operator_gave(self, in_a_container, settings):
        settings.HUB_INSTALLATION_ID = "hub"

        assert doctor.check_identity().ok

    def test_is_content_with_the_id_of_a_machine(self, settings, monkeypatch, tmp_path):
        settings.HUB_SANDBOX = False
        machine_id = tmp_path / "machine-id"
        machine_id.write_text("abc\n")
        monkeypatch.setattr(hosts, "CONTAINER_FILES", ())
        monkeypatch.setattr(hosts, "MACHINE_ID_FILES", (machine_id,))

        assert doctor.check_identity().ok

    def test_warns_of_a_machine_without_an_id(self, settings, monkeypatch, tmp_path):
        settings.HUB_SANDBOX = False
        monkeypatch.setattr(hosts, "CONTAINER_FILES", ())
        monkeypatch.setattr(hosts, "MACHINE_ID_FILES", (tmp_path / "none",))

        assert not doctor.check_identity().ok

    def test_is_said_in_the_log_of_a_worker_that_starts(self, in_a_container, caplog):
        hosts.warn_of_changing_identity()

        assert "set HUB_INSTALLATION_ID" in caplog.text
