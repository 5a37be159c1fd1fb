"""Tables of which the hub knows nothing: what it does not ask about, it reads as it was meant."""

import io
import random
from dataclasses import replace

import pytest

from sources.readers.reading import read
from sources.readers.settling import settle
from sources.readers.suggesting import CERTAIN, suggest_settings
from tests.fuzz import makers
from tests.fuzz.dice import Outcome, chunks, run
from tests.fuzz.test_text_files import SIGN_RULES, totals_of

_RULES = ("decimal_mark", "date_format", "sign_rule")
_PASSES = 6


def play(dice: random.Random, outcome: Outcome) -> str:
    made = makers.csv(dice, open_to_two=dice.random() < 0.5)
    meant = {
        "decimal_mark": made.dialect["mark"],
        "date_format": made.dialect["order"],
        "sign_rule": SIGN_RULES[str(made.dialect["signs"])],
    }
    suggestion = suggest_settings(io.BytesIO(made.content), name="table.csv")
    unsure = [
        name
        for name, level in suggestion.confidence.items()
        if level != CERTAIN and name not in _RULES
    ]
    if unsure or not suggestion.complete:
        outcome.asked += 1
        return ""
    how, answered = suggestion.settings, set()
    for _ in range(_PASSES):
        reading = read(io.BytesIO(made.content), settings=how)
        settled = settle(how, reading.evidence, chosen=answered)
        if settled.contradictions:
            return f"a valid file contradicts itself: {settled.contradictions[0].text}"
        if settled.questions:
            answers = {found.rule: meant[found.rule] for found in settled.questions}
            how, answered = replace(settled.settings, **answers), answered | answers.keys()
        elif settled.settings == how:
            break
        else:
            how = settled.settings
    if not reading.ok or reading.to_confirm:
        outcome.refused += 1
        return ""
    if totals_of(reading) != made.totals:
        return f"read otherwise, asked only about {sorted(answered)}: {how}"
    outcome.equal += 1
    return ""


@pytest.mark.parametrize("chunk", chunks("detected"))
def test_tables_are_read_as_meant_or_asked_about(chunk):
    outcome = run("detected", chunk, play)

    assert outcome.differences == []
    assert outcome.equal > outcome.refused
