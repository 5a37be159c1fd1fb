"""Import a payroll journal without a browser."""

import json
import time
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from journals.management.commands import _reading_rules
from journals.models import journal_of
from journals.operations import importing, runs
from organisations.models import Company, Organisation
from sources.models import ImportedFile, Source
from sources.operations import deciding, files, reading, readings, receiving, storing
from sources.readers.problems import Problem
from sources.readers.settings import SIE, SourceSettings

State = ImportedFile.State
_GOOD = (State.IMPORTED, State.UNCHANGED)
_CHUNK = 1_000_000
_LOOK_AGAIN_SECONDS = 0.3
_REMEDIES = {
    State.NEEDS_COLUMNS: "Name a source (--source), or accept the detected columns "
    "(--accept-columns), and give the options for what is not certain.",
    State.NEEDS_COMPANY: "Name the company (--company).",
    State.NEEDS_RUN: "Give the number of the payroll run (--run).",
    State.NEEDS_CONFIRMATION: "Read the warnings, then confirm (--confirm).",
    State.CHANGED: "A run of this name was imported before with other content. Is it another run "
    "of the same pay day, give --as-new-run; is it the same run corrected, give --take; or "
    "compare and decide in the browser.",
}


class Command(BaseCommand):
    """Read one file and store its journal."""

    help = (
        "Import a payroll journal (SIE 4, CSV or XLSX).\n\n"
        "Example:\n"
        "  manage.py import_journal payroll-2026-03.si --organisation 'Demo Office' --json\n"
        "  manage.py import_journal payroll.csv --company 12 --accept-columns "
        "--decimal-mark comma \\\n"
        "      --date-order day-first --sign-rule debit-positive\n\n"
        "All problems are printed at once. The exit code is 0 only if the journal was imported "
        "or is unchanged."
    )

    def create_parser(self, prog_name: str, subcommand: str, **more: Any) -> CommandParser:
        """Return the parser, with the example kept as it is written."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **more
        )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be given."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--organisation", help="its name; needed if there are several")
        parser.add_argument("--company", help="number or organisation number of the company")
        parser.add_argument("--run", default="", help="number of the payroll run")
        columns = parser.add_mutually_exclusive_group()
        columns.add_argument("--source", help="name of the source whose column map is used")
        columns.add_argument(
            "--accept-columns",
            action="store_true",
            help="use the detected columns and remember them, if all that was detected is certain; "
            "what is not is listed with the option that says it",
        )
        parser.add_argument(
            "--confirm", action="store_true", help="import it although a warning asks twice"
        )
        again = parser.add_mutually_exclusive_group()
        again.add_argument(
            "--as-new-run",
            nargs="?",
            const="",
            metavar="RUN",
            help="where a run of this name is here with other content: import it as another run, "
            "under this name or the first free one",
        )
        again.add_argument(
            "--take",
            action="store_true",
            help="where a run of this name is here with other content: it is the same run, "
            "corrected; refused while the old content is, or may be, in the ledger",
        )
        parser.add_argument("--json", action="store_true")
        _reading_rules.add_arguments(parser)

    def handle(self, *args: Any, **given: Any) -> None:
        """Import the file, and say what came of it."""
        organisation = _organisation(given["organisation"])
        try:
            file = self._import(organisation, given)
        except OSError as failure:
            raise CommandError(f"{given['file']} cannot be read: {failure.strerror}.") from failure
        except files.ImportRefused as refused:
            raise CommandError(str(refused)) from refused
        (self._print_json if given["json"] else self._print)(file)
        if file.state not in _GOOD:
            raise SystemExit(1)

    def _import(self, organisation: Organisation, given: dict[str, Any]) -> ImportedFile:
        source = _source(organisation, given["source"])
        company = _company(organisation, given["company"])
        rules = _reading_rules.rules_of(given)
        _choose_dimensions(company, given)
        with given["file"].open("rb") as stream:
            file = receiving.receive(
                organisation=organisation,
                name=given["file"].name,
                chunks=_chunks(stream),
                by=None,
                company=company,
                run=given["run"],
                source=source,
                rules=rules,
                now=timezone.now(),
            )
        _read(file)
        self._note_detected(file)
        wanted = given["accept_columns"] or given["source"] or rules
        ready = not files.errors_of(file) and not self.open
        if file.state == State.NEEDS_COLUMNS and wanted and ready:
            settings = SourceSettings.from_json(file.head["suggestion"]["settings"])
            name = readings.free_name(organisation, given["file"].stem)
            deciding.confirm_columns(
                file=file,
                settings=settings,
                name=file.source.name if file.source else name,
                by=None,
                now=timezone.now(),
            )
            _read(file)
            self._note_detected(file)
        if file.state == State.NEEDS_CONFIRMATION and given["confirm"]:
            deciding.confirm(file=file, by=None, now=timezone.now())
            file.refresh_from_db()
        if file.state == State.CHANGED:
            self._decide(file, given)
        if file.state not in (*_GOOD, State.REFUSED, State.CHANGED):
            # Nobody stands before a page: what waits here would keep people's data for nothing.
            deciding.throw_away(file=file, by=None, now=timezone.now())
        return file

    def _note_detected(self, file: ImportedFile) -> None:
        """Keep what was detected, to be printed at the end."""
        self.detected: dict[str, Any] = file.head.get("suggestion") or {
            "settings": file.head.get("read_by", {}),
            "findings": file.head.get("findings", []),
        }
        self.open = _reading_rules.open_rules(self.detected)

    def _decide(self, file: ImportedFile, given: dict[str, Any]) -> None:
        now = timezone.now()
        if given["as_new_run"] is not None:
            free = runs.suggested_run(file, length=files.RUN_LENGTH)
            run = given["as_new_run"] or free
            importing.import_as_another_run(file=file, run=run, by=None, now=now)
        elif given["take"]:
            importing.decide(file=file, take=True, by=None, now=now)
        file.refresh_from_db()

    def _print(self, file: ImportedFile) -> None:
        self.stdout.write(f"{file.name}: {State(file.state).label}")
        if (journal := journal_of(file)) is not None:
            self.stdout.write(f"{journal.reference} · {journal.company}")
        for total in storing.totals_from_json(file.head.get("totals", [])):
            self.stdout.write(
                f"  {total.period}  {total.lines:>6} lines  {total.debit:>16} debit  "
                f"{total.credit:>16} credit"
            )
        for line in _reading_rules.detected_lines(self.detected):
            self.stdout.write(line)
        for found in files.problems_of(file):
            self.stdout.write(_problem_line(found))
        for rule in self.open:
            self.stdout.write(_reading_rules.open_line(rule))
        if remedy := _REMEDIES.get(State(file.state)):
            self.stdout.write(remedy)

    def _print_json(self, file: ImportedFile) -> None:
        journal = journal_of(file)
        answer = {
            "file": file.name,
            "state": file.state,
            "journal": journal.pk if journal else None,
            "reference": journal.reference if journal else "",
            "company": journal.company.number if journal else "",
            "lines": journal.line_count if journal else 0,
            "totals": file.head.get("totals", []),
            "problem_count": file.problem_count,
            "problems": [
                {
                    "code": found.code,
                    "severity": found.severity,
                    "line": found.line,
                    "column": found.column,
                    "value": found.value,
                    "expected": found.expected,
                    "message": found.text,
                    "remedy": found.remedy,
                }
                for found in files.problems_of(file)
            ],
            "settings": self.detected.get("settings", {}),
            "confidence": self.detected.get("confidence", {}),
            "findings": self.detected.get("findings", []),
            "open": self.open,
            "remedy": _REMEDIES.get(State(file.state), ""),
        }
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))


def _read(file: ImportedFile) -> None:
    """Read the file here, or wait for the worker that was faster."""
    reading.read_file(file_id=file.pk, clock=timezone.now)
    file.refresh_from_db()
    while file.state in (State.WAITING, State.READING):
        time.sleep(_LOOK_AGAIN_SECONDS)
        reading.read_file(file_id=file.pk, clock=timezone.now)
        file.refresh_from_db()


def _problem_line(found: Problem) -> str:
    place = f"line {found.line}" if found.line is not None else "file"
    parts = [place, found.column, f"value {found.value!r}" if found.value else ""]
    where = ", ".join(part for part in parts if part)
    expected = f" Expected: {found.expected}." if found.expected else ""
    return f"{found.severity}: {where}: {found.text}{expected} {found.remedy}"


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _organisation(name: str | None) -> Organisation:
    found = list(Organisation.objects.filter(name=name) if name else Organisation.objects.all()[:2])
    if len(found) == 1:
        return found[0]
    if name:
        raise CommandError(f"There is no organisation {name}.")
    raise CommandError(
        "There are several organisations; name one with --organisation."
        if found
        else "There is no organisation yet; make one with create_organisation."
    )


def _company(organisation: Organisation, number: str | None) -> Company | None:
    if not number:
        return None
    mine = Company.objects.of(organisation)
    found: Company | None = (
        mine.filter(number=number).first() or mine.with_organisation_number(number).first()
    )
    if found is None:
        raise CommandError(f"There is no company with the number {number}.")
    return found


def _source(organisation: Organisation, name: str | None) -> Source | None:
    if not name:
        return None
    found: Source | None = Source.objects.filter(organisation=organisation, name=name).first()
    if found is None:
        raise CommandError(f"There is no source {name}.")
    return found


def _choose_dimensions(company: Company | None, given: dict[str, Any]) -> None:
    """Remember which dimensions of SIE are booked, where the options say so."""
    cost_centre, cost_unit = given["cost_centre_dimension"], given["cost_unit_dimension"]
    if cost_centre is None and cost_unit is None:
        return
    if company is None:
        raise CommandError("Name the company (--company) whose dimensions these are.")
    before = readings.settings_without_source(SIE, company)
    try:
        readings.choose_dimensions(
            company=company,
            cost_centre=_number(cost_centre, before.cost_centre_dimension),
            cost_unit=_number(cost_unit, before.cost_unit_dimension),
            by=None,
            now=timezone.now(),
        )
    except readings.ChoiceRefused as refused:
        raise CommandError(str(refused)) from refused


def _number(given: str | None, before: str) -> str:
    if given is None:
        return before
    return "" if given == "none" else given
