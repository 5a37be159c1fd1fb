"""
What the values of a table say about how they are to be read, over all of its rows.

A rule (decimal mark, order of dates, sign) has a few possible readings. Each value allows some
of them; what all values allow is left. One reading left settles the rule, and the value that
ruled out the last other one is its proof. Several left are a question, if there is a value that
means something else by each; then that value is the example to ask with.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from sources.readers.amounts import MINOR_DIGITS, AmountError, minor_from_text, to_decimal
from sources.readers.periods import date_from_text
from sources.readers.settings import (
    DATE_FORMATS,
    DECIMAL_MARKS,
    SIGNED,
    SIGNED_CREDIT_POSITIVE,
    SourceSettings,
)

DECIMAL_MARK, DATE_ORDER, SIGN = "decimal_mark", "date_format", "sign_rule"
RULES = (DECIMAL_MARK, DATE_ORDER, SIGN)
"""Names of the settings that belong to a company's files, not to their lay-out."""

CERTAIN, LIKELY, GUESS = "certain", "likely", "guess"
_VALUE_LENGTH = 80
_REMEMBERED = 20_000
_TWO_DECIMALS = re.compile(r"-?[0-9]++([.,])[0-9]{2}")
_THREE_FIGURES = re.compile(
    r"[-+(\u2212\u2013]?\s*[1-9][0-9]{0,2}([.,])[0-9]{3}\s*[-)\u2212\u2013]?"
)
_COSTS, _DEBTS = "4567", "2"
"""First digits of accounts of costs, and of what is owed, in the charts of our users."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A value and where it stands."""

    line: int
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What a file says about one rule.

    :param fits: the readings that every value allows; none if two values contradict each other
    :param ruled_out: reading -> the first value that it cannot read, in the order of the file
    :param example: a value that means something else by each reading left; None if there is none
    :param meanings: reading -> what the example is then: an amount, or a date as YYYY-MM-DD
    :param leaning: the reading that speaks for itself without proof, or nothing
    """

    rule: str
    fits: tuple[str, ...]
    ruled_out: Mapping[str, Sighting] = field(default_factory=dict)
    example: Sighting | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)
    leaning: str = ""

    @property
    def proof(self) -> Sighting | None:
        """Return the value that left one reading only, or that left none."""
        return list(self.ruled_out.values())[-1] if self.ruled_out and len(self.fits) < 2 else None

    @property
    def confidence(self) -> str:
        """Say how sure the reading is by the file alone."""
        if len(self.fits) == 1 or self.example is None:
            return CERTAIN
        return LIKELY if self.leaning else GUESS

    @property
    def is_open(self) -> bool:
        """Say whether a person must choose."""
        return self.confidence != CERTAIN

    def to_json(self) -> dict[str, Any]:
        """Return what a page needs to show it."""
        shown = self.example if self.is_open else self.proof
        return {
            "rule": self.rule,
            "fits": list(self.fits),
            "open": self.is_open,
            "leaning": self.leaning,
            "meanings": dict(self.meanings),
            "line": shown.line if shown else None,
            "column": shown.column if shown else "",
            "value": shown.value if shown else "",
        }


class Evidence:
    """Gathers findings while the rows of a table are read."""

    def __init__(self, settings: SourceSettings) -> None:
        self._marks = _Tally(DECIMAL_MARKS)
        self._three_figures: dict[str, Sighting] = {}
        self._finer: set[str] = set()
        self._orders = _Tally(DATE_FORMATS)
        self._days_seen: set[str] = set()
        self._one_column = settings.sign_rule in (SIGNED, SIGNED_CREDIT_POSITIVE)
        self._first_signed: Sighting | None = None
        self._first_account = ""
        self._sums = {"costs": 0, "debts": 0}

    def amount(self, line: int, column: str, text: str) -> None:
        """Take an amount that stands in the file as text."""
        if "," not in text and "." not in text:
            return
        plain = _TWO_DECIMALS.fullmatch(text)
        if plain and self._marks.fits == [plain[1]]:
            return
        meanings = {}
        for mark in DECIMAL_MARKS:
            try:
                meanings[mark] = str(to_decimal(minor_from_text(text, decimal_mark=mark)))
            except AmountError as fault:
                if fault.code == "amount_too_precise":
                    # 1,234 has too many decimals to be booked, yet it may be meant so.
                    meanings[mark] = _plain_number(text, mark)
        sighting = Sighting(line, column, text[:_VALUE_LENGTH])
        if three := _THREE_FIGURES.fullmatch(text.strip()):
            self._three_figures.setdefault(three[1], sighting)
        elif len(meanings) == 1 and _decimals(text, mark := next(iter(meanings))) > MINOR_DIGITS:
            self._finer.add(mark)
        self._marks.see(sighting, meanings)

    def day(self, line: int, column: str, text: str) -> None:
        """Take a date that stands in the file as text."""
        if text in self._days_seen:
            return
        if len(self._days_seen) < _REMEMBERED:
            self._days_seen.add(text)
        meanings = {}
        for order in DATE_FORMATS:
            try:
                day = date_from_text(text, date_format=order, short_years=True)
            except ValueError:
                continue
            meanings[order] = day.isoformat()
        self._orders.see(Sighting(line, column, text[:_VALUE_LENGTH]), meanings)

    def signed(self, line: int, column: str, account: str, text: str, minor: int) -> None:
        """Take an amount of the only amount column, by its own sign."""
        if not minor:
            return
        if self._first_signed is None:
            self._first_signed = Sighting(line, column, text[:_VALUE_LENGTH])
            self._first_account = account
        if account[:1] in _COSTS:
            self._sums["costs"] += minor
        elif account[:1] in _DEBTS:
            self._sums["debts"] += minor

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found about each rule that the table has."""
        found = [self._mark(), self._orders.finding(DATE_ORDER)]
        if self._one_column:
            found.append(self._sign())
        return tuple(found)

    def _mark(self) -> Finding:
        """Return what is known of the decimal mark; one mark used in two ways settles nothing."""
        found, three = self._marks.finding(DECIMAL_MARK), self._three_figures
        if len(found.fits) == 1 and found.proof is not None:
            (mark,) = found.fits
            if mark in three and mark not in self._finer:
                # 2.50 has a decimal point; then 1.500 is 1.50 or 1500, as its writer knows.
                other = next(reading for reading in DECIMAL_MARKS if reading != mark)
                return Finding(DECIMAL_MARK, (), {other: found.proof, mark: three[mark]})
        elif len(found.fits) == 2 and len(three) == 2:
            # 1.200 beside 1,200: whatever one is, the other is something else.
            first, last = sorted(three.values(), key=lambda sighting: sighting.line)
            return Finding(DECIMAL_MARK, (), {".": first, ",": last})
        return found

    def _sign(self) -> Finding:
        costs, debts = self._sums["costs"], self._sums["debts"]
        leaning = ""
        if costs * debts < 0:
            leaning = SIGNED if costs > 0 else SIGNED_CREDIT_POSITIVE
        account = self._first_account
        return Finding(
            rule=SIGN,
            fits=(SIGNED, SIGNED_CREDIT_POSITIVE),
            example=self._first_signed,
            meanings=dict.fromkeys((SIGNED, SIGNED_CREDIT_POSITIVE), account),
            leaning=leaning,
        )


class _Tally:
    """The readings of one rule that are left, and the values that left no others."""

    def __init__(self, readings: Sequence[str]) -> None:
        self.fits = list(readings)
        self._ruled_out: dict[str, Sighting] = {}
        self._differing: dict[tuple[str, str], tuple[Sighting, dict[str, str]]] = {}
        self._pairs = list(combinations(readings, 2))

    def see(self, sighting: Sighting, meanings: dict[str, str]) -> None:
        """Take a value with what it means by each reading that can read it."""
        if not meanings:
            return  # by none: that is no evidence, and the reader names it
        for reading in [reading for reading in self.fits if reading not in meanings]:
            self.fits.remove(reading)
            self._ruled_out[reading] = sighting
        if len(self._differing) < len(self._pairs):
            for pair in self._pairs:
                one, other = (meanings.get(reading) for reading in pair)
                if one and other and one != other:
                    self._differing.setdefault(pair, (sighting, meanings))

    def finding(self, rule: str) -> Finding:
        """Return what is left at the end of the file."""
        example: Sighting | None = None
        meanings: dict[str, str] = {}
        for pair in combinations(self.fits, 2):
            if pair in self._differing:
                example, meanings = self._differing[pair]
                break
        return Finding(
            rule=rule,
            fits=tuple(self.fits),
            ruled_out=dict(self._ruled_out),
            example=example,
            meanings={reading: meanings[reading] for reading in self.fits if reading in meanings},
        )


def _decimals(text: str, mark: str) -> int:
    return sum(letter.isdigit() for letter in text.partition(mark)[2])


def _plain_number(text: str, mark: str) -> str:
    kept = "".join(letter for letter in text if letter.isdigit() or letter == mark)
    return kept.replace(mark, ".")
