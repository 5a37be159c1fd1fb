"""Journals with their batches and lines, as an import leaves them."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.base import PostingLine, SegmentValue
from journals.models import Batch, Journal
from journals.operations.contents import write_lines
from mappings.models import Mapping
from organisations.models import Company, Organisation
from sources.models import Content, JournalLine
from tests import factories

NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def journal(
    of: Organisation,
    *,
    company: Company | None = None,
    periods: tuple[str, ...] = ("2026-03",),
    pairs: int = 1,
    text: str = "Wages",
    **more: object,
) -> Journal:
    """Make a journal with one draft batch per period: `pairs` times 100.00 against 100.00."""
    company = company or factories.company(of)
    number = next(_numbers)
    lines = len(periods) * pairs * 2
    content = Content.objects.create(
        organisation=of,
        digest=f"{number:064d}",
        currency="SEK",
        run_period=periods[-1],
        line_count=lines,
    )
    values: dict[str, object] = {
        "reference": f"LON-{number:05d}",
        "run": str(number),
        "run_period": periods[-1],
        "currency": "SEK",
        "line_count": lines,
        "total": Decimal(100 * pairs * len(periods)),
        "imported_at": NOW,
        "state_at": NOW,
    }
    made = Journal.objects.create(
        organisation=of, company=company, content=content, **(values | more)
    )
    rows = []
    for period in periods:
        year, month = period.split("-")
        for pair in range(pairs):
            for account, amount in (("7010", Decimal(100)), ("2710", Decimal(-100))):
                rows.append(
                    JournalLine(
                        organisation=of,
                        content=content,
                        line_number=len(rows) + 1,
                        period=period,
                        posted_on=date(int(year), int(month), 25),
                        account=account,
                        cost_centre="100" if account == "7010" else "",
                        amount=amount,
                        text=f"{text} {pair}",
                    )
                )
        batch(made, period, total=Decimal(100 * pairs), line_count=pairs * 2)
    JournalLine.objects.bulk_create(rows, batch_size=500)
    return made


def batch(of: Journal, period: str, **more: object) -> Batch:
    """Make a draft batch of a journal."""
    values: dict[str, object] = {
        "key": f"K{next(_numbers):06d}",
        "total": Decimal(100),
        "line_count": 2,
        "state_at": NOW,
    }
    return Batch.objects.create(
        organisation=of.organisation, journal=of, period=period, **(values | more)
    )


def mapping(company: Company, **more: object) -> Mapping:
    """Map the company to an administration, with cost centre 1 (Avdelning)."""
    values: dict[str, object] = {
        "connection": factories.connection(company.organisation),
        "target": "vismanet",
        "use_cost_centre": True,
        "cost_centre_segment": 1,
        "cost_centre_description": "Avdelning",
        "profit_and_loss_format": "[3-8][0-9][0-9][0-9]",
        "balance_sheet_format": "[12][0-9][0-9][0-9]",
        "closed_period_rule": "refuse",
    }
    return Mapping.objects.create(
        organisation=company.organisation, company=company, **(values | more)
    )


def freeze(made: Batch, *, lines: tuple[PostingLine, ...] = (), **more: object) -> Batch:
    """Give a batch the exact content that is posted, as the check leaves it."""
    lines = lines or (
        line("7010", debit="100.00", segments=(SegmentValue(1, "100"),)),
        line("2710", credit="100.00"),
    )
    values: dict[str, object] = {
        "connection": factories.connection(made.organisation),
        "description": f"LON {made.period} {made.key}",
        "posting_period": made.period.replace("-", ""),
        "posted_on": date(2026, 3, 25),
        "lines_json": write_lines(lines),
        "digest": "d" * 64,
        "prepared_at": NOW,
    }
    Batch.objects.filter(pk=made.pk).update(**(values | more))
    made.refresh_from_db()
    return made


def line(
    account: str,
    *,
    debit: str = "0.00",
    credit: str = "0.00",
    text: str = "Wages",
    segments: tuple[SegmentValue, ...] = (),
) -> PostingLine:
    """Return one posted line."""
    return PostingLine(
        account=account,
        debit=Decimal(debit),
        credit=Decimal(credit),
        text=text,
        reference="LON",
        segments=segments,
    )
