"""Two runs of one pay day, as a payroll program that names no run number writes them."""

import contextlib
import json
from decimal import Decimal

import pytest
from django.core.management import call_command

from audit.models import AuditEntry
from journals.models import Batch, Journal, journal_of
from journals.operations import importing, runs
from journals.rules.states import BatchState
from organisations.models import Company
from sources.models import Content, ImportedFile
from sources.operations import deciding, files
from tests import factories
from tests.journals.importing.builders import NOW, accept_columns, company, csv, imported, receive

pytestmark = pytest.mark.django_db
State = ImportedFile.State
ORDINARY = (("7210", "31900"), ("2710", "-11716"), ("1930", "-20184"))
EXTRA = (("7210", "5000"), ("2710", "-1500"), ("1930", "-3500"))


def visma(rows=ORDINARY, text: str = "Ordinarie lön", voucher: str = '"" ""') -> bytes:
    """Return a file as Visma Lön writes it: the pay day stands where others have a run number."""
    booked = "".join(f"#TRANS {account} {{}} {amount}\r\n" for account, amount in rows)
    return (
        '#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n#PROGRAM "Visma Lön 100" "2012.1"\r\n'
        "#GEN 20260325\r\n#ORGNR 555555-5555\r\n"
        f'#VER {voucher} 20260424 "Lönekörning: 2026-04-24 - {text}"\r\n{{\r\n{booked}}}\r\n'
    ).encode("cp437")


@pytest.fixture
def of() -> Company:
    """Return the company of the files."""
    return company(factories.organisation())


def decide_other(file: ImportedFile, run: str = "") -> Journal:
    """Import the file as another run."""
    run = run or runs.suggested_run(file, length=files.RUN_LENGTH)
    return importing.import_as_another_run(file=file, run=run, by=None, now=NOW)


class TestASecondRun:
    def test_waits_for_a_person_and_touches_nothing(self, of):
        imported(of.organisation, visma())

        file = imported(of.organisation, visma(EXTRA, "Extra lön"))

        assert file.state == State.CHANGED
        assert Journal.objects.get().total == Decimal("31900.00")

    def test_becomes_a_journal_of_its_own(self, of):
        imported(of.organisation, visma())

        decide_other(imported(of.organisation, visma(EXTRA, "Extra lön")))

        found = Journal.objects.order_by("pk").values_list("reference", "total")
        assert list(found) == [
            ("PAYROLL 2026-04/2026-04-24", Decimal("31900.00")),
            ("PAYROLL 2026-04/2026-04-24-2", Decimal("5000.00")),
        ]
        assert AuditEntry.objects.filter(action="journal.import").count() == 2

    def test_may_be_called_what_a_person_likes(self, of):
        imported(of.organisation, visma())

        journal = decide_other(imported(of.organisation, visma(EXTRA, "Extra lön")), "Extra april")

        assert (journal.run, journal.reference) == ("Extra april", "PAYROLL 2026-04/Extra april")

    def test_is_refused_a_name_that_is_taken(self, of):
        imported(of.organisation, visma())
        file = imported(of.organisation, visma(EXTRA, "Extra lön"))

        with pytest.raises(files.ImportRefused, match="already exists"):
            decide_other(file, "2026-04-24")

        assert Journal.objects.count() == 1

    def test_is_imported_beside_one_that_was_sent(self, of):
        imported(of.organisation, visma())
        Batch.objects.update(state=BatchState.UNKNOWN)

        decide_other(imported(of.organisation, visma(EXTRA, "Extra lön")))

        assert Journal.objects.count() == 2

    def test_that_comes_again_is_known_by_its_content(self, of):
        imported(of.organisation, visma())
        second = decide_other(imported(of.organisation, visma(EXTRA, "Extra lön")), "Extra")

        again = imported(of.organisation, visma(EXTRA, "Extra lön") + b"\r\n")

        assert (again.state, journal_of(again)) == (State.UNCHANGED, second)
        assert Content.objects.count() == 2

    def test_that_comes_corrected_is_held_against_itself(self, of):
        imported(of.organisation, visma())
        second = decide_other(imported(of.organisation, visma(EXTRA, "Extra lön")), "Extra")
        corrected = (("7210", "6000"), ("1930", "-6000"))

        again = imported(of.organisation, visma(corrected, "Extra lön"))

        assert (again.state, journal_of(again)) == (State.CHANGED, second)

    def test_can_be_held_against_another_run_of_the_day(self, of):
        first = journal_of(imported(of.organisation, visma()))
        decide_other(imported(of.organisation, visma(EXTRA, "Extra lön")), "Extra")
        again = imported(of.organisation, visma((("7210", "1"), ("1930", "-1")), "Extra lön"))

        importing.compare_with(file=again, journal=first, now=NOW)

        again.refresh_from_db()
        assert journal_of(again) == first

    def test_is_not_held_against_a_journal_of_another_month(self, of):
        imported(of.organisation, visma())
        file = imported(of.organisation, visma(EXTRA, "Extra lön"))
        other = journal_of(accept_columns(imported(of.organisation, csv(), name="a.csv")))

        with pytest.raises(files.ImportRefused):
            importing.compare_with(file=file, journal=other, now=NOW)

    def test_with_the_same_amounts_is_another_one_by_its_voucher_number(self, of):
        imported(of.organisation, visma(voucher="L 17"))

        file = imported(of.organisation, visma(voucher="L 18"))

        assert file.state == State.CHANGED

    def test_gives_way_to_nothing_when_pressed_twice(self, of):
        imported(of.organisation, visma())
        file = imported(of.organisation, visma(EXTRA, "Extra lön"))
        decide_other(file, "Extra")

        with pytest.raises(files.ImportRefused, match="already been decided"):
            decide_other(file, "Extra 2")

        assert Journal.objects.count() == 2


class TestAReversedRun:
    @pytest.fixture
    def reversed_one(self, of) -> Journal:
        """Return a journal of which all was reversed."""
        journal = journal_of(imported(of.organisation, visma()))
        Batch.objects.update(state=BatchState.REVERSED)
        Journal.objects.update(state=Journal.State.REVERSED)
        journal.refresh_from_db()
        return journal

    def test_is_followed_by_the_corrected_file(self, of, reversed_one):
        file = imported(of.organisation, visma(EXTRA))

        importing.decide(file=file, take=True, by=None, now=NOW)

        instead = Journal.objects.get(resend_of=reversed_one)
        assert (instead.reference, instead.total) == (
            "PAYROLL 2026-04/2026-04-24 (2)",
            Decimal("5000.00"),
        )
        assert Batch.objects.get(journal=instead).state == BatchState.DRAFT
        assert Batch.objects.get(journal=reversed_one).state == BatchState.REVERSED

    def test_is_not_followed_twice(self, of, reversed_one):
        importing.decide(file=imported(of.organisation, visma(EXTRA)), take=True, by=None, now=NOW)

        file = imported(of.organisation, visma((("7210", "1"), ("1930", "-1"))))
        importing.decide(file=file, take=True, by=None, now=NOW)

        assert Journal.objects.get(resend_of=reversed_one).total == Decimal("1.00")
        assert Journal.objects.count() == 2


class TestTheNameOfARun:
    LONG = "Extra lön för april 2026 nummer två"

    def test_of_the_file_that_is_too_long_is_said_with_limit_and_value(self, of):
        file = accept_columns(imported(of.organisation, csv(run=self.LONG), name="a.csv"))

        (found,) = [p for p in files.problems_of(file) if p.code == "run_too_long"]
        assert file.state == State.NEEDS_RUN
        assert found.value == self.LONG
        assert "24" in found.text
        assert str(len(self.LONG)) in found.text

    def test_that_is_given_takes_the_remark_away(self, of):
        file = accept_columns(imported(of.organisation, csv(run=self.LONG), name="a.csv"))

        deciding.give_run(file=file, run="Extra 2", by=None, now=NOW)

        file.refresh_from_db()
        assert (file.state, file.problems) == (State.IMPORTED, [])

    def test_that_is_given_too_long_is_refused_with_limit_and_value(self, of):
        with pytest.raises(files.ImportRefused, match=r"24 characters; Extra .* has 60"):
            receive(of.organisation, csv(run=""), run=f"Extra {'x' * 54}")


class TestByCommand:
    @pytest.fixture
    def bring(self, of, tmp_path, capsys):
        """Return what imports a file by command and gives what it answered."""

        def bring(content: bytes, *more: str) -> dict[str, object]:
            path = tmp_path / "lön.si"
            path.write_bytes(content)
            with contextlib.suppress(SystemExit):
                call_command("import_journal", str(path), "--json", *more)
            answer: dict[str, object] = json.loads(capsys.readouterr().out)
            return answer

        return bring

    def test_the_second_run_names_the_ways_out(self, bring):
        bring(visma())

        answer = bring(visma(EXTRA, "Extra lön"))

        assert answer["state"] == "changed"
        assert "--as-new-run" in answer["remedy"]

    def test_the_second_run_is_imported_as_a_new_one(self, bring):
        bring(visma())

        answer = bring(visma(EXTRA, "Extra lön"), "--as-new-run")

        assert answer["reference"] == "PAYROLL 2026-04/2026-04-24-2"

    def test_the_second_run_is_imported_under_a_name(self, bring):
        bring(visma())

        assert bring(visma(EXTRA, "x"), "--as-new-run", "Extra")["reference"].endswith("/Extra")

    def test_a_run_given_beforehand_is_a_journal_of_its_own(self, bring):
        bring(visma())

        assert bring(visma(EXTRA, "x"), "--run", "Extra")["state"] == "imported"

    def test_a_corrected_run_is_taken(self, bring):
        bring(visma())

        assert bring(visma(EXTRA), "--take")["lines"] == 3
        assert Journal.objects.get().total == Decimal("5000.00")
