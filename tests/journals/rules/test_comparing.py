from dataclasses import replace
from decimal import Decimal

import pytest

from journals.rules.comparing import LineChange, compare
from sources.readers.adding_up import content_digest
from tests.sources.readers.files import csv_text, read_csv, read_sie, sie_run

LINES = read_csv(csv_text()).lines


class TestCompare:
    def test_finds_nothing_between_formats(self):
        assert compare(read_sie(sie_run()).lines, LINES) == []

    def test_finds_nothing_in_another_order(self):
        assert compare(LINES, LINES[::-1]) == []

    def test_names_an_amount_that_changed(self):
        new = replace(LINES[0], amount=Decimal("999.00"))

        changes = compare(LINES, [new, *LINES[1:]])

        assert changes == [LineChange("changed", LINES[0], new)]

    def test_names_a_date_that_changed(self):
        new = replace(LINES[0], posted_on=LINES[0].posted_on.replace(day=26))

        assert [change.kind for change in compare(LINES, [new, *LINES[1:]])] == ["changed"]

    def test_names_lines_added_and_removed(self):
        other = replace(LINES[0], account="7210")

        changes = compare(LINES, [other, *LINES[1:]])

        assert [(change.kind, change.line.account) for change in changes] == [
            ("removed", "7010"),
            ("added", "7210"),
        ]

    def test_pairs_equal_lines_once(self):
        twice = [LINES[0], LINES[0]]

        assert [change.kind for change in compare(twice, [LINES[0]])] == ["removed"]

    def test_needs_a_line_in_a_change(self):
        with pytest.raises(ValueError, match="needs a line"):
            _ = LineChange("added", None, None).line


class TestContentDigest:
    def test_does_not_depend_on_order_or_place_in_the_file(self):
        moved = [replace(line, line_number=line.line_number + 9, merged=4) for line in LINES[::-1]]

        assert content_digest(moved) == content_digest(LINES) == read_csv(csv_text()).digest

    def test_does_not_depend_on_how_the_amount_is_written(self):
        plain = [replace(line, amount=line.amount.normalize()) for line in LINES]

        assert content_digest(plain) == content_digest(LINES)

    @pytest.mark.parametrize(
        "change",
        [
            {"amount": Decimal("1.00")},
            {"text": "x"},
            {"account": "1"},
            {"cost_centre": "x"},
            {"cost_unit": "x"},
            {"period": "2026-04"},
        ],
    )
    def test_changes_with_every_field(self, change):
        assert content_digest([replace(LINES[0], **change)]) != content_digest(LINES[:1])
