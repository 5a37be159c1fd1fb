"""The integration of an organisation: activated, set, switched off (S14–S17)."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from audit import trail
from organisations import rules
from organisations.models import Organisation, User
from payments.models import Integration, InvoiceClient
from payments.operations import blocking, choices, marking, start_dates
from payments.operations.choices import ClientRefused as ClientRefused
from payments.operations.rights import check_active, check_right, integration_of


@transaction.atomic
def activate(*, organisation: Organisation, by: User | None, now: datetime) -> Integration:
    """Activate the integration (S14); twice changes nothing."""
    check_right(organisation, by, rules.ORGANISATION)
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
    check_right(organisation, by, rules.ORGANISATION)
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
    check_right(organisation, by, rules.ORGANISATION)
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
    before = _settings_of(integration)
    with transaction.atomic():
        integration.marker, integration.marker_value = marker.strip(), marker_value.strip()
        integration.fetch_from, integration.mirrors_blocks = fetch_from, mirrors_blocks
        integration.save()
        after = _settings_of(integration)
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
    mirrored = before["mirrors_blocks"]
    if mirrored and not mirrors_blocks:
        blocking.lift_all_of_visma(organisation, now=now)
    if mirrors_blocks and not mirrored:
        blocking.block_again_for_visma(organisation, now=now)
    if integration.marker and before["marker"] != integration.marker:
        for client in InvoiceClient.objects.of(organisation).filter(own_marker=""):
            marking.mark_refused_again(client, now=now)
            marking.mark_earlier_ones(client, now=now)


def _settings_of(integration: Integration) -> dict[str, Any]:
    return {
        "marker": integration.marker,
        "marker_value": integration.marker_value,
        "fetch_from": str(integration.fetch_from),
        "mirrors_blocks": integration.mirrors_blocks,
    }
