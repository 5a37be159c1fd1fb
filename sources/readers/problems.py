"""
What can be wrong with a file, each with a stable code, the user's words and a remedy.

The kinds stand in `sources.readers.catalogue`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.bounds import as_text
from connectors.words import SUMS, texts_of
from sources.readers.catalogue import PROBLEMS
from sources.readers.catalogue.kinds import ERROR, INFO, WARNING
from sources.readers.people import MASK, without_personal_numbers

_ASKS = "asks"
SHOWN = 500
_VALUE_LENGTH = 80
FIXED = "fixed"
_QUOTES_A_CELL = frozenset(
    [
        "account_unreadable", "amount_unreadable", "amount_too_precise", "amount_too_large",
        "side_unreadable", "date_unreadable", "period_unreadable", "code_too_long",
        "currency_differs", "several_companies", "several_runs", "several_currencies",
    ]
)  # fmt: skip
_FIGURES = re.compile(r"[-+0-9., ()/:\u00a0\u2212]{0,80}")
_NAMES_THE_COMPANY = ("company_unknown", "company_differs")
"""Problems about an organisation number, which for a sole trader is a personal number."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Something about a file, said so that a person can find the place and mend it.

    :param line: line of the text file or row of the sheet; None if it is about the whole file
    :param column: name of the field or heading
    :param value: what stands there, cut to 80 characters
    :param message: template; fill with ``message.format(**params)`` after translation
    :param params: always holds line, column and value, besides what the message names, and which
        of them are sums of the hub's own (`connectors.words.SUMS`)
    """

    code: str
    severity: str
    line: int | None
    column: str
    value: str
    message: str
    expected: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def remedy(self) -> str:
        """Return the template of what to do about it, in the format that raised it."""
        kind = PROBLEMS[self.code]
        fixed = self.params.get("fields") == FIXED
        return kind.remedy_fixed if fixed and kind.remedy_fixed else kind.remedy

    @property
    def needs_confirmation(self) -> bool:
        """Say whether a person must confirm before the file is imported all the same."""
        return PROBLEMS[self.code].needs_confirmation

    @property
    def text(self) -> str:
        """Return the message in English, filled in."""
        return self.message.format(**self.params)

    def to_json(self) -> dict[str, Any]:
        """Return what must be stored to show the problem later, in any language."""
        return {
            "code": self.code,
            "severity": self.severity,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "params": dict(self.params),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Problem":
        """Return the problem of `to_json`; the words are those of today's catalogue."""
        kind = PROBLEMS[stored["code"]]
        return cls(
            code=kind.code,
            severity=stored["severity"],
            line=stored["line"],
            column=stored["column"],
            value=stored["value"],
            message=kind.message,
            expected=kind.expected,
            params=stored["params"],
        )


def problem(
    code: str, *, line: int | None = None, column: str = "", value: object = "", **params: object
) -> Problem:
    """Return a problem of the catalogue; personal numbers in what it quotes are masked."""
    kind = PROBLEMS[code]
    shown = as_text(str(value))
    sums = texts_of({"value": value} | params).get(SUMS)
    texts = {name: as_text(str(param)) for name, param in params.items()}
    column = as_text(column)
    if code not in _NAMES_THE_COMPANY:
        shown = without_personal_numbers(shown)
        texts = {name: without_personal_numbers(text) for name, text in texts.items()}
        column = without_personal_numbers(column)
    if len(shown) > _VALUE_LENGTH:
        shown = shown[: _VALUE_LENGTH - 1] + "…"
    return Problem(
        code=code,
        severity=kind.severity,
        line=line,
        column=column,
        value=shown,
        message=kind.message,
        expected=kind.expected,
        params={"line": "" if line is None else str(line), "column": column, "value": shown}
        | texts
        | ({SUMS: sums} if sums else {}),
    )


class ProblemLog:
    """
    Collects problems: keeps 500 of each severity, counts all.

    :param fixed_fields: the format says where each field stands, so there is no column map
    """

    def __init__(self, *, fixed_fields: bool = False) -> None:
        self.counts = {ERROR: 0, WARNING: 0, INFO: 0}
        self._kept: dict[str, list[Problem]] = {ERROR: [], _ASKS: [], WARNING: [], INFO: []}
        self._about: dict[str, str] = {"fields": FIXED} if fixed_fields else {}
        self.names_people = False
        """A column of the file names people: in a row that is shifted they stand elsewhere."""

    def add(
        self,
        code: str,
        *,
        line: int | None = None,
        column: str = "",
        value: object = "",
        **params: object,
    ) -> None:
        """Note a problem of the catalogue."""
        kind = PROBLEMS[code]
        self.counts[kind.severity] += 1
        # A question to a person is never crowded out by warnings.
        kept = self._kept[_ASKS if kind.needs_confirmation else kind.severity]
        if len(kept) < SHOWN:
            params |= self._about
            if self.names_people and code in _QUOTES_A_CELL and not _FIGURES.fullmatch(str(value)):
                value = MASK
            kept.append(problem(code, line=line, column=column, value=value, **params))

    def shown(self) -> tuple[Problem, ...]:
        """Return at most 500 problems: errors, then what is asked, then the rest."""
        return tuple([found for kept in self._kept.values() for found in kept][:SHOWN])


class Refused(Exception):
    """The file cannot be read any further; its problem stands in the log already."""
