"""The page that asks how a file is read, the page of what was chosen, and the same by command."""

import contextlib
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from journals.models import Journal
from organisations.models import Company, Membership
from sources.models import CompanyReading, ImportedFile
from sources.operations import storing
from sources.readers.problems import problem
from tests import factories
from tests.journals.importing.builders import company, csv, imported, read, sie

pytestmark = pytest.mark.django_db
State = ImportedFile.State

THOUSANDS = b"Account;Date;Amount\n7210;03-04-2026;1,200\n2710;03-04-2026;-1,200\n"
DDMMYYYY = (
    "Konto;Datum;Text;Belopp\n7210;20032026;Lön;100,00\n2710;20032026;Skatt;-100,00\n".encode()
)
ANSWERS = {"decimal_mark": ".", "date_format": "dmy", "sign_rule": "signed"}


@pytest.fixture
def member() -> Membership:
    """Return a person who may import."""
    return factories.member()


@pytest.fixture
def client(member: Membership) -> Client:
    """Return that person's browser."""
    browser = Client()
    browser.force_login(member.user)
    return browser


@pytest.fixture
def of(member: Membership) -> Company:
    """Return the company of the files."""
    made: Company = company(member.organisation, number="1")
    return made


def page_of(client: Client, file: ImportedFile) -> Any:
    """Open the page of a file."""
    return client.get(reverse("journals:imported_file", args=[file.pk]))


def press(client: Client, file: ImportedFile, **answers: str) -> Any:
    """Press the button of the columns page, with the answers given."""
    shown = page_of(client, file).context["columns"]
    filled = {bound.html_name: bound.value() or "" for bound in shown} | answers
    url = reverse("journals:decide_file", args=[file.pk])
    return client.post(url, {"action": "columns"} | filled, follow=True)


class TestTheAskingPage:
    def test_shows_an_example_with_each_of_its_meanings_and_chooses_none(self, client, of):
        file = imported(of.organisation, THOUSANDS, name="a.csv", company=of)

        text = page_of(client, file).content.decode()

        assert "Which amount is 1,200 (Amount, line 2)?" in text
        assert "1,200.00 (decimal point)" in text
        assert "1.20 (decimal comma)" in text
        assert "3 April 2026 (day, month, year)" in text
        assert "4 March 2026 (month, day, year)" in text
        assert "Is 1,200 on account 7210 (Amount, line 2) debit or credit?" in text
        assert 'type="radio"' in text
        assert "checked" not in text

    def test_is_shown_again_with_words_where_a_question_is_not_answered(self, client, of):
        file = imported(of.organisation, THOUSANDS, name="a.csv", company=of)

        response = press(client, file, decimal_mark=".")

        assert response.status_code == 400
        assert set(response.context["columns"].errors) == {"date_format", "sign_rule"}
        assert not Journal.objects.exists()

    @pytest.mark.parametrize("value", ["x", "ymd", "\x00", "9" * 300])
    def test_takes_no_answer_that_the_file_does_not_allow(self, client, of, value):
        file = imported(of.organisation, THOUSANDS, name="a.csv", company=of)

        response = press(client, file, **ANSWERS | {"date_format": value})

        assert response.status_code == 400

    def test_books_what_was_chosen(self, client, of):
        file = imported(of.organisation, THOUSANDS, name="a.csv", company=of, run="1")

        press(client, file, **ANSWERS)
        read(file)

        lines = list(storing.lines_of(Journal.objects.get().content))
        assert {(line.period, str(line.amount)) for line in lines} == {
            ("2026-04", "1200.00"),
            ("2026-04", "-1200.00"),
        }

    def test_says_by_which_value_a_rule_is_settled(self, client, of):
        file = imported(of.organisation, DDMMYYYY, name="a.csv", company=of)

        text = page_of(client, file).content.decode()

        assert "Certain: 20032026 in line 2 can only be read this way." in text
        assert "Certain: 100,00 in line 2 can only be read this way." in text
        assert "it is likely that positive amounts are debit" in text

    def test_asks_only_what_is_open_once_the_columns_are_known(self, client, of):
        first = imported(of.organisation, DDMMYYYY, name="a.csv", company=of, run="1")
        press(client, first, sign_rule="signed")
        read(first)
        CompanyReading.objects.update(chosen=["sign_rule"])
        other = DDMMYYYY.replace(b"20032026", b"03042026")

        file = imported(of.organisation, other, name="b.csv", company=of, run="2")

        form = page_of(client, file).context["columns"]
        assert form.asked == ["date_format"]

    def test_stands_a_missing_column_beside_its_select(self, client, of):
        broken = csv(headings="company;run;period;date;x;debit;credit;text")
        file = imported(of.organisation, broken, name="a.csv", company=of)

        form = page_of(client, file).context["columns"]

        noted = form["column_account"].field.noted
        assert noted == [
            "The column for account is missing. Headings found: "
            "company, run, period, date, x, debit, credit, text."
        ]
        html = page_of(client, file).content.decode()
        assert html.index('id="id_column_account_problem"') < html.index('id="id_column_account"')
        assert html.count("The column for account is missing.") == 1  # and not in a list below

    def test_stands_what_is_wrong_with_a_column_s_rows_at_its_select(self, client, of):
        rows = [("7010", "1000,00", ""), ("2821", "", "1000,00")]
        file = imported(of.organisation, csv(rows), name="a.csv", company=of)
        wrong = problem("amount_unreadable", line=4, column="debit", value="x")
        ImportedFile.objects.filter(pk=file.pk).update(problems=[wrong.to_json()])

        page = page_of(client, file)

        assert page.context["columns"]["column_debit"].field.noted == [
            "Line 4: x in debit is not an amount."
        ]
        assert page.context["page"].problems == []

    def test_suggests_a_name_that_no_other_source_has(self, client, of):
        first = imported(of.organisation, csv(), name="pay.csv", company=of)
        press(client, first)
        read(first)
        other = csv(headings="company;run;period;date;konto;debet;kredit;text")

        file = imported(of.organisation, other, name="pay.csv", company=of)

        assert page_of(client, file).context["columns"]["name"].value() == "pay 2"


class TestThePageOfWhatIsChosen:
    def address(self, of: Company) -> str:
        return reverse("journals:reading", args=[of.pk])

    def test_changes_the_dimensions_of_sie_and_says_who_chose(self, client, member, of):
        response = client.post(
            self.address(of),
            {"action": "dimensions", "cost_centre": "1", "cost_unit": "6"},
            follow=True,
        )

        kept = CompanyReading.objects.get()
        assert (kept.settings["cost_unit_dimension"], kept.confirmed_by) == ("6", member.user)
        assert str(member.user) in response.content.decode()

    def test_is_where_the_problem_of_a_project_leads(self, client, of):
        content = sie().replace(b"7010 {}", b'7010 {6 "P7"}')
        file = imported(of.organisation, content)

        text = page_of(client, file).content.decode()

        assert f'href="{self.address(of)}"' in text
        assert client.get(self.address(of)).status_code == 200

    @pytest.mark.parametrize("number", ["7", "x", "-1", "1" * 50, "\x00", "0", "²"])
    def test_refuses_what_is_no_dimension_with_words(self, client, of, number):
        response = client.post(self.address(of), {"action": "dimensions", "cost_unit": number})

        assert response.status_code == 400
        assert not CompanyReading.objects.exists()

    def test_lists_what_was_answered_and_forgets_it(self, client, of):
        file = imported(of.organisation, THOUSANDS, name="a.csv", company=of, run="1")
        press(client, file, **ANSWERS)
        read(file)
        shown = client.get(self.address(of)).content.decode()

        client.post(
            self.address(of), {"action": "forget", "reading": CompanyReading.objects.get().pk}
        )

        assert "Decimal mark: decimal point" in shown
        assert "Dates: day, month, year" in shown
        assert not CompanyReading.objects.exists()

    @pytest.mark.parametrize("reading", ["", "x", "0", "9" * 30, "²"])
    def test_forgets_nothing_that_is_not_there(self, client, of, reading):
        response = client.post(self.address(of), {"action": "forget", "reading": reading})

        assert response.status_code == 404

    def test_is_not_there_for_a_stranger(self, of):
        stranger = Client()
        stranger.force_login(factories.member().user)

        assert stranger.get(self.address(of)).status_code == 404
        assert stranger.post(self.address(of), {"cost_unit": "6"}).status_code == 404

    def test_is_not_changed_by_who_may_only_read(self, member, of):
        reader = Client()
        reader.force_login(factories.member(member.organisation, {"journals": "read"}).user)

        assert reader.get(self.address(of)).status_code == 200
        assert reader.post(self.address(of), {"cost_unit": "6"}).status_code == 403

    def test_asks_no_more_of_the_database_with_more_sources(
        self, client, of, django_assert_max_num_queries
    ):
        def choose(name: str) -> None:
            source = of.organisation.sources.create(name=name, file_format="csv")
            CompanyReading.objects.create(
                organisation=of.organisation, company=of, source=source, file_format="csv"
            )

        choose("a")
        with django_assert_max_num_queries(50) as few:
            client.get(self.address(of))
        for number in range(10):
            choose(str(number))
        with django_assert_max_num_queries(len(few)):
            client.get(self.address(of))


class TestByCommand:
    @pytest.fixture
    def run(self, of, tmp_path, capsys):
        """Return what imports a table by command and returns its answer."""

        def do(content: bytes, *options: str, name: str = "a.csv") -> dict[str, Any]:
            path = tmp_path / name
            path.write_bytes(content)
            capsys.readouterr()
            with contextlib.suppress(SystemExit):
                call_command(
                    "import_journal", str(path), "--company", "1", "--run", "1", "--json", *options
                )
            answer: dict[str, Any] = json.loads(capsys.readouterr().out)
            return answer

        return do

    def test_accepts_only_what_is_certain_and_lists_the_rest(self, run):
        answer = run(THOUSANDS, "--accept-columns")

        assert not Journal.objects.exists()
        assert [(one["rule"], one["option"], one["value"]) for one in answer["open"]] == [
            ("decimal_mark", "--decimal-mark", "1,200"),
            ("date_format", "--date-order", "03-04-2026"),
            ("sign_rule", "--sign-rule", "1,200"),
        ]
        assert answer["open"][0]["meanings"] == {"comma": "1.20", "point": "1200.00"}
        assert answer["open"][1]["choices"] == ["day-first", "month-first"]
        assert answer["confidence"]["account"] == "certain"

    def test_takes_the_options_and_remembers_them(self, run):
        options = ("--decimal-mark", "point", "--date-order", "day-first")

        answer = run(THOUSANDS, "--accept-columns", "--sign-rule", "debit-positive", *options)

        assert answer["state"] == "imported"
        assert answer["totals"][0]["debit"] == "1200.00"
        kept = CompanyReading.objects.get()
        assert set(kept.chosen) == {"decimal_mark", "date_format", "sign_rule"}

    def test_changes_what_was_chosen_when_asked_to(self, run):
        options = ("--date-order", "day-first", "--sign-rule", "debit-positive")
        run(THOUSANDS, "--accept-columns", "--decimal-mark", "comma", *options)

        answer = run(THOUSANDS, "--decimal-mark", "point", "--take")

        assert (answer["state"], answer["totals"][0]["debit"]) == ("imported", "1200.00")
        assert CompanyReading.objects.get().settings["decimal_mark"] == "."

    def test_refuses_an_option_that_the_file_contradicts(self, run):
        answer = run(
            DDMMYYYY,
            "--accept-columns",
            "--sign-rule",
            "debit-positive",
            "--date-order",
            "month-first",
        )

        assert "date_contradicts" in {one["code"] for one in answer["problems"]}
        assert not Journal.objects.exists()

    def test_reads_eight_figures_that_the_file_settles(self, run):
        answer = run(DDMMYYYY, "--accept-columns", "--sign-rule", "debit-positive")

        assert answer["totals"][0]["period"] == "2026-03"
        (line, *_) = storing.lines_of(Journal.objects.get().content)
        assert line.posted_on.isoformat() == "2026-03-20"
        assert {found["value"] for found in answer["findings"]} >= {"20032026"}

    def test_maps_a_column_that_no_heading_names(self, run):
        content = DDMMYYYY.replace(b"Konto", b"Nummer")

        answer = run(
            content,
            "--accept-columns",
            "--column",
            "account=Nummer",
            "--sign-rule",
            "debit-positive",
        )

        assert answer["state"] == "imported"

    @pytest.mark.parametrize("pair", ["account", "nothing=Konto", "account="])
    def test_names_a_column_that_is_given_wrongly(self, run, pair):
        with pytest.raises(CommandError, match="FIELD=HEADING"):
            run(DDMMYYYY, "--column", pair)

    def test_prints_how_sure_it_is(self, of, tmp_path, capsys):
        path = tmp_path / "a.csv"
        path.write_bytes(DDMMYYYY)

        with pytest.raises(SystemExit):
            call_command("import_journal", str(path), "--company", "1", "--accept-columns")

        said = capsys.readouterr().out
        assert "date format: day-first (certain: 20032026 in line 2)" in said
        assert "account: Konto (certain)" in said
        assert "? sign rule: likely. 100,00 (Belopp, line 2). Give --sign-rule" in said

    def test_chooses_dimension_6_of_sie(self, run):
        content = sie().replace(b"7010 {}", b'7010 {6 "P7"}')

        run(content, "--cost-unit-dimension", "6", name="a.si")

        lines = storing.lines_of(Journal.objects.get().content)
        assert "P7" in {line.cost_unit for line in lines}

    def test_asks_whose_dimensions_they_are(self, of, tmp_path):
        path = tmp_path / "a.si"
        path.write_bytes(sie())

        with pytest.raises(CommandError, match="--company"):
            call_command("import_journal", str(path), "--cost-unit-dimension", "6")

    def test_shows_an_example_of_each_option(self, capsys):
        with pytest.raises(SystemExit):
            call_command("import_journal", "--help")

        said = capsys.readouterr().out
        for option in ("--decimal-mark", "--date-order", "--sign-rule", "--cost-unit-dimension"):
            assert f"'{option} " in said.replace("\n", " ")
