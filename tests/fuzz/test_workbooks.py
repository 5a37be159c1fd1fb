"""Workbooks: refused, asked about, or equal to a second reading of their parts."""

import io
import random

import pytest

from sources.readers.reading import read
from sources.readers.settings import SourceSettings
from tests.fuzz import workbooks
from tests.fuzz.dice import Outcome, chunks, run
from tests.fuzz.mutants import mutated
from tests.fuzz.oracle import Unclear
from tests.fuzz.test_text_files import UNTOUCHED, totals_of

SETTINGS = SourceSettings(
    format="xlsx",
    sign_rule="signed",
    columns={
        "account": "Konto", "date": "Datum", "text": "Text", "cost_centre": "Kst",
        "cost_unit": "Projekt", "amount": "Belopp",
    },
)  # fmt: skip


def play(dice: random.Random, outcome: Outcome) -> str:
    parts, totals = workbooks.made(dice)
    way = dice.random()
    if way > UNTOUCHED and way < 0.7:
        part = dice.choice((workbooks.SHEET, workbooks.SHEET, workbooks.SHARED))
        parts[part] = mutated(parts[part].encode(), dice)
    content = workbooks.packed(parts)
    if way >= 0.7:
        content = workbooks.flipped(content, dice)
    reading = read(io.BytesIO(content), settings=SETTINGS)
    if not reading.ok:
        outcome.refused += 1
        found = [one.text for one in reading.problems[:3]]
        return f"a valid workbook was refused: {found}" if way <= UNTOUCHED else ""
    if reading.to_confirm:
        outcome.asked += 1
        return ""
    try:
        second = workbooks.second_reading(parts)
    except (Unclear, ValueError, IndexError, KeyError) as unclear:
        return f"read, though it is unclear: {unclear!r}"
    read_as = totals_of(reading)
    if read_as != second or (way <= UNTOUCHED and read_as != totals):
        differ = {
            place: (str(read_as.get(place)), str(second.get(place)))
            for place in read_as.keys() | second.keys()
            if read_as.get(place) != second.get(place)
        }
        return f"read otherwise (place: here, second reading): {differ or totals}"
    outcome.equal += 1
    return ""


@pytest.mark.parametrize("chunk", chunks("xlsx"))
def test_workbooks_are_refused_or_read_as_they_stand(chunk):
    assert run("xlsx", chunk, play).differences == []
