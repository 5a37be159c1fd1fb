"""Invoice clients in and out as CSV, for offices with hundreds of them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext

from accounts.models import Connection
from connectors.bounds import as_it_was, is_day, no_text_in
from connectors.organisation_numbers import digits_of
from organisations.models import Organisation, User
from payments.models import InvoiceClient
from payments.operations import choices, clients
from ui import sheets

COLUMNS = (
    "number",
    "name",
    "organisation_number",
    "currency",
    "source_account",
    "voucher_types",
    "target_account",
    "clearing_account",
    "rounding_tolerance",
    "fetch_from",
    "marker",
    "fetches_every_hours",
)
_SEPARATORS = re.compile(r"[\s,]+")
MOST_ROWS = 5_000
_TOO_MANY = ""
"""Under which the reader puts cells that no column has: a name that no column can have here."""
_MOST_FIGURES = 10
_LONGEST = {
    "number": 20,
    "name": 120,
    "organisation_number": 40,
    "clearing_account": 20,
    "marker": 60,
}
_STORED_AS = {
    "source_account": "source",
    "target_account": "target",
    "fetch_from": "own_fetch_from",
    "marker": "own_marker",
}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not taken, with the reason."""

    line: int
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file: all of it, or nothing if a line is bad."""

    saved: int = 0
    bad: tuple[BadLine, ...] = ()


def as_csv(organisation: Organisation) -> bytes:
    """Return all clients."""
    sources = _by_name(clients.sources(organisation))
    targets = _by_name(clients.targets(organisation))
    rows = (
        [
            client.number,
            client.name,
            client.organisation_number,
            client.currency,
            _named(client.source, sources),
            ",".join(map(str, client.voucher_types)),
            _named(client.target, targets),
            client.clearing_account,
            str(client.rounding_tolerance),
            client.own_fetch_from or "",
            client.own_marker,
            str(client.fetches_every_hours),
        ]
        for client in clients.clients_of(organisation)
    )
    return sheets.as_csv(COLUMNS, rows)


def take(*, organisation: Organisation, content: bytes, by: User) -> Taken:
    """
    Make or change the clients of a file, found by their number.

    Nothing of a file with a bad line is taken, so that nobody has to guess what was.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Taken(bad=(BadLine(1, "", "", gettext("Save the file as UTF-8.")),))
    head = re.split(r"[\r\n]", text, maxsplit=1)[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=None), delimiter=";" if ";" in head else ",", restkey=_TOO_MANY
    )
    try:
        names = reader.fieldnames or ()
        bad = _bad_head(names)
        rows = [] if bad else _read(reader, organisation, bad)
    except csv.Error as exc:
        why = gettext("This line cannot be read as CSV.")
        return Taken(bad=(BadLine(reader.line_num + 1, "", str(exc), why),))
    if bad:
        return Taken(bad=tuple(bad))
    return _save(organisation, rows, by=by)


def _bad_head(names: Sequence[str]) -> list[BadLine]:
    """Return what is wrong with the first line, which names the columns."""
    words = gettext("The first line must name the columns; %(columns)s is missing.")
    missing = sorted({"number", "name"} - set(names))
    bad = [BadLine(1, "", "", words % {"columns": ", ".join(missing)})] if missing else []
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            bad.append(BadLine(1, name, "", gettext("There is no column of that name.")))
        elif names.count(name) > 1:
            bad.append(BadLine(1, name, "", gettext("The column appears twice.")))
    return bad


def _read(
    reader: "csv.DictReader[str]", organisation: Organisation, bad: list[BadLine]
) -> list[tuple[int, dict[str, object]]]:
    """Return the clients with their lines, and add what is wrong with them to `bad`."""
    rows: list[tuple[int, dict[str, object]]] = []
    sources = _by_name(clients.sources(organisation))
    targets = _by_name(clients.targets(organisation))
    seen: dict[object, int] = {}
    for row in reader:
        line = reader.line_num
        if len(rows) == MOST_ROWS:
            bad.append(BadLine(line, "", "", gettext("The file has too many lines.")))
            break
        too_many = row.pop(_TOO_MANY, None)
        if too_many:
            words = gettext("The line has more cells than there are columns.")
            bad.append(BadLine(line, "", "; ".join(too_many), words))
        cells = {k: as_it_was((v or "").strip()) for k, v in row.items()}
        values, problems = _values(cells, sources, targets)
        bad += [BadLine(line, field, cells.get(field, ""), why) for field, why in problems]
        number = values.get("number")
        if number in seen:
            words = gettext("Line %(line)s already has this number.") % {"line": seen[number]}
            bad.append(BadLine(line, "number", str(number), words))
        seen.setdefault(number, line)
        rows.append((line, values))
    return rows


def _by_name(accounts: Iterable[Connection]) -> dict[str, list[Connection]]:
    """Return the accounts by their names, which several may share, and by name and company."""
    found: dict[str, list[Connection]] = {}
    for account in accounts:
        for name in dict.fromkeys((account.name, _with_company(account))):
            found.setdefault(name, []).append(account)
    return found


def _with_company(account: Connection) -> str:
    return f"{account.name} · {account.tenant_id}" if account.tenant_id else account.name


def _named(account: Connection | None, among: dict[str, list[Connection]]) -> str:
    """Return the name by which `take` finds the account again."""
    if account is None:
        return ""
    return account.name if len(among[account.name]) == 1 else _with_company(account)


def _save(
    organisation: Organisation, rows: list[tuple[int, dict[str, object]]], *, by: User
) -> Taken:
    try:
        with transaction.atomic():
            for place, values in rows:
                there = InvoiceClient.objects.of(organisation).filter(number=values["number"])
                client = there.select_related("source", "target").first()
                try:
                    clients.save_client(
                        organisation=organisation, client=client, values=values, by=by
                    )
                except choices.ClientRefused as refused:
                    why = BadLine(place, refused.field, str(values["number"]), str(refused))
                    raise _Stop(why) from refused
    except _Stop as stop:
        return Taken(bad=(stop.line,))
    return Taken(saved=len(rows))


class _Stop(Exception):
    def __init__(self, line: BadLine) -> None:
        super().__init__(line.reason)
        self.line = line


def _values(
    cells: dict[str, str],
    sources: dict[str, list[Connection]],
    targets: dict[str, list[Connection]],
) -> tuple[dict[str, object], list[tuple[str, str]]]:
    values: dict[str, object] = {}
    problems: list[tuple[str, str]] = []
    for field, text in cells.items():
        wrong = _no_text(field, text)
        if not wrong:
            accounts = sources if field == "source_account" else targets
            values[_STORED_AS.get(field, field)], wrong = _value(field, text, accounts)
        if wrong:
            problems.append((field, wrong))
    return values, problems


def _no_text(field: str, text: str) -> str:
    if len(text) > _LONGEST.get(field, len(text)):
        return gettext("It must not be longer than %(most)s.") % {"most": _LONGEST[field]}
    if character := no_text_in(text):
        words = gettext("It contains the character %(character)s, which is not text.")
        return words % {"character": character}
    return ""


def _value(field: str, text: str, accounts: dict[str, list[Connection]]) -> tuple[object, str]:
    """Return what a cell says, and what is wrong with it, if something is."""
    value: object = text
    wrong = ""
    match field:
        case "number" | "name" if not text:
            wrong = gettext("It must not be empty.")
        case "organisation_number":
            value = digits_of(text)
            if text and not value:
                wrong = gettext("It contains no digits.")
        case "currency":
            value = text.upper()
            if len(text) != 3 or not (text.isascii() and text.isalpha()):
                wrong = gettext("Enter three letters, such as NOK.")
        case "source_account" | "target_account":
            named = accounts.get(text, [])
            value = named[0] if named else None
            if text and not named:
                wrong = gettext("There is no account with this name.")
            elif len(named) > 1:
                wrong = gettext("Several accounts have this name; write the company as well.")
        case "voucher_types":
            parts = [part for part in _SEPARATORS.split(text) if part]
            if all(part.isdecimal() and len(part) < _MOST_FIGURES for part in parts):
                value = sorted({int(part) for part in parts})
            else:
                wrong = gettext("Enter numbers separated by commas.")
        case "rounding_tolerance":
            try:
                value = choices.tolerance_from(text)
            except choices.ClientRefused as refused:
                wrong = str(refused)
        case "fetch_from":
            try:
                value = date.fromisoformat(text) if text else None
            except ValueError:
                wrong = gettext("Enter a date as 2026-01-31.")
            else:
                if isinstance(value, date) and not is_day(value):
                    wrong = gettext("Enter a date from 1990 to 2099.")
        case "fetches_every_hours":
            if text and (not text.isdecimal() or len(text) > 3 or int(text) > 720):
                wrong = gettext("Enter hours, at most 720; 0 turns it off.")
            else:
                value = int(text or 0)
    return value, wrong
