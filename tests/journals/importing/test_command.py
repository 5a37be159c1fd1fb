"""`import_journal`: the same import without a browser."""

import json

import pytest
from django.core.management import CommandError, call_command

from journals.models import Journal
from organisations.models import Organisation
from sources.models import FilePiece
from tests import factories
from tests.journals.importing.builders import company, csv, sie

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    """Return the only office."""
    return factories.organisation()


@pytest.fixture
def write(tmp_path):
    """Return what puts a file on disk and names it."""

    def put(content: bytes, name: str = "payroll.si") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return put


class TestImportJournal:
    def test_imports_a_file(self, organisation, write, capsys):
        company(organisation)

        call_command("import_journal", write(sie()))

        assert "PAYROLL 2026-03/3" in capsys.readouterr().out
        assert Journal.objects.count() == 1

    def test_says_unchanged_the_second_time(self, organisation, write, capsys):
        company(organisation)
        call_command("import_journal", write(sie()))
        capsys.readouterr()

        call_command("import_journal", write(sie()), "--json")

        assert json.loads(capsys.readouterr().out)["state"] == "unchanged"

    def test_prints_every_problem_and_fails(self, organisation, write, capsys):
        company(organisation)
        rows = [("7010", "ten"), ("7x:", "1.00"), ("2821", "-9.00")]

        with pytest.raises(SystemExit) as stopped:
            call_command("import_journal", write(sie(rows)), "--json")

        found = json.loads(capsys.readouterr().out)["problems"]
        assert stopped.value.code == 1
        assert {"amount_unreadable", "account_unreadable"} <= {one["code"] for one in found}
        assert all(one["line"] and one["value"] and one["expected"] for one in found[:2])

    def test_accepts_detected_columns_when_asked_to(self, organisation, write):
        company(organisation)

        call_command("import_journal", write(csv(), "a.csv"), "--accept-columns")

        assert Journal.objects.count() == 1

    def test_keeps_nothing_of_a_file_that_would_wait(self, organisation, write, capsys):
        company(organisation)

        with pytest.raises(SystemExit):
            call_command("import_journal", write(csv(), "a.csv"))

        assert "--accept-columns" in capsys.readouterr().out
        assert FilePiece.objects.count() == 0

    def test_takes_the_run_that_is_given(self, organisation, write):
        company(organisation)

        call_command("import_journal", write(sie(text="Salaries")), run="9")

        assert Journal.objects.get().run == "9"

    def test_asks_which_organisation_when_there_are_several(self, organisation, write):
        factories.organisation()

        with pytest.raises(CommandError, match="--organisation"):
            call_command("import_journal", write(sie()))

    def test_names_a_file_that_is_not_there(self, organisation):
        with pytest.raises(CommandError, match=r"nowhere\.si"):
            call_command("import_journal", "nowhere.si")

    def test_shows_an_example(self, capsys):
        with pytest.raises(SystemExit):
            call_command("import_journal", "--help")

        assert "manage.py import_journal payroll" in capsys.readouterr().out
