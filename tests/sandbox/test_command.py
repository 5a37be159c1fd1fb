"""The command: when it refuses to start, and that a kill keeps the ledger."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox import seed
from sandbox.command import main
from sandbox.store import Store

from .conftest import Client

ROOT = Path(__file__).parents[2]


class TestMain:
    def test_refuses_beside_hub_sandbox_0(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("HUB_SANDBOX", "0")

        assert main(["--port", "0"]) == 2
        assert "HUB_SANDBOX=0" in capsys.readouterr().err

    def test_refuses_an_address_others_can_reach(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("HUB_SANDBOX", raising=False)

        assert main(["--host", "0.0.0.0", "--port", "0"]) == 2
        assert "--allow-remote" in capsys.readouterr().err

    def test_refuses_a_port_in_use(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("HUB_SANDBOX", raising=False)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

            assert main(["--port", str(port)]) == 2

        assert f"Port {port} is in use" in capsys.readouterr().err


class Process:
    """`python -m sandbox` with its data in a file."""

    def __init__(self, data: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "HUB_SANDBOX"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(data)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=10)
        return self.process.returncode


def test_a_kill_and_a_restart_keep_the_ledger_and_the_tokens(tmp_path: Path) -> None:
    data = tmp_path / "sandbox.sqlite3"
    first = Process(data)
    client = Client(first.url).connect_to(seed.AKERIET)
    created = client.post_journal()
    first.end(signal.SIGKILL)

    second = Process(data)
    client.api = second.url + "/visma-net"
    found = client.get("/v2/journaltransaction/000001")
    code = second.end(signal.SIGTERM)

    assert created.status_code == 201
    assert found.json()["description"] == "Pay 2026-03 HUB-1"
    assert code == 0


class TestControl:
    def test_shows_the_ledger_as_json(self, url: str, akeriet: Client) -> None:
        akeriet.post_journal()

        found = requests.get(f"{url}/control/ledger?company=akeriet", timeout=10).json()["batches"]

        assert (found[0]["number"], found[0]["debit"]) == ("000001", "1000.50")
        assert found[0]["lines"][0]["segments"] == {"1": "0100", "2": "K10"}
        assert found[0]["lines"][1] == {
            "number": 2,
            "account": "2821",
            "account_name": "Löneskulder",
            "debit": "0.00",
            "credit": "1000.50",
            "text": "Pay",
            "reference": "HUB-1",
            "branch": "1",
            "segments": {},
        }

    def test_switches_faults_and_acts(self, url: str, store: Store) -> None:
        fault = requests.post(
            f"{url}/control/faults", json={"kind": "slow", "company": "fjord"}, timeout=10
        ).json()
        requests.post(
            f"{url}/control/actions",
            json={"action": "close_period", "company": "akeriet", "period": "202601"},
            timeout=10,
        )

        assert [each.id for each in store.faults.all()] == [fault["id"]]
        assert store.company("akeriet").period("202601")["closed"] is True
        requests.delete(f"{url}/control/faults", timeout=10)
        assert store.faults.all() == []

    def test_refuses_what_it_does_not_know(self, url: str, store: Store) -> None:
        answers = [
            requests.post(f"{url}/control/{path}", json=body, timeout=10)
            for path, body in (
                ("faults", {"kind": "earthquake"}),
                ("actions", {"action": "reset"}),
                ("settings", {"volume": 11}),
            )
        ]

        assert [answer.status_code for answer in answers] == [400, 400, 400]

    def test_takes_no_form_of_another_site(self, url: str, store: Store) -> None:
        answer = requests.post(f"{url}/control/reset", data={"a": "b"}, timeout=10)
        pressed = requests.post(
            f"{url}/faults",
            data={"what": "reset"},
            headers={"Origin": "https://elsewhere.example"},
            timeout=10,
        )

        assert (answer.status_code, pressed.status_code) == (415, 403)

    def test_keeps_requests_without_tokens(self, url: str, akeriet: Client) -> None:
        akeriet.post_journal()

        found = requests.get(f"{url}/control/requests?call=create", timeout=10).json()["requests"]

        assert found[0]["path"] == "/v2/journaltransaction"
        assert found[0]["body"]["financialPeriod"] == {"value": "202603"}
        assert "Authorization" not in found[0]["headers"]
        text = requests.get(f"{url}/control/requests", timeout=10).text
        assert akeriet.tokens["access_token"] not in text
        assert akeriet.tokens["refresh_token"] not in text
        assert "sandbox-secret" not in text


class TestPages:
    def test_are_marked_as_not_visma(self, url: str, akeriet: Client) -> None:
        akeriet.post_journal()

        for path in ("/", "/ledger", "/faults", "/log", "/nothing"):
            page = requests.get(url + path, timeout=10)

            assert "Sandbox – not Visma" in page.text, path
            assert "http://" not in page.text.replace(url, ""), path

    def test_let_a_browser_tell_where_their_forms_come_from(self, url: str) -> None:
        page = requests.get(f"{url}/faults", timeout=10)
        pressed = requests.post(
            f"{url}/faults", data={"what": "all-off"}, headers={"Origin": url}, timeout=10
        )

        assert page.headers["Referrer-Policy"] == "same-origin"
        assert pressed.status_code == 200

    def test_show_the_ledger_and_when_it_has_not_changed(self, url: str, akeriet: Client) -> None:
        akeriet.post_journal()

        page = requests.get(f"{url}/ledger", timeout=10).text
        version = page.split('data-version="')[1].split('"')[0]
        unchanged = requests.get(f"{url}/ledger?part=1&seen={version}", timeout=10)

        assert "Pay 2026-03 HUB-1" in page
        assert "1\N{NARROW NO-BREAK SPACE}000.50" in page
        assert unchanged.status_code == 204

    def test_close_a_period_by_the_switch(self, url: str, store: Store) -> None:
        answer = requests.post(
            f"{url}/faults",
            data={"what": "close_period", "company": "akeriet", "period": "202603"},
            timeout=10,
        )

        assert "Period 202603 is changed." in answer.text
        assert store.company("akeriet").period("202603")["closed"] is True

    def test_say_what_is_wrong_with_a_switch(self, url: str, store: Store) -> None:
        answer = requests.post(
            f"{url}/faults",
            data={"what": "account_off", "company": "akeriet", "account": "1"},
            timeout=10,
        )

        assert "has no account 1" in answer.text
