"""A PostgreSQL and a Redis of our own, on ports of our own, that may be stopped and emptied."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

START_WITHIN = 60.0


class NotInstalled(Exception):
    """A server's program is not on this machine."""


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], *, what: str, within: float = START_WITHIN) -> float:
    """
    Wait for a condition and return how many seconds it took.

    :raises TimeoutError: naming what did not come
    """
    started = time.monotonic()
    while not ready():
        if time.monotonic() - started > within:
            raise TimeoutError(f"After {within:.0f} s still waiting for {what}.")
        time.sleep(0.1)
    return time.monotonic() - started


def answers(port: int) -> bool:
    """Return whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


class Redis:
    """A Redis that keeps nothing on disk: after a restart it is empty."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise NotInstalled("redis-server is not installed (apt-get install redis-server).")
        self._program, self._folder, self.port = program, folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: answers(self.port), what="Redis")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def flush(self) -> None:
        """Empty it while it runs."""
        import redis

        redis.Redis.from_url(self.url).flushall()


class Postgres:
    """
    A PostgreSQL cluster in a folder. As root it runs as the user `postgres`.

    :param durable: it waits for the disk, as one that holds somebody's data does
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._durable = durable
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
        initdb = str(found[-1]) if found else shutil.which("initdb")
        if initdb is None:
            raise NotInstalled("initdb is not installed (apt-get install postgresql).")
        self._bin, self._data, self.port = Path(initdb).parent, folder / "pg", free_port()
        self._data.mkdir()
        self._as = []
        if os.geteuid() == 0:
            self._as = ["runuser", "-u", "postgres", "--"]
            owner = pwd.getpwnam("postgres")
            os.chown(self._data, owner.pw_uid, owner.pw_gid)
            folder.chmod(0o755)
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def url(self) -> str:
        """Return the address of its first database."""
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
            f"-c max_connections=300 -c fsync={'on' if self._durable else 'off'}"
        )
        self._run("pg_ctl", "-l", str(self._data / "log"), "-w", "-o", options, "start")
        wait_until(lambda: answers(self.port), what="PostgreSQL")

    def stop(self, *, how: str = "immediate") -> None:
        """Stop it; `immediate` ends every session as a power cut would."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "-m", how, "-w", "stop")

    def alone(self, statement: str, *, database: str) -> None:
        """Run a statement for which no session on that database may be open."""
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        )
        where = self.url.rpartition("/")[0] + "/template1"
        subprocess.run(
            [str(self._bin / "psql"), where, "-qAt", "-c", others, "-c", statement],
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), "-D", str(self._data), *words],
            cwd="/",
            stdin=subprocess.DEVNULL,
            # Its children inherit what is given here, and would hold a pipe open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            log = self._data / "log"
            words_of_it = log.read_text()[-2000:] if log.exists() else ""
            raise RuntimeError(f"{program} failed ({done.returncode}). {words_of_it}")


def _version(path: Path) -> float:
    name = path.parent.parent.name
    return float(name) if name.replace(".", "").isdecimal() else 0.0


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process that leads a group, and its children, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
