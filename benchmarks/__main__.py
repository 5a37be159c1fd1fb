"""Measure each flow beside a floor of the same run, one line for each."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import loading
from tests.torture.servers import NotInstalled, Postgres, free_port
from tests.torture.surroundings import ROOT, machine, prepared

FLOWS = ("loading", "sending", "payday", "board")


def main() -> int:
    """Measure the flows that were asked for on SQLite and on PostgreSQL; return the exit code."""
    note = "With DATABASE_URL, on a new database of that server alone."
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=f"{__doc__} {note}")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--only", choices=FLOWS, help="one of them")
    options = parser.parse_args()
    flows, started = (options.only,) if options.only else FLOWS, time.monotonic()
    named = os.environ.get("DATABASE_URL", "")
    for database in (named,) if named else ("", "postgresql"):
        try:
            with _server(database) as url:
                _measure(url, flows, quick=options.quick)
        except NotInstalled as missing:
            print(f"\nPostgreSQL is left out: {missing}")
    print(f"\n{time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f} at the end")
    return 0


@contextmanager
def _server(database: str) -> Iterator[str]:
    """Yield the address of the database: what was named, or a server of our own."""
    if database != "postgresql":
        yield database
        return
    with tempfile.TemporaryDirectory(prefix="hub-bench-pg-") as folder:
        server = Postgres(Path(folder), durable=True)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def _measure(database: str, flows: tuple[str, ...], *, quick: bool) -> None:
    port = free_port()
    with prepared(sandbox_port=port, database=database) as environment:
        print(f"\n{machine(environment)}", flush=True)
        if "loading" in flows:
            loading.measure_import(environment, lines=4_000 if quick else 40_000)
            loading.measure_payments(environment, payments=2_000 if quick else 20_000)
        if {"sending", "payday"} & set(flows):
            words = ["-m", "benchmarks.sending", str(port), ",".join(flows), str(quick)]
            subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)
        if "board" in flows:
            words = ["-m", "benchmarks.board", str(quick)]
            subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
