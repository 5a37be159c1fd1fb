"""`make run` from start to Ctrl-C, with the hub's real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests import environment

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        environment.SERVICES, reason="the trial has its own database: the embedded tier shows it"
    ),
]


def free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return one.getsockname()[1], other.getsockname()[1]


class Hub:
    """A hub that was started as a person starts it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port, self.sandbox_port = free_ports()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "integrationhub.supervisor"],
            cwd=data_dir.parent,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
                "HUB_DATA_DIR": str(data_dir),
                "HUB_PORT": str(self.port),
                "HUB_SANDBOX_PORT": str(self.sandbox_port),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []

    def read_until(self, words: str) -> None:
        """Read what it says up to a line with these words; a hub that ends fails the test."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return
        raise AssertionError(f"it never said {words!r}, but:\n{''.join(self.said)}")

    def children(self) -> dict[str, int]:
        # Unlimited width: else a long path to the checkout cuts off the word that names the process.
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
        ).stdout
        names = {"sandbox": "-m sandbox", "web": "gunicorn", "worker": "worker", "schedule": "beat"}
        lines = [line.strip().partition(" ") for line in listed.splitlines()]
        return {
            name: int(pid)
            for name, words in names.items()
            for pid, _, command in lines
            if words in command
        }

    def stop(self) -> tuple[int, str]:
        """Press Ctrl-C; return exit code and last words."""
        self.process.send_signal(signal.SIGINT)
        words, _ = self.process.communicate()
        return self.process.returncode, words

    def logs(self) -> str:
        """Return the last lines of each process's log, for a test that fails."""
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            for log in sorted(self.data_dir.glob("log/*.log"))
        )


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    running = Hub(tmp_path / "a folder" / "var")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()


class TestMakeRun:
    def test_starts_all_tells_what_to_do_next_and_stops_all_cleanly(self, hub):
        hub.read_until("Integration Hub is ready")
        hub.read_until("Ctrl-C stops everything")
        children = hub.children()
        page = HTTPConnection("127.0.0.1", hub.port)
        page.request("GET", "/readyz")
        ready = page.getresponse()
        status, body = ready.status, ready.read()
        page.close()
        code, last_words = hub.stop()

        said = "".join(hub.said)
        told = f"{said}{last_words}\n{body!r}\n{children}\n{hub.logs()}"
        assert set(children) == {"sandbox", "web", "worker", "schedule"}, told
        assert (status, b'"ready": true' in body) == (200, True), told
        assert f"http://127.0.0.1:{hub.port}" in said
        assert f"http://127.0.0.1:{hub.sandbox_port}" in said
        assert re.findall(r"^  (\d)\. ", said, re.MULTILINE) == ["1", "2", "3", "4"]
        assert code == 0, told
        ends = re.findall(r"^  (\w+) (stopped|did not)", last_words, re.MULTILINE)
        assert set(ends) == {(name, "stopped") for name in children}, told
        assert not any(Path(f"/proc/{pid}").exists() for pid in children.values())
