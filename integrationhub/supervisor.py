"""
Runs the whole hub with one command: web, worker, schedule and sandbox.

`make run` ends here. A child that dies is started again after two seconds; Ctrl-C stops all;
and when this process itself is killed, the kernel ends its children. In production the
operator's own tools do this (`deploy/`).
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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
RESTART_AFTER = 2.0
# A call that is under way may end: a worker that is killed in it leaves a batch in doubt.
STOP_WITHIN = 60.0
SAY_WHAT_IS_AWAITED_AFTER = 3.0
READY_WITHIN = 180.0
PR_SET_PDEATHSIG = 1
ONLY_OURS = 0o077
# Loaded before any child is forked: in the child, between fork and exec, little is safe to do.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Say = Callable[[str], None]


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


class PortTaken(Exception):
    """A port that the hub needs is in use."""


class CannotStart(Exception):
    """The hub did not come up; the text says why and where to look."""


def check_port(port: int, *, setting: str, purpose: str) -> None:
    """
    Make sure that we can listen on the port.

    :raises PortTaken: with the setting that chooses another one
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A port in TIME_WAIT is free for a server, which sets this too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise PortTaken(
                f"Port {port} ({purpose}) is in use. Stop what uses it, or choose another: "
                f"{setting}={port + 100} make run"
            ) from exc


def die_with_parent() -> None:
    """Ask the kernel to end this child when the supervisor is gone, however it went."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One process of the hub, its log, and its restarts."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    starts: int = 0
    restart_at: float | None = None

    def start(self, *, tell: Say) -> None:
        """Start the process and copy what it says to its log, errors to the terminal too."""
        self.restart_at = None
        self.starts += 1
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C goes to the terminal's whole group; only we decide who is told to stop.
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=self._copy, args=(self.process.stdout, tell), daemon=True).start()

    def _copy(self, output: IO[str], tell: Say) -> None:
        with output, self.log.open("a", encoding="utf-8", errors="replace") as log:
            for line in output:
                log.write(line)
                log.flush()
                words = error_in(line)
                if words:
                    tell(f"  {self.name}: {words}")

    @property
    def exit_code(self) -> int | None:
        """Return how the process ended, or None while it runs."""
        return None if self.process is None else self.process.poll()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process itself, never to a group: it finishes its work."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def error_in(line: str) -> str:
    """Return the words of a log line if it tells of an error, else nothing."""
    try:
        event = json.loads(line)
    except ValueError:
        return line.strip() if line.startswith(("Error", "ERROR", "CRITICAL")) else ""
    if not isinstance(event, dict) or event.get("level") not in {"error", "critical"}:
        return ""
    last_line = str(event.get("exception", "")).strip().splitlines()[-1:]
    return " ".join([str(event.get("event", "")), *last_line])


class Supervisor:
    """Keeps the children running until it is told to stop."""

    def __init__(self, children: Iterable[Child], *, tell: Say = say) -> None:
        self.children = list(children)
        self.tell = tell
        self.stopping = threading.Event()
        self.hurrying = threading.Event()

    def asked_to_stop(self) -> None:
        """Stop what runs; asked once more, end it at once."""
        (self.hurrying if self.stopping.is_set() else self.stopping).set()

    def start(self) -> None:
        """Start all children."""
        for child in self.children:
            child.log.parent.mkdir(parents=True, exist_ok=True)
            child.start(tell=self.tell)

    def look_after(self, *, now: float) -> None:
        """Start again what has died, two seconds after it did."""
        for child in self.children:
            if child.exit_code is None:
                continue
            if child.restart_at is None:
                child.restart_at = now + RESTART_AFTER
                self.tell(
                    f"  {child.name} ended (exit code {child.exit_code}); "
                    f"it starts again in {RESTART_AFTER:g} s. Log: {child.log}"
                )
            elif now >= child.restart_at:
                child.start(tell=self.tell)
                self.tell(f"  {child.name} started again.")

    def stop(self) -> None:
        """Stop all children, and say so for each; a second Ctrl-C ends them at once."""
        self.tell("Stopping …")
        began = time.monotonic()
        told = False
        for child in self.children:
            child.ask_to_stop()
        left = list(self.children)
        while left:
            ended = [child for child in left if child.exit_code is not None or not child.process]
            for child in ended:
                self.tell(f"  {child.name} stopped.")
                left.remove(child)
            waited = time.monotonic() - began
            if waited > STOP_WITHIN or self.hurrying.is_set():
                break
            if left and not told and waited > SAY_WHAT_IS_AWAITED_AFTER:
                names = ", ".join(child.name for child in left)
                self.tell(f"  Still at work: {names}. Ctrl-C once more ends it at once.")
                told = True
            if left:
                self.hurrying.wait(0.05)
        for child in left:
            child.kill()
            self.tell(f"  {child.name} did not stop and was ended.")

    def wait_until(self, ready: Callable[[], str], *, within: float) -> None:
        """
        Wait until `ready` returns nothing; until then it returns what is awaited.

        :raises CannotStart: if that takes too long, or a child keeps dying
        """
        deadline = time.monotonic() + within
        while awaited := ready():
            self.look_after(now=time.monotonic())
            dying = next((child for child in self.children if child.starts > 3), None)
            if dying is not None:
                raise CannotStart(f"{dying.name} does not stay up. Its log: {dying.log}")
            if time.monotonic() > deadline:
                raise CannotStart(f"After {within:g} s still waiting for: {awaited}")
            if self.stopping.wait(0.2):
                return

    def run(self) -> None:
        """Look after the children until told to stop."""
        while not self.stopping.wait(0.5):
            self.look_after(now=time.monotonic())


def answer(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of a page on this machine, or status 0 if nothing answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}"})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


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


def hub_children(*, port: int, sandbox_port: int, data_dir: Path, threads: int) -> list[Child]:
    """Return the four processes of the hub."""
    python, logs = sys.executable, data_dir / "log"
    celery = [python, "-m", "celery", "--quiet", "-A", "integrationhub"]
    commands = {
        "sandbox": [
            *(python, "-m", "sandbox", "--port", str(sandbox_port)),
            *("--data", str(data_dir / "sandbox.sqlite3")),
        ],
        "web": [
            *(python, "-m", "gunicorn", "integrationhub.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "8"),
            *("--no-control-socket", "--graceful-timeout", "3"),
        ],
        "worker": [
            *(*celery, "worker", "--pool=threads", f"--concurrency={threads}"),
            *("--without-gossip", "--without-mingle", "--loglevel=INFO"),
        ],
        "schedule": [*celery, "beat", "--loglevel=INFO", "--pidfile="],
    }
    return [
        Child(
            name=name,
            command=command,
            log=logs / f"{name}.log",
            env={"HUB_PROCESS": name, "HUB_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"},
        )
        for name, command in commands.items()
    ]


def prepare(*, tell: Say) -> str:
    """
    Bring the database and the static files up to date, and return what the seed says.

    :raises CannotStart: if a step fails, with its output
    """
    words = []
    for title, arguments in (
        ("Preparing the database", ["migrate", "--no-input", "--verbosity=0"]),
        ("Collecting static files", ["collectstatic", "--no-input", "--verbosity=0"]),
        ("Filling in the demo office", ["seed_demo"]),
        ("Filling in its invoice clients", ["seed_demo_payments"]),
    ):
        tell(f"{title} …")
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=ROOT,
            env={**os.environ, "HUB_LOG_FORMAT": "text"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(f"{title} failed:\n{done.stdout}{done.stderr}".rstrip())
        words.append(done.stdout)
    return "".join(words)


def main() -> int:
    """Start everything, tell the person what to do next, and stop it all on Ctrl-C."""
    os.umask(ONLY_OURS)  # all that the hub's processes make in the trial is ours alone
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrationhub.settings")
    from django.conf import settings  # after the environment is set

    from integrationhub import privacy
    from integrationhub.configuration import Misconfigured

    try:
        port, sandbox_port = settings.HUB_PORT, settings.HUB_SANDBOX_PORT
        if not settings.HUB_SANDBOX:
            raise CannotStart(
                "`make run` is the trial and starts the sandbox, which HUB_SANDBOX=0 forbids. "
                "How production runs stands in deploy/README.md."
            )
        if port == sandbox_port:
            raise PortTaken("HUB_PORT and HUB_SANDBOX_PORT are the same; choose two ports.")
        check_port(port, setting="HUB_PORT", purpose="the hub's pages")
        check_port(sandbox_port, setting="HUB_SANDBOX_PORT", purpose="the sandbox")
        privacy.close(settings.HUB_DATA_DIR)
        words = prepare(tell=say)
    except (Misconfigured, PortTaken, CannotStart) as reason:
        say(str(reason))
        return 1

    supervisor = Supervisor(
        hub_children(
            port=port,
            sandbox_port=sandbox_port,
            data_dir=settings.HUB_DATA_DIR,
            threads=settings.HUB_WORKER_THREADS,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.asked_to_stop())
    say("Starting sandbox, web, worker and schedule …")
    supervisor.start()
    exit_code = 0
    try:
        supervisor.wait_until(
            lambda: awaited(port=port, sandbox_port=sandbox_port), within=READY_WITHIN
        )
        if not supervisor.stopping.is_set():
            say(welcome(port=port, sandbox_port=sandbox_port, seeded=words))
            supervisor.run()
    except CannotStart as reason:
        say(str(reason))
        exit_code = 1
    finally:
        supervisor.stop()
    return exit_code


def welcome(*, port: int, sandbox_port: int, seeded: str) -> str:
    """Return what the person needs to know first."""
    return f"""
Integration Hub is ready:  http://localhost:{port}
The sandbox (stands in for Visma.net):  http://127.0.0.1:{sandbox_port}

{seeded.strip()}

Next:
  1. Sign in as the administrator. The overview lists the first steps: press the first, and each
     page offers the next. At Visma sign in as ola@fjordbyra.example, password sandbox.
  2. All of it is in the menu too: *Visma.net accounts*, *Mappings* (first period 2026-03) and
     *Journals*. *Import the sample file* brings a payroll run of the demo company.
  3. Look at what will be posted, press *Send*, and watch the sandbox's ledger fill.
  4. Sign in as finance, open *Invoices*, choose a client, and press *Fetch payments from Visma*.

Ctrl-C stops everything. The data stay for the next start.
"""


if __name__ == "__main__":
    sys.exit(main())
