"""Measure importing, sending and payments, each beside a floor; print tables."""

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import importing
from tests.torture.surroundings import ROOT, machine, prepared

_WHAT = ("importing", "sending", "payments")


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def _import(*, quick: bool, environment: dict[str, str]) -> None:
    lines, rounds = (4_000, 1) if quick else (40_000, 2)
    print(f"\nImport {lines:,} lines; floor: parsing alone; best of {rounds}")
    print(f"{'':4} {'':6} {'lines/s':>9} {'seconds':>8} {'peak MB':>8} {'idle MB':>8}  steps (s)")
    with tempfile.TemporaryDirectory(prefix="hub-bench-files-") as folder:
        for case in importing.measure(
            lines=lines, rounds=rounds, folder=Path(folder), environment=environment
        ):
            steps = ", ".join(f"{name} {taken:.2f}" for name, taken in case.steps.items())
            print(
                f"{case.format:4} {case.what:6} {lines / case.seconds:9,.0f} {case.seconds:8.2f} "
                f"{case.peak_mb:8.0f} {case.idle_mb:8.0f}  {steps}",
                flush=True,
            )


def _another(module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], cwd=ROOT, check=True)


def main() -> int:
    """Run the measurements that were asked for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__} With DATABASE_URL, in a new database on that server.",
    )
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--only", choices=_WHAT, help="one of them")
    parser.add_argument("--large", action="store_true", help="payments also at 500,000")
    options = parser.parse_args()
    wanted = (options.only,) if options.only else _WHAT
    started, port = time.monotonic(), _free_port()
    if {"importing", "sending"} & set(wanted):
        with prepared(sandbox_port=port) as environment:
            print(machine(environment), flush=True)
            if "importing" in wanted:
                _import(quick=options.quick, environment=environment)
            if "sending" in wanted:
                words = [sys.executable, "-m", "benchmarks.sending", str(port)]
                if options.quick:
                    words.append("--quick")
                subprocess.run(words, cwd=ROOT, env=environment, check=True)
    if "payments" in wanted:
        sizes = [2_000] if options.quick else [50_000, 500_000] if options.large else [50_000]
        for size in sizes:
            _another("benchmarks.payments", "--payments", str(size))
    print(f"\n{time.monotonic() - started:.0f} s, in {ROOT.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
