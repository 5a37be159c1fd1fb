"""
The second factor: an authenticator app, passkeys, and codes on paper for when both are lost.

Kept in django-allauth's table. Its own recovery codes are short and can be computed from a seed
that is stored: ours are random, and of each only a digest is kept.
"""

import hashlib
import secrets
from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_noop as _

from background.encrypted import box
from organisations.models import Membership, Organisation, User
from organisations.operations import people
from organisations.operations.people import Refused
from organisations.rules import ORGANISATION, Level

RECOVERY_CODES = 10
_GROUPS = 6
"""Of five random characters, 25 bits each: 148 bits, which no digest gives away."""
_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

IS_THERE = Exists(Authenticator.objects.filter(user=OuterRef("user"), type__in=_FACTORS))
"""For a query of memberships: whether the person has a second factor."""


def is_on(user: AbstractBaseUser) -> bool:
    """Return whether a password alone does not sign the person in."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=_FACTORS).exists())


def app_of(user: AbstractBaseUser) -> Any:
    """Return the person's authenticator app, or None."""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()


def passkeys_of(user: AbstractBaseUser) -> list[Any]:
    """Return the person's passkeys, oldest first."""
    mine = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN)
    return list(mine.order_by("created_at", "pk"))


def codes_left(user: AbstractBaseUser) -> int:
    """Return how many recovery codes are unused."""
    paper = _paper_of(user)
    return len(paper.data["digests"]) if paper else 0


def added(*, user: User, passkey: bool) -> list[str]:
    """
    Tell of a new factor and end the sessions that were begun without it.

    Return the recovery codes that come with the first one: they cannot be read again.
    """
    with transaction.atomic():
        codes = [] if _paper_of(user) else _replace_codes(user)
        people.end_sessions(user=user)
        action = "person.passkey_added" if passkey else "person.second_factor_added"
        people.record_for(user, action, by=user)
    return codes


def removed(*, user: User, passkey: bool) -> None:
    """Tell that the person took a factor away."""
    action = "person.passkey_removed" if passkey else "person.second_factor_removed"
    people.record_for(user, action, by=user)


def remove_all(*, user: User) -> None:
    """Take away what may be somebody else's: the account becomes the person's own just now."""
    if is_on(user):
        Authenticator.objects.filter(user=user).delete()
        people.record_for(user, "person.second_factor_removed", by=user)


def new_recovery_codes(*, user: User) -> list[str]:
    """Replace the recovery codes and return the new ones, which cannot be read again."""
    with transaction.atomic():
        codes = _replace_codes(user)
        people.record_for(user, "person.recovery_codes_renewed", by=user)
    return codes


def check(*, user: User, code: str) -> Any:
    """
    Return what shows this code: the person's app, or the paper with it, which it is struck off.

    Either is good once: allauth remembers a code of the app in the cache of all web processes.
    """
    code = "".join(code.split())
    app = app_of(user)
    if app is not None and app.wrap().validate_code(code):
        return app
    paper = _use_code(user, code)
    if paper is not None:
        people.record_for(user, "person.recovery_code_used", by=user)
    return paper


def reset(*, membership: Membership, by: User) -> None:
    """
    Take away the second factor of a member who lost it, and end the member's sessions.

    :raises Refused: if the member has none, runs the installation, or works for an organisation
        where `by` has no say
    """
    user = membership.user
    if not is_on(user):
        raise Refused(_("This user has no second factor."))
    if user.is_superuser:
        raise Refused(
            _(
                "This user is an operator of the hub. Another operator can reset the second "
                "factor: manage.py reset_second_factor."
            )
        )
    if not all(_may_reset(by, organisation) for organisation in _organisations(user)):
        raise Refused(
            _(
                "This user also works for another organisation. The operator of the hub can "
                "reset the second factor: manage.py reset_second_factor."
            )
        )
    _reset(user, by=by)


def reset_by_operator(*, user: User) -> bool:
    """Take away a person's second factor from the command line; say whether there was one."""
    if not is_on(user):
        return False
    _reset(user, by=None)
    return True


def encrypt_again() -> int:
    """Encrypt the keys of all authenticator apps with the newest key; return how many."""
    apps = Authenticator.objects.filter(type=Authenticator.Type.TOTP)
    pks = list(apps.values_list("pk", flat=True))
    for pk in pks:
        with transaction.atomic():
            app = apps.select_for_update().filter(pk=pk).first()
            if app is not None:
                app.data["secret"] = box().rotate(app.data["secret"].encode()).decode()
                app.save(update_fields=["data"])
    return len(pks)


@transaction.atomic
def _reset(user: User, *, by: User | None) -> None:
    Authenticator.objects.filter(user=user).delete()
    people.end_sessions(user=user)
    people.record_for(user, "person.second_factor_reset", by=by)


def _paper_of(user: AbstractBaseUser) -> Any:
    mine = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES)
    return mine.first()


def _replace_codes(user: User) -> list[str]:
    # Locked, so that two presses at once leave one set of codes and not two.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    codes = [people.random_words(groups=_GROUPS) for _each in range(RECOVERY_CODES)]
    Authenticator.objects.update_or_create(
        user=user,
        type=Authenticator.Type.RECOVERY_CODES,
        defaults={"data": {"digests": [_digest(code) for code in codes]}},
    )
    return codes


@transaction.atomic
def _use_code(user: User, code: str) -> Any:
    mine = Authenticator.objects.select_for_update().filter(user=user)
    paper = mine.filter(type=Authenticator.Type.RECOVERY_CODES).first()
    digest = _digest(code)
    if paper is None:
        return None
    left = [one for one in paper.data["digests"] if not secrets.compare_digest(one, digest)]
    if len(left) == len(paper.data["digests"]):
        return None
    paper.data["digests"] = left
    paper.save(update_fields=["data"])
    return paper


def _digest(code: str) -> str:
    plain = "".join(code.lower().split()).replace("-", "")
    return hashlib.sha256(plain.encode()).hexdigest()


def _may_reset(by: User, organisation: Organisation) -> bool:
    mine = Membership.objects.of(organisation).filter(user=by).select_related("role").first()
    return mine is not None and mine.role.allows(ORGANISATION, Level.WRITE)


def _organisations(user: User) -> Iterator[Organisation]:
    for membership in Membership.objects.filter(user=user).select_related("organisation"):
        yield membership.organisation
