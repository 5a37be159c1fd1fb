"""Every code that a source or target can give has words, and each fills all that it names."""

import re
from pathlib import Path
from string import Formatter

import pytest

import connectors
from payments.queries.finding_texts import FINDINGS, MARK_REASONS
from payments.queries.wording import finding_words, mark_words

CONNECTORS = Path(connectors.__file__).parent
_CODE = re.compile(r'FindingLevel\.\w+,\s*"(\w+)"|_tried\(\s*"(\w+)"')
_TROUBLE = re.compile(r'"(marker_\w+)"')
_BY_COLUMN = ("kid", "origin", "currency")


def codes() -> set[str]:
    found = set()
    for path in CONNECTORS.rglob("*.py"):
        for direct, tried in _CODE.findall(path.read_text(encoding="utf-8")):
            found.add(direct or tried)
    found |= {f"{name}_column" for name in _BY_COLUMN} | {f"{n}_missing" for n in _BY_COLUMN}
    return found | set(_TROUBLE.findall((CONNECTORS / "visma_markers.py").read_text("utf-8")))


class TestFindings:
    def test_are_found_in_the_connectors_at_all(self) -> None:
        assert {"company_found", "marker_not_writable", "turnover_flag_missing"} <= codes()

    @pytest.mark.parametrize("code", sorted(codes()))
    def test_have_words(self, code: str) -> None:
        assert code in FINDINGS

    @pytest.mark.parametrize("code", sorted(FINDINGS))
    def test_are_filled_with_what_they_name(self, code: str) -> None:
        names = [name for _text, name, _spec, _how in Formatter().parse(FINDINGS[code]) if name]

        text = finding_words({"code": code, "params": dict.fromkeys(names, "VALUE")})

        assert "{" not in text
        assert text.count("VALUE") == len(names)


class TestMarkReasons:
    @pytest.mark.parametrize("reason", sorted(MARK_REASONS))
    def test_are_sentences(self, reason: str) -> None:
        assert mark_words(reason).endswith(".")

    def test_leave_the_vendors_words_as_they_are(self) -> None:
        assert mark_words("The column is read only.") == "The column is read only."
