"""
What is read becomes rows: payroll lines and payments, each beside a floor of the same run.

    import      a SIE file to a journal that is stored, split and checked; floor: parsing alone
    first load  pages of payments in memory to rows that are matched, with their events and the
                next cursor; floor: Django's `bulk_create` of the bare payments, page by page
    repeat      the same pages once more

Each case runs in a process of its own, so that its peak of memory is its own. Making the file or
the pages is in nobody's time.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.torture.surroundings import run, start_django

PAGE = 500
_NUMBER = "555555-5555"
_CENTRES = [f"{number:04d}" for number in range(100, 500, 10)]
_UNITS = [f"K{number:02d}" for number in range(10, 60)]
_COSTS = ["7010", "7081", "7082", "7210", "7281", "7285", "7321", "7331", "7510", "7690"]
_DAYS = ["20260131", "20260228", "20260325"]
_VOUCHER = 20
"""Lines of a voucher, the last of which balances the others."""
_SINCE, _NOW = date(2026, 1, 1), datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


def report(
    flow: str,
    number: float,
    unit: str,
    *,
    floor: float,
    aim: float | None = None,
    rounds: list[float] | None = None,
    more: str = "",
) -> None:
    """
    Print the number of a flow beside its floor.

    :param aim: the share of the floor that is asked
    :param rounds: the shares of all rounds, of which the number is the middle one
    """
    share = number / floor
    asked = "" if aim is None else f", {aim:.2f} asked: {'held' if share >= aim else 'MISSED'}"
    every = f" of {', '.join(f'{each:.2f}' for each in rounds)}" if rounds else ""
    print(
        f"{flow}: {number:,.1f} {unit}, floor {floor:,.1f}, share {share:.2f}{every}{asked}{more}",
        flush=True,
    )


def measure_import(environment: dict[str, str], *, lines: int, rounds: int = 3) -> None:
    """Import one file as often, and print the best."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-files-") as folder:
        path = Path(folder) / "payroll.se"
        _write_sie(path, lines)
        words = (str(path), str(lines), str(rounds))
        floor = _case(environment, "parse", *words)
        ours = _case(environment, "import", *words)
    name, more = f"import of {lines:,} SIE lines", f" ({ours['steps']}); {_memory(ours)}"
    rate, bare = lines / ours["seconds"], lines / floor["seconds"]
    report(name, rate, "lines/s", floor=bare, more=more)


def measure_payments(environment: dict[str, str], *, payments: int, rounds: int = 3) -> None:
    """Load as many payments as often, each time for a new client, and print the best."""
    best: dict[str, dict[str, Any]] = {}
    for case in ("bare", "first", "repeat") * rounds:
        found = _case(environment, case, str(payments))
        if case not in best or found["seconds"] < best[case]["seconds"]:
            best[case] = found
    floor = payments / best["bare"]["seconds"]
    for case, name, aim in (("first", "first load", 0.8), ("repeat", "repeat", None)):
        ours = best[case]
        name, rate = f"{name} of {payments:,} payments", payments / ours["seconds"]
        more = f"; {ours['statements'] / ours['pages']:.1f} SQL a page; {_memory(ours)}"
        report(name, rate, "rows/s", floor=floor, aim=aim, more=more)


def _memory(case: dict[str, Any]) -> str:
    return f"{case['peak_mb']:.0f} MB at most, {case['idle_mb']:.0f} before"


def _case(environment: dict[str, str], *words: str) -> dict[str, Any]:
    return dict(json.loads(run([sys.executable, "-m", "benchmarks.loading", *words], environment)))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- Payroll lines, in the measured process -----------------------------------------------


def _write_sie(path: Path, lines: int) -> None:
    """Write lines no two of which can be added up."""
    with path.open("w", encoding="cp437", newline="\r\n") as file:
        file.write("#FLAGGA 0\n#FORMAT PC8\n#SIETYP 4\n#PROGRAM Pay 1\n#GEN 20260325\n")
        file.write(f'#FNAMN "Påhittade Åkeriet AB"\n#ORGNR {_NUMBER}\n#VALUTA SEK\n')
        for voucher in range(lines // _VOUCHER):
            day, owed = _DAYS[voucher % 3], Decimal(0)
            file.write(f'#VER L {voucher + 1} {day} "Payroll run 3"\n{{\n')
            for place in range(_VOUCHER - 1):
                account = _COSTS[(voucher + place) % len(_COSTS)]
                where = f'1 "{_CENTRES[(voucher * 7 + place) % 40]}" 2 "{_UNITS[place % 50]}"'
                amount = Decimal(100_00 + (voucher * 31 + place * 977) % 90_000_00) / 100
                owed += amount
                text = f"Löneart {place + 1}, grupp {voucher + 1}"
                file.write(f'#TRANS {account} {{{where}}} {amount:.2f} {day} "{text}"\n')
            file.write(f'#TRANS 2821 {{}} {-owed:.2f} {day} "Nettolön {voucher + 1}"\n}}\n')


def _parse(path: Path, lines: int, rounds: int) -> dict[str, Any]:
    from sources.readers.reading import read
    from sources.readers.settings import SIE, SourceSettings

    idle, took = _peak_mb(), []
    for _ in range(rounds):
        started = time.perf_counter()
        with path.open("rb") as stream:
            reading = read(stream, settings=SourceSettings(format=SIE))
        took.append(time.perf_counter() - started)
        assert reading.ok, reading.problems[:3]
    return {"seconds": min(took), "idle_mb": idle}


def _import(path: Path, lines: int, rounds: int) -> dict[str, Any]:
    from tests.torture import offices

    signs_in = offices.Kind("a person signs in", interactive=True)
    places = [offices.Place(number, signs_in) for number in range(rounds)]
    made = offices.make_offices(places, count=rounds, called="Importer")
    idle, took = _peak_mb(), []
    for office in made:
        company = office.companies[0]
        company.organisation_number = _NUMBER.replace("-", "")
        company.save()
        took.append(_import_for(office.organisation, path, lines))
    best = min(took, key=sum)
    names = ("received", "read and stored", "split and checked")
    steps = ", ".join(f"{name} {each:.2f} s" for name, each in zip(names, best, strict=True))
    return {"seconds": sum(best), "steps": steps, "idle_mb": idle}


def _import_for(organisation: Any, path: Path, lines: int) -> list[float]:
    from journals.models import journal_of
    from journals.operations import previewing
    from sources.operations import reading, receiving

    facts, marks = _facts(), [time.perf_counter()]
    with path.open("rb") as stream:
        pieces = iter(lambda: stream.read(65_536), b"")
        file = receiving.receive(
            organisation=organisation, name=path.name, chunks=pieces, by=None, now=_clock()
        )
    marks.append(time.perf_counter())
    reading.read_file(file_id=file.pk, clock=_clock)
    marks.append(time.perf_counter())
    file.refresh_from_db()
    journal = journal_of(file)
    assert journal is not None, (file.state, file.problems[:3])
    seen = previewing.preview(journal=journal, now=_clock(), facts=facts)
    marks.append(time.perf_counter())
    planned = sum(len(batch.lines) for batch in seen.batches)
    assert (planned, seen.problems) == (lines, []), (planned, seen.problems[:3])
    return [later - earlier for earlier, later in pairwise(marks)]


def _clock() -> datetime:
    return datetime.now(UTC)


def _facts() -> Any:
    from connectors import base

    def values(codes: list[str]) -> tuple[base.DimensionValue, ...]:
        return tuple(base.DimensionValue(code, code) for code in codes)

    return base.LedgerFacts(
        administration=base.Administration("1", "Påhittade Åkeriet AB", currency="SEK"),
        accounts=tuple(base.Account(number, number) for number in [*_COSTS, "2821"]),
        periods=tuple(base.Period(f"2026{m:02d}", date(2026, m, 1), open=True) for m in (1, 2, 3)),
        dimensions=(
            base.Dimension(1, "Kostnadsställe", 4, values(_CENTRES)),
            base.Dimension(2, "Kostnadsbärare", 3, values(_UNITS)),
        ),
        currencies=("SEK",),
    )


# --- Payments, in the measured process ------------------------------------------------------


def _pages(wanted: int) -> Iterator[Any]:
    from connectors.receivables.source import PaymentPage

    for start in range(0, wanted, PAGE):
        end = min(start + PAGE, wanted)
        payments = tuple(map(_payment, range(start, end)))
        yield PaymentPage(payments=payments, cursor="" if end == wanted else str(end))


def _payment(number: int) -> Any:
    from connectors.receivables.shared import PaymentKey
    from connectors.receivables.source import SourcePayment

    return SourcePayment(
        key=PaymentKey(1 + number // 50, number % 50),
        customer_number=10001,
        voucher_number=number,
        voucher_type=3,
        paid_on=_SINCE + timedelta(days=number % 90),
        amount=Decimal("100.00"),
        amount_in_currency=Decimal("100.00"),
        currency="NOK",
        invoice_number=str(100_000 + number),
        text="OCR",
    )


def _client(wanted: int) -> Any:
    """Make a client with an invoice for nine of ten payments."""
    from organisations.models import Organisation
    from payments.models import Customer, Integration, Invoice, InvoiceClient

    of = Organisation.objects.create(name=f"Office {time.time_ns()}")
    Integration.objects.create(organisation=of, activated_at=_NOW, fetch_from=_SINCE)
    client = InvoiceClient.objects.create(
        organisation=of, number="1", name="Bench AS", voucher_types=[3]
    )
    customer = Customer.objects.create(organisation=of, client=client, number="10001")
    Invoice.objects.bulk_create(
        (
            Invoice(
                organisation=of,
                client=client,
                customer=customer,
                number=str(100_000 + number),
                issued_on=_SINCE,
                currency="NOK",
                amount=Decimal("100.00"),
                posted_amount=Decimal("100.00"),
            )
            for number in range(wanted)
            if number % 10
        ),
        batch_size=5_000,
    )
    return client


def _load(case: str, wanted: int) -> dict[str, Any]:
    from django.db import connection

    from integrationhub.celery import say_that_this_is_a_worker
    from payments.models import FetchRun, InvoiceClient, Payment, Settlement
    from payments.operations import storing

    say_that_this_is_a_worker(sender=None)  # which is where the pages are stored
    if case != "repeat":
        _client(wanted)
    client = InvoiceClient.objects.select_related("organisation", "source", "target").latest("pk")
    fetch = FetchRun.objects.create(
        organisation=client.organisation,
        client=client,
        state="running",
        claim_owner="bench",
        lease_until=_NOW,
        is_full=True,
        since=_SINCE,
        voucher_types=[3],
        phase="payments",
    )
    asked = pages = 0
    seconds, idle = 0.0, _peak_mb()

    def count(execute: Any, *statement: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*statement)

    with connection.execute_wrapper(count):
        for page in _pages(wanted):
            started = time.perf_counter()
            if case == "bare":
                Payment.objects.bulk_create(
                    (_bare(client, one) for one in page.payments), ignore_conflicts=True
                )
            else:
                storing.store_page(run=fetch, page=page, marks=False, now=_NOW, lease_seconds=60)
            seconds += time.perf_counter() - started
            pages += 1
    fetch.finish(FetchRun.State.DONE, now=_NOW)
    there = Payment.objects.filter(client=client).count()
    matched = Settlement.objects.filter(client=client).count()
    if there != wanted or (case != "bare" and matched < wanted * 85 // 100):
        raise SystemExit(f"{there} of {wanted} payments, {matched} matched")
    return {"seconds": seconds, "statements": asked, "pages": pages, "idle_mb": idle}


def _bare(client: Any, one: Any) -> Any:
    from payments.models import Payment

    return Payment(
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


def _main(case: str, *words: str) -> None:
    start_django()
    if case in ("parse", "import"):
        found = (_parse if case == "parse" else _import)(Path(words[0]), *map(int, words[1:]))
    else:
        found = _load(case, int(words[0]))
    print(json.dumps(found | {"peak_mb": _peak_mb()}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
