"""`make run` with the hub's real processes, as a person starts and stops it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


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
        # Unlimited width: a long path would cut off the word that names the process.
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
        ).stdout
        names = {"sandbox": "-m sandbox", "web": "gunicorn", "worker": "celery"}
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


@contextmanager
def started(folder: Path) -> Iterator[Hub]:
    """Start a hub with its demo office, in which nothing has happened yet, and stop it at last."""
    running = Hub(folder / "var")
    try:
        running.read_until("Ctrl-C stops everything")
        yield running
    finally:
        running.stop()
