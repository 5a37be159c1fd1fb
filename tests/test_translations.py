"""Every visible text is there in every language, and the compiled files are those of the texts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).parents[1]
LANGUAGES = ("sv", "nb")
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def texts(language: str) -> polib.POFile:
    return polib.pofile(str(ROOT / "locale" / language / "LC_MESSAGES" / "django.po"))


@pytest.mark.parametrize("language", LANGUAGES)
class TestALanguage:
    def test_has_every_text(self, language: str) -> None:
        missing = [entry.msgid for entry in texts(language) if not entry.translated()]

        assert not missing

    def test_keeps_every_placeholder(self, language: str) -> None:
        for entry in texts(language):
            written = [entry.msgstr] if entry.msgstr else list(entry.msgstr_plural.values())
            wanted = set(PLACEHOLDERS.findall(entry.msgid + entry.msgid_plural))
            for text in written:
                assert set(PLACEHOLDERS.findall(text)) <= wanted, entry.msgid
            assert wanted <= {p for text in written for p in PLACEHOLDERS.findall(text)}, (
                entry.msgid
            )

    def test_is_compiled_as_it_is_written(self, language: str) -> None:
        po = texts(language)
        mo = polib.mofile(str(ROOT / "locale" / language / "LC_MESSAGES" / "django.mo"))

        assert {(e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in mo} == {
            (e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in po.translated_entries()
        }


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_no_text_of_the_code_is_missing_in_the_files(tmp_path: Path) -> None:
    for folder in (
        "organisations",
        "api",
        "accounts",
        "connectors",
        "integrationhub",
        "journals",
        "mappings",
        "payments",
        "sources",
        "templates",
    ):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "locale" / "sv").mkdir(parents=True)
    shutil.copy(ROOT / "manage.py", tmp_path)

    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "sv", "--no-location"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    made = polib.pofile(str(tmp_path / "locale" / "sv" / "LC_MESSAGES" / "django.po"))
    wanted = {entry.msgid for entry in made if not entry.obsolete}
    assert wanted - {entry.msgid for entry in texts("sv")} == set()
