"""
Account patterns in the vendor's notation, such as ``[0-3][0-9][0-9][0-9]``.

A safe subset: digits and letters, sets, ``.`` or ``?`` for any one character, ``*`` at the end
for any rest. What a person types never reaches `re` as it is.
"""

import re
import string
from collections.abc import Iterator
from functools import lru_cache
from itertools import zip_longest

LONGEST = 100
_ALPHABET = string.digits + string.ascii_letters + "._-"


class BadPattern(ValueError):
    """The pattern is not of the notation. `position` counts from 1, `found` stands there."""

    def __init__(self, pattern: str, position: int, found: str) -> None:
        self.pattern, self.position, self.found = pattern, position, found
        super().__init__(f"{pattern!r}: {found!r} at {position}")


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """
    Return what matches whole account numbers of the pattern.

    :raises BadPattern: naming the first place that is not of the notation
    """
    return re.compile("".join(_parts(pattern.strip())))


def bad_patterns(*patterns: str) -> Iterator[BadPattern]:
    """Yield what cannot be read of those patterns; an empty one asks for nothing."""
    for pattern in patterns:
        try:
            if pattern.strip():
                compile_pattern(pattern)
        except BadPattern as bad:
            yield bad


def _parts(pattern: str) -> list[str]:
    if not pattern or len(pattern) > LONGEST:
        raise BadPattern(pattern[:LONGEST], len(pattern[:LONGEST]) + 1, "")
    parts: list[str] = []
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        if letter.isascii() and letter.isalnum():
            parts.append(letter)
        elif letter in ".?":
            parts.append("[0-9A-Za-z._-]")
        elif letter == "*" and place == len(pattern) - 1:
            parts.append("[0-9A-Za-z._-]*")
        elif letter == "[":
            end = pattern.find("]", place)
            if end < 0:
                raise BadPattern(pattern, place + 1, letter)
            parts.append(_set(pattern, place + 1, end))
            place = end
        else:
            raise BadPattern(pattern, place + 1, letter)
        place += 1
    return parts


def _set(pattern: str, begin: int, end: int) -> str:
    if begin == end:
        raise BadPattern(pattern, begin + 1, "]")
    parts: list[str] = []
    place = begin
    while place < end:
        first = pattern[place]
        if not (first.isascii() and first.isalnum()):
            raise BadPattern(pattern, place + 1, first)
        if place + 2 < end and pattern[place + 1] == "-":
            last = pattern[place + 2]
            same_kind = first.isdigit() == last.isdigit() and first.isupper() == last.isupper()
            if not (last.isascii() and last.isalnum() and same_kind and first <= last):
                raise BadPattern(pattern, place + 3, last)
            parts.append(f"{first}-{last}")
            place += 3
        else:
            parts.append(first)
            place += 1
    return "[" + "".join(parts) + "]"


def matches(pattern: str, account: str) -> bool:
    """Say whether the whole account number fits the pattern; an empty pattern fits nothing."""
    return bool(pattern.strip()) and bool(compile_pattern(pattern).fullmatch(account))


def carries_dimensions(
    account: str, *, balance_sheet_format: str, profit_and_loss_format: str
) -> bool:
    """
    Say whether lines of the account carry cost centre and cost unit (rule S7b).

    Accounts of the balance-sheet format never do. With a profit-and-loss format, only accounts
    that fit it do. With no format at all, every account carries what payroll gave. An account
    that fits both is a contradiction that the mapping check refuses (`fits_both`); until it is
    mended the account carries nothing.
    """
    if matches(balance_sheet_format, account):
        return False
    return not profit_and_loss_format.strip() or matches(profit_and_loss_format, account)


def fits_both(account: str, *, balance_sheet_format: str, profit_and_loss_format: str) -> bool:
    """Say whether the account contradicts itself by fitting both formats."""
    return matches(balance_sheet_format, account) and matches(profit_and_loss_format, account)


def common_account(one: str, other: str) -> str | None:
    """
    Return an account number that fits both patterns, or None if there can be none.

    :raises BadPattern: if one of them is not of the notation
    """
    if not one.strip() or not other.strip():
        return None
    first, first_is_open = _letters(one)
    second, second_is_open = _letters(other)
    if len(first) < len(second) and not first_is_open:
        return None
    if len(second) < len(first) and not second_is_open:
        return None
    number = ""
    for mine, theirs in zip_longest(first, second, fillvalue=_ALPHABET):
        # In the order of the alphabet: digits first, as accounts are.
        common = [letter for letter in mine if letter in theirs]
        if not common:
            return None
        number += common[0]
    return number


def _letters(pattern: str) -> tuple[list[str], bool]:
    parts = _parts(pattern.strip())
    is_open = parts[-1].endswith("*")
    fixed = parts[:-1] if is_open else parts
    letters = [
        "".join(letter for letter in _ALPHABET if re.fullmatch(part, letter)) for part in fixed
    ]
    return letters, is_open
