"""What a target knows, as text and back."""

import json
from dataclasses import fields

import pytest

from connectors import base
from mappings.rules.facts import UnreadableFacts, facts_from_json, facts_to_json
from tests.mappings.targets import facts


class TestFacts:
    def test_come_back_equal(self) -> None:
        known = facts()

        assert facts_from_json(facts_to_json(known)) == known
        assert all(getattr(known, item.name) for item in fields(base.LedgerFacts))

    def test_keep_values_as_exact_text(self) -> None:
        back = facts_from_json(facts_to_json(facts()))

        assert back.dimensions[0].values[0].value == "0100"
        assert back.dimensions[0].segment_id == 1

    def test_written_before_a_field_existed_read_with_its_default(self) -> None:
        stored = json.loads(facts_to_json(facts()))
        del stored["number_series"]
        del stored["accounts"][0]["kind"]

        back = facts_from_json(json.dumps(stored))

        assert back.number_series == ()
        assert back.accounts[0].kind == ""

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"administration": {"number": 1}}'])
    def test_of_another_shape_are_refused(self, text: str) -> None:
        with pytest.raises(UnreadableFacts):
            facts_from_json(text)

    def test_with_a_value_that_has_no_exact_form_are_not_written(self) -> None:
        known = facts(currencies=(1.5,))

        with pytest.raises(TypeError):
            facts_to_json(known)
