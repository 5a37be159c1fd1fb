"""The fields of a SIE record, and what may be quoted of a line."""

import re
from datetime import date

from sources.readers.people import MASK, without_personal_numbers
from sources.readers.periods import date_from_text
from sources.readers.settings import YMD
from sources.readers.sie_syntax import Field

DATE_LENGTH = 8
_NAME_LENGTH = 100
_FIGURES = re.compile(r"[-+0-9.,{}]{1,40}")
_LABEL = re.compile(r"#[A-Z]{1,20}")
_NAMES_NOBODY = frozenset(["#KONTO", "#DIM", "#UNDERDIM"])


def text_at(fields: list[Field], place: int) -> str:
    """Return the text in that place; empty if there is none, or an object list."""
    if place >= len(fields):
        return ""
    value = fields[place]
    return value if isinstance(value, str) else ""


def eight_figures(text: str) -> date:
    """
    Return the date, YYYYMMDD.

    :raises ValueError: if it is none
    """
    if len(text.strip()) != DATE_LENGTH or any(map(str.isalpha, text)):
        raise ValueError(text)
    return date_from_text(text, date_format=YMD)


def shown_label(label: str) -> str:
    """Return a label as it may be shown: what is none could name a person."""
    return label if _LABEL.fullmatch(label) else f"#{MASK}"


def quotable(label: str, line: str) -> str:
    """Return what a problem may quote of a line: of most records their rest may name people."""
    if label in _NAMES_NOBODY and "#" not in line[1:]:
        return line
    words = line.split()[:2] if label else line.split()[:4]
    if label:
        words[0] = shown_label(label)
    return " ".join(
        word if word.startswith("#") or _FIGURES.fullmatch(word) else MASK for word in words
    )


def cleaned_name(text: str) -> str:
    """Return a name without personal numbers, cut to what is kept."""
    return without_personal_numbers(text.strip())[:_NAME_LENGTH]
