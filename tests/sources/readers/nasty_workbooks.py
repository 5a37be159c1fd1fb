"""Workbooks written part by part, as no spreadsheet would write them."""

import io
import struct
import zipfile
from collections.abc import Mapping

HEAD = (
    '<row r="1"><c r="A1" t="str"><v>account</v></c><c r="B1" t="str"><v>date</v></c>'
    '<c r="C1" t="str"><v>debit</v></c><c r="D1" t="str"><v>credit</v></c>'
    '<c r="E1" t="str"><v>cost_centre</v></c><c r="F1" t="str"><v>text</v></c></row>'
)
DATE_STYLE = (
    '<styleSheet xmlns="m"><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>'
)
MARCH_25 = 46106
"""25 March 2026, as a spreadsheet counts days."""


def booking(
    row: int,
    account: str,
    amount: str,
    *,
    debit: bool,
    centre: str = "",
    date: str = f'<c r="B{{row}}" s="1"><v>{MARCH_25}</v></c>',
) -> str:
    """Return a row that books an amount; `amount` and `centre` are the insides of a cell."""
    side = "C" if debit else "D"
    cost_centre = f'<c r="E{row}" t="str">{centre}</c>' if centre else ""
    return (
        f'<row r="{row}"><c r="A{row}" t="str"><v>{account}</v></c>{date.format(row=row)}'
        f'<c r="{side}{row}">{amount}</c>{cost_centre}</row>'
    )


def balanced(first_row: int = 2, amount: int = 100) -> str:
    """Return two rows that balance."""
    return booking(first_row, "7010", f"<v>{amount}</v>", debit=True) + booking(
        first_row + 1, "2821", f"<v>{amount}</v>", debit=False
    )


def sheet(rows: str, *, head: str = HEAD, after: str = "") -> str:
    """Return a worksheet of those rows below the usual headings."""
    return f'<worksheet xmlns="m"><sheetData>{head}{rows}</sheetData>{after}</worksheet>'


def parts_of(
    *sheets: str, strings: str = "", styles: str = DATE_STYLE, states: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the parts of a workbook with those worksheets: Sheet1, Sheet2 and so on."""
    listed = "".join(
        f'<sheet name="Sheet{n}" sheetId="{n}" r:id="s{n}" '
        f'state="{states[n - 1] if states else "visible"}"/>'
        for n in range(1, len(sheets) + 1)
    )
    links = "".join(
        f'<Relationship Id="s{n}" Type="http://x/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    links += '<Relationship Id="t" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    links += '<Relationship Id="y" Type="http://x/styles" Target="styles.xml"/>'
    return {
        "_rels/.rels": '<Relationships><Relationship Id="b" Type="http://x/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="m" xmlns:r="r"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{links}</Relationships>",
        "xl/sharedStrings.xml": strings or '<sst xmlns="m"/>',
        "xl/styles.xml": styles,
    } | {f"xl/worksheets/sheet{n}.xml": text for n, text in enumerate(sheets, 1)}


def packed(parts: Mapping[str, str | bytes], *, tightly: bool = True) -> bytes:
    """Return the parts as a zip."""
    out = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if tightly else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook_of(*sheets: str, **more: str) -> bytes:
    """Return a workbook with those worksheets."""
    return packed(parts_of(*sheets, **more))


def declaring(content: bytes, name: str, *, unpacked: int) -> bytes:
    """Return the zip with another unpacked size of a part written in its headers: a lie."""
    changed = bytearray(content)
    encoded = name.encode()
    for mark, size_at, name_at in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        place = -1
        while (place := changed.find(mark, place + 1)) >= 0:
            if changed[place + name_at : place + name_at + len(encoded)] == encoded:
                struct.pack_into("<I", changed, place + size_at, unpacked)
    return bytes(changed)
