"""Tokens of programs that call the API: shown once, stored as a digest."""

from datetime import datetime

from django.db import IntegrityError, transaction

from api.models import ApiToken, digest_of, new_token
from audit import trail
from connectors.words import gettext_noop as _
from organisations.backends import may_be_signed_in
from organisations.models import Membership, Organisation, User
from organisations.operations.people import Refused
from organisations.rules import Level
from payments.operations.rights import check_right
from payments.rights import BUSINESS, PAYMENTS_IMPORT, PAYMENTS_OVERVIEW

_RIGHTS = {
    ApiToken.Scope.FETCH_ONE: PAYMENTS_OVERVIEW,
    ApiToken.Scope.FETCH_MANY: PAYMENTS_IMPORT,
}


def create(
    *, organisation: Organisation, name: str, scopes: list[str], by: User, now: datetime
) -> tuple[ApiToken, str]:
    """
    Make a token and return it with its secret, which is never shown again.

    Nobody gives a token more than the own role has.

    :raises Refused: if the name is taken or empty, or no scope is chosen
    """
    wanted = [ApiToken.Scope(scope) for scope in scopes]
    check_right(organisation, by, *(_RIGHTS[s] for s in wanted if s in _RIGHTS))
    if not name.strip() or not wanted:
        raise Refused(_("A token needs a name and something that it may do."))
    secret = new_token()
    try:
        with transaction.atomic():
            token = ApiToken.objects.create(
                organisation=organisation,
                name=name.strip(),
                digest=digest_of(secret),
                scopes=[scope.value for scope in wanted],
                created_by=by,
                created_at=now,
            )
            trail.record(
                organisation=organisation,
                action="token.created",
                subject=token,
                user=by,
                details={"scopes": token.scopes},
            )
    except IntegrityError as exc:
        raise Refused(_("Another token has this name.")) from exc
    return token, secret


def revoke(*, token: ApiToken, by: User, now: datetime) -> bool:
    """End a token at once, and say whether it was still good."""
    check_right(token.organisation, by)
    if not token.revoke(now=now):
        return False
    trail.record(organisation=token.organisation, action="token.revoked", subject=token, user=by)
    return True


def token_of(secret: str, *, now: datetime) -> ApiToken | None:
    """
    Return the token that a program shows, if it is good and its maker still may use it.

    A person who lost the right, left, or may no longer sign in leaves no back door behind.
    """
    found: ApiToken | None = (
        ApiToken.objects.filter(digest=digest_of(secret), revoked_at=None)
        .select_related("organisation", "created_by")
        .first()
    )
    if found is None:
        return None
    member = (
        Membership.objects.of(found.organisation)
        .filter(user=found.created_by)
        .select_related("role", "user")
        .first()
    )
    if (
        member is None
        or not may_be_signed_in(member.user)
        or not member.role.allows(BUSINESS, Level.WRITE)
    ):
        return None
    ApiToken.objects.filter(pk=found.pk).exclude(last_used_on=now.date()).update(
        last_used_on=now.date()
    )
    return found
