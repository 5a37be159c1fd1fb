"""
Comparing a period of the ledger with what was sent (B4), by a worker and only by reading.

The press stores a background request; its outcome is a `Comparison` with findings, which keeps
its age.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from django.db import transaction
from django.db.models import Q

from accounts.models import Connection
from accounts.operations.access import connector_for
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.base import LedgerBatch
from journals.models import Batch, Comparison, Finding, Journal
from journals.models.batches import BatchQuerySet
from journals.operations.contents import to_post
from journals.operations.sending import mapping_of
from journals.rules import read_back as rules
from journals.rules import refusals
from journals.rules.states import BatchState
from organisations.models import Company, User

KIND = "journals.compare"
_S = BatchState
_SHOULD_BE_THERE = (_S.ACCEPTED, _S.POSTED, _S.RELEASED, _S.REVERSED)
_MAY_BE_THERE = (_S.SENDING, _S.UNKNOWN, _S.NEEDS_PERSON, _S.CLOSED)
_KEPT = 20
_AT_ONCE = 500


def periods_of(company: Company) -> list[str]:
    """Return the periods of the ledger that hold batches of the company, newest first."""
    there = _of_company(company).exclude(posting_period="")
    return sorted(set(there.values_list("posting_period", flat=True)), reverse=True)


def ledger_period(company: Company, text: str) -> str:
    """
    Return the ledger's id of a period that a person names, as ``2026-03`` or as the ledger does.

    :raises NothingToCompare: if the company has no batch there
    """
    wanted = text.strip()
    known = periods_of(company)
    if wanted in known:
        return wanted
    posted_in = _of_company(company).filter(period=wanted).exclude(posting_period="")
    found = posted_in.values_list("posting_period", flat=True).order_by("-posting_period").first()
    short = wanted.replace("-", "")
    if short in known:
        return short
    if found is None:
        raise refusals.NothingToCompare(company=company.name, period=wanted)
    return str(found)


def request_comparison(
    *, company: Company, period: str, by: User | None, now: datetime
) -> Comparison:
    """
    Ask a worker to compare a period of the company with the ledger.

    :raises NothingToCompare: if the company has no batch there
    """
    with transaction.atomic():
        comparison = Comparison.objects.create(
            organisation_id=company.organisation_id,
            company=company,
            period=ledger_period(company, period),
            requested_by=by,
            requested_at=now,
        )
        background_request = request_in_background(
            organisation=company.organisation,
            kind=KIND,
            by=by,
            params={"comparison_id": comparison.pk},
        )
        comparison.background_request = background_request
        comparison.save(update_fields=["background_request"])
    return comparison


@handles(KIND)
def compare(background_request: BackgroundRequest, now: datetime) -> dict[str, int]:
    """Do one comparison, and store what it found."""
    comparison = Comparison.objects.select_related("company").get(
        pk=background_request.params["comparison_id"], organisation=background_request.organisation
    )
    sent = held = equal = 0
    findings: list[Finding] = []
    for connection in _connections(comparison.company, comparison.period):
        if not connection.is_authorised:
            raise refusals.NotConnected(account=connection.name)
        known = _known(comparison.company, comparison.period, connection)
        connector = connector_for(connection)
        listed = list(connector.list_journals(period=comparison.period))
        found = rules.compare_period(
            known,
            listed,
            read_alone=connector.read_journal,
            numbers=_numbers(connection, listed),
            references=set(
                Journal.objects.filter(company=comparison.company).values_list(
                    "reference", flat=True
                )
            ),
            keys=dict(_of_company(comparison.company).values_list("key", "pk")),
        )
        sent += sum(1 for one in known if one.number)
        held += len(listed)
        outcomes = found.batches.values()
        equal += sum(1 for one in outcomes if one.outcome is rules.Outcome.EQUAL)
        findings += _findings(comparison, found)
    _store(comparison, findings, sent=sent, held=held, equal=equal, now=now)
    return {"comparison": comparison.pk, "differing": sum(f.differs for f in findings)}


def _of_company(company: Company) -> BatchQuerySet:
    return Batch.objects.filter(
        journal__company_id=company.pk, organisation_id=company.organisation_id
    )


def _connections(company: Company, period: str) -> list[Connection]:
    """Return where the company's batches of the period went, and where they would go today."""
    went = _of_company(company).filter(posting_period=period).values("connection")
    mapping = mapping_of(company)
    today = Q(pk=mapping.connection_id) if mapping else Q(pk__in=())
    found = Connection.objects.of(company.organisation).filter(Q(pk__in=went) | today)
    return list(found.order_by("pk"))


def _known(company: Company, period: str, connection: Connection) -> list[rules.Known]:
    there = Q(state__in=_SHOULD_BE_THERE) | Q(state__in=_MAY_BE_THERE)
    batches = (
        _of_company(company)
        .filter(there, connection=connection, posting_period=period, posted_on__isnull=False)
        .exclude(lines_json="")
        # A person said that it was taken out of the ledger, or is there as another one.
        .exclude(Q(state=_S.REVERSED) & ~Q(reason=""))
        .exclude(state=_S.CLOSED, vendor_number="")
        .select_related("journal")
        .order_by("pk")
    )
    return [
        rules.Known(
            id=batch.pk,
            number=batch.vendor_number,
            sent=to_post(batch, currency=batch.journal.currency),
            released_by_us=batch.released_at is not None or batch.release_wanted,
        )
        for batch in batches.iterator(chunk_size=_AT_ONCE)
    ]


def _numbers(connection: Connection, listed: Iterable[LedgerBatch]) -> set[str]:
    """Return which of the listed numbers the organisation knows, through whatever account."""
    mine = Batch.objects.filter(
        organisation_id=connection.organisation_id,
        connection__vendor=connection.vendor,
        connection__tenant_id=connection.tenant_id,
    )
    held = [batch.number for batch in listed]
    return set(
        chain.from_iterable(
            mine.filter(vendor_number__in=held[start : start + _AT_ONCE]).values_list(
                "vendor_number", flat=True
            )
            for start in range(0, len(held), _AT_ONCE)
        )
    )


def _findings(comparison: Comparison, found: rules.PeriodComparison) -> Iterator[Finding]:
    for batch_id, one in found.batches.items():
        if one.outcome is rules.Outcome.EQUAL:
            continue
        yield Finding(
            organisation_id=comparison.organisation_id,
            comparison=comparison,
            batch_id=batch_id,
            outcome=one.outcome.value,
            differs=one.differs,
            number=one.number,
            status=one.held.status.value if one.held else "",
            details=rules.comparison_as_json(one),
        )
    for held in found.strange:
        yield Finding(
            organisation_id=comparison.organisation_id,
            comparison=comparison,
            outcome=rules.Outcome.STRANGE.value,
            differs=True,
            number=held.number,
            status=held.status.value,
            details=rules.batch_as_json(held),
        )


def _store(
    comparison: Comparison,
    findings: list[Finding],
    *,
    sent: int,
    held: int,
    equal: int,
    now: datetime,
) -> None:
    with transaction.atomic():
        # A worker that died may have written some of them.
        Finding.objects.filter(comparison=comparison).delete()
        Finding.objects.bulk_create(findings, batch_size=_AT_ONCE)
        comparison.compared_at = now
        comparison.sent, comparison.held, comparison.equal = sent, held, equal
        comparison.differing = sum(1 for f in findings if f.differs)
        comparison.strange = sum(1 for f in findings if f.batch_id is None)
        comparison.save()
        older = Comparison.objects.filter(
            company=comparison.company, period=comparison.period, compared_at__isnull=False
        ).order_by("-requested_at", "-pk")
        Comparison.objects.filter(pk__in=list(older.values_list("pk", flat=True)[_KEPT:])).delete()
