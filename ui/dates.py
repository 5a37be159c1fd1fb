"""Days as people write them: each language has its own way with the month."""

from datetime import datetime

from django.utils import formats
from django.utils.translation import pgettext


def short_day(at: datetime, *, with_year: bool = False) -> str:
    """Write day and month, as "3 Mar" or, in Swedish, "3 mars"."""
    # Translators: letters of Django's date format. M: "Mar" as the language has it, with a capital.
    # b: the same with a small letter.
    pattern = pgettext("day and month", "j M")
    return formats.date_format(at, f"{pattern} Y" if with_year else pattern)
