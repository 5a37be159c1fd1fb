"""The integration is activated and set; invoice clients are made, changed, checked (S14–S17)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from accounts.models import Connection
from accounts.operations.access import source_for, target_for
from audit import trail
from background.enqueueing import enqueue
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import ConnectorError
from connectors.receivables import FindingLevel, SetupFinding
from connectors.registry import CONNECTORS
from organisations import domain
from organisations.models import Organisation, User
from payments.domain import refusals
from payments.domain.states import RegistrationState
from payments.models import Integration, InvoiceClient, Payment, Registration
from payments.operations import blocking, choices, marking, start_dates
from payments.operations.choices import ClientRefused as ClientRefused
from payments.operations.fetching import check_company
from payments.operations.rights import check_active, check_right, integration_of

CHECK = "payments.check_client"
_S = RegistrationState
_MAY_STAND_THERE = tuple(set(_S) - {_S.READY, _S.REJECTED, _S.WITHDRAWN, _S.REVERSED})
_MIXED = {
    "source": _(
        "Payments of %(company)s are already stored here. Create another invoice client for "
        "another Visma company."
    ),
    "target": _(
        "Payments are already registered in %(company)s. Create another invoice client for "
        "another company there."
    ),
}
_WAS = {"source": "source_was", "target": "target_was"}
"""Where the findings of a client keep which company it had, when its account was taken away."""


def sources(organisation: Organisation) -> Any:
    """Return the organisation's accounts that payments can be fetched through."""
    return _able(organisation, {k for k, v in CONNECTORS.items() if v.make_source is not None})


def targets(organisation: Organisation) -> Any:
    """Return the organisation's accounts that payments can be registered through."""
    return _able(organisation, {k for k, v in CONNECTORS.items() if v.make_target is not None})


def _able(organisation: Organisation, vendors: set[str]) -> Any:
    return Connection.objects.of(organisation).filter(vendor__in=vendors).order_by("name", "pk")


@transaction.atomic
def activate(*, organisation: Organisation, by: User | None, now: datetime) -> Integration:
    """Activate the integration (S14); twice changes nothing."""
    check_right(organisation, by, domain.ORGANISATION)
    integration, _new = Integration.objects.get_or_create(organisation=organisation)
    if not integration.is_active:
        integration.activated_at = now
        integration.save(update_fields=["activated_at"])
        trail.record(
            organisation=organisation,
            action="payments.activated",
            subject=integration,
            user=by,
        )
    return integration


@transaction.atomic
def deactivate(*, organisation: Organisation, by: User | None) -> None:
    """Switch the integration off: nothing is fetched, registered or marked; all stays stored."""
    check_right(organisation, by, domain.ORGANISATION)
    integration = integration_of(organisation)
    if integration.is_active:
        integration.activated_at = None
        integration.save(update_fields=["activated_at"])
        trail.record(
            organisation=organisation,
            action="payments.deactivated",
            subject=integration,
            user=by,
        )


def change_settings(
    *,
    organisation: Organisation,
    marker: str,
    marker_value: str,
    fetch_from: date | None,
    mirrors_blocks: bool,
    by: User | None,
    now: datetime,
    earlier_confirmed: bool = False,
) -> None:
    """
    Set S15, S16 and S17; what follows from a change is done for what is there already.

    :param earlier_confirmed: a person wants the payments that an earlier start date brings
    :raises ClientRefused: if the marker cannot hold the mark, or that was not confirmed
    """
    check_right(organisation, by, domain.ORGANISATION)
    integration = check_active(organisation)
    start_dates.refuse_earlier(
        "fetch_from", before=integration.fetch_from, after=fetch_from, confirmed=earlier_confirmed
    )
    if (marker.strip(), marker_value.strip()) != (integration.marker, integration.marker_value):
        choices.refuse_marker(
            marker.strip(),
            marker_value.strip(),
            field="marker",
            vendors=choices.sources_in_use(organisation),
            shown="marker_value",
        )
    before = {
        "marker": integration.marker,
        "marker_value": integration.marker_value,
        "fetch_from": str(integration.fetch_from),
        "mirrors_blocks": integration.mirrors_blocks,
    }
    mirrored = integration.mirrors_blocks
    with transaction.atomic():
        integration.marker, integration.marker_value = marker.strip(), marker_value.strip()
        integration.fetch_from, integration.mirrors_blocks = fetch_from, mirrors_blocks
        integration.save()
        after = before | {
            "marker": integration.marker,
            "marker_value": integration.marker_value,
            "fetch_from": str(fetch_from),
            "mirrors_blocks": mirrors_blocks,
        }
        if before["fetch_from"] != after["fetch_from"]:
            # Another start date: what lies before the stored mark has to be read again.
            InvoiceClient.objects.of(organisation).filter(own_fetch_from=None).update(
                journal_mark=None
            )
        trail.record(
            organisation=organisation,
            action="payments.settings_changed",
            subject=integration,
            user=by,
            details={k: [before[k], after[k]] for k in before if before[k] != after[k]},
        )
    if mirrored and not mirrors_blocks:
        blocking.lift_all_of_visma(organisation, now=now)
    if mirrors_blocks and not mirrored:
        blocking.block_again_for_visma(organisation, now=now)
    if integration.marker and before["marker"] != integration.marker:
        for client in InvoiceClient.objects.of(organisation).filter(own_marker=""):
            marking.mark_refused_again(client, now=now)
            marking.mark_earlier_ones(client, now=now)


def save_client(
    *,
    organisation: Organisation,
    client: InvoiceClient | None,
    values: dict[str, Any],
    by: User | None,
    earlier_confirmed: bool = False,
) -> InvoiceClient:
    """
    Make or change an invoice client.

    :param earlier_confirmed: a person wants the payments that an earlier start date brings
    :raises ClientRefused: if it would mix the money of two clients, or that was not confirmed
    """
    check_right(organisation, by, domain.ORGANISATION)
    integration = check_active(organisation)
    fresh = client is None
    if client is not None and "own_fetch_from" in values:
        start_dates.refuse_earlier(
            "own_fetch_from",
            before=client.start_in(integration),
            after=values["own_fetch_from"] or integration.fetch_from,
            confirmed=earlier_confirmed,
        )
    client = client or InvoiceClient(organisation=organisation)
    before = {name: _plain(getattr(client, name)) for name in values}
    previous = {side: getattr(client, side) for side in _WAS}
    _refuse_mixing(client, values)
    choices.refuse_control_account(client, values)
    own, source = values.get("own_marker", ""), values.get("source", client.source)
    if own and (own, source) != (client.own_marker, client.source):
        used = {source.vendor} if source is not None else choices.sources_in_use(organisation)
        choices.refuse_marker(
            own, integration.marker_value, field="own_marker", vendors=used & set(CONNECTORS)
        )
    for name, value in values.items():
        setattr(client, name, value)
    client.organisation_number = domain.digits_of(client.organisation_number)
    told = {n: [before[n], _plain(getattr(client, n))] for n in values}
    told = {name: pair for name, pair in told.items() if fresh or pair[0] != pair[1]}
    if not told:
        return client
    if not fresh and told.keys() & {"voucher_types", "own_fetch_from", "source"}:
        client.journal_mark = None
    was = _companies_of(client, before=previous)
    if not fresh and "source" in told:
        client.checked_at, client.setup = None, {}
    client.setup = client.setup | was
    try:
        with transaction.atomic():
            client.save()
            trail.record(
                organisation=organisation,
                action="invoice_client.created" if fresh else "invoice_client.changed",
                subject=client,
                user=by,
                details=told,
            )
    except IntegrityError as exc:
        raise _taken(exc) from exc
    if not fresh and "own_marker" in told and client.marker_in(integration):
        marking.mark_refused_again(client, now=timezone.now())
        marking.mark_earlier_ones(client, now=timezone.now())
    return client


def _refuse_mixing(client: InvoiceClient, values: dict[str, Any]) -> None:
    """
    Let no other company go on where one's payments stand already.

    Taking an account away first changes nothing: which company it was is remembered.
    """
    if client.pk is None:
        return
    for side, words in _MIXED.items():
        new = values.get(side)
        now = getattr(client, side)
        if new is None or (now is not None and new.pk == now.pk):
            continue
        was = _company_of(now) if now is not None else client.setup.get(_WAS[side])
        if was is None or was == _company_of(new):
            continue
        if _stored(client, side):
            name = now.name if now is not None else was.partition(":")[2]
            raise ClientRefused(side, gettext(words) % {"company": name})


def _stored(client: InvoiceClient, side: str) -> bool:
    """Return whether something of that side's company is, or may be, stored already."""
    if side == "source":
        return Payment.objects.filter(client=client).exists()
    return Registration.objects.filter(client=client, state__in=_MAY_STAND_THERE).exists()


def _company_of(connection: Connection) -> str:
    """Return which company an account reaches; one that was never let in reaches its own."""
    return f"{connection.vendor}:{connection.tenant_id or f'account {connection.pk}'}"


def _companies_of(client: InvoiceClient, *, before: dict[str, Connection | None]) -> dict[str, str]:
    """Return what is to be remembered of companies whose accounts were taken away."""
    found = {}
    for side, key in _WAS.items():
        gone = before[side] if getattr(client, side) is None else None
        was = _company_of(gone) if gone is not None else client.setup.get(key)
        if was is not None:
            found[key] = was
    return found


def _taken(exc: IntegrityError) -> ClientRefused:
    text = str(exc)
    if "source" in text or "visma_company" in text:
        return ClientRefused("source", gettext("Another invoice client has this Visma company."))
    if "target" in text or "invoicing_company" in text:
        return ClientRefused("target", gettext("Another invoice client has this account."))
    return ClientRefused("number", gettext("Another invoice client has this number."))


def _plain(value: Any) -> Any:
    if isinstance(value, Connection):
        return value.name
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


# --- The set-up check ---------------------------------------------------------------------------


def request_check(*, client: InvoiceClient, by: User | None) -> BackgroundRequest:
    """Let a worker look at the client's Visma company and invoicing company."""
    check_right(client.organisation, by)
    return request_in_background(
        organisation=client.organisation,
        kind=CHECK,
        by=by,
        params={"client": client.pk},
    )


@handles(CHECK)
def check(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    """Find out what the client's companies offer; the findings are stored on the client."""
    client = (
        InvoiceClient.objects.of(background_request.organisation)
        .select_related("organisation", "source", "target")
        .get(pk=background_request.params["client"])
    )
    return check_client(client, now=now)


def check_client(client: InvoiceClient, *, now: datetime) -> dict[str, Any]:
    """
    Find out what the client's companies offer, and store it.

    :raises ConnectorError: if Visma cannot be asked
    """
    if client.source is None:
        raise refusals.NoSourceCompany(client=client.name)
    integration = integration_of(client.organisation)
    report = source_for(client.source).check_setup(
        marker=client.marker_in(integration), value=integration.marker_value
    )
    found: list[dict[str, Any]] = []
    if report.company is not None:
        try:
            check_company(client, report.company)
        except ConnectorError as wrong:
            found.append(_failed(wrong))
    found += [_finding(one) for one in report.findings]
    control_accounts = None
    if client.target is not None:
        about_target, control_accounts = _check_target(client)
        found += about_target
    setup = {
        choices.CONTROL_ACCOUNTS: control_accounts,
        "company": report.company.name if report.company else "",
        "organisation_number": report.company.organisation_number if report.company else "",
        "currency": report.company.currency if report.company else "",
        "voucher_types": [
            {"number": t.number, "name": t.name, "affects_turnover": t.affects_turnover}
            for t in report.voucher_types
        ],
        "marker_readable": report.marker_readable,
        "marker_writable": report.marker_writable,
        "credit_block_readable": report.credit_block_readable,
        "marker_columns": list(report.marker_columns)[:200],
        "findings": found,
    }
    kept = {key: client.setup[key] for key in _WAS.values() if key in client.setup}
    InvoiceClient.objects.filter(pk=client.pk).update(setup=setup | kept, checked_at=now)
    if report.marker_writable and marking.mark_refused_again(client, now=now):
        enqueue("payments.tasks.serve_client", client_id=client.pk)
    return setup


def _check_target(client: InvoiceClient) -> tuple[list[dict[str, Any]], list[str] | None]:
    """Return what was found, and the accounts on which nothing is posted; None: not known."""
    assert client.target is not None  # noqa: S101 (the caller has looked)
    try:
        target = target_for(client.target)
        company = target.read_client()
        named = SetupFinding(FindingLevel.OK, "target_company_found", {"name": company.name})
        found = [_finding(named)]
        found += [_finding(one) for one in target.check_setup(account=client.clearing_account)]
        ours = domain.digits_of(client.organisation_number)
        theirs = domain.digits_of(company.organisation_number)
        if ours and theirs and ours != theirs:
            wrong = refusals.WrongCompany(
                company=company.name, theirs=theirs, client=client.name, ours=ours
            )
            found.append(_failed(wrong))
        return found, sorted(target.read_control_accounts())
    except ConnectorError as failure:
        return [_failed(failure)], None


def _finding(one: SetupFinding) -> dict[str, Any]:
    return {"level": one.level.value, "code": one.code, "params": dict(one.params)}


def _failed(failure: ConnectorError) -> dict[str, Any]:
    return {
        "level": FindingLevel.PROBLEM.value,
        "failure": failure.code(),
        "params": failure.params,
    }


def proposed_types(client: InvoiceClient) -> list[int]:
    """Return the voucher types that the check proposes as payments: not of the turnover."""
    return [
        int(t["number"])
        for t in client.setup.get("voucher_types", ())
        if t.get("affects_turnover") is False
    ]


def clients_of(organisation: Organisation) -> Iterable[InvoiceClient]:
    """Return the clients of an organisation with what a press looks at."""
    return (
        InvoiceClient.objects.of(organisation)
        .select_related("organisation", "source", "target")
        .order_by("number", "pk")
    )
