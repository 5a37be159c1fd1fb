"""docs/reference/file-formats.md: its examples are read, and it names every problem of a file."""

import io
import re
from decimal import Decimal
from pathlib import Path

import pytest

from sources.readers.catalogue import PROBLEMS
from sources.readers.reading import read
from sources.readers.suggesting import suggest_settings

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "file-formats.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL))
ENDINGS = {"sie": "si", "gbat10": "txt", "csv": "csv"}


@pytest.mark.parametrize("kind", ENDINGS)
class TestAnExample:
    def test_is_read_as_the_page_says(self, kind: str) -> None:
        stream = io.BytesIO(EXAMPLES[kind].encode())
        settings = suggest_settings(stream, name=f"run.{ENDINGS[kind]}").settings

        reading = read(stream, settings=settings)

        assert (reading.head.format, reading.errors) == (kind, ())
        (total,) = reading.totals
        assert (total.period, total.lines, total.debit) == ("2026-03", 3, Decimal("82000.00"))
        assert total.credit == total.debit


class TestThePage:
    def test_names_every_problem_of_a_file(self) -> None:
        assert [code for code in PROBLEMS if f"`{code}`" not in PAGE] == []

    def test_names_no_other(self) -> None:
        named = set(re.findall(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`", PAGE))

        assert named <= set(PROBLEMS)
