"""Organisations, people and roles."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _

from audit.trail import HUB, record
from organisations import rules
from organisations.models import Membership, Organisation, Role, User
from organisations.rules import ORGANISATION, Level

_UNMISTAKABLE = "abcdefghjkmnpqrstuvwxyz23456789"


class Refused(Exception):
    """What was asked for would break a rule; the text is for the person, to be translated."""


def new_password() -> str:
    """Return a password that can be read out on the telephone: 100 bits, no 0/o or 1/l."""
    return random_words(groups=4)


def random_words(*, groups: int) -> str:
    """Return groups of five random characters, 25 bits each, that cannot be mistaken."""
    words = (
        "".join(secrets.choice(_UNMISTAKABLE) for _each in range(5)) for _group in range(groups)
    )
    return "-".join(words)


@transaction.atomic
def create_organisation(*, name: str, by: User | None = None) -> Organisation:
    """Create an organisation with the built-in roles."""
    organisation = Organisation.objects.create(name=name.strip())
    for role_name, rights in rules.BUILT_IN_ROLES.items():
        Role.objects.create(
            organisation=organisation,
            name=role_name,
            rights={key: level.value for key, level in rights.items()},
            built_in=True,
        )
    record(organisation=organisation, action="organisation.created", subject=organisation, user=by)
    return organisation


@transaction.atomic
def add_person(
    *,
    organisation: Organisation,
    role: Role,
    email: str,
    name: str,
    password: str,
    by: User | None = None,
    is_demo: bool = False,
    temporary: bool = False,
) -> tuple[Membership, bool]:
    """
    Let a person into the organisation unasked, and say whether the person is new to the hub.

    For the operator and for demo people; administrators invite. A person who exists already keeps
    name and password: they belong to the person.

    :param temporary: whether somebody else knows the password, which must be changed then

    :raises Refused: if the person is a member already, or somebody else may have the account
    """
    hold(organisation)
    user = User.objects.filter(email=User.objects.clean_email(email)).first()
    is_new = user is None
    if user is None:
        user = User.objects.create_user(
            email=email, name=name.strip(), password=password, is_demo=is_demo
        )
        if temporary:
            make_temporary(user, handed_over=True)
    elif Membership.objects.of(organisation).filter(user=user).exists():
        raise Refused(_("This user is already in the organisation."))
    elif user.handed_over:
        raise Refused(_("The address of this account is not verified. Invite it instead."))
    membership = Membership.objects.create(organisation=organisation, user=user, role=role)
    record(
        organisation=organisation,
        action="person.added",
        subject=user,
        user=by,
        details={"role": role.name},
    )
    return membership, is_new


@transaction.atomic
def change_role(*, membership: Membership, role: Role, by: User) -> None:
    """
    Give a member another role.

    :raises Refused: if nobody would be left who may change people and roles, or the person is gone
    """
    hold(membership.organisation)
    before = _still_a_member(membership).role.name
    membership.role = role
    membership.save(update_fields=["role"])
    _keep_an_administrator(membership.organisation)
    record(
        organisation=membership.organisation,
        action="person.role_changed",
        subject=membership.user,
        user=by,
        details={"from": before, "to": role.name},
    )


@transaction.atomic
def remove_person(*, membership: Membership, by: User) -> None:
    """
    End a membership; the person and what the person did stay.

    :raises Refused: if nobody would be left who may change people and roles, or the person is gone
    """
    organisation = membership.organisation
    hold(organisation)
    _still_a_member(membership)
    record(organisation=organisation, action="person.removed", subject=membership.user, user=by)
    membership.delete()
    _keep_an_administrator(organisation)


@transaction.atomic
def create_role(*, organisation: Organisation, name: str, by: User) -> Role:
    """
    Create a role without any right.

    :raises Refused: if the name is empty or taken
    """
    hold(organisation)
    name = name.strip()
    if not name or Role.objects.of(organisation).filter(name__iexact=name).exists():
        raise Refused(_("A role needs a name that no other role has."))
    role = Role.objects.create(organisation=organisation, name=name, rights={})
    record(organisation=organisation, action="role.created", subject=role, user=by)
    return role


@transaction.atomic
def change_rights(*, role: Role, rights: Mapping[str, str], by: User) -> bool:
    """
    Set the rights of a role, and say whether anything changed.

    :raises ValueError: if a right or level does not exist
    :raises Refused: if nobody would be left who may change people and roles
    """
    clean = rules.check_rights(rights)
    hold(role.organisation)
    role.refresh_from_db(fields=["rights"])
    before = dict(role.rights)
    if clean == before:
        return False
    role.rights = clean
    role.save(update_fields=["rights"])
    _keep_an_administrator(role.organisation)
    record(
        organisation=role.organisation,
        action="role.changed",
        subject=role,
        user=by,
        details={"from": before, "to": clean},
    )
    return True


def make_operator(*, email: str, wanted: bool = True) -> User:
    """
    Let a person see the figures of the installation, or not any more.

    :raises Refused: if there is no such person
    """
    user = User.objects.filter(email=User.objects.clean_email(email)).first()
    if user is None:
        raise Refused(_("There is no such user."))
    if user.is_superuser != wanted:
        user.is_superuser = wanted
        with transaction.atomic():
            user.save(update_fields=["is_superuser"])
            action = "person.operator_made" if wanted else "person.operator_ended"
            record_for(user, action, by=None)
    return user


def set_language(*, user: User, language: str) -> None:
    """Remember the language that the person reads."""
    user.language = language
    user.save(update_fields=["language"])


def change_profile(*, user: User, name: str, language: str) -> None:
    """Change a person's own name and language."""
    before, user.name, user.language = user.name, name.strip(), language
    with transaction.atomic():
        user.save(update_fields=["name", "language"])
        if user.name != before:
            record_for(user, "person.renamed", by=user, details={"from": before, "to": user.name})


def change_password(*, user: User, password: str) -> None:
    """Give a person another password, which ends all sessions that were begun with the old one."""
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password", "password_is_temporary"])
        record_for(user, "person.password_changed", by=user)


def make_temporary(user: User, *, handed_over: bool = False) -> None:
    """
    Let the password, which somebody else has made, do no more than set another one.

    :param handed_over: whether the account is one that nobody proved the address of
    """
    user.password_is_temporary = True
    user.handed_over = user.handed_over or handed_over
    user.save(update_fields=["password_is_temporary", "handed_over"])


def end_sessions(*, user: User) -> None:
    """Sign the person out everywhere: no session of before is good any more."""
    User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
    user.refresh_from_db(fields=["session_generation"])


def sign_out_everywhere(*, user: User) -> None:
    """End all sessions because the person asked for it."""
    with transaction.atomic():
        end_sessions(user=user)
        record_for(user, "person.sessions_ended", by=user)


@transaction.atomic
def change_organisation(*, organisation: Organisation, values: Mapping[str, Any], by: User) -> bool:
    """Change the organisation's name and settings, and say whether anything changed."""
    changed = {
        name: [getattr(organisation, name), value]
        for name, value in values.items()
        if getattr(organisation, name) != value
    }
    if not changed:
        return False
    for name, (_before, value) in changed.items():
        setattr(organisation, name, value)
    organisation.save(update_fields=list(changed))
    record(
        organisation=organisation,
        action="organisation.changed",
        subject=organisation,
        user=by,
        details=changed,
    )
    return True


def record_for(
    user: User,
    action: str,
    *,
    by: User | None,
    details: dict[str, Any] | None = None,
    who: str = HUB,
) -> None:
    """
    Add an act on a person to the audit trail of each organisation that the person is in.

    The trail hangs below organisations; what concerns the person as such (a sign-in, a password)
    is therefore recorded for each of them, and for none where the person is in none.
    """
    for membership in Membership.objects.filter(user=user).select_related("organisation"):
        record(
            organisation=membership.organisation,
            action=action,
            subject=user,
            user=by,
            details=details,
            who=who,
        )


def hold(organisation: Organisation) -> None:
    """
    Let no two changes of who may do what in an organisation pass each other, until the commit.

    Each would find the other's as it was: two administrators who end each other's rights would
    leave none. Whatever only refers to the organisation is not held up.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)


def _still_a_member(membership: Membership) -> Membership:
    """
    Return the membership as it is now that the organisation is held.

    :raises Refused: if somebody else has ended it
    """
    mine = Membership.objects.select_related("role").filter(pk=membership.pk)
    now: Membership | None = mine.first()
    if now is None:
        raise Refused(_("Someone else has already removed this user."))
    return now


def _keep_an_administrator(organisation: Organisation) -> None:
    members = Membership.objects.of(organisation).filter(user__is_active=True)
    roles = (m.role for m in members.select_related("role"))
    if not any(role.allows(ORGANISATION, Level.WRITE) for role in roles):
        raise Refused(_("At least one user must be able to change people and roles."))
