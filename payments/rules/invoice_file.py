"""
Invoices from a text table (CSV), and back into one.

For clients whose invoices are not in PowerOffice Go: the desktop product has no public API, so
its own export, or a list in the hub's format, is read instead. Nothing is guessed: what cannot
be read, or could be read in two ways, is a problem that names file, line, field and value.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.bounds import LARGEST_SUM, neutralised
from payments.rules.cells import HYPHENS, order_of
from payments.rules.invoice_problems import FileProblem
from payments.rules.invoice_rows import InvoiceRow, RowReader, Unreadable

DELIMITERS = (";", ",", "\t")
MOST_ROWS = 500_000
REQUIRED = ("number", "customer_number", "issued_on", "amount")
COLUMNS = (
    *("number", "customer_number", "customer_name", "organisation_number", "issued_on"),
    *("due_on", "currency", "amount", "posted_amount", "kid", "credits_number"),
)
"""The columns of the hub's own format, in order; their names are its headings."""

# Norwegian, Swedish, English; compared without case, blanks, points, hyphens and underscores.
_HEADINGS: Mapping[str, str] = {
    "number": "number; invoice number; invoice no; invoice; fakturanummer; fakturanr; faktura; "
    "faktura nr; bilagsnr faktura; fakt nr",
    "customer_number": "customer number; customer no; customer; kundenummer; kundenr; kunde nr; "
    "kunde; kundnummer; kundnr; kund; debitor; debitornr",
    "customer_name": "customer name; name; kundenavn; navn; kundnamn; namn",
    "organisation_number": "organisation number; organization number; org no; orgnr; "
    "organisasjonsnummer; organisationsnummer; foretaksnummer",
    "issued_on": "issued on; invoice date; date; issue date; fakturadato; dato; fakturadatum; "
    "datum; bilagsdato",
    "due_on": "due on; due date; forfallsdato; forfall; förfallodatum; förfallodag; förfaller",
    "currency": "currency; currency code; valuta; valutakode; valutakod",
    "amount": "amount; total; total amount; invoice amount; beløp; fakturabeløp; totalbeløp; "
    "sum; belopp; fakturabelopp; totalbelopp; summa; beløp inkl mva; belopp inkl moms",
    "posted_amount": "posted amount; amount in own currency; bokført beløp; beløp nok; "
    "bokfört belopp; beløp i egen valuta; belopp i egen valuta",
    "kid": "kid; kid nummer; kidnr; cid; payment reference; ocr; ocr nummer; ocrnr; "
    "betalingsreferanse; betalningsreferens",
    "credits_number": "credits number; credits invoice; related invoice; krediterer; "
    "krediterer faktura; krediterar; krediterar faktura; kreditert faktura",
    "kind": "kind; type; document type; bilagsart; fakturatype; typ; fakturatyp; dokumenttype",
}


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """
    What stands in a file. With any problem, nothing of it should be stored.

    :param ignored: headings of columns that say nothing to the hub
    :param remarks: what was left out of rows that are stored all the same
    """

    name: str
    invoices: tuple[InvoiceRow, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    ignored: tuple[str, ...] = ()
    remarks: tuple[FileProblem, ...] = ()

    @property
    def total(self) -> Decimal:
        """Return the sum of the amounts, for a person to compare."""
        return sum((one.amount for one in self.invoices), Decimal("0.00"))


# --- Reading --------------------------------------------------------------------------------


def read(
    content: bytes, *, name: str, currency: str = "", most_rows: int = MOST_ROWS
) -> InvoiceFile:
    """
    Return the invoices of a text table with headings, and every problem in it.

    UTF-8 or Windows-1252; semicolon, comma or tabulator; headings in Norwegian, Swedish or
    English in any order.

    :param name: of the file, for the messages
    :param currency: of rows without one: a person's choice, not a guess; empty: none
    """
    try:
        text = _decoded(content)
        delimiter = _delimiter(text)
        rows = _rows(text, delimiter)
        heading_line, headings = next(rows, (0, []))
        if not headings:
            raise Unreadable("empty")
    except Unreadable as stop:
        return InvoiceFile(name, problems=(_problem(stop, name, line=1),))
    try:
        places, ignored = _places(headings, with_currency=bool(currency))
    except Unreadable as stop:
        return InvoiceFile(name, problems=(_problem(stop, name, line=heading_line),))
    return _read_rows(
        rows,
        places,
        orders=_orders(text, delimiter, places),
        width=len(headings),
        name=name,
        currency=currency,
        ignored=ignored,
        most_rows=most_rows,
    )


def _read_rows(
    rows: Iterator[tuple[int, list[str]]],
    places: Mapping[str, int],
    *,
    orders: Mapping[str, str],
    width: int,
    name: str,
    currency: str,
    ignored: tuple[str, ...],
    most_rows: int,
) -> InvoiceFile:
    invoices: dict[str, InvoiceRow] = {}
    problems: list[FileProblem] = []
    remarks: list[FileProblem] = []
    line = 1
    try:
        for count, (line, cells) in enumerate(rows, start=1):
            if count > most_rows:
                raise Unreadable("too_many_rows", value=str(most_rows))
            reader = RowReader(cells, places, orders=orders, width=width, default_currency=currency)
            invoice = reader.invoice(line)
            problems += [_problem(one, name, line=line) for one in reader.wrong]
            remarks += [_problem(one, name, line=line) for one in reader.remarks]
            if invoice is None:
                continue
            if invoice.number in invoices:
                twice = Unreadable("twice", field="number", value=invoice.number)
                problems.append(_problem(twice, name, line=line))
            invoices.setdefault(invoice.number, invoice)
    except Unreadable as stop:
        problems.append(_problem(stop, name, line=line))
    if not invoices and not problems:
        problems.append(_problem(Unreadable("empty"), name, line=1))
    largest = sum(abs(one.amount) for one in invoices.values())
    if largest > LARGEST_SUM:
        problems.append(_problem(Unreadable("sum_too_large", value=str(largest)), name, line=1))
    return InvoiceFile(name, tuple(invoices.values()), tuple(problems), ignored, tuple(remarks))


def _problem(stop: Unreadable, name: str, *, line: int) -> FileProblem:
    return FileProblem(stop.code, name, line, stop.field, stop.value[:60])


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("not_text", value=f"0x{content[0]:02X}")
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as exc:
        raise Unreadable("not_text", value=f"0x{content[exc.start]:02X}") from exc


def _delimiter(text: str) -> str:
    """Return what cuts the headings into the most that we know."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if re.fullmatch(r"sep=.", first.strip(), re.IGNORECASE):
        return first.strip()[-1]

    def known(delimiter: str) -> int:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(_column_of(cell) is not None for cell in cells)

    return max(DELIMITERS, key=known)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            is_separator = line == 1 and re.fullmatch(r"sep=.?", "".join(cells).lower())
            if any(cell.strip() for cell in cells) and not is_separator:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as exc:
        raise Unreadable("row_unreadable", value=str(exc)) from exc


def _orders(text: str, delimiter: str, places: Mapping[str, int]) -> dict[str, str]:
    """Return which comes first in each column of dates with hyphens, where a value proves it."""
    days = [column for column in ("issued_on", "due_on") if column in places]
    if HYPHENS.search(text) is None:
        return {}
    seen: dict[str, set[str]] = {column: set() for column in days}
    try:
        for _line, cells in _rows(text, delimiter):
            for column in days:
                if places[column] < len(cells):
                    seen[column].add(cells[places[column]])
    except Unreadable:
        pass  # the reading itself says so, with the line
    return {column: order_of(values) for column, values in seen.items()}


def _key(heading: str) -> str:
    return re.sub(r"[\s._\-:/]", "", heading.strip().lower())


_COLUMN_BY_KEY = {
    _key(synonym): column
    for column, synonyms in _HEADINGS.items()
    for synonym in synonyms.split(";")
}


def _column_of(heading: str) -> str | None:
    return _COLUMN_BY_KEY.get(_key(heading))


def _places(
    headings: Sequence[str], *, with_currency: bool
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return where each column stands, and the headings that we do not know."""
    places: dict[str, int] = {}
    ignored = []
    for place, heading in enumerate(headings):
        column = _column_of(heading)
        if column is None:
            if heading.strip():
                ignored.append(heading.strip())
        elif column in places:
            both = f"{headings[places[column]].strip()}, {heading.strip()}"
            raise Unreadable("column_twice", field=column, value=both)
        else:
            places[column] = place
    for column in REQUIRED if with_currency else (*REQUIRED, "currency"):
        if column not in places:
            found = ", ".join(one.strip() for one in headings)
            raise Unreadable("no_headings", field=column, value=found)
    return places, tuple(ignored)


# --- Writing --------------------------------------------------------------------------------


def write(invoices: Iterable[InvoiceRow]) -> bytes:
    """Return the hub's own format, which `read` reads back: UTF-8, semicolons, ISO dates."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in invoices:
        writer.writerow([_cell(one, column) for column in COLUMNS])
    # The mark tells Excel that it is UTF-8.
    return out.getvalue().encode("utf-8-sig")


def _cell(invoice: InvoiceRow, column: str) -> str:
    value: object = getattr(invoice, column)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    return neutralised(str(value))
