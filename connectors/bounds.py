"""
What the hub stores of amounts, days and text: checked where they come in, at every door.

SQLite keeps decimals as binary fractions of which fifteen figures are exact. So a sum has at
most thirteen figures before its two decimals, and one amount eleven, so that a hundred of the
largest still add up; PostgreSQL would take more, but a journal must not depend on the database.
"""

import re
from datetime import date
from decimal import Decimal

AMOUNT_FIGURES, SUM_FIGURES = 11, 13
"""Figures before the decimal mark."""
LARGEST_AMOUNT = Decimal(10) ** AMOUNT_FIGURES - Decimal("0.01")
LARGEST_SUM = Decimal(10) ** SUM_FIGURES - Decimal("0.01")
FIRST_YEAR, LAST_YEAR = 1990, 2099
FIRST_DAY, LAST_DAY = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)

_ROW_NUMBER = re.compile("[0-9]{1,17}")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

_BREAK, _STARTS = "(?:\r\n|[\r\n\v\f\x85\u2028\u2029])", "=+\\-@＝＋－＠"
_BEFORE_A_FORMULA = re.compile(
    rf"\A(?=[\t\r\n])|(?:\A|{_BREAK})(?=\s*[{_STARTS}])|[,;\t](?=[=@＝＠])"
)
_NEUTRALISED = re.compile(
    rf"(\A)'(?=[\t\r\n])|((?:\A|{_BREAK}))'(?=[\s']*[{_STARTS}])|([,;\t])'(?=[=@＝＠])"
)


def is_amount(amount: Decimal) -> bool:
    """Say whether an amount is stored exactly on every database."""
    return amount.is_finite() and abs(amount) <= LARGEST_AMOUNT


def is_day(day: date) -> bool:
    """Say whether a day is one on which anything is booked."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def row_number(text: str | None) -> int | None:
    """
    Return the number of a row that somebody sent; None if it is none that any database holds.

    Digits of other scripts and raised ones (²) are digits to Python, and no numbers of rows.
    """
    return int(text) if text and _ROW_NUMBER.fullmatch(text) else None


def no_text_in(text: str) -> str:
    """
    Return the first character that no text holds, written as U+0000; empty if there is none.

    Those are control characters but for tabulators and line ends, and halves of pairs, which
    no database and no encoding takes.
    """
    found = _NO_TEXT.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def neutralised(text: str) -> str:
    """
    Return the text so that no spreadsheet takes it, or a part of it, for a formula.

    Not only how it begins counts: a program that splits at line breaks, or at another separator
    than the one that was meant, begins a cell in the middle of it.
    """
    return _BEFORE_A_FORMULA.sub(r"\g<0>'", text)


def as_it_was(text: str) -> str:
    """Return what :func:`neutralised` was given."""
    return _NEUTRALISED.sub(lambda found: found[0][:-1], text)


def as_text(text: str) -> str:
    """Return a text with blanks in place of what no text holds."""
    return _NO_TEXT.sub(" ", text)
