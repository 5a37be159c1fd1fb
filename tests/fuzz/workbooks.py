"""Workbooks in random dialects, written part by part, and a second reading of their parts."""

import io
import random
import re
import zipfile
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.fuzz import makers, oracle
from tests.fuzz.oracle import Totals, Unclear

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
    '<Override PartName="/xl/sharedStrings.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_RELATION = f'<Relationship Id="rId{{}}" Type="{_OFFICE}/{{}}" Target="{{}}"/>'
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)
_NAMESPACE = re.compile(rb' xmlns="[^"]*"')
_DAY_ZERO = date(1899, 12, 30)
HEADINGS = ("Konto", "Datum", "Text", "Kst", "Projekt", "Belopp")
SHEET, SHARED = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


class _Book:
    def __init__(self, dice: random.Random) -> None:
        self.dice, self.shared = dice, []
        self.use_shared = dice.random() < 0.5

    def text(self, place: str, value: str) -> str:
        if not value:
            return ""
        if self.use_shared:
            self.shared.append(value)
            return f'<c r="{place}" t="s"><v>{len(self.shared) - 1}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'

    def day(self, place: str, period: str) -> str:
        day = date(int(period[:4]), int(period[5:]), self.dice.randint(1, 28))
        if self.dice.random() < 0.3:
            return self.text(place, day.isoformat())
        return f'<c r="{place}" s="1"><v>{(day - _DAY_ZERO).days}</v></c>'

    def number(self, place: str, value: Decimal) -> str:
        shown = f"{float(value)!r}" if self.dice.random() < 0.5 else f"{value:.2f}"
        return f'<c r="{place}"><v>{shown}</v></c>'


def made(dice: random.Random) -> tuple[dict[str, str], Totals]:
    """Return the parts of a workbook, and what its rows add up to."""
    booked = makers.bookings(dice, most=4)
    book = _Book(dice)
    lines = ["".join(book.text(f"{'ABCDEF'[at]}1", name) for at, name in enumerate(HEADINGS))]
    for number, (place, value) in enumerate(booked, 2):
        lines.append(
            book.text(f"A{number}", place[1])
            + book.day(f"B{number}", place[0])
            + book.text(f"C{number}", dice.choice(("Lön", "", 'Lager "Väst"')))
            + book.text(f"D{number}", place[2])
            + book.text(f"E{number}", place[3])
            + book.number(f"F{number}", value)
        )
    rows = "".join(f'<row r="{at}">{cells}</row>' for at, cells in enumerate(lines, 1))
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in book.shared)
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS.format(_RELATION.format(1, "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="Lön" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _RELATIONS.format(
            _RELATION.format(1, "worksheet", "worksheets/sheet1.xml")
            + _RELATION.format(2, "styles", "styles.xml")
            + _RELATION.format(3, "sharedStrings", "sharedStrings.xml")
        ),
        "xl/styles.xml": _STYLES,
        SHARED: f'<sst xmlns="{_MAIN}">{shared}</sst>',
        SHEET: f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return parts, makers.totals_of(booked)


def packed(parts: dict[str, str | bytes]) -> bytes:
    """Return the parts as a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return out.getvalue()


def flipped(content: bytes, dice: random.Random) -> bytes:
    """Return the workbook with one byte of its container changed."""
    at = dice.randrange(len(content))
    return content[:at] + bytes([content[at] ^ dice.randrange(1, 256)]) + content[at + 1 :]


def second_reading(parts: dict[str, str | bytes]) -> Totals:
    """Return what the sheet says, cell by cell, by the XML alone and whatever its namespace."""
    sheet, shared = _root(parts[SHEET]), []
    if b't="s"' in ElementTree.tostring(sheet):
        strings = _root(parts[SHARED])
        shared = ["".join(text.text or "" for text in one.iter("t")) for one in strings]
    rows = [_cells(row, shared) for row in sheet.iter("row")]
    totals: Totals = {}
    places: dict[str, int] = {}
    for row in rows:
        texts = {at: value.strip() for at, (value, _) in row.items()}
        if not places:
            lowered = {
                re.sub(r"[\s_-]+", " ", value.lower()).strip(): at for at, value in texts.items()
            }
            if {"konto", "datum", "belopp"} <= lowered.keys():
                places = lowered
            continue
        at = {name: row.get(place, ("", "")) for name, place in places.items()}
        account, amount = at["konto"][0].strip(), at["belopp"][0].strip()
        if not account and not amount:
            continue
        value = _number(amount, at["belopp"][1])
        cost_centre, cost_unit = (at.get(name, ("", ""))[0].strip() for name in ("kst", "projekt"))
        account = account.removesuffix(".0")
        oracle.add(totals, (_period(*at["datum"]), account, cost_centre, cost_unit), value)
    if not places:
        raise Unclear("no headings")
    return oracle.without_zeros(totals)


def _root(part: str | bytes) -> ElementTree.Element:
    text = part.encode() if isinstance(part, str) else part
    try:
        return ElementTree.fromstring(_NAMESPACE.sub(b"", text))
    except ElementTree.ParseError as broken:
        raise Unclear(str(broken)) from broken


def _cells(row: ElementTree.Element, shared: list[str]) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for cell in row.iter("c"):
        letters = "".join(one for one in cell.get("r", "") if one.isalpha())
        place = max(found, default=-1) + 1  # a cell without a place follows the one before
        if letters:
            place = 0
            for letter in letters:
                place = 26 * place + ord(letter.upper()) - 64
            place -= 1
        kind, value = cell.get("t", "n"), cell.findtext("v") or ""
        if kind == "s":
            value, kind = shared[int(value)], "text"
        elif kind == "inlineStr":
            value = "".join(text.text or "" for text in cell.iter("t"))
            kind = "text"
        elif kind == "n" and cell.get("s") == "1":
            kind = "day"
        found[place] = value, kind
    return found


def _number(text: str, kind: str) -> Decimal:
    if kind == "text":
        return oracle.amount_in(text, ",")
    if kind != "n":
        raise Unclear(text)
    return Decimal(str(float(text))).quantize(Decimal("0.01"))


def _period(text: str, kind: str) -> str:
    if kind == "day":
        day = date.fromordinal(_DAY_ZERO.toordinal() + int(float(text)))
        return f"{day.year}-{day.month:02d}"
    return "{}-{:02d}".format(*oracle.day(text))
