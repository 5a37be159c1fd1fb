"""Days and times as people write them: each language has its own way with the month."""

from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext, ngettext, pgettext


def short_day(at: date, *, with_year: bool = False) -> str:
    """Write day and month, as "3 Mar" or, in Swedish, "3 mars"."""
    # Translators: letters of Django's date format. M: "Mar" as the language has it, with a capital.
    # b: the same with a small letter.
    pattern = pgettext("day and month", "j M")
    return formats.date_format(at, f"{pattern} Y" if with_year else pattern)


def month(period: str) -> str:
    """Write a period, YYYY-MM, as "November 2026"."""
    words = formats.date_format(_first_day(period), "F Y")
    return words[:1].upper() + words[1:]


def short_month(period: str) -> str:
    """Write a period, YYYY-MM, as "Nov" under a bar; January carries its year."""
    words = formats.date_format(_first_day(period), "M")
    return f"{words} {period[:4]}" if period.endswith("-01") else words


def _first_day(period: str) -> date:
    return date(int(period[:4]), int(period[5:7]), 1)


def clock(at: datetime, *, now: datetime) -> str:
    """Write the time of day, after the day if that is another one than today."""
    local, today = timezone.localtime(at), timezone.localtime(now)
    time = formats.time_format(local, "H:i")
    if local.date() == today.date():
        return time
    return f"{short_day(local, with_year=local.year != today.year)}, {time}"


def age(at: datetime, *, now: datetime) -> str:
    """Write how long ago something was, as "3 min ago"; after an hour, when."""
    passed = now - at
    if timedelta(0) <= passed < timedelta(minutes=1):
        return gettext("just now")
    if timedelta(0) <= passed < timedelta(hours=1):
        minutes = int(passed.total_seconds() // 60)
        return ngettext("%(n)d min ago", "%(n)d min ago", minutes) % {"n": minutes}
    return clock(at, now=now)


def as_of(at: datetime, *, now: datetime) -> str:
    """Write at what time of today, or on which day, something was so."""
    is_today = timezone.localtime(at).date() == timezone.localtime(now).date()
    words = gettext("at %(time)s") if is_today else gettext("on %(time)s")
    return words % {"time": clock(at, now=now)}
