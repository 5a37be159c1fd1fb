"""What a vendor grants: checked and stored as a whole, or revoked; no account is half made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import Connection
from accounts.operations.access import NotSuited
from accounts.operations.tokens import sign_in_for
from audit.trail import record
from background.registry import Registry
from connectors.base import Administration
from connectors.errors import ConnectorError, NotAuthorized
from connectors.oauth.errors import SignInRefused
from connectors.registry import CONNECTORS
from connectors.sign_in import Grant
from connectors.words import gettext_noop as _
from organisations.models import Organisation, User

log = structlog.get_logger(__name__)

when_authorised = Registry[Callable[[Connection, datetime], object]]()
"""What higher apps do when somebody has signed in: what waited for it is due."""


class AlreadyConnected(SignInRefused):
    """The vendor company is connected already in this organisation."""

    summary = _("{company} is connected already, as “{account}”.")
    remedy = _(
        "Use that account. If you meant another company, sign out of {vendor} and try again: "
        "the session there still remembers the last company."
    )


class OtherCompany(SignInRefused):
    """A reconnect came back with another company than the account's."""

    summary = _("{vendor} returned another company than {company}, which this account is for.")
    remedy = _(
        "Sign out of {vendor}, try again and choose the same company as before. For another "
        "company, create another account. The mappings of this account are kept."
    )


class AccountRemoved(SignInRefused):
    """The account was removed, or changed by another person, while its owner signed in."""

    summary = _("This account was removed while you signed in.")
    remedy = _("Create a new account and authorise it.")


def accept(
    connection: Connection, grant: Grant, *, by: User | None, now: datetime
) -> dict[str, object]:
    """Check the company, read its name, and store everything; else revoke the grant."""
    try:
        if not grant.tenant_id:
            # A token that names no company reaches the one that the account was made for.
            grant = replace(grant, tenant_id=connection.tenant_id)
        _check_company(connection, grant)
        administration = _read_administration(connection, grant)
        _store(connection, grant, administration, by=by, now=now)
    except ConnectorError:
        _revoke(connection, grant)
        raise
    return {"company": administration.name}


def _check_company(connection: Connection, grant: Grant) -> None:
    if connection.tenant_id and connection.tenant_id != grant.tenant_id:
        raise OtherCompany(
            vendor=vendor_name(connection),
            company=connection.administration_name or connection.tenant_id,
        )
    other = connected_to(
        connection.organisation, connection.vendor, grant.tenant_id, but=connection
    )
    if other:
        raise already_connected(other)


def connected_to(
    organisation: Organisation, vendor: str, tenant_id: str, but: Connection | None = None
) -> Connection | None:
    if not tenant_id:
        return None
    others = Connection.objects.of(organisation).filter(vendor=vendor, tenant_id=tenant_id)
    found: Connection | None = others.exclude(pk=but.pk if but else None).first()
    return found


def already_connected(other: Connection) -> AlreadyConnected:
    return AlreadyConnected(
        vendor=vendor_name(other),
        company=other.administration_name or other.tenant_id,
        account=other.name,
    )


class _OneToken:
    """The token that has just come; there is no other yet."""

    def __init__(self, token: str, *, refused: Callable[[], ConnectorError]) -> None:
        self.token, self.refused = token, refused

    def current(self) -> str:
        """Return the token."""
        return self.token

    def refresh(self, *, stale: str) -> str:
        """Refuse: a token that is refused right after sign-in is no matter of its age."""
        raise self.refused()


def _read_administration(connection: Connection, grant: Grant) -> Administration:
    vendor = CONNECTORS[connection.vendor]

    def refused() -> ConnectorError:
        return NotAuthorized(vendor=vendor.name, account=connection.name)

    tokens = _OneToken(grant.access_token, refused=refused)
    if vendor.make_connector is not None:
        return vendor.make_connector(
            settings=settings.HUB_VENDORS, tokens=tokens
        ).read_administration()
    number = grant.tenant_id or connection.tenant_id
    if vendor.make_source is not None:
        source = vendor.make_source(
            settings=settings.HUB_VENDORS,
            tokens=tokens,
            company=number,
            own_key=connection.own_key,
            kind=connection.kind,
        )
        company = source.read_company()
    elif vendor.make_target is not None:
        target = vendor.make_target(
            settings=settings.HUB_VENDORS,
            tokens=tokens,
            company=number,
            own_key=connection.own_key,
        )
        company = target.read_client()
    else:
        raise NotSuited(account=connection.name)
    return Administration(
        number=company.number,
        name=company.name,
        organisation_number=company.organisation_number,
        currency=company.currency,
    )


def _store(
    connection: Connection,
    grant: Grant,
    administration: Administration,
    *,
    by: User | None,
    now: datetime,
) -> None:
    tokens = {
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "id_token": grant.id_token,
        "scope": grant.scope,
        "expires_at": now + timedelta(seconds=grant.expires_in),
        "refreshed_at": now,
        # A refresh that is under way with the old tokens must not store its answer.
        "version": F("version") + 1,
    }
    try:
        with transaction.atomic():
            stored = Connection.objects.filter(pk=connection.pk).update(
                state=Connection.State.AUTHORISED,
                state_at=now,
                tenant_id=grant.tenant_id,
                subject=grant.subject,
                administration_name=administration.name[:200],
                administration_number=administration.number[:60],
                administration_currency=administration.currency[:3],
                administration_organisation_number=administration.organisation_number[:30],
                failure_code="",
                failure_params={},
                failure_detail="",
                failure_at=None,
                not_before=None,
                enqueued_at=None,
                strikes=0,
                struck_at=None,
                **tokens,
            )
            if not stored:
                raise AccountRemoved(vendor=vendor_name(connection))
            record(
                organisation=connection.organisation,
                action="connection.authorised",
                subject=connection,
                user=by,
                details={"company": administration.name, "tenant_id": grant.tenant_id},
            )
            for act in when_authorised:
                act(connection, now)
    except IntegrityError:
        # Two people connected the same company at the same moment; the other one was first.
        other = connected_to(
            connection.organisation, connection.vendor, grant.tenant_id, but=connection
        )
        raise already_connected(other or connection) from None


def _revoke(connection: Connection, grant: Grant) -> None:
    hint = "refresh_token" if grant.refresh_token else "access_token"
    try:
        sign_in_for(connection).revoke(token=grant.refresh_token or grant.access_token, hint=hint)
    except ConnectorError as failure:
        # A courtesy; the reason of the refusal is what the person must see.
        log.info("grant_not_revoked", connection=connection.pk, failure=failure.code())


def vendor_name(connection: Connection) -> str:
    return CONNECTORS[connection.vendor].name
