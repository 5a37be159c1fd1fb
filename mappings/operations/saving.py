"""Making, changing and removing mappings."""

from collections.abc import Mapping as AnyMapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self

from django.db import IntegrityError, transaction

from accounts.models import Connection
from audit.trail import record
from connectors.errors import ADMINISTRATOR, Rejected
from connectors.words import gettext_noop as _
from mappings.models import MappedValue, Mapping
from mappings.rules.first_period import read_period
from mappings.sources import first_period_followers
from organisations.models import Company, User


class AlreadyMapped(Rejected):
    """S6: a company has at most one mapping to a target."""

    summary = _("{company} is already mapped to this target.")
    remedy = _("Open its mapping and change that, or delete it first.")
    who = ADMINISTRATOR
    action = "open_mapping"
    needs = ("company",)


class ConnectionNotAuthorised(Rejected):
    """S6: only administrations of authorised accounts can be mapped."""

    summary = _("The account {account} is not authorised.")
    remedy = _("Open Visma.net accounts and sign in, then map the company.")
    who = ADMINISTRATOR
    action = "reconnect"
    needs = ("account",)


class FirstPeriodMissing(Rejected):
    """B17: a new mapping says from which period on its runs are sent."""

    summary = _("The first period of the mapping is missing.")
    remedy = _("Enter the first payroll period that the hub should send, as YYYY-MM.")
    who = ADMINISTRATOR


class FirstPeriodNeedsReason(Rejected):
    """B17: another first period decides whether runs are sent, so it has a reason."""

    summary = _("The first period changes from {before} to {after}, and the reason is missing.")
    remedy = _("Briefly state why. It is stored in the audit trail.")
    who = ADMINISTRATOR
    needs = ("before", "after")


class MappingChanged(Exception):
    """Somebody else has changed the mapping since it was shown."""


REASON_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSettings:
    """What a person chooses in the wizard beside company and administration."""

    closed_period_rule: str
    first_period: str = ""
    branch: str = ""
    ledger: str = ""
    use_cost_centre: bool = False
    cost_centre_description: str = ""
    cost_centre_segment: int | None = None
    use_cost_unit: bool = False
    cost_unit_description: str = ""
    cost_unit_segment: int | None = None
    balance_sheet_format: str = ""
    profit_and_loss_format: str = ""
    hold: bool = True
    release: bool = False
    own_numbers: bool = False
    balancing_account: str = ""

    @classmethod
    def of(cls, mapping: Mapping) -> Self:
        """Return the settings of a mapping."""
        return cls(**{item.name: getattr(mapping, item.name) for item in fields(cls)})

    @classmethod
    def from_draft(cls, draft: AnyMapping[str, Any]) -> Self:
        """Return the settings of a wizard's draft; keys that are no settings are left out."""
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in draft.items() if name in known})


def create_mapping(
    *,
    company: Company,
    connection: Connection,
    settings: MappingSettings,
    by: User | None,
    now: datetime,
) -> Mapping:
    """
    Map a company to the administration of a connection.

    :raises FirstPeriodMissing: if the settings name none (B17)
    :raises ConnectionNotAuthorised: if journals cannot be posted through it now
    :raises AlreadyMapped: if the company has a mapping to that target
    """
    if connection.organisation_id != company.organisation_id:
        raise ValueError("company and connection belong to different organisations")
    _check_first_period(settings)
    if not connection.is_authorised:
        raise ConnectionNotAuthorised(account=connection.name)
    try:
        with transaction.atomic():
            mapping = Mapping.objects.create(
                organisation_id=company.organisation_id,
                company=company,
                connection=connection,
                target=connection.vendor,
                created_at=now,
                created_by=by,
                updated_at=now,
                **asdict(settings),
            )
            record(
                organisation=mapping.organisation,
                action="mapping.created",
                subject=mapping,
                user=by,
                details=asdict(settings),
            )
            _follow_first_period(mapping, now=now)
    except IntegrityError as exc:
        if Mapping.objects.filter(company=company, target=connection.vendor).exists():
            raise AlreadyMapped(company=str(company)) from exc
        raise
    return mapping


def change_mapping(
    *,
    mapping: Mapping,
    settings: MappingSettings,
    by: User | None,
    now: datetime,
    reason: str = "",
    shown: MappingSettings | None = None,
) -> Mapping:
    """
    Change the settings of a mapping; the audit trail says what was and what is.

    :param reason: why the first period changes; needed only then
    :param shown: what the person was shown, where one has chosen
    :raises MappingChanged: if something else is stored by now
    :raises FirstPeriodMissing: if the mapping had one and the settings have none
    :raises FirstPeriodNeedsReason: if it changes without a reason
    """
    reason = " ".join(reason.replace("\0", "").split())[:REASON_LENGTH]
    with transaction.atomic():
        stored = MappingSettings.of(hold_mapping(mapping))
        if shown is not None and stored not in (shown, settings):
            raise MappingChanged()
        other_period = stored.first_period != settings.first_period
        if other_period:
            _check_first_period(settings)
        if other_period and stored.first_period and not reason:
            raise FirstPeriodNeedsReason(before=stored.first_period, after=settings.first_period)
        before, after = asdict(stored), asdict(settings)
        changed = {
            name: {"from": before[name], "to": value}
            for name, value in after.items()
            if before[name] != value
        }
        for name, value in after.items():
            setattr(mapping, name, value)
        mapping.updated_at = now
        mapping.save(update_fields=[*after, "updated_at"])
        record(
            organisation=mapping.organisation,
            action="mapping.changed",
            subject=mapping,
            user=by,
            details=changed | ({"reason": reason} if other_period and reason else {}),
        )
        if other_period:
            _follow_first_period(mapping, now=now)
    return mapping


def hold_mapping(mapping: Mapping) -> Mapping:
    """Return the mapping as it is stored now, held until the commit."""
    held: Mapping = Mapping.objects.select_for_update().get(pk=mapping.pk)
    return held


def _check_first_period(settings: MappingSettings) -> None:
    try:
        read_period(settings.first_period)
    except ValueError:
        raise FirstPeriodMissing() from None


def _follow_first_period(mapping: Mapping, *, now: datetime) -> None:
    for follower in first_period_followers:
        follower.changed(mapping, now=now)


def delete_mapping(*, mapping: Mapping, by: User | None) -> None:
    """Remove a mapping; journals that were sent through it stay as they are."""
    with transaction.atomic():
        record(
            organisation=mapping.organisation,
            action="mapping.deleted",
            subject=mapping,
            user=by,
            details=asdict(MappingSettings.of(mapping)),
        )
        mapping.delete()


def save_values(
    *,
    mapping: Mapping,
    dimension: str,
    rule: str,
    table: AnyMapping[str, str],
    by: User | None,
    now: datetime,
) -> None:
    """Replace how the codes of one dimension become values of the target."""
    with transaction.atomic():
        setattr(mapping, f"{dimension}_rule", rule)
        mapping.updated_at = now
        mapping.save(update_fields=[f"{dimension}_rule", "updated_at"])
        MappedValue.objects.filter(mapping=mapping, dimension=dimension).delete()
        MappedValue.objects.bulk_create(
            MappedValue(
                organisation_id=mapping.organisation_id,
                mapping=mapping,
                dimension=dimension,
                payroll_code=code,
                target_value=value,
            )
            for code, value in sorted(table.items())
        )
        record(
            organisation=mapping.organisation,
            action="mapping.values_changed",
            subject=mapping,
            user=by,
            details={"dimension": dimension, "rule": rule, "table": dict(table)},
        )
