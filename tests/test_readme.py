"""The README says what is so."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REASONS = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")


class TestTheReadme:
    def test_is_read_in_five_minutes(self) -> None:
        assert len(README.split()) <= 1000

    def test_gives_every_direct_dependency_its_reason(self) -> None:
        wanted = {
            re.split(r"[\[=]", line)[0].strip()
            for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.startswith("#")
        }
        named = {
            name.strip()
            for row in re.findall(r"^\| ([^|]+) \|", REASONS, re.MULTILINE)
            for name in row.split(",")
        }

        assert wanted <= named, f"no reason on that page: {sorted(wanted - named)}"

    def test_shows_no_picture_that_is_not_there(self) -> None:
        for picture in re.findall(r"\((docs/[^)]+\.png)\)", README):
            assert (ROOT / picture).is_file(), picture
