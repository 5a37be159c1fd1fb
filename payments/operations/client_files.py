"""Invoice clients in and out as CSV, for offices with hundreds of them."""

import csv
import io
import re
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext

from accounts import domain
from accounts.models import Organisation, User
from payments.models import InvoiceClient
from payments.operations import clients

COLUMNS = (
    "number",
    "name",
    "organisation_number",
    "currency",
    "source_account",
    "voucher_types",
    "target_account",
    "clearing_account",
    "fetch_from",
    "marker",
    "fetches_every_hours",
)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_SEPARATORS = re.compile(r"[\s,]+")
MOST_ROWS = 5_000


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
    """Return all clients: UTF-8 with a mark, semicolons."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    for client in clients.clients_of(organisation):
        cells = [
            client.number,
            client.name,
            client.organisation_number,
            client.currency,
            client.source.name if client.source else "",
            ",".join(map(str, client.voucher_types)),
            client.target.name if client.target else "",
            client.clearing_account,
            client.own_fetch_from.isoformat() if client.own_fetch_from else "",
            client.own_marker,
            str(client.fetches_every_hours),
        ]
        writer.writerow([f"'{c}" if c.startswith(_STARTS_A_FORMULA) else c for c in cells])
    return out.getvalue().encode("utf-8-sig")


def take(*, organisation: Organisation, content: bytes, by: User) -> Taken:
    """
    Make or change the clients of a file, found by their number.

    Nothing of a file with a bad line is taken, so that nobody has to guess what was.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Taken(bad=(BadLine(1, "", "", gettext("Save the file as UTF-8.")),))
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    missing = {"number", "name"} - set(reader.fieldnames or ())
    if missing:
        words = gettext("The first line must name the columns; %(columns)s is missing.")
        return Taken(bad=(BadLine(1, "", "", words % {"columns": ", ".join(sorted(missing))}),))
    rows = []
    bad: list[BadLine] = []
    accounts = {c.name: c for c in clients.sources(organisation)}
    targets = {c.name: c for c in clients.targets(organisation)}
    for place, row in enumerate(reader, start=2):
        if place > MOST_ROWS + 1:
            bad.append(BadLine(place, "", "", gettext("The file has too many lines.")))
            break
        cells = {k: (v or "").strip().removeprefix("'") for k, v in row.items() if k in COLUMNS}
        values, problems = _values(cells, accounts, targets)
        bad += [BadLine(place, field, cells.get(field, ""), why) for field, why in problems]
        rows.append((place, values))
    if bad:
        return Taken(bad=tuple(bad))
    return _save(organisation, rows, by=by)


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
    cells: dict[str, str], sources: dict[str, object], targets: dict[str, object]
) -> tuple[dict[str, object], list[tuple[str, str]]]:
    values: dict[str, object] = {}
    problems: list[tuple[str, str]] = []
    for field, text in cells.items():
        match field:
            case "number" | "name":
                if not text:
                    problems.append((field, gettext("It must not be empty.")))
                values[field] = text[: 20 if field == "number" else 120]
            case "organisation_number":
                values[field] = domain.digits_of(text)
            case "currency":
                if text and (len(text) != 3 or not text.isalpha()):
                    problems.append((field, gettext("Write three letters, such as NOK.")))
                values[field] = text.upper() or "NOK"
            case "source_account" | "target_account":
                known = sources if field == "source_account" else targets
                if text and text not in known:
                    problems.append((field, gettext("There is no account with this name.")))
                values[field.removesuffix("_account")] = known.get(text)
            case "voucher_types":
                parts = [part for part in _SEPARATORS.split(text) if part]
                if not all(part.isdecimal() for part in parts):
                    problems.append((field, gettext("Write numbers separated by commas.")))
                    continue
                values[field] = sorted({int(part) for part in parts})
            case "clearing_account":
                values[field] = text[:20]
            case "fetch_from":
                try:
                    values["own_fetch_from"] = date.fromisoformat(text) if text else None
                except ValueError:
                    problems.append((field, gettext("Write a date as 2026-01-31.")))
            case "marker":
                values["own_marker"] = text[:60]
            case "fetches_every_hours":
                if text and (not text.isdecimal() or int(text) > 720):
                    problems.append((field, gettext("Write hours, at most 720; 0 is off.")))
                    continue
                values[field] = int(text or 0)
    return values, problems
