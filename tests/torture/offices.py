"""What is sent: offices with companies of every kind, and journals of three months."""

import random
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

PASSWORD = "a-password-for-the-torture"
PERIODS = (("2026-01", date(2026, 1, 31)), ("2026-02", date(2026, 2, 28)))
LAST = ("2026-03", date(2026, 3, 25))
_ACCOUNTS = ["7010", "7081", "7210", "7281", "7510"]
_CENTRES, _UNITS = ["0100", "0200", "0300"], ["K10", "K20", "K30"]


@dataclass(frozen=True)
class Kind:
    """
    What is special about a company.

    :param forbidden: nothing of it may ever be sent (S10, S11)
    """

    name: str
    own_numbers: bool = False
    release: bool = False
    waits: bool = False
    interactive: bool = False
    forbidden: bool = False


PLAIN = Kind("plain")
KINDS = (
    PLAIN,
    Kind("own numbers", own_numbers=True),
    Kind("released", release=True),
    Kind("waits for its period", waits=True),
    Kind("a person signed in", interactive=True),
    PLAIN,
    PLAIN,
)
TEST_COMPANY = Kind("test company", forbidden=True)
BLOCKED = Kind("blocked debtor", forbidden=True)


@dataclass(frozen=True)
class Place:
    """A company of an office, and its stand-in in the sandbox."""

    number: int
    kind: Kind

    @property
    def key(self) -> str:
        """Return the sandbox's name of it."""
        return f"torture{self.number:02d}"

    @property
    def tenant_id(self) -> str:
        """Return the vendor's name of it."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.key))


def places_for(batches: int) -> list[Place]:
    """Return the companies that so many batches are spread over, and two that are forbidden."""
    count = min(40, max(8, batches // 25))
    kinds = [KINDS[number % len(KINDS)] for number in range(count)]
    return [Place(number, kind) for number, kind in enumerate([*kinds, TEST_COMPANY, BLOCKED])]


def make_sandbox_file(path: Path, places: list[Place]) -> None:
    """Write the companies into a new file of the sandbox, for one person who may use them all."""
    from sandbox.company import Company
    from sandbox.store import Store

    store = Store(path)
    model = store.company("akeriet").as_json()
    for place in places:
        changes = {
            "key": place.key,
            "tenant_id": place.tenant_id,
            "name": f"Bolag {place.number:02d} AB",
            "organisation_number": f"5567{place.number:02d}-0000",
            "manual_numbers": place.kind.own_numbers,
            "service_approved": True,
        }
        store.save_company(Company.from_json(model | changes))
        store.setup.set_role("anna@fjordbyra.example", place.key, api_user=True)
    store.close()


@dataclass
class Office:
    """An organisation, the person who presses Send in it, and its companies."""

    organisation: Any
    email: str
    companies: list[Any]


def make_offices(places: list[Place], *, count: int = 3, called: str = "Office") -> list[Office]:
    """Make the offices' rows; companies take turns between them."""
    from organisations.models import Debtor, Role
    from organisations.operations import people

    offices = []
    for number in range(count):
        organisation = people.create_organisation(name=f"{called} {number + 1}")
        email = f"person{number + 1}@{called.lower()}.example"
        people.add_person(
            organisation=organisation,
            role=Role.objects.get(organisation=organisation, name="Administrator"),
            email=email,
            name=f"Person {number + 1}",
            password=PASSWORD,
        )
        offices.append(Office(organisation, email, []))
    for place in places:
        office = offices[place.number % count]
        debtor = Debtor.objects.create(
            organisation=office.organisation, number=place.key, name=f"Debtor {place.number}"
        )
        office.companies.append(_company(office, debtor, place))
    return offices


def _company(office: Office, debtor: Any, place: Place) -> Any:
    from accounts.models import Connection
    from accounts.operations.tokens import sign_in_for
    from mappings.models import Mapping
    from organisations.models import Company

    company = Company.objects.create(
        organisation=office.organisation,
        debtor=debtor,
        number=place.key,
        name=f"Bolag {place.number:02d} AB",
        currency="SEK",
    )
    kind = Connection.Kind.INTERACTIVE if place.kind.interactive else Connection.Kind.SERVICE
    connection = Connection(
        organisation=office.organisation,
        vendor="vismanet",
        kind=kind,
        name=f"{kind}-{place.key}",
        tenant_id=place.tenant_id,
    )
    if not place.kind.interactive:
        now = datetime.now(UTC)
        grant = sign_in_for(connection).service_grant(tenant_id=place.tenant_id, now=now)
        connection.state = Connection.State.AUTHORISED
        connection.access_token = grant.access_token
        connection.expires_at = now + timedelta(seconds=grant.expires_in)
    connection.save()
    Mapping.objects.create(
        organisation=office.organisation,
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
        closed_period_rule="hold" if place.kind.waits else "refuse",
        hold=False,
        release=place.kind.release,
        own_numbers=place.kind.own_numbers,
    )
    return company


def make_journal(
    company: Any, *, run: str, periods: int, choose: random.Random, lines_each: int = 0
) -> Any:
    """
    Store a journal of that many months, as the import does.

    :param lines_each: of a month; 0: three to five
    """
    from journals.operations import creating
    from sources.models import Content
    from sources.models import JournalLine as Row
    from sources.operations import storing
    from sources.readers.lines import JournalLine, totals_of

    lines: list[Any] = []
    for period, day in [*PERIODS, LAST][-periods:]:
        owed = Decimal(0)
        for _ in range(lines_each - 1 if lines_each else choose.randint(2, 4)):
            amount = Decimal(choose.randint(100, 9_999_999)) / 100
            owed += amount
            where = choose.choice(_CENTRES), choose.choice(_UNITS)
            account = choose.choice(_ACCOUNTS)
            lines.append(JournalLine(0, period, day, account, *where, amount, "Lön"))
        lines.append(JournalLine(0, period, day, "2821", "", "", -owed, "Nettolön"))
    content = Content.objects.create(
        organisation=company.organisation,
        digest=f"{run}-{choose.getrandbits(128):032x}",
        currency="SEK",
        run_period="2026-03",
        line_count=len(lines),
        totals=storing.totals_to_json(totals_of(lines)),
    )
    Row.objects.bulk_create(
        Row(
            organisation=company.organisation,
            content=content,
            line_number=number,
            period=line.period,
            posted_on=line.posted_on,
            account=line.account,
            cost_centre=line.cost_centre,
            cost_unit=line.cost_unit,
            amount=line.amount,
            text=line.text,
        )
        for number, line in enumerate(lines, start=1)
    )
    return creating.create_journal(
        company=company,
        content=content,
        reference=f"PAYROLL 2026-03/{run}",
        run=run,
        by=None,
        now=datetime.now(UTC),
        request_id="",
    )
