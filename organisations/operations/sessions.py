"""Where a person is signed in: listed, and ended one by one."""

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from organisations.models import User
from organisations.operations import people
from organisations.session_limits import is_over

_BROWSERS = (
    # Each says that it is those below it as well.
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi", "Vivaldi"), ("Firefox/", "Firefox")),
    *(("SamsungBrowser", "Samsung Internet"), ("Chrome/", "Chrome"), ("Safari/", "Safari")),
)
_SYSTEMS = (
    *(("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android")),
    *(("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One place where the person is signed in."""

    pk: int
    device: str
    address: str
    begun_at: datetime
    seen_at: datetime
    is_this: bool


def rows_of(user: User, *, this: str | None, now: datetime) -> list[SessionRow]:
    """Return the sessions that are alive, the last used first; forget the others."""
    mine = list(UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk"))
    stored = Session.objects.filter(
        session_key__in=[one.session_key for one in mine], expire_date__gt=now
    )
    alive = {one.session_key for one in stored if _is_alive(one, user, now)}
    dead = [one.pk for one in mine if one.session_key not in alive]
    if dead:
        UserSession.objects.filter(pk__in=dead).delete()
    return [
        SessionRow(
            pk=one.pk,
            device=device_of(one.user_agent),
            address=one.ip,
            begun_at=one.created_at,
            seen_at=one.last_seen_at,
            is_this=one.session_key == this,
        )
        for one in mine
        if one.session_key in alive
    ]


def end(*, user: User, pk: int) -> str:
    """End one of the person's sessions and return its key; nothing if there is no such one."""
    session = UserSession.objects.filter(user=user, pk=pk).first()
    if session is None:
        return ""
    key: str = session.session_key
    session.end()
    people.record_for(user, "person.session_ended", by=user)
    return key


def device_of(user_agent: str) -> str:
    """Return in words what a browser says that it is."""
    browser = next((name for word, name in _BROWSERS if word in user_agent), "")
    system = next((name for word, name in _SYSTEMS if word in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Another program")


def _is_alive(session: Session, user: User, now: datetime) -> bool:
    kept = session.get_decoded()
    proof = kept.get(HASH_SESSION_KEY, "")
    return constant_time_compare(proof, user.get_session_auth_hash()) and not is_over(
        kept, now=now.timestamp()
    )
