"""
Payments from pages in memory to rows that are matched: first load, repeat, one in a hundred new.

Beside it, in the same run:

    floor   Django's `bulk_create(ignore_conflicts=True)` of the same rows, page by page; it finds
            no invoice, remembers no cursor and counts nothing

Each case runs in a process of its own, so that its peak memory is its own. Making the pages is in
nobody's time. CPU s is that of the process alone, without
PostgreSQL's own. Without DATABASE_URL, PostgreSQL is one of our own, where it is installed; with
it, a new database on that server.

    python -m benchmarks.payments --payments 500000
"""

import argparse
import json
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.payment_pages import CASES, PAGE, SINCE, Clock, Pages, number_in
from tests.torture.servers import NotInstalled, Postgres, free_port
from tests.torture.surroundings import machine, prepared, run, start_django

_NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
_COLUMNS = ("rows/s", "seconds", "CPU s", "SQL/page", "peak MB", "idle MB")


def main() -> int:
    """Measure, and print a table for each database; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.payments", description=__doc__)
    parser.add_argument("--payments", type=int, default=50_000, help="(%(default)s)")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="one of the databases")
    parser.add_argument("--alone", action="store_true", help="the hub with nothing beside it")
    options = parser.parse_args()
    loaders: tuple[str, ...] = ("hub",) if options.alone else ("floor", "hub")
    table = partial(measure, payments=options.payments, loaders=loaders)
    if options.only != "postgresql":
        table("")
    if options.only != "sqlite":
        try:
            with _postgresql() as url:
                table(url)
        except NotInstalled as missing:
            print(f"\nPostgreSQL is left out: {missing}")
    return 0


@contextmanager
def _postgresql() -> Iterator[str]:
    """Yield the address of a server: the one that was named, or one of our own."""
    if os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_URL"]
        return
    with tempfile.TemporaryDirectory(prefix="hub-bench-pg-") as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def measure(database: str, *, payments: int, loaders: tuple[str, ...]) -> None:
    """Print the table of one database."""
    rates: dict[tuple[str, str], float] = {}
    for what in loaders:
        # Each gets a database of its own: the rows of one must not be the conflicts of the other.
        with prepared(sandbox_port=free_port(), database=database) as environment:
            if what == loaders[0]:
                print(f"\n{machine(environment)}\nPayments: {payments:,}, pages of {PAGE}")
                print(f"{'':6} {'':8}" + "".join(f"{name:>10}" for name in _COLUMNS), flush=True)
            for case in CASES:
                found = _case(what, case, payments, environment)
                rates[what, case] = found["rows"] / found["seconds"]
                print(
                    f"{what:6} {case:8}{rates[what, case]:10,.0f}{found['seconds']:10.2f}"
                    + f"{found['cpu']:10.2f}"
                    + f"{found['statements']:10.1f}"
                    + f"{found['peak_mb']:10.0f}{found['idle_mb']:10.0f}",
                    flush=True,
                )
    for other in loaders[:-1]:
        told = (
            f"{case} {rates['hub', case] / rates[other, case]:.1f}"
            for case in CASES
            if (other, case) in rates
        )
        print(f"hub beside {other}, times as fast: {', '.join(told)}", flush=True)


def _case(what: str, case: str, payments: int, environment: dict[str, str]) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.payments", "--case", what, case, str(payments)]
    return dict(json.loads(run(words, environment)))


# --- In the measured process ----------------------------------------------------------------


def _measure(what: str, case: str, wanted: int) -> None:
    start_django()
    from django.db import connection

    from integrationhub.celery import say_that_this_is_a_worker

    say_that_this_is_a_worker(sender=None)  # which is where the pages are stored

    client = _client(wanted) if case == "first" else _there()
    pages = Pages(number_in(case, wanted))
    idle = _peak_mb()
    with _counted(connection) as counter:
        clock = Clock(pages)
        (_floor if what == "floor" else _hub)(client, pages)
        measured = clock.read()
    _check(client, what, pages.wanted)
    statements = counter.number / pages.number
    print(json.dumps(measured | {"statements": statements, "peak_mb": _peak_mb(), "idle_mb": idle}))


class _Counter:
    """Counts statements; keeps none of them."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.number += 1
        return execute(sql, params, many, context)


@contextmanager
def _counted(connection: Any) -> Iterator[_Counter]:
    """Count the statements."""
    counter = _Counter()
    with connection.execute_wrapper(counter):
        yield counter


def _there() -> Any:
    from payments.models import InvoiceClient

    return InvoiceClient.objects.select_related("organisation", "source", "target").get()


def _client(wanted: int) -> Any:
    """Make a client with an invoice for nine of ten payments."""
    from organisations.models import Organisation
    from payments.models import Customer, Integration, Invoice, InvoiceClient

    organisation = Organisation.objects.create(name="Bench")
    Integration.objects.create(organisation=organisation, activated_at=_NOW, fetch_from=SINCE)
    client = InvoiceClient.objects.create(
        organisation=organisation, number="1", name="Bench AS", voucher_types=[3]
    )
    customer = Customer.objects.create(organisation=organisation, client=client, number="10001")
    for start in range(0, wanted, 5_000):
        Invoice.objects.bulk_create(
            Invoice(
                organisation=organisation,
                client=client,
                customer=customer,
                number=str(100_000 + number),
                issued_on=SINCE,
                currency="NOK",
                amount=Decimal("100.00"),
                posted_amount=Decimal("100.00"),
            )
            for number in range(start, min(start + 5_000, wanted))
            if number % 10
        )
    return client


def _hub(client: Any, pages: Pages) -> None:
    from payments.models import FetchRun
    from payments.operations import storing

    run = FetchRun.objects.create(
        organisation=client.organisation,
        client=client,
        state="running",
        claim_owner="bench",
        lease_until=_NOW,
        is_full=True,
        since=SINCE,
        voucher_types=[3],
        phase="payments",
    )
    for page in pages:
        storing.store_page(run=run, page=page, marks=False, now=_NOW, lease_seconds=60)
    run.finish(FetchRun.State.DONE, now=_NOW)


def _floor(client: Any, pages: Pages) -> None:
    from payments.models import Payment

    for page in pages:
        Payment.objects.bulk_create(
            (
                Payment(
                    organisation_id=client.organisation_id,
                    client=client,
                    journal_number=one.key.journal_number,
                    audit_number=one.key.audit_number,
                    customer_number=str(one.customer_number),
                    voucher_number=one.voucher_number,
                    voucher_type=one.voucher_type,
                    paid_on=one.paid_on,
                    amount=one.amount,
                    amount_in_currency=one.amount_in_currency,
                    currency=one.currency,
                    invoice_number=one.invoice_number,
                    text=one.text,
                    created_at=_NOW,
                )
                for one in page.payments
            ),
            ignore_conflicts=True,
        )


def _check(client: Any, what: str, wanted: int) -> None:
    """End the measurement if it did not do what it says."""
    from payments.models import Payment, Settlement

    there = Payment.objects.filter(client=client).count()
    placed = Settlement.objects.filter(client=client).count()
    if there != wanted or (what == "hub" and placed < wanted * 85 // 100):
        raise SystemExit(f"{there} of {wanted} payments, {placed} placed")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        _measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        sys.exit(0)
    sys.exit(main())
