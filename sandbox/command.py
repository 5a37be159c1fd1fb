"""The command line of the sandbox."""

import argparse
import errno
import ipaddress
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox.app import make_app
from sandbox.seed import PASSWORD
from sandbox.server import serve
from sandbox.store import Store

EXIT_REFUSED = 2


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Stand-ins of Visma Connect and Visma.net ERP, to try without a contract.",
        epilog="Example: python -m sandbox --port 8001 --data var/sandbox.sqlite3",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to answer on (%(default)s)")
    parser.add_argument(
        "--port",
        type=int,
        default=int(os.environ.get("HUB_SANDBOX_PORT", "8001")),
        help="port to answer on (%(default)s; HUB_SANDBOX_PORT)",
    )
    parser.add_argument(
        "--data", type=Path, help="file that keeps the ledger; else it is forgotten"
    )
    parser.add_argument("--latency-ms", type=int, help="answer each call of an API this much late")
    parser.add_argument(
        "--allow-remote", action="store_true", help="answer on an address others can reach"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until a signal ends it; return the exit code."""
    options = _parser().parse_args(arguments)
    if os.environ.get("HUB_SANDBOX", "").strip().lower() in ("0", "false", "no", "off"):
        return _refuse(
            "HUB_SANDBOX=0: this installation does not allow the sandbox. "
            "Unset HUB_SANDBOX (or set it to 1) to run it."
        )
    if not _is_loopback(options.host) and not options.allow_remote:
        return _refuse(
            f"{options.host} can be reached by others, and the sandbox's passwords are public. "
            "Use --host 127.0.0.1, or add --allow-remote if that is meant."
        )
    store = Store(options.data)
    if options.latency_ms is not None:
        store.set(latency_ms=options.latency_ms)
    try:
        server = serve(make_app(store), options.host, options.port)
    except OSError as failure:
        store.close()
        if failure.errno == errno.EADDRINUSE:
            return _refuse(
                f"Port {options.port} is in use. Stop what uses it, or choose another with "
                "--port (HUB_SANDBOX_PORT)."
            )
        return _refuse(f"Cannot answer on {options.host}:{options.port}: {failure.strerror}.")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    server.start(stops_within=1.0)
    people = ", ".join(person["email"] for person in store.all("person"))
    print(f"Sandbox (not Visma) on {server.url}", flush=True)
    print(f"  sign in as {people} with the password {PASSWORD}", flush=True)
    ended.wait()
    server.stop()
    store.close()
    return 0


def _refuse(words: str) -> int:
    print(f"sandbox: {words}", file=sys.stderr)
    return EXIT_REFUSED
