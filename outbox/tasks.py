"""The sweep's side of the outbox: what dead workers left, and what living ones hold."""

from collections.abc import Sequence
from datetime import datetime

from outbox import recovery


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the claims of those owners on whatever is sent, and return how many."""
    return sum(work.rows().extend_claims(owners=owners, until=until) for work in recovery.WORKS)


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Turn what dead workers held into questions; their apps tell a worker of them."""
    for work in recovery.WORKS:
        recovery.recover(work, now=now)
    return 0
