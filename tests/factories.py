"""Rows for tests: each function makes one thing with everything it needs, unless given."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt

from accounts.models import Connection
from accounts.rights import CONNECTIONS
from journals.rights import JOURNALS, UNDO
from mappings.models import Mapping as CompanyMapping
from organisations.models import (
    Company,
    Debtor,
    Membership,
    Organisation,
    Role,
    User,
)
from organisations.operations import second_factor as operations
from organisations.rules import ORGANISATION, Level

PASSWORD = "a-password-for-tests"
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def organisation(name: str = "") -> Organisation:
    """Make an organisation."""
    return Organisation.objects.create(name=name or f"Office {next(_numbers)}")


def role(of: Organisation, rights: Mapping[str, str] | None = None, name: str = "") -> Role:
    """Make a role; without rights, one that may do all that belongs to journals."""
    if rights is None:
        rights = dict.fromkeys((ORGANISATION, CONNECTIONS, JOURNALS, UNDO), Level.WRITE.value) | {
            "audit": "read"
        }
    return Role.objects.create(
        organisation=of,
        name=name or f"Role {next(_numbers)}",
        rights={key: str(level) for key, level in rights.items()},
    )


def user(email: str = "", **more: Any) -> User:
    """Make a person whose password is `PASSWORD`."""
    number = next(_numbers)
    return User.objects.create_user(
        email=email or f"person{number}@office.example",
        name=more.pop("name", f"Person {number}"),
        password=PASSWORD,
        **more,
    )


def second_factor(of: User) -> list[str]:
    """Give the person an authenticator app, and return the recovery codes that came with it."""
    TOTP.activate(of, generate_totp_secret())
    return operations.new_recovery_codes(user=of)


def secret_of(user: User) -> str:
    """Return the key of the person's app."""
    return str(decrypt(operations.app_of(user).data["secret"]))


def code_of(user: User) -> str:
    """Return what the person's app shows now."""
    counter = next(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret_of(user), counter)))


def member(
    of: Organisation | None = None,
    rights: Mapping[str, str] | None = None,
    *,
    person: User | None = None,
) -> Membership:
    """Make a person who belongs to the organisation with those rights (all, if not given)."""
    of = of or organisation()
    return Membership.objects.create(
        organisation=of, user=person or user(), role=role(of, rights=rights)
    )


def debtor(of: Organisation, *, blocked: bool = False, **more: Any) -> Debtor:
    """Make a debtor."""
    number = next(_numbers)
    values = {
        "number": str(1000 + number),
        "name": f"Debtor {number}",
        "blocked_at": NOW if blocked else None,
        "blocked_reason": "Unpaid invoices" if blocked else "",
    }
    return Debtor.objects.create(organisation=of, **values | more)


def company(of: Organisation, *, owner: Debtor | None = None, **more: Any) -> Company:
    """Make a company below a debtor; `owner` is that debtor."""
    number = next(_numbers)
    values = {"number": str(number), "name": f"Company {number}", "currency": "SEK"}
    return Company.objects.create(organisation=of, debtor=owner or debtor(of), **values | more)


def connection(
    of: Organisation, *, authorised: bool = True, tenant_id: str = "", **more: Any
) -> Connection:
    """Make a connection to Visma.net; an authorised one has tokens that are long good."""
    number = next(_numbers)
    values: dict[str, Any] = {"vendor": "vismanet", "name": f"user{number}@office.example"}
    if authorised:
        values |= {
            "state": Connection.State.AUTHORISED,
            "tenant_id": tenant_id or f"tenant-{number}",
            "subject": f"subject-{number}",
            "administration_name": f"Administration {number}",
            "administration_currency": "SEK",
            "access_token": "an-access-token",
            "refresh_token": "a-refresh-token",
            "expires_at": datetime(2099, 1, 1, tzinfo=UTC),
            "refreshed_at": NOW,
        }
    elif tenant_id:
        values["tenant_id"] = tenant_id
    return Connection.objects.create(organisation=of, **values | more)


def mapping(
    of: Organisation,
    *,
    to: Company | None = None,
    through: Connection | None = None,
    **more: Any,
) -> CompanyMapping:
    """Make a mapping that sends no dimensions; `to` is the company, `through` the connection."""
    through = through or connection(of)
    values = {
        "target": through.vendor,
        "closed_period_rule": "refuse",
        "first_period": "2020-01",
    }
    return CompanyMapping.objects.create(
        organisation=of, company=to or company(of), connection=through, **values | more
    )
