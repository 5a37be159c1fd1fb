"""
Processes that share one expired token: how many redeem the refresh token, and how many fail.

    python -m benchmarks.refresh [--processes 12] [--rounds 5]

Each is a process of its own with its own connections to the database. They are let go at the
same moment, ask for a token, and make a call with it. One-time refresh tokens without a grace
period, as the sandbox gives them, forgive no second redemption.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.surroundings import ROOT, machine, prepared, start_django


@dataclass(frozen=True, slots=True)
class Said:
    """What one process says: how long it took, and why it failed, if it did."""

    seconds: float
    failure: str


class Crowd:
    """Processes that wait for the number of a connection, and then use its token at once."""

    def __init__(self, processes: int) -> None:
        self._children = [_fork() for _ in range(processes)]

    def use(self, connection_id: int) -> list[Said]:
        """Let all go at the same moment; return what each says."""
        for _pid, orders, _answers in self._children:
            os.write(orders, f"{connection_id}\n".encode())
        return [Said(**json.loads(_line(answers))) for _pid, _orders, answers in self._children]

    def end(self) -> None:
        """Let the processes end, and wait for them."""
        for _pid, orders, _answers in self._children:
            os.close(orders)
        for pid, _orders, answers in self._children:
            os.close(answers)
            os.waitpid(pid, 0)


def _fork() -> tuple[int, int, int]:
    """Return the process, where it takes orders, and where it answers."""
    orders, give = os.pipe()
    take, answers = os.pipe()
    os.set_inheritable(give, False)
    pid = os.fork()
    if pid:
        os.close(orders)
        os.close(answers)
        return pid, give, take
    code = 1
    try:
        os.close(give)
        os.close(take)
        while line := _line(orders):
            os.write(answers, (json.dumps(_use(int(line))) + "\n").encode())
        code = 0
    except BaseException:  # noqa: BLE001 (this process ends here, and says why)
        traceback.print_exc()
    finally:
        os._exit(code)


def _line(pipe: int) -> str:
    """Return a line without its end; nothing when the other side is gone."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(pipe, 1)
        if not piece:
            return ""
        text += piece
    return text.decode().strip()


def _use(connection_id: int) -> dict[str, Any]:
    from accounts.models import Connection
    from accounts.operations.access import connector_for

    started = time.monotonic()
    failure = ""
    try:
        connector_for(Connection.objects.get(pk=connection_id)).read_administration()
    except Exception as exc:  # noqa: BLE001 (whatever it is, it is counted)
        failure = repr(exc)
    return {"seconds": time.monotonic() - started, "failure": failure}


# --- The measurement --------------------------------------------------------------------------


@contextmanager
def _crowd(processes: int) -> Iterator[Crowd]:
    from django.db import connections

    connections.close_all()
    crowd = Crowd(processes)
    try:
        yield crowd
    finally:
        crowd.end()


def _measure(*, processes: int, rounds: int, port: int) -> int:
    start_django()
    from accounts.models import Connection
    from sandbox.app import make_app
    from sandbox.server import serve
    from sandbox.store import Store

    worst = 0
    # The crowd first: a process that forks must not have threads.
    with _crowd(processes) as crowd:
        store = Store()
        with serve(make_app(store), port=port) as server:
            connection = _authorised(store, server.url)
            print(f"{'round':>5} {'redemptions':>11} {'failures':>8} {'first s':>8} {'last s':>7}")
            for number in range(1, rounds + 1):
                store.setup.expire_access_tokens()
                Connection.objects.update(expires_at=datetime.now(UTC) - timedelta(minutes=1))
                before = len(store.requests(call="token"))
                said = crowd.use(connection.pk)
                redeemed = len(store.requests(call="token")) - before
                failed = [one.failure for one in said if one.failure]
                times = sorted(one.seconds for one in said)
                print(
                    f"{number:5} {redeemed:11} {len(failed):8} {times[0]:8.2f} {times[-1]:7.2f}"
                    + (f"  {failed[0]}" if failed else ""),
                    flush=True,
                )
                worst = max(worst, abs(redeemed - 1) + len(failed))
        store.close()
    return 1 if worst else 0


def _authorised(store: Any, url: str) -> Any:
    """Return a connection as after a sign-in, without the pages of the sign-in."""
    from accounts.models import Connection
    from organisations.models import Organisation
    from sandbox import seed
    from sandbox.vismaconnect.grants import Grants

    grants, client_id, redirect_uri = Grants(store), "isv_integrationhub", "http://127.0.0.1/"
    person = store.get("person", "anna@fjordbyra.example")
    code = grants.new_code(
        client_id=client_id,
        redirect_uri=redirect_uri,
        code_challenge="",
        email=person["email"],
        sub=person["sub"],
        sid="a-session",
        tenant_id=seed.AKERIET,
        scope="openid offline_access vismanet_erp_interactive_api:read",
        auth_time=int(time.time()),
        nonce="",
    )
    answer = grants.exchange_code(
        code=code,
        client={"client_id": client_id},
        redirect_uri=redirect_uri,
        code_verifier="",
        issuer=f"{url}/visma-connect",
    )
    return Connection.objects.create(
        organisation=Organisation.objects.create(name="Office"),
        vendor="vismanet",
        name=person["email"],
        state=Connection.State.AUTHORISED,
        tenant_id=seed.AKERIET,
        subject=person["sub"],
        access_token=answer["access_token"],
        refresh_token=answer["refresh_token"],
    )


def main() -> int:
    """Measure in a database of its own; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--processes", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        return _measure(processes=options.processes, rounds=options.rounds, port=options.port)
    from benchmarks.__main__ import _free_port

    port = _free_port()
    with prepared(sandbox_port=port) as environment:
        print(machine(environment), flush=True)
        print(f"{options.processes} processes, one expired token", flush=True)
        words = [sys.executable, "-m", "benchmarks.refresh", f"--port={port}"]
        words += [f"--processes={options.processes}", f"--rounds={options.rounds}"]
        return subprocess.run(words, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
