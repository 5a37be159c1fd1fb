"""What waits says why it does, as soon as an operator has ended the reason for which it waited."""

from datetime import datetime

from journals.operations import living as journals
from payments.operations import living as payments


def say_what_waits_for(*, now: datetime) -> None:
    """Replace the words of a stop that is over, and let what waited for it be due."""
    journals.resume(now=now)
    payments.resume(now=now)
