"""
Personal numbers known by their shape, so that they are neither stored nor shown.

A number counts as personal when its date is one of the calendar and its check figures are right.
Organisation numbers pass untouched: their third and fourth figures are no month.
"""

import re

MASK = "•••"
_WORTH_A_LOOK = re.compile(r"[0-9]{6}")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_CANDIDATE = re.compile(
    r"(?<![0-9])(?:"
    r"(?P<hetu>[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y])"
    r"|(?P<long>(?:18|19|20)[0-9]{6}[-+]?[0-9]{4})"
    r"|(?P<eleven>[0-9]{6} ?[0-9]{5})"
    r"|(?P<ten>[0-9]{6}[-+]?[0-9]{4})"
    r"|(?:BSN|sofinummer|burgerservicenummer)[ .:#]{0,3}(?P<bsn>[0-9]{9})"
    r")(?![0-9])",
    re.IGNORECASE,
)
_HETU_SIGNS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_NORWEGIAN_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_NORWEGIAN_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_DANISH = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_DUTCH = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def without_personal_numbers(text: str) -> str:
    """Return the text with every personal number in it replaced by `MASK`."""
    if not _WORTH_A_LOOK.search(text):
        return text
    return _CANDIDATE.sub(_masked, text)


def is_personal_number(text: str) -> bool:
    """Say whether the whole text is a personal number."""
    found = _CANDIDATE.fullmatch(text.strip())
    return found is not None and _masked(found) == MASK


def _masked(found: re.Match[str]) -> str:
    kind, text = str(found.lastgroup), found[0]
    shown = found[kind]
    return text.replace(shown, MASK) if _is_personal(kind, shown) else text


def _is_personal(kind: str, shown: str) -> bool:
    digits = "".join(letter for letter in shown if letter.isdigit())
    if kind == "long":
        return _is_swedish(digits[2:])
    if kind == "eleven":
        return _is_norwegian(digits)
    if kind == "bsn":
        return _adds_up(digits, _DUTCH)
    if kind == "hetu" and _is_finnish(shown.upper()):
        return True
    # A Finnish number may end in a figure: 131052-3080 has the shape of three countries.
    if len(digits) != len(_DANISH):
        return False
    return _is_swedish(digits) or _is_danish(digits, hyphen="-" in shown)


def _is_day_and_month(day: int, month: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]


def _adds_up(digits: str, weights: tuple[int, ...]) -> bool:
    total = sum(
        int(digit) * weight for digit, weight in zip(digits[: len(weights)], weights, strict=True)
    )
    return total % 11 == 0


def _is_swedish(digits: str) -> bool:
    """YYMMDDNNNC by Luhn; 60 is added to the day of a coordination number."""
    day = int(digits[4:6])
    if not _is_day_and_month(day - 60 if day > 60 else day, int(digits[2:4])):
        return False
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _is_norwegian(digits: str) -> bool:
    """DDMMYYNNNCC; 40 is added to the day of a D number, 40 or 80 to the month of others."""
    day, month = int(digits[:2]), int(digits[2:4])
    if not _is_day_and_month(day - 40 if day > 40 else day, month % 40 if month > 40 else month):
        return False
    return _adds_up(digits, _NORWEGIAN_FIRST) and _adds_up(digits, _NORWEGIAN_SECOND)


def _is_finnish(shown: str) -> bool:
    """DDMMYY, a sign for the century, three figures and a check sign."""
    if not _is_day_and_month(int(shown[:2]), int(shown[2:4])):
        return False
    return _HETU_SIGNS[int(shown[:6] + shown[7:10]) % 31] == shown[10]


def _is_danish(digits: str, *, hyphen: bool) -> bool:
    """DDMMYYNNNN; numbers given since 2007 have no check figure, so the hyphen must speak."""
    if not _is_day_and_month(int(digits[:2]), int(digits[2:4])):
        return False
    return hyphen or _adds_up(digits, _DANISH)
