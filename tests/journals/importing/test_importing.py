"""A file comes in and becomes a journal, or says why not."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DataError, OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import trail
from audit.models import AuditEntry
from journals.models import Batch, Journal, journal_of
from journals.operations import importing
from journals.rules.states import BatchState
from organisations.models import Organisation
from sources.models import Content, FilePiece, ImportedFile, JournalLine
from sources.operations import deciding, files, reading, receiving, storing
from sources.readers.settings import SourceSettings
from tests import factories
from tests.journals.importing.builders import (
    NOW,
    SAMPLES,
    TickingClock,
    accept_columns,
    codes,
    company,
    csv,
    imported,
    needs_samples,
    read,
    receive,
    sie,
)

pytestmark = pytest.mark.django_db
State = ImportedFile.State

OTHER = (("7010", "1100.00"), ("2821", "-1100.00"))


@pytest.fixture
def organisation() -> Organisation:
    """Return an office."""
    return factories.organisation()


class TestAFile:
    def test_becomes_a_journal_with_a_batch_per_period(self, organisation):
        of = company(organisation)

        file = imported(organisation, sie())

        assert file.state == State.IMPORTED
        journal = Journal.objects.get()
        assert (journal.company, journal.reference) == (of, "PAYROLL 2026-03/3")
        assert (journal.total, journal.currency) == (Decimal("1000.00"), "SEK")
        batch = Batch.objects.get()
        assert (batch.period, batch.total, batch.line_count) == ("2026-03", Decimal(1000), 2)
        assert (batch.state, len(batch.key)) == (BatchState.DRAFT, 10)
        assert journal.events.get().code == "imported"

    def test_keeps_no_byte_once_it_is_read(self, organisation):
        company(organisation)

        file = receive(organisation, sie())
        before = FilePiece.objects.count()
        read(file)

        assert (before, FilePiece.objects.count()) == (1, 0)

    def test_keeps_no_byte_when_it_is_refused(self, organisation):
        company(organisation)

        file = imported(organisation, sie([("7010", "10.00"), ("2821", "-9.00")]))

        assert file.state == State.REFUSED
        assert codes(file) == ["period_unbalanced"]
        assert FilePiece.objects.count() == 0
        assert not Journal.objects.exists()

    def test_with_the_same_bytes_is_not_stored_again(self, organisation):
        company(organisation)
        imported(organisation, sie())

        again = receive(organisation, sie())

        assert again.state == State.UNCHANGED
        assert journal_of(again) == Journal.objects.get()
        assert FilePiece.objects.count() == 0

    def test_with_the_same_content_in_another_format_changes_nothing(self, organisation):
        company(organisation)
        table = csv().replace(b";Pay", b";Payroll run 3")
        accept_columns(imported(organisation, table, name="payroll.csv"))
        key = Batch.objects.get().key

        file = imported(organisation, sie())

        assert file.state == State.UNCHANGED
        assert Journal.objects.count() == Content.objects.count() == 1
        assert Batch.objects.get().key == key

    def test_too_large_is_refused_with_the_limit(self, organisation, settings):
        settings.HUB_MAX_UPLOAD_MB = 1

        with pytest.raises(files.ImportRefused, match="1 MB"):
            receive(organisation, b"x" * 1_000_001)

        assert not ImportedFile.objects.exists()

    def test_is_cut_into_pieces(self, organisation, monkeypatch):
        monkeypatch.setattr(receiving, "PIECE_BYTES", 100)

        file = receive(organisation, sie())

        pieces = [bytes(piece.content) for piece in file.pieces.order_by("number")]
        assert b"".join(pieces) == sie()
        assert max(map(len, pieces)) == 100

    @given(content=st.binary(max_size=300))
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_of_any_bytes_is_refused_or_asked_about(self, organisation, content):
        file = imported(organisation, content)

        assert file.state in (State.REFUSED, State.NEEDS_COLUMNS)
        assert file.problems or file.state == State.NEEDS_COLUMNS


class TestCompany:
    def test_is_found_by_organisation_number_however_it_is_written(self, organisation):
        of = company(organisation)

        file = imported(organisation, sie(number="16555555-5555"))

        assert file.company == of

    def test_is_never_found_by_name(self, organisation):
        company(organisation, name="Office AB", organisation_number="1111111111")

        file = imported(organisation, sie(name="Office AB"))

        assert (file.state, file.company) == (State.NEEDS_COMPANY, None)
        assert codes(file) == ["company_unknown"]
        assert "5555555555" in files.errors_of(file)[0].text

    def test_of_another_organisation_is_not_found(self, organisation):
        company(factories.organisation())

        assert imported(organisation, sie()).state == State.NEEDS_COMPANY

    def test_is_chosen_when_the_file_names_none(self, organisation):
        of = company(organisation)
        file = imported(organisation, sie(number=""))

        deciding.choose_company(file=file, company=of, by=None, now=NOW)

        file.refresh_from_db()
        assert (file.state, journal_of(file).company) == (State.IMPORTED, of)

    def test_with_another_number_cannot_be_chosen(self, organisation):
        other = company(organisation, organisation_number="1111111111")
        file = imported(organisation, sie())

        with pytest.raises(files.ImportRefused, match="5555555555"):
            deciding.choose_company(file=file, company=other, by=None, now=NOW)

        assert not Journal.objects.exists()

    def test_that_the_file_is_not_for_refuses_it(self, organisation):
        other = company(organisation, organisation_number="1111111111")

        file = imported(organisation, sie(), company=other)

        assert (file.state, codes(file)) == (State.REFUSED, ["company_differs"])
        assert not JournalLine.objects.exists()


class TestRun:
    def test_is_asked_for_when_the_file_names_none(self, organisation):
        company(organisation)
        file = imported(organisation, sie(text="Salaries"))
        before = file.state

        deciding.give_run(file=file, run=" 7 ", by=None, now=NOW)

        assert before == State.NEEDS_RUN
        assert Journal.objects.get().reference == "PAYROLL 2026-03/7"

    @pytest.mark.parametrize("run", ["", "  ", "x" * 25])
    def test_must_fit_in_the_reference(self, organisation, run):
        company(organisation)
        file = imported(organisation, sie(text="Salaries"))

        with pytest.raises(files.ImportRefused, match="24"):
            deciding.give_run(file=file, run=run, by=None, now=NOW)


class TestConfirmation:
    def test_is_asked_for_when_another_program_has_read_the_file(self, organisation):
        company(organisation)

        file = imported(organisation, sie(flag=1))

        assert file.state == State.NEEDS_CONFIRMATION
        assert not Journal.objects.exists()

    def test_lets_the_file_in(self, organisation):
        company(organisation)
        file = imported(organisation, sie(flag=1))

        deciding.confirm(file=file, by=None, now=NOW)

        assert journal_of(file) == Journal.objects.get()

    def test_is_given_once(self, organisation):
        company(organisation)
        file = imported(organisation, sie(flag=1))
        deciding.confirm(file=file, by=None, now=NOW)

        with pytest.raises(files.ImportRefused, match="already been decided"):
            deciding.confirm(file=file, by=None, now=NOW)

        assert Journal.objects.count() == 1

    def test_can_be_denied(self, organisation):
        company(organisation)
        file = imported(organisation, sie(flag=1))

        deciding.discard(file=file, now=NOW)

        file.refresh_from_db()
        assert file.state == State.DISCARDED
        assert not Content.objects.exists()


class TestColumns:
    def test_are_asked_for_once_and_remembered(self, organisation):
        company(organisation)
        first = imported(organisation, csv(), name="a.csv")
        asked = first.state

        accept_columns(first)
        second = imported(organisation, csv(run="4"), name="b.csv")

        assert asked == State.NEEDS_COLUMNS
        assert first.state == second.state == State.IMPORTED
        assert second.source == first.source
        assert second.source.name == "Payroll"

    def test_of_other_headings_are_asked_for_again(self, organisation):
        company(organisation)
        accept_columns(imported(organisation, csv(), name="a.csv"))

        other = csv(headings="company;run;period;date;konto;debet;kredit;text")

        assert imported(organisation, other, name="b.csv").state == State.NEEDS_COLUMNS

    def test_that_are_missing_are_named(self, organisation):
        broken = csv(headings="company;run;period;date;x;debit;credit;text")

        file = imported(organisation, broken, name="a.csv")

        assert file.state == State.NEEDS_COLUMNS
        assert codes(file) == ["missing_column"]

    def test_of_another_organisation_are_not_used(self, organisation):
        elsewhere = factories.organisation()
        accept_columns(imported(elsewhere, csv(), name="a.csv"))

        assert imported(organisation, csv(), name="a.csv").state == State.NEEDS_COLUMNS

    def test_leave_no_sample_of_a_file_that_is_discarded(self, organisation):
        file = imported(organisation, csv(), name="a.csv")

        deciding.discard(file=file, now=NOW)

        file.refresh_from_db()
        assert "suggestion" not in file.head
        assert FilePiece.objects.count() == 0

    def test_are_shown_again_when_they_do_not_fit(self, organisation):
        file = imported(organisation, csv(), name="a.csv")
        stored = file.head["suggestion"]["settings"] | {"decimal_mark": "."}
        how = SourceSettings.from_json(stored)
        deciding.confirm_columns(file=file, settings=how, name="P", by=None, now=NOW)

        read(file)

        assert file.state == State.NEEDS_COLUMNS
        assert file.head["suggestion"]["settings"]["decimal_mark"] == "."
        assert set(codes(file)) == {"mark_contradicts", "amount_unreadable"}

    def test_are_not_saved_under_the_name_of_another_source(self, organisation):
        accept_columns(imported(organisation, csv(), name="a.csv"))
        other = csv(headings="company;run;period;date;konto;debet;kredit;text")
        file = imported(organisation, other, name="b.csv")

        with pytest.raises(files.ImportRefused, match="Payroll"):
            accept_columns(file)


class TestOtherContent:
    def test_of_the_same_run_is_shown_and_changes_nothing(self, organisation):
        company(organisation)
        imported(organisation, sie())

        file = imported(organisation, sie(OTHER))

        assert file.state == State.CHANGED
        journal = Journal.objects.get()
        assert journal.total == Decimal("1000.00")
        assert files.waiting_content(file) != journal.content

    def test_is_taken_when_nothing_was_sent(self, organisation):
        company(organisation)
        imported(organisation, sie())
        old = Journal.objects.get().content
        key = Batch.objects.get().key
        file = imported(organisation, sie(OTHER))

        importing.decide(file=file, take=True, by=None, now=NOW)

        file.refresh_from_db()
        journal, batch = Journal.objects.get(), Batch.objects.get()
        assert file.state == State.IMPORTED
        assert journal.total == batch.total == Decimal("1100.00")
        assert batch.key != key
        assert Content.objects.filter(pk=old.pk).exists()
        assert journal.events.order_by("pk").last().code == "content_replaced"

    def test_makes_a_queued_batch_a_draft_again(self, organisation):
        company(organisation)
        imported(organisation, sie())
        Batch.objects.update(state=BatchState.READY)
        file = imported(organisation, sie(OTHER))

        importing.decide(file=file, take=True, by=None, now=NOW)

        assert Batch.objects.get().state == BatchState.DRAFT

    @pytest.mark.parametrize(
        "state", [BatchState.UNKNOWN, BatchState.NEEDS_PERSON, BatchState.ACCEPTED]
    )
    def test_never_replaces_what_may_be_in_the_ledger(self, organisation, state):
        company(organisation)
        imported(organisation, sie())
        Batch.objects.update(state=state, vendor_number="100")
        file = imported(organisation, sie(OTHER))

        with pytest.raises(files.ImportRefused, match="2026-03"):
            importing.decide(file=file, take=True, by=None, now=NOW)

        assert Journal.objects.get().total == Decimal("1000.00")

    def test_is_forgotten_when_it_is_not_taken(self, organisation):
        company(organisation)
        imported(organisation, sie())
        file = imported(organisation, sie(OTHER))

        importing.decide(file=file, take=False, by=None, now=NOW)

        file.refresh_from_db()
        assert file.state == State.DISCARDED
        assert AuditEntry.objects.filter(action="journal.file_thrown_away").count() == 1
        assert Content.objects.get() == Journal.objects.get().content

    def test_reversed_by_the_first_file_is_other_content_again(self, organisation):
        company(organisation)
        imported(organisation, sie())
        importing.decide(file=imported(organisation, sie(OTHER)), take=True, by=None, now=NOW)

        assert imported(organisation, sie()).state == State.CHANGED


class TestReading:
    def test_is_done_by_one_worker(self, organisation):
        file = receive(organisation, sie())
        file.state, file.lease_until = State.READING, NOW + timedelta(minutes=1)
        file.claim_owner = "another"
        file.save()

        read(file)

        assert (file.state, file.claim_owner) == (State.READING, "another")

    def test_is_taken_over_when_its_lease_has_passed(self, organisation):
        company(organisation)
        file = receive(organisation, sie())
        file.state, file.lease_until = State.READING, NOW - timedelta(seconds=1)
        file.claim_owner = "gone"
        file.save()
        due = [pk for _organisation, pk in reading.due_files(now=NOW)]

        read(file)

        assert due == [file.pk]
        assert file.state == State.IMPORTED

    def test_is_not_due_while_somebody_reads(self, organisation):
        file = receive(organisation, sie())
        file.state, file.lease_until = State.READING, NOW + timedelta(seconds=1)
        file.save()

        assert list(reading.due_files(now=NOW)) == []

    def test_that_lost_its_claim_stores_nothing(self, organisation, monkeypatch):
        company(organisation)
        file = receive(organisation, sie())

        def read_slowly(stream, *, settings, limits, on_progress):
            ImportedFile.objects.update(claim_owner="another")
            return reader(stream, settings=settings, limits=limits)

        reader = reading.read
        monkeypatch.setattr(reading, "read", read_slowly)
        read(file)

        assert file.claim_owner == "another"
        assert not Content.objects.exists()

    def test_that_lost_its_claim_while_storing_makes_no_journal(self, organisation, monkeypatch):
        company(organisation)
        file = receive(organisation, sie())
        write = storing.store_content

        def write_slowly(**given):
            ImportedFile.objects.update(claim_owner="another")
            return write(**given)

        monkeypatch.setattr(storing, "store_content", write_slowly)
        read(file)

        assert file.state == State.READING
        assert not JournalLine.objects.exists()
        assert not Journal.objects.exists()

    def test_taken_over_leaves_one_content(self, organisation):
        company(organisation)
        file = receive(organisation, sie())
        Content.objects.create(
            organisation=organisation, file=file, digest="half", line_count=1, run_period="2026-03"
        )

        read(file)

        assert Content.objects.get() == Journal.objects.get().content

    def test_is_given_up_after_three_workers(self, organisation):
        file = receive(organisation, sie())
        file.head = {"tries": 3}
        file.save()

        read(file)

        assert (file.state, codes(file)) == (State.REFUSED, ["reading_failed"])
        assert FilePiece.objects.count() == 0

    def test_that_a_reader_fails_on_is_refused_at_once(self, organisation, monkeypatch, caplog):
        company(organisation)
        with trail.audit_context(address="", request_id="request-0123456789"):
            file = receive(organisation, sie())

        def fail(*args, **more):
            raise RecursionError("what no reader should say")

        monkeypatch.setattr(reading, "read", fail)
        read(file)

        assert (file.state, codes(file)) == (State.REFUSED, ["file_unreadable"])
        assert "request-0123456789" in files.problems_of(file)[0].text
        assert FilePiece.objects.count() == 0
        assert "what no reader should say" in caplog.text
        assert "request-0123456789" in caplog.text

    def test_that_cannot_be_stored_is_refused_at_once(self, organisation, monkeypatch):
        company(organisation)
        file = receive(organisation, sie())

        def fail(**more):
            raise DataError("the database cannot hold it")

        monkeypatch.setattr(storing, "store_content", fail)
        read(file)

        assert (file.state, codes(file)) == (State.REFUSED, ["file_unreadable"])

    def test_waits_while_the_database_is_away(self, organisation, monkeypatch):
        file = receive(organisation, sie())

        def fail(*args, **more):
            raise OperationalError("the database is away")

        monkeypatch.setattr(reading, "read", fail)
        with pytest.raises(OperationalError):
            read(file)

        file.refresh_from_db()
        assert file.state == State.READING

    def test_tells_how_far_it_is(self, organisation, monkeypatch):
        company(organisation)
        progress = []
        rows = [(f"{4000 + n % 500}", "1.00") for n in range(20_000)]
        file = receive(organisation, sie([*rows, ("2821", "-20000.00")]))
        reader = reading.read

        def read_and_note(stream, *, settings, limits, on_progress):
            def note(done, total):
                on_progress(done, total)
                progress.append(
                    ImportedFile.objects.values_list("rows_read", "rows_expected").get()
                )

            return reader(stream, settings=settings, limits=limits, on_progress=note)

        monkeypatch.setattr(reading, "read", read_and_note)
        read(file, TickingClock())

        assert len(progress) >= 10
        assert progress == sorted(progress)
        assert Journal.objects.get().line_count == 501

    def test_writes_at_most_two_thousand_lines_at_once(self, organisation, monkeypatch):
        company(organisation)
        rows = [(f"{10_000 + n}", "1.00") for n in range(5_000)]
        sizes = []
        write = JournalLine.objects.bulk_create

        def count(lines):
            some = list(lines)
            sizes.append(len(some))
            return write(some)

        monkeypatch.setattr(storing.JournalLine.objects, "bulk_create", count)
        imported(organisation, sie([*rows, ("2821", "-5000.00")]))

        assert sizes == [2_000, 2_000, 1_001]


@needs_samples
class TestSamples:
    NAMES = ("payroll-2026-03.si", "payroll-2026-03.csv", "payroll-2026-03.xlsx")

    @pytest.mark.parametrize("name", NAMES)
    def test_give_24_lines_in_three_periods(self, organisation, name):
        company(organisation)

        file = imported(organisation, (SAMPLES / name).read_bytes(), name=name)
        if file.state == State.NEEDS_COLUMNS:
            accept_columns(file)

        journal = Journal.objects.get()
        assert (journal.reference, journal.line_count) == ("PAYROLL 2026-03/3", 24)
        batches = Batch.objects.order_by("period").values_list("period", "total", "line_count")
        assert list(batches) == [
            ("2026-01", Decimal("4205.44"), 4),
            ("2026-02", Decimal("2080.31"), 7),
            ("2026-03", Decimal("257438.90"), 13),
        ]

    def test_say_unchanged_in_every_further_format(self, organisation):
        company(organisation)
        states = []

        for name in self.NAMES:
            file = imported(organisation, (SAMPLES / name).read_bytes(), name=name)
            if file.state == State.NEEDS_COLUMNS:
                accept_columns(file, name=name)
            states.append(file.state)

        assert states == [State.IMPORTED, State.UNCHANGED, State.UNCHANGED]
        assert Journal.objects.count() == Content.objects.count() == 1

    @pytest.mark.parametrize(
        ("name", "state", "expected"),
        [
            ("broken-unbalanced.si", State.REFUSED, {"period_unbalanced"}),
            ("broken-missing-column.csv", State.NEEDS_COLUMNS, {"missing_column"}),
            ("broken-garbage.si", State.REFUSED, {"not_text", "cut_off"}),
        ],
    )
    def test_that_are_broken_give_exactly_their_errors(self, organisation, name, state, expected):
        company(organisation)

        file = imported(organisation, (SAMPLES / name).read_bytes(), name=name)

        assert (file.state, set(codes(file))) == (state, expected)
        assert not Journal.objects.exists()
