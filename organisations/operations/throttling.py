"""
How often an attempt may fail: per person and network, per network, and per person.

Counted before anything is compared, in the cache that all web processes share. A network is an
IPv4 address or the /64 of an IPv6 one, so that a stranger elsewhere locks nobody out. What may be
tried by those only who know the password already has a limit per person from everywhere as well.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

PASSWORD, CODE, PASSKEY, LINK = "password", "code", "passkey", "link"
"""What is tried: to sign in or to confirm who one is, and to ask for a mail with a link."""

NETWORKS_SHARE = 10
"""So many people's tries are left to one network: an office has one address."""
CODES_A_DAY = 50
_DAY = 24 * 3600


class TooOften(Exception):
    """It was tried too often; nothing more is looked at until then."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@dataclass(slots=True)
class Try:
    """One try that was counted. One that was good is given back."""

    number: int = 0
    slots: list[str] = field(default_factory=list)

    @property
    def is_the_last(self) -> bool:
        """Say whether the next one is refused."""
        return self.number >= settings.HUB_SIGN_IN_FAILURES

    def give_back(self) -> None:
        """Count it no more."""
        cache.delete_many(self.slots)


def count(what: str, *, who: str, address: str) -> Try:
    """
    Count one try, before it is looked at.

    :param who: the e-mail address that is meant, whether anybody has it or not; empty for a
        passkey that says itself whose it is
    :raises TooOften: if there were too many
    """
    found = Try()
    try:
        for key, amount, seconds in _limits(what, who=who, network=network_of(address)):
            slot, number = _take(key, amount=amount, seconds=seconds)
            found.slots.append(slot)
            found.number = found.number or number
    except TooOften:
        found.give_back()
        raise
    return found


def forget(what: str, *, who: str, address: str) -> None:
    """Let a person try again at once from there: the password was replaced."""
    (key, amount, _seconds), *_more = _limits(what, who=who, network=network_of(address))
    cache.delete_many(_slots(key, amount))


def may_be_recorded(*, who: str) -> bool:
    """Say whether a failed try still goes into the trail of that person; it cannot be emptied."""
    try:
        _take(f"recorded:{who}", amount=3 * settings.HUB_SIGN_IN_FAILURES, seconds=_DAY)
    except TooOften:
        return False
    return True


def may_be_invited(*, who: str, into: int, pause: int) -> bool:
    """Say whether another invitation into an organisation may be mailed to that address now."""
    try:
        _take(f"invited:{into}:{who}", amount=1, seconds=pause)
    except TooOften:
        return False
    return True


def network_of(address: str) -> str:
    """Return what counts as one place."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)  # how a socket that takes both kinds writes one of IPv4
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), 64), strict=False))
    return str(found)


def _limits(what: str, *, who: str, network: str) -> Iterator[tuple[str, int, int]]:
    amount, seconds = settings.HUB_SIGN_IN_FAILURES, settings.HUB_SIGN_IN_LOCK_SECONDS
    if who:
        yield f"{what}:{who}:{network}", amount, seconds
    yield f"{what}:{network}", amount * NETWORKS_SHARE, seconds
    if what == CODE:
        yield f"{what}:{who}", CODES_A_DAY, _DAY


def _take(key: str, *, amount: int, seconds: int) -> tuple[str, int]:
    """Take a free slot, which no other process can take too, and say the how many-th it is."""
    now = int(timezone.now().timestamp())
    slots = _slots(key, amount)
    taken = cache.get_many(slots)
    for slot in slots:
        if slot not in taken and cache.add(slot, now + seconds, seconds):
            return slot, len(taken) + 1
    ends = min(cache.get_many(slots).values(), default=now)
    raise TooOften(until=datetime.fromtimestamp(ends, UTC))


def _slots(key: str, amount: int) -> list[str]:
    name = hashlib.sha256(key.encode()).hexdigest()
    return [f"try:{name}:{number}" for number in range(amount)]
