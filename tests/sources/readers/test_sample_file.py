"""The sample file of the demo company is one that the reader takes as it is."""

import pytest

from sources.readers.sample_file import sample_file


@pytest.mark.parametrize(
    ("period", "vouchers"), [("2026-03", 3), ("2026-01", 1), ("2026-02", 2), ("2026-12", 3)]
)
def test_holds_the_run_and_corrections_of_the_same_year(period: str, vouchers: int) -> None:
    text = sample_file(period).decode("cp437")

    assert text.count("#VER") == vouchers
    assert f"Lönekörning {period}" in text
    assert '#ORGNR "555555-5555"' in text
