"""
How long the one batch of a small office waits behind the thousands of a large one.

    python -m benchmarks.fairness [--batches 5000] [--presses 5] [--workers 2]
        [--broker redis://127.0.0.1:6379/9]

Real worker processes, from the press of Send to *posted*: first with nothing else to do, then
while the large office's batches are being sent. With DATABASE_URL it is PostgreSQL; with more
than one worker it needs a broker, an empty database of a Redis.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.surroundings import ROOT, machine, prepared, start_django

COMPANIES = 40
_DAY = date(2026, 3, 25)
_WITHIN = 600.0


def _tenant(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"fairness-{number}"))


def _make_sandbox_file(path: Path, *, latency: int) -> None:
    """Write the companies of both offices into a new file; the last one is the small office's."""
    from sandbox.company import Company
    from sandbox.store import Store

    store = Store(path)
    model = store.company("akeriet").as_json()
    for number in range(COMPANIES + 1):
        changes = {
            "key": f"fair{number:02d}",
            "tenant_id": _tenant(number),
            "name": f"Bolag {number} AB",
            "organisation_number": f"5566{number:02d}-1000",
        }
        store.save_company(Company.from_json(model | changes))
    store.set(latency_ms=latency, rate_limit=10**8)
    store.close()


@contextmanager
def _processes(port: int, data: Path, *, workers: int, threads: int) -> Iterator[None]:
    """Run the sandbox, the workers and the schedule."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "integrationhub"]
    words = [[sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(data)]]
    words += [
        [*celery, "worker", "--pool=threads", f"--concurrency={threads}", "-n", f"fair{number}@%h"]
        for number in range(workers)
    ]
    words.append([*celery, "beat", "--pidfile="])
    running = [
        subprocess.Popen(one, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for one in words
    ]
    try:
        yield
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


class _Office:
    """An organisation whose companies are connected and mapped."""

    def __init__(self, name: str, numbers: range) -> None:
        from accounts.models import Connection
        from mappings.models import Mapping
        from organisations.models import Company, Debtor, Organisation

        self.organisation = Organisation.objects.create(name=name)
        debtor = Debtor.objects.create(organisation=self.organisation, number="1", name="Debtor")
        self.companies: list[Company] = []
        for number in numbers:
            company = Company.objects.create(
                organisation=self.organisation,
                debtor=debtor,
                number=str(number),
                name=f"Company {number}",
                currency="SEK",
            )
            connection = Connection.objects.create(
                organisation=self.organisation,
                vendor="vismanet",
                kind=Connection.Kind.SERVICE,
                name=f"service{number}",
                state=Connection.State.AUTHORISED,
                tenant_id=_tenant(number),
            )
            Mapping.objects.create(
                organisation=self.organisation,
                company=company,
                connection=connection,
                target="vismanet",
                closed_period_rule="refuse",
                hold=False,
            )
            self.companies.append(company)
        self._made = 0

    def press(self, batches: int) -> None:
        """Import that many journals of one batch each, and press Send for every one."""
        from journals.operations import sending

        for _number in range(batches):
            journal = self._journal(self.companies[self._made % len(self.companies)])
            sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))

    def posted(self) -> int:
        """Return how many of its batches are posted."""
        from journals.models import Batch

        return Batch.objects.filter(organisation=self.organisation, state="posted").count()

    def _journal(self, company: Any) -> Any:
        from journals.domain.lines import JournalLine, totals_of
        from journals.models import Content
        from journals.models import JournalLine as Row
        from journals.operations import storing

        self._made += 1
        amount = Decimal(10_000 + self._made)
        lines = [
            JournalLine(1, "2026-03", _DAY, "7010", "", "", amount, "Lön"),
            JournalLine(2, "2026-03", _DAY, "2821", "", "", -amount, "Nettolön"),
        ]
        content = Content.objects.create(
            organisation=self.organisation,
            digest=uuid.uuid4().hex,
            currency="SEK",
            run_period="2026-03",
            line_count=len(lines),
            totals=storing.totals_to_json(totals_of(lines)),
        )
        Row.objects.bulk_create(
            Row(
                organisation=self.organisation,
                content=content,
                line_number=line.line_number,
                period=line.period,
                posted_on=line.posted_on,
                account=line.account,
                amount=line.amount,
                text=line.text,
            )
            for line in lines
        )
        return storing.create_journal(
            company=company,
            content=content,
            reference=f"PAYROLL 2026-03/{self._made}",
            run=str(self._made),
            by=None,
            now=datetime.now(UTC),
            request_id="",
        )


def _until(wanted: int, office: _Office) -> float:
    """Wait until so many are posted; return the seconds."""
    started = time.monotonic()
    while office.posted() < wanted:
        if time.monotonic() - started > _WITHIN:
            raise SystemExit(f"{office.organisation}: {office.posted()} of {wanted} posted.")
        time.sleep(0.02)
    return time.monotonic() - started


def _waits(small: _Office, *, presses: int) -> list[float]:
    waits = []
    for _press in range(presses):
        before = small.posted()
        small.press(1)
        waits.append(_until(before + 1, small))
    return waits


def _print(what: str, waits: list[float], behind: str) -> None:
    print(
        f"{what:22} {statistics.median(waits):9.2f} {max(waits):9.2f}  {behind}",
        flush=True,
    )


def _measure(options: argparse.Namespace) -> None:
    start_django()
    large = _Office("Large", range(COMPANIES))
    small = _Office("Small", range(COMPANIES, COMPANIES + 1))
    print(f"{'':22} {'median s':>9} {'longest s':>9}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hub-bench-sandbox-") as folder:
        data = Path(folder) / "sandbox.sqlite3"
        _make_sandbox_file(data, latency=options.latency)
        running = partial(
            _processes, options.port, data, workers=options.workers, threads=options.threads
        )
        with running():
            small.press(1)
            _until(1, small)  # the workers are up, and the ledger's facts are read
            _print("alone", _waits(small, presses=options.presses), "")
        # Pressed while no worker runs, so that all of it waits when they begin.
        large.press(options.batches)
        with running():
            _until(1, large)
            left = options.batches - large.posted()
            waits = _waits(small, presses=options.presses)
            after = options.batches - large.posted()
            _print("behind a large office", waits, f"{left:,} … {after:,} batches were waiting")


def main() -> int:
    """Measure in a database of its own; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--batches", type=int, default=5_000)
    parser.add_argument("--presses", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--latency", type=int, default=200, help="of the vendor, milliseconds")
    parser.add_argument("--broker", default="memory://", help="an empty database of a Redis")
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        _measure(options)
        return 0
    from benchmarks.__main__ import _free_port

    port = _free_port()
    with prepared(sandbox_port=port) as environment:
        environment["CELERY_BROKER_URL"] = options.broker
        environment["HUB_WORKER_THREADS"] = str(options.threads)
        print(machine(environment), flush=True)
        print(
            f"{options.batches:,} batches of {COMPANIES} companies, {options.workers} workers of "
            f"{options.threads} threads, broker {options.broker.partition(':')[0]}, vendor answers "
            f"after {options.latency} ms",
            flush=True,
        )
        words = [sys.executable, "-m", "benchmarks.fairness", *sys.argv[1:], f"--port={port}"]
        return subprocess.run(words, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
