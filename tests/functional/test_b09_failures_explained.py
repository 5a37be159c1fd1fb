"""B9: the catalogue of failures in the documentation is made from the code, and is complete."""

from pathlib import Path

import pytest

from connectors.registry import all_errors
from journals.management.commands.list_failures import catalogue, markdown
from ui.failures import failure_row

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "failures.md"


class TestCatalogue:
    def test_in_the_documentation_is_in_step_with_the_code(self):
        written = DOCUMENT.read_text(encoding="utf-8").rstrip("\n")

        assert written == markdown(catalogue()), (
            "Run: python manage.py list_failures --markdown > docs/reference/failures.md"
        )

    def test_holds_the_hubs_own_refusals_and_the_vendors(self):
        codes = {row["code"] for row in catalogue()}

        assert {"TestCompany", "DebtorBlocked", "vismanet.PeriodClosed"} <= codes
        assert {"account_missing", "period_closed"} <= codes

    def test_says_of_each_what_happened_what_was_not_booked_and_what_to_do(self):
        for row in catalogue():
            missing = [name for name, text in row.items() if not text.strip()]
            assert not missing, f"{row['code']} says nothing under {missing}"

    def test_holds_no_code_twice(self):
        codes = [(row["group"], row["code"]) for row in catalogue()]

        assert len(codes) == len(set(codes))


class TestFailure:
    @pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.code())
    def test_can_be_shown_although_no_parameter_was_stored(self, kind):
        row = failure_row(code=kind.code(), params={})

        assert row is not None
        assert row.summary
        assert row.remedy
        assert row.not_booked
        assert row.who_text
        assert "{" not in row.summary + row.remedy + row.not_booked
