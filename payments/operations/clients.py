"""Invoice clients are made and changed; no company of theirs is mixed with another (S14–S17)."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from accounts.models import Connection
from audit import trail
from connectors.organisation_numbers import digits_of
from connectors.registry import CONNECTORS
from organisations import rules
from organisations.models import Organisation, User
from payments.models import InvoiceClient, Payment, Registration
from payments.operations import choices, marking, start_dates
from payments.operations.choices import ClientRefused
from payments.operations.rights import check_active, check_right
from payments.operations.setup_checks import COMPANY_BEFORE
from payments.rules.states import RegistrationState

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


def sources(organisation: Organisation) -> Any:
    """Return the organisation's accounts that payments can be fetched through."""
    return _able(organisation, {k for k, v in CONNECTORS.items() if v.make_source is not None})


def targets(organisation: Organisation) -> Any:
    """Return the organisation's accounts that payments can be registered through."""
    return _able(organisation, {k for k, v in CONNECTORS.items() if v.make_target is not None})


def _able(organisation: Organisation, vendors: set[str]) -> Any:
    return Connection.objects.of(organisation).filter(vendor__in=vendors).order_by("name", "pk")


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
    check_right(organisation, by, rules.ORGANISATION)
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
    previous = {side: getattr(client, side) for side in COMPANY_BEFORE}
    _refuse_mixing(client, values)
    choices.refuse_control_account(client, values)
    _refuse_marker(client, values, marker_value=integration.marker_value)
    for name, value in values.items():
        setattr(client, name, value)
    client.organisation_number = digits_of(client.organisation_number)
    changes = {n: [before[n], _plain(getattr(client, n))] for n in values}
    changes = {name: pair for name, pair in changes.items() if fresh or pair[0] != pair[1]}
    if not changes:
        return client
    if not fresh and changes.keys() & {"voucher_types", "own_fetch_from", "source"}:
        client.journal_mark = None
    was = _companies_of(client, before=previous)
    if not fresh and "source" in changes:
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
                details=changes,
            )
    except IntegrityError as exc:
        raise _taken(exc) from exc
    if not fresh and "own_marker" in changes and client.marker_in(integration):
        marking.mark_refused_again(client, now=timezone.now())
        marking.mark_earlier_ones(client, now=timezone.now())
    return client


def _refuse_marker(client: InvoiceClient, values: dict[str, Any], *, marker_value: str) -> None:
    own, source = values.get("own_marker", ""), values.get("source", client.source)
    if own and (own, source) != (client.own_marker, client.source):
        used = (
            {source.vendor} if source is not None else choices.sources_in_use(client.organisation)
        )
        choices.refuse_marker(own, marker_value, field="own_marker", vendors=used & set(CONNECTORS))


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
        was = _company_of(now) if now is not None else client.setup.get(COMPANY_BEFORE[side])
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
    for side, key in COMPANY_BEFORE.items():
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


def clients_of(organisation: Organisation) -> Iterable[InvoiceClient]:
    """Return the clients of an organisation with what a press looks at."""
    return (
        InvoiceClient.objects.of(organisation)
        .select_related("organisation", "source", "target")
        .order_by("number", "pk")
    )
