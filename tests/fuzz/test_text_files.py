"""SIE, CSV, GBAT10 and lists of invoices: refused, asked about, or equal to a second reading."""

import io
import random
import re

import pytest

from payments.rules import invoice_file
from sources.readers.lines import Reading
from sources.readers.reading import read
from sources.readers.settings import SourceSettings
from tests.fuzz import makers, oracle
from tests.fuzz.dice import Outcome, chunks, run
from tests.fuzz.mutants import mutated
from tests.fuzz.oracle import Totals, Unclear

UNTOUCHED = 0.15
"""How many of the inputs stay as they were made; those must be read."""
_PERSON = re.compile(rf"(?<![0-9]){makers.PERSON}(?![0-9])")
SIGN_RULES = {
    "signed": "signed", "sides": "debit_credit", "letters": "sign_column",
    "credit_positive": "signed_credit_positive",
}  # fmt: skip


def totals_of(reading: Reading) -> Totals:
    """Return what the lines of a reading add up to."""
    totals: Totals = {}
    for line in reading.lines:
        place = line.period, line.account, line.cost_centre, line.cost_unit
        oracle.add(totals, place, line.amount)
    return oracle.without_zeros(totals)


def judged(
    made: makers.Made, reading: Reading, content: bytes, second: object, outcome: Outcome
) -> str:
    """Return what is wrong with a reading, empty if nothing is."""
    touched = content != made.content
    if not touched and not reading.ok:
        return f"a valid file was refused: {[one.text for one in reading.problems[:3]]}"
    if not touched and reading.to_confirm:
        return f"a valid file was asked about: {[one.text for one in reading.to_confirm[:3]]}"
    # Where bytes are gone a name may stand anywhere; a personal number is known by its shape.
    if (not touched and makers.NAME in repr(reading)) or _PERSON.search(repr(reading)):
        return "a person is named in the reading"
    if not reading.ok:
        outcome.refused += 1
        return ""
    if reading.to_confirm:
        outcome.asked += 1
        return ""
    try:
        totals = second()  # type: ignore[operator]
    except (Unclear, IndexError, ValueError) as unclear:
        return f"read, though it is unclear: {unclear!r}"
    read_as = totals_of(reading)
    if read_as != totals or (not touched and read_as != made.totals):
        differ = {
            place: (str(read_as.get(place)), str(totals.get(place)))
            for place in read_as.keys() | totals.keys()
            if read_as.get(place) != totals.get(place)
        }
        return f"read otherwise (place: here, second reading): {differ or made.totals}"
    outcome.equal += 1
    return ""


def touched(made: makers.Made, dice: random.Random) -> bytes:
    """Return the content of a file, most often with faults in it."""
    return made.content if dice.random() < UNTOUCHED else mutated(made.content, dice)


def play_sie(dice: random.Random, outcome: Outcome) -> str:
    made = makers.sie(dice)
    content = touched(made, dice)
    reading = read(io.BytesIO(content), settings=SourceSettings(format="sie"))
    text = content.decode(reading.head.encoding or "latin-1", "replace")
    return judged(made, reading, content, lambda: oracle.sie(text), outcome)


def play_csv(dice: random.Random, outcome: Outcome) -> str:
    made = makers.csv(dice)
    content = touched(made, dice)
    how = made.dialect
    settings = SourceSettings(
        format="csv",
        separator=how["separator"],
        decimal_mark=how["mark"],
        date_format=how["order"],
        sign_rule=SIGN_RULES[how["signs"]],
        period_rule="column" if "period" in how["columns"] else "from_date",
        columns=how["columns"],
    )
    reading = read(io.BytesIO(content), settings=settings)
    text = content.decode(reading.head.encoding or "latin-1", "replace")

    def second() -> Totals:
        cells = oracle.rows(text, how["separator"])
        return oracle.table(
            cells, how["columns"], mark=how["mark"], order=how["order"], signs=how["signs"]
        )

    return judged(made, reading, content, second, outcome)


def play_gbat10(dice: random.Random, outcome: Outcome) -> str:
    made = makers.gbat10(dice)
    content = touched(made, dice)
    reading = read(io.BytesIO(content), settings=SourceSettings(format="gbat10"))
    text = content.decode(reading.head.encoding or "latin-1", "replace")
    return judged(made, reading, content, lambda: oracle.gbat10(text), outcome)


def play_invoices(dice: random.Random, outcome: Outcome) -> str:
    content, amounts, (separator, number, total) = makers.invoices(dice)
    untouched = dice.random() < UNTOUCHED
    content = content if untouched else mutated(content, dice)
    found = invoice_file.read(content, name="invoices.csv")
    if found.problems:
        outcome.refused += 1
        return f"a valid list was refused: {found.problems[:2]}" if untouched else ""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    try:
        second = oracle.invoices(text, separator, number, total)
    except oracle.NoHeadings:
        outcome.asked += 1  # a heading that the hub knows by another name
        return ""
    except (Unclear, IndexError, ValueError) as unclear:
        return f"read, though it is unclear: {unclear!r}"
    read_as = {one.number: one.amount for one in found.invoices}
    if read_as != second or (untouched and read_as != amounts):
        return f"read otherwise: {read_as} is not {second}"
    outcome.equal += 1
    return ""


@pytest.mark.parametrize("chunk", chunks("sie"))
def test_sie_files_are_refused_or_read_as_they_stand(chunk):
    assert run("sie", chunk, play_sie).differences == []


@pytest.mark.parametrize("chunk", chunks("csv"))
def test_tables_are_refused_or_read_as_they_stand(chunk):
    assert run("csv", chunk, play_csv).differences == []


@pytest.mark.parametrize("chunk", chunks("gbat10"))
def test_gbat10_files_are_refused_or_read_as_they_stand(chunk):
    assert run("gbat10", chunk, play_gbat10).differences == []


@pytest.mark.parametrize("chunk", chunks("invoices"))
def test_lists_of_invoices_are_refused_or_read_as_they_stand(chunk):
    assert run("invoices", chunk, play_invoices).differences == []
