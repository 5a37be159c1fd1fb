"""
Dead workers, and databases that went back: nothing is sent again before the vendor was asked.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from background.crash_points import crash_point
from connectors.errors import OutcomeUnknown
from outbox.models import OutboxItem

_AT_ONCE = 200


def recover(
    items: type[OutboxItem],
    *,
    now: datetime,
    changed: Callable[[Any], None] = lambda item: None,
) -> int:
    """
    Turn claims of dead workers into questions, never into "send again"; return how many.

    A claim whose attempt was never opened cannot have called: it is simply due again. The two
    are committed together, so the attempt is the proof.

    :param changed: lets what is made of several items follow
    """
    rows: Any = items._default_manager
    found = list(rows.orphaned(now=now)[:_AT_ONCE])
    if found:
        crash_point("recover.found")
    for item in found:
        failure = OutcomeUnknown(vendor="", detail="the worker stopped before it had an answer")
        with transaction.atomic():
            if item.mark_abandoned(failure, now=now):
                changed(item)
        crash_point("recover.marked")
    return len(found)
