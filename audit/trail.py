"""Adding to the audit trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from django.db import models

from audit.models import AuditEntry
from connectors.words import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of an act: the address, the request, and a program's token."""

    address: str = ""
    request_id: str = ""
    token: str = ""


HUB, NOBODY = "Integration Hub", _("Nobody signed in")
"""Who did it, where it was not a person whom we know: the hub by itself, or a stranger."""

_NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


@contextmanager
def audit_context(*, address: str, request_id: str) -> Iterator[None]:
    """Let every entry that is made meanwhile name the address and the request."""
    before = _origin.set(Origin(address=address[:64], request_id=request_id[:64]))
    try:
        yield
    finally:
        _origin.reset(before)


@contextmanager
def by_token(name: str) -> Iterator[None]:
    """Let every entry that is made meanwhile name the token that a program showed."""
    before = _origin.set(replace(_origin.get(), token=name))
    try:
        yield
    finally:
        _origin.reset(before)


def origin() -> Origin:
    """Return the origin of what is being done now; empty where nobody is at a browser."""
    return _origin.get()


def record(
    *,
    organisation: Any,
    action: str,
    subject: models.Model,
    user: Any | None = None,
    details: dict[str, Any] | None = None,
    request_id: str = "",
    who: str = HUB,
) -> None:
    """
    Add one act to the audit trail.

    :param action: a stable verb, e.g. ``connection.authorised``
    :param user: who did it; None when the hub did it by itself
    :param details: plain values that explain it; never a token, never a salary
    :param request_id: that of the present request if not given
    :param who: in place of the person, where `user` is None and no program showed a token
    """
    here = origin()
    program = {"token": here.token} if here.token else {}
    AuditEntry.objects.create(
        organisation=organisation,
        user=user,
        who=str(user) if user else here.token or who,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        object_text=str(subject)[:200],
        details=(details or {}) | program,
        address=here.address,
        request_id=request_id or here.request_id,
    )
