"""
Runs the whole hub with one command: sandbox, web and worker. `make run` ends here.

A child that dies is started again after two seconds; Ctrl-C stops all; and when this process
itself is killed, the kernel ends its children. In production the operator's own tools do this
(`deploy/`). Django is never loaded here, for that would be a third copy of it.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
RESTART_AFTER = 2.0
# A call that is under way may end: killing its worker leaves a batch of unknown outcome.
STOP_WITHIN = 60.0
SAY_WHAT_IS_AWAITED_AFTER = 3.0
READY_WITHIN = 180.0
PR_SET_PDEATHSIG = 1
ONLY_OURS = 0o077
# Loaded before any child is forked: in the child, between fork and exec, little is safe to do.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class CannotStart(Exception):
    """The hub did not come up; the text says why and where to look."""


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


def die_with_parent() -> None:
    """Ask the kernel to end this child when the supervisor is gone, however it went."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def error_in(line: str) -> str:
    """Return the words of a log line if it tells of an error, else nothing."""
    if not line.startswith("{"):
        return line.strip() if line.startswith(("Error", "ERROR", "CRITICAL")) else ""
    try:
        event = json.loads(line)
    except ValueError:
        return ""
    if event.get("level") not in {"error", "critical"}:
        return ""
    last_line = str(event.get("exception", "")).strip().splitlines()[-1:]
    return " ".join([str(event.get("event", "")), *last_line])


class Child:
    """One process of the hub, its log, and its restarts."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path) -> None:
        self.name, self.command, self.log = name, command, log
        self.starts = 0
        self.restart_at: float | None = None
        self.process: subprocess.Popen[str]

    def start(self, tell: Callable[[str], None]) -> None:
        """Start the process and copy what it says to its log, errors to the terminal too."""
        self.restart_at = None
        self.starts += 1
        added = {"HUB_PROCESS": self.name, "HUB_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=os.environ | added,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C goes to the terminal's whole group; only we decide which processes stop.
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=self._copy, args=(self.process.stdout, tell), daemon=True).start()

    def _copy(self, output: IO[str], tell: Callable[[str], None]) -> None:
        with output, self.log.open("a", encoding="utf-8", errors="replace") as log:
            for line in output:
                log.write(line)
                log.flush()
                if words := error_in(line):
                    tell(f"  {self.name}: {words}")


class Supervisor:
    """Keeps the children running until it is stopped."""

    def __init__(self, children: Sequence[Child], *, tell: Callable[[str], None] = say) -> None:
        self.children, self.tell = children, tell
        self.stopping, self.hurrying = threading.Event(), threading.Event()

    def asked_to_stop(self) -> None:
        """Stop what runs; asked once more, end it at once."""
        (self.hurrying if self.stopping.is_set() else self.stopping).set()

    def start(self) -> None:
        """Start all children."""
        for child in self.children:
            child.log.parent.mkdir(parents=True, exist_ok=True)
            child.start(self.tell)

    def look_after(self, *, now: float) -> None:
        """Start again what has died, two seconds after it did."""
        for child in self.children:
            if (code := child.process.poll()) is None:
                continue
            if child.restart_at is None:
                child.restart_at = now + RESTART_AFTER
                self.tell(
                    f"  {child.name} ended (exit code {code}); "
                    f"it starts again in {RESTART_AFTER:g} s. Log: {child.log}"
                )
            elif now >= child.restart_at:
                child.start(self.tell)
                self.tell(f"  {child.name} started again.")

    def wait_until(self, ready: Callable[[], str], *, within: float) -> None:
        """
        Wait until `ready` returns nothing; until then it returns what is awaited.

        :raises CannotStart: if that takes too long, or a child keeps dying
        """
        deadline = time.monotonic() + within
        while awaited := ready():
            self.look_after(now=time.monotonic())
            for child in self.children:
                if child.starts > 3:
                    raise CannotStart(f"{child.name} does not stay up. Its log: {child.log}")
            if time.monotonic() > deadline:
                raise CannotStart(f"After {within:g} s still waiting for: {awaited}")
            if self.stopping.wait(0.2):
                return

    def run(self) -> None:
        """Look after the children until stopped."""
        while not self.stopping.wait(1.0):
            self.look_after(now=time.monotonic())

    def stop(self) -> None:
        """Stop all children, and say so for each; a second Ctrl-C ends them at once."""
        self.tell("Stopping …")
        began, has_said, left = time.monotonic(), False, list(self.children)
        for child in left:
            child.process.terminate()  # it alone, never its group: it finishes its work
        while left and not self.hurrying.is_set() and time.monotonic() - began < STOP_WITHIN:
            for child in [child for child in left if child.process.poll() is not None]:
                self.tell(f"  {child.name} stopped.")
                left.remove(child)
            if left and not has_said and time.monotonic() - began > SAY_WHAT_IS_AWAITED_AFTER:
                names = ", ".join(child.name for child in left)
                self.tell(f"  Still at work: {names}. Ctrl-C once more ends it at once.")
                has_said = True
            self.hurrying.wait(0.05 if left else 0)
        for child in left:
            child.process.kill()
            child.process.wait()
            self.tell(f"  {child.name} did not stop and was ended.")


def answer(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of a page on this machine, or status 0 if nothing answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=3) as web:
            web.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            head, _, body = web.makefile("rb").read().partition(b"\r\n\r\n")
        return int(head.split()[1]), body
    except (OSError, ValueError, IndexError):
        return 0, b""


def awaited(*, port: int, sandbox_port: int) -> str:
    """Return in words what does not answer yet, or nothing when all do."""
    if answer(sandbox_port, "/")[0] != 200:
        return "the sandbox"
    status, body = answer(port, "/readyz")
    if status == 200:
        return ""
    try:
        checks = json.loads(body)["checks"]
    except (ValueError, KeyError, TypeError):
        return "the web process"
    return "; ".join(f"{check['name']}: {check['text']}" for check in checks if not check["ok"])


def hub_children(*, port: int, sandbox_port: int, data_dir: Path) -> list[Child]:
    """Return the three processes of the hub."""
    modules = {
        "sandbox": f"sandbox --port {sandbox_port} --data",
        "web": f"gunicorn integrationhub.wsgi --bind 127.0.0.1:{port} --worker-class gthread "
        "--workers 1 --threads 8 --no-control-socket --graceful-timeout 3",
        "worker": "celery --quiet -A integrationhub worker --pool=threads --loglevel=INFO "
        "--without-gossip --without-mingle --without-heartbeat",
    }
    data = {"sandbox": [str(data_dir / "sandbox.sqlite3")]}  # its path may hold a blank
    return [
        Child(
            name,
            [sys.executable, "-m", *words.split(), *data.get(name, [])],
            log=data_dir / "log" / f"{name}.log",
        )
        for name, words in modules.items()
    ]


def main() -> int:
    """Start everything, tell the person what to do next, and stop it all on Ctrl-C."""
    os.umask(ONLY_OURS)  # all that the hub's processes make in the trial is ours alone
    prepared = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "prepare_trial"],
        cwd=ROOT,
        env=os.environ | {"HUB_LOG_FORMAT": "text"},
        stdout=subprocess.PIPE,
        stderr=sys.stdout.fileno(),  # what it does, and why it cannot
        check=False,
    )
    if prepared.returncode:
        return 1
    found = json.loads(prepared.stdout)
    ports = {"port": found["port"], "sandbox_port": found["sandbox_port"]}
    supervisor = Supervisor(hub_children(**ports, data_dir=Path(found["data_dir"])))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.asked_to_stop())
    say("Starting sandbox, web and worker …")
    supervisor.start()
    try:
        supervisor.wait_until(lambda: awaited(**ports), within=READY_WITHIN)
        if not supervisor.stopping.is_set():
            say(found["welcome"])
            supervisor.run()
    except CannotStart as reason:
        say(str(reason))
        return 1
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
