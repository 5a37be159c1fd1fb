"""The hub as it runs in production, in real processes that may be killed and started again."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from integrationhub.supervisor import die_with_parent
from tests.torture.servers import Postgres, Redis, answers, free_port, kill_group, wait_until
from tests.torture.surroundings import ROOT, prepared, run

EMBEDDED, SERVICES = "embedded", "services"
LEASE_SECONDS = 10
LOOK_UP_SECONDS = 10
"""
An empty look-up counts this long after the call, a second one this long after the first. A call
that the sandbox is set to carry out late is carried out much sooner.
"""
_START_WITHIN = 180.0


@dataclass
class Process:
    """One process of the hub; `doom` is the crash point at which it kills itself, if any."""

    name: str
    words: list[str]
    log: Path
    doom: str = ""
    running: subprocess.Popen[bytes] | None = None

    def start(self, environment: dict[str, str], *, doom: str = "") -> None:
        """Start it, with a crash point to die at or none."""
        self.doom = doom
        added = {"HUB_DIE_AT": doom} if doom else {}
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.words,
                cwd=ROOT,
                env=environment | added,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    @property
    def is_dead(self) -> bool:
        """Return whether it was started and has ended."""
        return self.running is not None and self.running.poll() is not None

    def kill(self) -> None:
        """End it, and what it started, as a power cut would."""
        if self.running is not None:
            kill_group(self.running)


@dataclass
class Rig:
    """
    A sandbox, and a hub of several web and worker processes.

    :param environment: of every process of the hub
    :param kills: what was killed, by the name of the process or of the crash point
    :param next_doom: says at which crash point a worker that starts will die; nothing: nowhere
    """

    tier: str
    environment: dict[str, str]
    folder: Path
    sandbox_url: str
    redis: Redis | None = None
    postgres: Postgres | None = None
    webs: list[Process] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)
    web_urls: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    next_doom: Callable[[], str] = str

    @property
    def processes(self) -> list[Process]:
        """Return all processes of the hub."""
        return [*self.webs, *self.workers]

    def add(self, *, webs: int, workers: int, threads: int) -> None:
        """Say which processes there are; nothing is started."""
        python, celery = sys.executable, ["-m", "celery", "--quiet", "-A", "integrationhub"]
        for number in range(webs):
            port = int(self.environment["HUB_PORT"]) if number == 0 else free_port()
            words = [python, "-m", "gunicorn", "integrationhub.wsgi"]
            words += ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "1"]
            words += ["--threads", "8", "--no-control-socket", "--graceful-timeout", "3"]
            self.webs.append(self._process(f"web {number + 1}", words))
            self.web_urls.append(f"http://127.0.0.1:{port}")
        for number in range(workers):
            words = [python, *celery, "worker", "--pool=threads", f"--concurrency={threads}"]
            words += ["-n", f"worker{number + 1}@torture", "--without-gossip", "--without-mingle"]
            self.workers.append(self._process(f"worker {number + 1}", words))

    def _process(self, name: str, words: list[str]) -> Process:
        return Process(name, words, self.folder / f"{name.replace(' ', '-')}.log")

    def start(self) -> None:
        """Start all processes, the workers with a crash point or none; see `wait_for_webs`."""
        for process in self.processes:
            doom = self.next_doom() if process in self.workers else ""
            process.start(self.environment, doom=doom)

    def wait_for_webs(self) -> None:
        """Wait until every web process answers."""
        for url in self.web_urls:
            wait_until(lambda url=url: _alive(url), what=url, within=_START_WITHIN)  # type: ignore[misc]

    def kill(self, process: Process, *, doom: str = "") -> None:
        """Kill a process and start it again, with a crash point to die at or none."""
        process.kill()
        self.kills[f"SIGKILL {process.name.split()[0]}"] += 1
        process.start(self.environment, doom=doom)

    def look_after(self) -> None:
        """Start again what has died; a worker gets the next crash point, while there are any."""
        for process in self.processes:
            if not process.is_dead:
                continue
            if not process.doom:
                self.kills[f"{process.name} ended by itself"] += 1
            else:
                self.kills[process.doom.partition(":")[0]] += 1
            doom = self.next_doom() if process in self.workers else ""
            process.start(self.environment, doom=doom)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the sandbox's control."""
        answer = requests.request(
            method, f"{self.sandbox_url}/control/{path}", json=body, timeout=120
        )
        answer.raise_for_status()
        return answer.json()

    def complaints(self, *, most: int = 4) -> list[str]:
        """Return what the logs tell of errors last, each once, for a run that failed."""
        found: dict[str, None] = {}
        for process in self.processes:
            if process.log.exists():
                lines = process.log.read_text("utf-8", "replace").splitlines()
                grave = [line for line in lines if '"error"' in line or '"critical"' in line]
                found |= dict.fromkeys(
                    f"{process.name}: {_shortened(line)}" for line in grave[-most:]
                )
        return list(found)


def _shortened(line: str) -> str:
    """Return what happened and the last line of the traceback."""
    try:
        event = json.loads(line)
    except ValueError:
        return line[:300]
    words = str(event.get("event", ""))[:200]
    last = str(event.get("exception", "")).strip().splitlines()[-1:]
    return " / ".join([words, *last])[:400]


def _alive(url: str) -> bool:
    try:
        return requests.get(f"{url}/sign-in/", timeout=5).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def rig(*, tier: str, workers: int, webs: int, threads: int = 8) -> Iterator[Rig]:
    """
    Yield a hub whose processes are not started yet; only its servers and its sandbox run.

    On the tier *services* with a PostgreSQL and a Redis of its own, which are gone afterwards.
    """
    # On SIGTERM, end what was started: the servers would outlive us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        servers = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-servers-")))
        redis = postgres = None
        os.environ.pop("DATABASE_URL", None)
        if tier == SERVICES:
            redis, postgres = Redis(servers), Postgres(servers)
            stack.callback(redis.kill)
            stack.callback(postgres.stop)
            redis.start()
            postgres.start()
            os.environ["DATABASE_URL"] = postgres.url
        port = free_port()
        environment = stack.enter_context(prepared(sandbox_port=port))
        folder = Path(environment["HUB_DATA_DIR"])
        web_port = free_port()
        environment |= {
            "HUB_PORT": str(web_port),
            "HUB_BASE_URL": f"http://127.0.0.1:{web_port}",
            "HUB_LOG_FORMAT": "json",
            "HUB_WORKER_THREADS": str(threads),
            "HUB_LEASE_SECONDS": str(LEASE_SECONDS),
            "HUB_LOOK_UP_INTERVAL_SECONDS": str(LOOK_UP_SECONDS),
            "HUB_LEDGER_FRESH_SECONDS": "10",
            "CELERY_BROKER_URL": redis.url if redis else "memory://localhost/",
            "PYTHONUNBUFFERED": "1",
        }
        run([sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"], environment)
        found = Rig(tier, environment, folder, f"http://127.0.0.1:{port}", redis, postgres)
        found.add(webs=webs, workers=workers, threads=threads)
        try:
            yield found
        finally:
            for process in found.processes:
                process.kill()


@contextmanager
def sandbox(url: str, *, data: Path) -> Iterator[None]:
    """Run the sandbox on what that file holds."""
    port = url.rpartition(":")[2]
    words = [sys.executable, "-m", "sandbox", "--port", port, "--data", str(data)]
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        wait_until(lambda: answers(int(port)), what="the sandbox")
        yield
    finally:
        kill_group(process)
