"""The second factor: set up, ask for, renew its recovery codes, take away."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote, urlencode

import django_otp
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop as _

from organisations.domain import ORGANISATION, Level
from organisations.models import AuthenticatorApp, Membership, Organisation, RecoveryCodes, User
from organisations.models.second_factor import CODE_DIGITS, CODE_SECONDS, new_key
from organisations.operations import people
from organisations.operations.people import Refused

RECOVERY_CODES = 10
_APP, _CODES = "authenticator app", "recovery codes"


def app_of(user: User) -> AuthenticatorApp | None:
    """Return the app that the person must show a code of to sign in, if there is one."""
    app: AuthenticatorApp | None = AuthenticatorApp.objects.filter(
        user=user, confirmed=True
    ).first()
    return app


def codes_left(user: User) -> int:
    """Return how many recovery codes are unused."""
    return sum(codes.token_set.count() for codes in RecoveryCodes.objects.filter(user=user))


def begin(*, user: User) -> AuthenticatorApp:
    """
    Return an app that is not confirmed yet, the same one until it is.

    :raises Refused: if the person has a second factor already
    """
    app: AuthenticatorApp = AuthenticatorApp.objects.get_or_create(
        user=user, defaults={"name": _APP, "key": new_key(), "confirmed": False}
    )[0]
    if app.confirmed:
        raise Refused(_("You have a second factor already. Remove it first."))
    return app


def address_of(app: AuthenticatorApp) -> str:
    """Return what the QR code says (github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    issuer = settings.OTP_TOTP_ISSUER
    values = {
        "secret": app.key_to_type,
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": CODE_DIGITS,
        "period": CODE_SECONDS,
    }
    return (
        f"otpauth://totp/{quote(f'{issuer}:{app.user.email}')}?{urlencode(values, quote_via=quote)}"
    )


def confirm(*, app: AuthenticatorApp, code: str) -> list[str]:
    """
    Make the app the person's second factor, end other sessions, and return the recovery codes.

    They are shown once and cannot be read again.

    :raises Refused: if the app does not show this code
    """
    if django_otp.verify_token(app.user, app.persistent_id, _clean(code)) is None:
        raise Refused(_("This is not the code that the app shows now. Wait for the next one."))
    with transaction.atomic():
        AuthenticatorApp.objects.filter(pk=app.pk).update(confirmed=True)
        codes = _replace_codes(app.user)
        people.end_sessions(user=app.user)
        people.record_for(app.user, "person.second_factor_added", by=app.user)
    return codes


def new_recovery_codes(*, user: User) -> list[str]:
    """Replace the recovery codes and return the new ones, which cannot be read again."""
    with transaction.atomic():
        codes = _replace_codes(user)
        people.record_for(user, "person.recovery_codes_renewed", by=user)
    return codes


def check(*, user: User, code: str) -> AuthenticatorApp | None:
    """
    Return the person's app if the code is the app's or an unused recovery code, which it uses up.

    After a wrong code nothing is good for a while, which doubles with each further one.
    """
    app, code = app_of(user), _clean(code)
    if app is None:
        return None
    if len(code) == CODE_DIGITS and code.isdecimal():
        return app if django_otp.verify_token(user, app.persistent_id, code) else None
    papers = RecoveryCodes.objects.filter(user=user).first()
    if papers is None or django_otp.verify_token(user, papers.persistent_id, code) is None:
        return None
    people.record_for(user, "person.recovery_code_used", by=user)
    return app


def locked_until(user: User) -> datetime | None:
    """Return until when codes are refused because of wrong ones, if they are."""
    locks = []
    for device in (app_of(user), RecoveryCodes.objects.filter(user=user).first()):
        allowed, reason = device.verify_is_allowed() if device is not None else (True, None)
        if not allowed and reason:
            locks.append(reason["locked_until"])
    return max(locks, default=None)


def remove(*, user: User) -> None:
    """Take the person's own second factor away; the caller has asked for a code."""
    with transaction.atomic():
        _forget(user)
        people.record_for(user, "person.second_factor_removed", by=user)


def reset(*, membership: Membership, by: User) -> None:
    """
    Take away the second factor of a member who lost it, and end the member's sessions.

    :raises Refused: if the member has none, or works for an organisation where `by` has no say
    """
    user = membership.user
    if app_of(user) is None:
        raise Refused(_("This person has no second factor."))
    if not all(_may_reset(by, organisation) for organisation in _organisations(user)):
        raise Refused(
            _(
                "This person works for another organisation too. The operator of the hub can "
                "reset the second factor: manage.py reset_second_factor."
            )
        )
    with transaction.atomic():
        _reset(user, by=by)


def reset_by_operator(*, user: User) -> bool:
    """Take away a person's second factor from the command line; say whether there was one."""
    with transaction.atomic():
        if app_of(user) is None:
            return False
        _reset(user, by=None)
    return True


def _reset(user: User, *, by: User | None) -> None:
    _forget(user)
    people.end_sessions(user=user)
    people.record_for(user, "person.second_factor_reset", by=by)


def _forget(user: User) -> None:
    AuthenticatorApp.objects.filter(user=user).delete()
    RecoveryCodes.objects.filter(user=user).delete()


def _replace_codes(user: User) -> list[str]:
    # Locked, so that two presses at once leave one set of codes and not two.
    AuthenticatorApp.objects.select_for_update().get(user=user)
    papers, _is_new = RecoveryCodes.objects.get_or_create(user=user, defaults={"name": _CODES})
    codes = [people.random_words(groups=3) for _each in range(RECOVERY_CODES)]
    papers.replace(codes)
    return codes


def _may_reset(by: User, organisation: Organisation) -> bool:
    mine = Membership.objects.of(organisation).filter(user=by).select_related("role").first()
    return mine is not None and mine.role.allows(ORGANISATION, Level.WRITE)


def _organisations(user: User) -> Iterator[Organisation]:
    for membership in Membership.objects.filter(user=user).select_related("organisation"):
        yield membership.organisation


def _clean(code: str) -> str:
    return "".join(code.split())
