"""A small fictional payroll run in three formats, made here so that no sample is needed."""

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sources.readers.lines import Limits, Reading
from sources.readers.reading import read
from sources.readers.settings import DEBIT_CREDIT, PERIOD_COLUMN, SourceSettings

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples" / "journals"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the shared samples are not beside this repository"
)

VOUCHER_MARCH = "Lönekörning 7, mars 2026"
VOUCHER_JANUARY = "Lönekörning 7, rättelse januari 2026"

# period, date, account, cost centre, cost unit, amount, text of voucher, text of row
ROWS = [
    ("2026-03", "20260325", "7010", "0100", "K1", "1000.00", VOUCHER_MARCH, "Månadslön"),
    ("2026-03", "20260325", "7010", "0200", "", "500.50", VOUCHER_MARCH, "Månadslön"),
    ("2026-03", "20260325", "2821", "", "", "-1500.50", VOUCHER_MARCH, "Nettolön"),
    ("2026-01", "20260131", "7010", "0200", "", "-200.25", VOUCHER_JANUARY, "Byte"),
    ("2026-01", "20260131", "7010", "0100", "K1", "200.25", VOUCHER_JANUARY, "Byte"),
]

HEAD = (
    '#FLAGGA 0\r\n#PROGRAM "Påhittad lön" 1.0\r\n#FORMAT PC8\r\n#GEN 20260320 "ANNA"\r\n'
    '#SIETYP 4\r\n#ORGNR 16555555-5555\r\n#FNR 12\r\n#FNAMN "Påhittade Åkeriet AB"\r\n'
    '#RAR 0 20260101 20261231\r\n#KONTO 7010 "Löner"\r\n#DIM 1 "Kostnadsställe"\r\n'
    '#DIM 2 "Kostnadsbärare"\r\n#OBJEKT 1 "0100" "Södra"\r\n'
)

CSV_SETTINGS = SourceSettings(
    format="csv",
    separator=";",
    decimal_mark=",",
    sign_rule=DEBIT_CREDIT,
    period_rule=PERIOD_COLUMN,
    columns={
        name: name
        for name in (
            "company",
            "run",
            "period",
            "date",
            "account",
            "cost_centre",
            "cost_unit",
            "debit",
            "credit",
            "text",
            "currency",
        )
    },
)
SIE_SETTINGS = SourceSettings(format="sie")


def sie_text(*lines: str, head: str = HEAD) -> str:
    """Return a SIE file of those lines below the usual head."""
    return head + "".join(f"{line}\r\n" for line in lines)


def sie_run() -> str:
    """Return the run of `ROWS` as SIE."""
    lines: list[str] = []
    voucher = ""
    for _, day, account, centre, unit, amount, text, row_text in ROWS:
        if text != voucher:
            lines += ["}"] if voucher else []
            lines += [f'#VER "" "" {day} "{text}" 20260320', "{"]
            voucher = text
        objects = " ".join(
            f'{number} "{code}"' for number, code in (("1", centre), ("2", unit)) if code
        )
        lines.append(f'   #TRANS {account} {{{objects}}} {amount} "" "{row_text}"')
    return sie_text(*lines, "}")


def table_rows() -> list[dict[str, str]]:
    """Return the run of `ROWS` as rows of a table."""
    rows = []
    for period, day, account, centre, unit, amount, text, row_text in ROWS:
        debit = amount if not amount.startswith("-") else ""
        rows.append(
            {
                "company": "555555-5555",
                "run": "7",
                "period": period,
                "date": f"{day[:4]}-{day[4:6]}-{day[6:]}",
                "account": account,
                "cost_centre": centre,
                "cost_unit": unit,
                "debit": debit,
                "credit": amount[1:] if not debit else "",
                "text": f"{text}: {row_text}",
                "currency": "SEK",
            }
        )
    return rows


def csv_text(rows: list[dict[str, str]] | None = None, *, separator: str = ";") -> str:
    """Return rows as CSV with decimal comma."""
    rows = table_rows() if rows is None else rows
    headings = list(table_rows()[0])
    lines = [separator.join(headings)]
    for row in rows:
        cells = [
            row[name].replace(".", ",") if name in ("debit", "credit") else row[name]
            for name in headings
        ]
        lines.append(separator.join(cells))
    return "\r\n".join(lines) + "\r\n"


def workbook(rows: list[list[Any]], *, title: str = "Journal", hidden: str = "") -> bytes:
    """Return a workbook of those rows; with a hidden sheet before it, if one is named."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if hidden:
        extra = book.create_sheet(hidden, 0)
        extra.append(["account", "secret"])
        extra.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx_rows() -> list[list[Any]]:
    """Return the run of `ROWS` as cells: codes as text, dates as dates, amounts as numbers."""
    headings = list(table_rows()[0])
    rows: list[list[Any]] = [headings]
    for row in table_rows():
        cells: list[Any] = [row[name] or None for name in headings]
        cells[headings.index("date")] = datetime.fromisoformat(row["date"])
        for name in ("debit", "credit"):
            cells[headings.index(name)] = float(row[name]) if row[name] else None
        rows.append(cells)
    return rows


def read_sie(text: str | bytes, *, encoding: str = "cp437", **settings: Any) -> Reading:
    """Read a SIE file handed over as text."""
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return read(io.BytesIO(content), settings=SourceSettings(format="sie", **settings))


def read_csv(
    text: str | bytes, *, settings: SourceSettings = CSV_SETTINGS, limits: Limits | None = None
) -> Reading:
    """Read a CSV file handed over as text."""
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    return read(io.BytesIO(content), settings=settings, limits=limits)


def codes(reading: Reading) -> list[str]:
    """Return the codes of the problems, errors first."""
    return [problem.code for problem in reading.problems]


def voucher(*rows: str, text: str = "Lön", day: str = "20260325") -> str:
    """Return a SIE file with one voucher of those rows."""
    return sie_text(f'#VER "" "" {day} "{text}"', "{", *rows, "}")


def amounts(reading: Reading) -> list[tuple[str, Decimal]]:
    """Return account and amount of each line."""
    return [(line.account, line.amount) for line in reading.lines]


def day(text: str) -> date:
    """Return a date from ISO text."""
    return date.fromisoformat(text)
