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
from organisations import domain
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
                except clients.ClientRefused as refused:
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
        if len(text) > _LONGEST.get(field, len(text)):
            words = gettext("It must not be longer than %(most)s.") % {"most": _LONGEST[field]}
            problems.append((field, words))
            continue
        if character := no_text_in(text):
            words = gettext("It contains the character %(character)s, which is not text.")
            problems.append((field, words % {"character": character}))
            continue
        match field:
            case "number" | "name":
                if not text:
                    problems.append((field, gettext("It must not be empty.")))
                values[field] = text
            case "organisation_number":
                values[field] = domain.digits_of(text)
                if text and not values[field]:
                    problems.append((field, gettext("It contains no digits.")))
            case "currency":
                if len(text) != 3 or not (text.isascii() and text.isalpha()):
                    problems.append((field, gettext("Enter three letters, such as NOK.")))
                values[field] = text.upper()
            case "source_account" | "target_account":
                named = (sources if field == "source_account" else targets).get(text, [])
                if text and not named:
                    problems.append((field, gettext("There is no account with this name.")))
                if len(named) > 1:
                    words = gettext("Several accounts have this name; write the company as well.")
                    problems.append((field, words))
                values[field.removesuffix("_account")] = named[0] if named else None
            case "voucher_types":
                parts = [part for part in _SEPARATORS.split(text) if part]
                if not all(part.isdecimal() and len(part) < _MOST_FIGURES for part in parts):
                    problems.append((field, gettext("Enter numbers separated by commas.")))
                    continue
                values[field] = sorted({int(part) for part in parts})
            case "clearing_account":
                values[field] = text
            case "rounding_tolerance":
                try:
                    values[field] = choices.tolerance_from(text)
                except clients.ClientRefused as wrong:
                    problems.append((field, str(wrong)))
            case "fetch_from":
                try:
                    found = date.fromisoformat(text) if text else None
                except ValueError:
                    problems.append((field, gettext("Enter a date as 2026-01-31.")))
                    continue
                if found is not None and not is_day(found):
                    problems.append((field, gettext("Enter a date from 1990 to 2099.")))
                values["own_fetch_from"] = found
            case "marker":
                values["own_marker"] = text
            case "fetches_every_hours":
                if text and (not text.isdecimal() or len(text) > 3 or int(text) > 720):
                    problems.append((field, gettext("Enter hours, at most 720; 0 turns it off.")))
                    continue
                values[field] = int(text or 0)
    return values, problems
