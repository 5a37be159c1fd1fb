"""People stay out of what is stored; an encoding that a person chose counts for every format."""

import json

import pytest

from journals.models import journal_of
from sources.models import ImportedFile
from sources.operations import storing
from tests import factories
from tests.journals.importing.builders import company, imported
from tests.sources.readers.test_gbat10 import row

pytestmark = pytest.mark.django_db

NAME, NUMBER = "Anna Änglund", "811218-9876"
State = ImportedFile.State


@pytest.fixture
def office():
    office = factories.organisation()
    company(office)
    return office


def stored(file):
    """Return all that is kept of a file, as text."""
    return json.dumps([file.head, file.problems], ensure_ascii=False)


class TestPeople:
    @pytest.mark.parametrize("heading", ["Medarbetare", "Ansatt", "Työntekijä", "Henkilö", "Namn"])
    def test_are_blank_in_the_sample_rows_of_the_columns_page(self, office, heading):
        content = (
            f"Konto;Datum;Belopp;{heading};Ref\n"
            f"7010;2026-03-25;5,00;{NAME};{NUMBER}\n2821;2026-03-25;-5,00;{NAME};{NUMBER}\n"
        )

        file = imported(office, content.encode(), name="pay.csv")

        assert file.state == State.NEEDS_COLUMNS
        assert NAME not in stored(file)
        assert NUMBER not in stored(file)

    def test_are_not_taken_for_headings_where_the_file_has_none(self, office):
        content = f"7010;2026-03-25;5,00;{NAME}\n2821;2026-03-25;-5,00;{NAME}\n"

        file = imported(office, content.encode(), name="pay.csv")

        assert NAME not in stored(file)


class TestAChosenEncoding:
    def test_counts_for_gbat10(self, office):
        content = "\r\n".join([row("5000", "1.00", text="Lønn Røros"), row("2600", "-1.00")])

        file = imported(
            office, content.encode("cp865"), name="pay.txt", encoding="cp865", run="1",
            company=office.companies.first(),
        )  # fmt: skip

        assert file.state == State.IMPORTED
        texts = {line.text for line in storing.lines_of(journal_of(file).content)}
        assert texts == {"Lønn Røros", "Lønn"}

    @pytest.mark.parametrize("name", ["pay.si", "pay.csv", "pay.txt"])
    def test_that_does_not_fit_is_named_at_once(self, office, name):
        content = {
            "pay.si": '#FLAGGA 0\r\n#VER "" "" 20260325 "Lön"\r\n{\r\n}\r\n',
            "pay.csv": "Konto;Datum;Belopp;Text\r\n7010;2026-03-25;5,00;Lön\r\n",
            "pay.txt": row("5000", "1.00"),
        }[name].encode("cp1252")

        file = imported(office, content, name=name, encoding="utf-16")

        assert "encoding_wrong" in [found["code"] for found in file.problems]
