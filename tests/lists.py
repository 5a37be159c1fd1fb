"""
Every page that can be read, of an office with as many rows of each kind as are asked for.

The pages are taken from the URL configuration. The rows are of one office and, where a page
shows one thing with its parts, of that thing: one company's journals, one client's payments.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

APPS = ("organisations", "accounts", "mappings", "journals", "payments", "office", "api")
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
TODAY = date(2026, 4, 8)
_AT_ONCE = 2_000
_RUN_LISTS = ("new", "known", "matched", "part", "over", "unassigned", "marked", "mark_refused")

# What a page is about, by the name of its parameter's owner. A page that is not here is not
# found by accident: `pages` ends with an error for it.
ABOUT = {
    "organisations:company": "company",
    "organisations:debtor": "debtor",
    "mappings:detail": "mapping",
    "mappings:delete": "mapping",
    "mappings:edit": "mapping",
    "mappings:values": "mapping",
    "journals:company": "company",
    "journals:reading": "company",
    "journals:detail": "journal",
    "journals:progress": "journal",
    "journals:history": "journal",
    "journals:last_month": "journal",
    "journals:mark_rule": "company",
    "journals:bulk": "bulk",
    "journals:bulk_progress": "bulk",
    "journals:imported_file": "file",
    "journals:import_progress": "file",
    "journals:comparison": "comparison",
    "journals:comparison_progress": "comparison",
    "journals:close": "batch",
    "journals:decision": "batch",
    "journals:reverse": "journal",
    "journals:resend": "journal",
    "office:expectation": "company",
    "payments:client": "client",
    "payments:client_settings": "client",
    "payments:import_invoices": "client",
    "payments:group": "group",
    "payments:run": "run",
    "payments:invoice": "invoice",
    "payments:payment": "payment",
    "payments:customer": "customer",
    "payments:reconciliation": "client",
}
# Pages with parameters that are no lists: forms in steps, waiting, one-time links, and files,
# which hold all rows by their nature.
NOT_LISTS = {
    "office:export",
    "journals:start",
    "accounts:background_request",
    "organisations:audit_csv",
    "organisations:audit_xlsx",
    "mappings:step",
    "mappings:ledger_choices",
    "journals:check_result",
    "journals:account",
    "payments:earlier_count",
    "journals:export",
    "payments:export_clients",
    "payments:export_invoices",
    "payments:export_reconciliation",
    "api:fetch",
}


@dataclass
class Office:
    """An office with a person who may do all, and what its pages are about."""

    organisation: Any
    user: Any
    about: dict[str, Any] = field(default_factory=dict)
    rows: int = 0


def pages(office: Office) -> Iterator[tuple[str, str]]:
    """
    Yield name and address of every page of the apps that may be a list.

    :raises LookupError: naming a page with parameters that nobody has placed
    """
    from django.urls import get_resolver, reverse

    def walk(resolver: Any, space: str) -> Iterator[tuple[str, Any]]:
        for entry in resolver.url_patterns:
            if hasattr(entry, "url_patterns"):
                yield from walk(entry, entry.namespace or space)
            elif space in APPS and entry.name:
                yield f"{space}:{entry.name}", entry.pattern

    unplaced = []
    for name, pattern in walk(get_resolver(), ""):
        if name in NOT_LISTS:
            continue
        if name == "organisations:choices":
            yield from _choices(office, reverse(name))
            continue
        wanted = set(pattern.converters) | set(pattern.regex.groupindex)
        if not wanted:
            yield name, reverse(name)
        elif name == "payments:run_list":
            pk = office.about["run"].pk
            for part in _RUN_LISTS:
                yield f"{name} {part}", reverse(name, kwargs={"pk": pk, "name": part})
        elif wanted == {"period"}:
            yield name, reverse(name, kwargs={"period": "2026-03"})
        elif name in ABOUT:
            yield name, reverse(name, kwargs={"pk": office.about[ABOUT[name]].pk})
        elif not _only_takes_posts(name):
            unplaced.append(name)
    if unplaced:
        raise LookupError(f"{', '.join(unplaced)}: a list? Place it in tests/lists.py")


def _choices(office: Office, address: str) -> Iterator[tuple[str, str]]:
    """Yield the list below each field that searches, with a text that few rows match."""
    from ui.choosing import KINDS

    of = {"administration": "free", "company_of_file": "file", "customer": "client"}
    for kind in sorted(KINDS):
        on = f"&of={office.about[of[kind]].pk}" if kind in of else ""
        yield f"organisations:choices {kind}", f"{address}?kind={kind}{on}&q=a+999"


def _only_takes_posts(name: str) -> bool:
    """Return whether the view of that name refuses to be read."""
    from django.test import RequestFactory
    from django.urls import get_resolver

    space, _, short = name.partition(":")
    entries: list[Any] = get_resolver().namespace_dict[space][1].url_patterns
    for entry in entries:
        if getattr(entry, "name", "") == short:
            request = RequestFactory().get("/")
            view: Any = entry.callback
            while view is not None:
                words = getattr(view, "__code__", None)
                if words and "request_method_list" in words.co_freevars:
                    cell = view.__closure__[words.co_freevars.index("request_method_list")]
                    return request.method not in cell.cell_contents
                view = getattr(view, "__wrapped__", None)
    return False


# --- Rows -------------------------------------------------------------------------------------


def open_office() -> Office:
    """Make an office, its person with every right, and the things that pages are about."""
    from accounts.models import Connection
    from journals.models import BulkSend, Comparison
    from organisations.models import Company, Debtor, Membership, Organisation, Role, User
    from organisations.rules import rights_in_order
    from payments.models import FetchGroup, FetchRun, Integration, InvoiceClient, Reconciliation
    from sources.models import ImportedFile

    of = Organisation.objects.create(name="Lists")
    user = User.objects.create_user(email="lists@office.example", name="Lists", password=None)
    rights = {right.key: right.levels[-1].value for right in rights_in_order()}
    role = Role.objects.create(organisation=of, name="All", rights=rights)
    Membership.objects.create(organisation=of, user=user, role=role)
    office = Office(of, user)
    debtor = Debtor.objects.create(organisation=of, number="1", name="Debtor")
    company = Company.objects.create(
        organisation=of, debtor=debtor, number="1", name="Company", currency="SEK"
    )
    free = Company.objects.create(
        organisation=of, debtor=debtor, number="2", name="Not mapped", currency="SEK"
    )
    Integration.objects.create(organisation=of, activated_at=NOW, fetch_from=date(2026, 1, 1))
    source = Connection.objects.create(
        organisation=of,
        vendor="businessnxt",
        kind="service",
        name="NXT",
        state="authorised",
        tenant_id="1",
        subject="s",
        administration_name="NXT",
        administration_currency="NOK",
        access_token="a",
        refresh_token="r",
    )
    client = InvoiceClient.objects.create(
        organisation=of, number="1", name="Client", voucher_types=[3], source=source
    )
    run = FetchRun.objects.create(
        organisation=of, client=client, state="done", is_full=True, since=date(2026, 1, 1)
    )
    office.about = {
        "debtor": debtor,
        "company": company,
        "free": free,
        "client": client,
        "run": run,
        "group": FetchGroup.objects.create(organisation=of),
        "comparison": Comparison.objects.create(
            organisation=of, company=company, period="2026-03", compared_at=NOW
        ),
        "file": ImportedFile.objects.create(
            organisation=of,
            company=company,
            name="a.csv",
            size=1,
            sha256="0" * 64,
            state="imported",
        ),
        "bulk": BulkSend.objects.create(organisation=of, made_by=user, confirmed_at=NOW),
        "reconciliation": Reconciliation.objects.create(
            organisation=of, client=client, on=TODAY, made_at=NOW
        ),
    }
    return office


def _bulk(model: Any, rows: Iterable[Any]) -> list[Any]:
    made: list[Any] = []
    waiting = iter(rows)
    while some := list(islice(waiting, _AT_ONCE)):
        made += model.objects.bulk_create(some)
    return made


def fill(office: Office, wanted: int) -> None:
    """Fill every kind of row up to that number."""
    from django.db import transaction

    numbers = range(office.rows + 10, wanted + 10)
    if not numbers:
        return
    with transaction.atomic():
        _fill_accounts(office, numbers)
        _fill_journals(office, numbers)
        _fill_payments(office, numbers)
    office.rows = wanted


def _fill_accounts(office: Office, numbers: range) -> None:
    from accounts.models import Connection
    from audit.models import AuditEntry
    from mappings.models import Mapping
    from organisations.models import Company, Debtor, Membership, User

    of, role = office.organisation, office.user.memberships.get().role
    debtors = _bulk(
        Debtor, (Debtor(organisation=of, number=str(n), name=f"Debtor {n}") for n in numbers)
    )
    companies = _bulk(
        Company,
        (
            Company(
                organisation=of,
                # Half stand below one debtor, whose page lists them.
                debtor=office.about["debtor"] if n % 2 else debtor,
                number=str(n),
                name=f"Company {n}",
                currency="SEK",
            )
            for n, debtor in zip(numbers, debtors, strict=True)
        ),
    )
    connections = _bulk(
        Connection,
        (
            Connection(
                organisation=of,
                vendor="vismanet",
                name=f"user{n}",
                state="authorised",
                tenant_id=f"tenant-{n}",
                subject=f"subject-{n}",
                administration_currency="SEK",
                administration_name=f"Administration {n}",
            )
            for n in numbers
        ),
    )
    mappings = _bulk(
        Mapping,
        (
            Mapping(
                organisation=of,
                company=company,
                connection=connection,
                target="vismanet",
                closed_period_rule="refuse",
            )
            for company, connection in zip(companies, connections, strict=True)
        ),
    )
    office.about.setdefault("mapping", mappings[0])
    users = _bulk(
        User,
        (User(email=f"p{n}@office.example", name=f"Person {n}", password="!") for n in numbers),
    )
    _bulk(Membership, (Membership(organisation=of, user=user, role=role) for user in users))
    _bulk(
        AuditEntry,
        (
            AuditEntry(
                organisation=of,
                who="Lists",
                action="company.created",
                object_type="company",
                object_id=str(company.pk),
                object_text=str(company),
            )
            for n, company in zip(numbers, companies, strict=True)
        ),
    )


def _fill_journals(office: Office, numbers: range) -> None:
    from journals.models import Batch, BulkItem, Comparison, FileOfJournal, Finding, Journal
    from sources.models import Content, ImportedFile

    of, company = office.organisation, office.about["company"]
    content, _new = Content.objects.get_or_create(
        organisation=of, digest="0" * 64, defaults={"run_period": "2026-03", "line_count": 2}
    )
    journals = _bulk(
        Journal,
        (
            Journal(
                organisation=of,
                company=company,
                content=content,
                reference=f"LON-{n}",
                run=str(n),
                run_period=f"2026-{1 + n % 3:02d}",
                currency="SEK",
                line_count=2,
                total=Decimal(100),
                state="stopped" if n % 10 == 0 else "sent",
            )
            for n in numbers
        ),
    )
    batches = _bulk(
        Batch,
        (
            Batch(
                organisation=of,
                journal=journal,
                period=journal.run_period,
                key=f"k{n}",
                total=Decimal(100),
                line_count=2,
                state="rejected" if n % 10 == 0 else "draft",
            )
            for n, journal in zip(numbers, journals, strict=True)
        ),
    )
    office.about.setdefault("journal", journals[0])
    office.about.setdefault("batch", batches[0])
    bulk = office.about["bulk"]
    outcomes = ("queued", "queued", "refused")
    _bulk(
        BulkItem,
        (
            BulkItem(
                bulk=bulk,
                journal=journal,
                outcome=outcomes[n % 3],
                failure_code="" if n % 3 < 2 else "ChangedSinceShown",
                failure_params={"reference": journal.reference},
            )
            for n, journal in zip(numbers, journals, strict=True)
        ),
    )
    files = _bulk(
        ImportedFile,
        (
            ImportedFile(
                organisation=of,
                company=company,
                name=f"{n}.csv",
                size=1,
                sha256=f"{n:064d}",
                state="imported",
            )
            for n in numbers
        ),
    )
    FileOfJournal.objects.bulk_create(
        FileOfJournal(file=file, journal=journal)
        for file, journal in zip(files, journals, strict=True)
    )
    _bulk(
        Comparison,
        (
            Comparison(organisation=of, company=company, period="2026-03", compared_at=NOW)
            for _n in numbers
        ),
    )
    _bulk(
        Finding,
        (
            Finding(
                organisation=of,
                comparison=office.about["comparison"],
                outcome="strange",
                differs=True,
                number=str(n),
                status="balanced",
                details={
                    "number": str(n),
                    "description": "By hand",
                    "period": "202603",
                    "status": "balanced",
                    "debit": "100.00",
                    "credit": "100.00",
                    "modified_at": "",
                    "line_count": 0,
                    "lines": [],
                },
            )
            for n in numbers
        ),
    )


def _fill_payments(office: Office, numbers: range) -> None:
    from api.models import ApiToken
    from payments.models import (
        Customer,
        FetchEntry,
        FetchRun,
        Invoice,
        InvoiceClient,
        Payment,
        ReconciliationLine,
        Settlement,
        SkippedRow,
        TimeEntry,
    )

    of, client, run = (office.organisation, office.about["client"], office.about["run"])
    clients = _bulk(
        InvoiceClient,
        (InvoiceClient(organisation=of, number=str(n), name=f"Client {n}") for n in numbers),
    )
    group = office.about["group"]
    _bulk(FetchEntry, (FetchEntry(organisation=of, group=group, client=c) for c in clients))
    customers = _bulk(
        Customer,
        (
            Customer(organisation=of, client=client, number=str(n), name=f"Customer {n}")
            for n in numbers
        ),
    )
    first = office.about.setdefault("customer", customers[0])
    invoices = _bulk(
        Invoice,
        (
            Invoice(
                organisation=of,
                client=client,
                customer=first if n % 2 else customer,
                number=str(n),
                issued_on=TODAY,
                due_on=TODAY,
                currency="NOK",
                amount=Decimal(100),
                posted_amount=Decimal(100),
            )
            for n, customer in zip(numbers, customers, strict=True)
        ),
    )
    payments = _bulk(
        Payment,
        (
            Payment(
                organisation=of,
                client=client,
                first_run=run,
                journal_number=n,
                audit_number=1,
                customer_number=first.number,
                voucher_number=n,
                voucher_type=3,
                paid_on=TODAY,
                amount=Decimal(100),
                amount_in_currency=Decimal(100),
                currency="NOK",
                left="" if n % 2 else "no_reference",
                mark=("marked", "refused", "")[n % 3],
                mark_reason="refused" if n % 3 == 1 else "",
            )
            for n in numbers
        ),
    )
    office.about.setdefault("invoice", invoices[0])
    office.about.setdefault("payment", payments[0])
    outcomes = ("settled", "part", "over")
    _bulk(
        Settlement,
        (
            Settlement(
                organisation=of,
                client=client,
                invoice=invoice,
                payment=payment,
                amount=Decimal(100),
                rule="kid",
                outcome=outcomes[n // 2 % 3],
                run=run,
                made_at=NOW,
            )
            for n, invoice, payment in zip(numbers, invoices, payments, strict=True)
            if n % 2
        ),
    )
    _bulk(
        SkippedRow,
        (
            SkippedRow(organisation=of, client=client, run=run, reason="amount", field="amount")
            for _n in numbers
        ),
    )
    _bulk(
        FetchRun,
        (
            FetchRun(organisation=of, client=client, state="done", since=TODAY, finished_at=NOW)
            for _n in numbers
        ),
    )
    _bulk(
        ReconciliationLine,
        (
            ReconciliationLine(
                organisation=of,
                reconciliation=office.about["reconciliation"],
                customer=first,
                invoice=invoice,
                invoice_number=invoice.number,
                source=Decimal(100),
                hub=Decimal(0),
                hub_less_source=Decimal(-100),
                target_less_hub=Decimal(0),
                difference="unknown",
            )
            for invoice in invoices
        ),
    )
    _bulk(
        TimeEntry,
        (
            TimeEntry(organisation=of, customer=customer, worked_on=TODAY, minutes=60, who="Lists")
            for customer in customers
        ),
    )
    _bulk(
        ApiToken,
        (ApiToken(organisation=of, name=f"Token {n}", digest=f"{n:064d}") for n in numbers),
    )


# --- Reading ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """What reading one page took."""

    status: int
    statements: int


def read(office: Office) -> dict[str, Seen]:
    """Read every page once, as the person with every right."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    seen = {}
    browser = Client(HTTP_HOST="127.0.0.1", raise_request_exception=True)
    browser.force_login(office.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    browser.get("/profile/")
    for name, address in list(pages(office)):
        with CaptureQueriesContext(connection) as asked:
            answer = browser.get(address)
        seen[name] = Seen(answer.status_code, len(asked))
    return seen
