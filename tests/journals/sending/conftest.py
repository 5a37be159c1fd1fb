"""An office that may send: an account at the sandbox, a mapping, a journal of three months."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Connection
from journals.models import Batch, Journal
from journals.rules.keys import batch_key
from mappings.models import Mapping
from organisations.models import Company, Membership, Organisation
from sandbox import seed
from sources.models import Content, JournalLine
from sources.readers.lines import JournalLine as Line
from sources.readers.lines import totals_of
from tests import factories
from tests.connectors.identity import grant_for

JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 25)


@dataclass
class Office:
    """One organisation with one company that is mapped to the sandbox's first company."""

    organisation: Organisation
    member: Membership
    company: Company
    connection: Connection
    mapping: Mapping
    store: Any
    tenant_id: str

    def journal(self, run: str = "3", lines: list[Line] | None = None) -> Journal:
        """Import a journal: by default a March run that corrects January and February."""
        return make_journal(self.company, lines or march_run(), run=run)

    def ledger(self) -> list[Any]:
        """Return the batches that the sandbox's ledger holds for the company."""
        return self.store.batches(self.tenant_id)

    def posts(self) -> int:
        """Return how many times a batch was sent, whatever came of it."""
        return len(self.store.requests(call="create", tenant_id=self.tenant_id))


def line(day: date, account: str, amount: str, centre: str = "", unit: str = "") -> Line:
    """Return one line of a journal."""
    period = f"{day:%Y-%m}"
    return Line(1, period, day, account, centre, unit, Decimal(amount), f"Text {account}")


def march_run() -> list[Line]:
    """Return a small run of March with corrections for January and February."""
    return [
        line(JANUARY, "7010", "-3200.00", "0200", "K20"),
        line(JANUARY, "7010", "3200.00", "0100", "K10"),
        line(FEBRUARY, "7010", "1450.50", "0100", "K20"),
        line(FEBRUARY, "2821", "-1450.50"),
        line(MARCH, "7010", "82000.00", "0100", "K10"),
        line(MARCH, "2821", "-82000.00"),
    ]


def make_journal(company: Company, lines: list[Line], *, run: str = "3") -> Journal:
    """Store a journal as the import does."""
    totals = totals_of(lines)
    run_period = totals[-1].period
    content = Content.objects.create(
        organisation=company.organisation,
        digest=secrets.token_hex(32),
        currency="SEK",
        run_period=run_period,
        line_count=len(lines),
        totals=[],
    )
    JournalLine.objects.bulk_create(
        JournalLine(
            organisation=company.organisation,
            content=content,
            line_number=number,
            period=item.period,
            posted_on=item.posted_on,
            account=item.account,
            cost_centre=item.cost_centre,
            cost_unit=item.cost_unit,
            amount=item.amount,
            text=item.text,
        )
        for number, item in enumerate(lines, start=1)
    )
    journal = Journal.objects.create(
        organisation=company.organisation,
        company=company,
        content=content,
        reference=f"PAYROLL {run_period}/{run}",
        run=run,
        run_period=run_period,
        currency="SEK",
        line_count=len(lines),
        total=sum((total.debit for total in totals), Decimal("0.00")),
    )
    for total in totals:
        Batch.objects.create(
            organisation=company.organisation,
            journal=journal,
            period=total.period,
            key=batch_key(secrets.token_bytes(5)),
            total=total.debit,
            line_count=total.lines,
        )
    return journal


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    """Return an office whose company may be sent for."""
    return make_office(sandbox)


@pytest.fixture
def committed_office(transactional_db: None, sandbox: Any) -> Office:
    """Return the same where every write is committed, for threads and processes."""
    return make_office(sandbox)


def make_office(sandbox: Any, tenant_id: str = seed.AKERIET) -> Office:
    """Make an organisation with an authorised account, a mapped company and its sender."""
    organisation = factories.organisation()
    company = factories.company(organisation, organisation_number="5555555555")
    grant = grant_for(sandbox.url, tenant_id)
    connection = factories.connection(
        organisation,
        tenant_id=tenant_id,
        subject=grant.subject,
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        expires_at=datetime.now(UTC) + timedelta(seconds=grant.expires_in),
    )
    mapping = Mapping.objects.create(
        organisation=organisation,
        company=company,
        connection=connection,
        target="vismanet",
        use_cost_centre=True,
        cost_centre_description="Kostnadsställe",
        cost_centre_segment=1,
        use_cost_unit=True,
        cost_unit_description="Kostnadsbärare",
        cost_unit_segment=2,
        balance_sheet_format="[1-2][0-9][0-9][0-9]",
        closed_period_rule="refuse",
        hold=False,
        first_period="2020-01",
    )
    return Office(
        organisation=organisation,
        member=factories.member(organisation),
        company=company,
        connection=connection,
        mapping=mapping,
        store=sandbox.store,
        tenant_id=tenant_id,
    )


@pytest.fixture
def later(run_due_work: Callable[..., int]) -> Callable[[float], int]:
    """Return a way to let the worker do what is due that many seconds from now."""

    def run(seconds: float = 0) -> int:
        return run_due_work(now=datetime.now(UTC) + timedelta(seconds=seconds))

    return run
