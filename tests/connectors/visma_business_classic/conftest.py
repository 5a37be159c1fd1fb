"""
A company's database that runs here: PostgreSQL in the services tier, else SQLite.

Both have the tables under the short SQL names of Visma Business, filled with the story that the
sandbox's Business NXT tells. SQLite has no INFORMATION_SCHEMA and no exact decimals, so it gets a
table of that name, amounts that are printed, and a sum that adds them exactly; PostgreSQL needs
none of that.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.receivables.source import PaymentQuery
from connectors.visma_business_classic import Client
from connectors.visma_business_classic.database import Database, Dialect
from sandbox import receivables_story as story
from sandbox.businessnxt import ledger
from sandbox.store import Store
from tests import environment

SCHEMA = "vbus_classic_tests"
MARKER = "HubRead"
# A table's columns: name, type here, and where the story has it.
LEDGER = {
    "JNo": ("INTEGER", "voucherJournalNo"),
    "EntNo": ("INTEGER", "auditNo"),
    "CustNo": ("INTEGER", "customerNo"),
    "InvoNo": ("VARCHAR(20)", "invoiceNo"),
    "VoNo": ("INTEGER", "voucherNo"),
    "VoTp": ("INTEGER", "voucherType"),
    "VoDt": ("INTEGER", "voucherDate"),
    "ValDt": ("INTEGER", "valueDate"),
    "DueDt": ("INTEGER", "dueDate"),
    "Txt": ("VARCHAR(100)", "text"),
    "Cid": ("VARCHAR(30)", "cid"),
    "Cur": ("INTEGER", "currencyNo"),
    "SrcTp": ("INTEGER", "origin"),
    "Am": ("AMOUNT", "amountDomestic"),
    "CurAm": ("AMOUNT", "amountInCurrency"),
    "RAm": ("AMOUNT", "outstandingAmountDomestic"),
    "Cr": ("INTEGER", ""),
    MARKER: ("VARCHAR(30)", ""),
}


@dataclass
class Office:
    """The company's database, to change as people there do, and a way to make clients of it."""

    connect: Callable[[], Any]
    dialect: Dialect

    def client(self, **how: Any) -> Client:
        return Client(database=Database(lambda: self.dialect), company="7", **how)

    def run(self, statement: str) -> None:
        connection = self.connect()
        connection.cursor().execute(statement)
        connection.commit()
        connection.close()

    def value(self, statement: str) -> Any:
        connection = self.connect()
        cursor = connection.cursor()
        cursor.execute(statement)
        (found,) = cursor.fetchone()
        connection.close()
        return found


def _amount(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _fill(connection: Any, *, amount: str, placeholder: str) -> None:
    cursor = connection.cursor()
    columns = ", ".join(
        f'"{name}" {amount if kind == "AMOUNT" else kind}'
        for name, (kind, _source) in LEDGER.items()
    )
    cursor.execute(f'CREATE TABLE "CustTr" ({columns}, PRIMARY KEY ("JNo", "EntNo"))')
    cursor.execute(
        'CREATE TABLE "Actor" ("ActNo" INTEGER PRIMARY KEY, "CustNo" INTEGER, "Nm" VARCHAR(60),'
        ' "BsNo" VARCHAR(20), "CrSusp" INTEGER, "ChDt" INTEGER)'
    )
    cursor.execute('CREATE TABLE "Tp" ("VoTp" INTEGER, "Nm" VARCHAR(60), "AffTrn" INTEGER)')
    cursor.execute('CREATE TABLE "CompInf" ("BsNo" VARCHAR(20))')
    store = Store()
    number = story.NORDVIK.company_no
    for row in ledger.transactions(store, number):
        values = [
            _amount(row[source]) if kind == "AMOUNT" else row.get(source)
            for kind, source in LEDGER.values()
        ]
        values[list(LEDGER).index("Cr")] = int(row["amountDomestic"] < 0)
        values[list(LEDGER).index(MARKER)] = ""
        marks = ", ".join([placeholder] * len(values))
        cursor.execute(f'INSERT INTO "CustTr" VALUES ({marks})', values)
    for row in ledger.associates(store, number):
        cursor.execute(
            f'INSERT INTO "Actor" VALUES ({", ".join([placeholder] * 6)})',
            (
                *(row["associateNo"], row["customerNo"], row["name"], row["companyNo"]),
                *(row["creditDenied"], 20261015),
            ),
        )
    store.close()
    for one in story.VOUCHER_TYPES:
        cursor.execute(
            f'INSERT INTO "Tp" VALUES ({", ".join([placeholder] * 3)})',
            (one.number, one.name, int(one.affects_turnover)),
        )
    cursor.execute(
        f'INSERT INTO "CompInf" VALUES ({placeholder})', (story.NORDVIK.organisation_number,)
    )
    connection.commit()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    if environment.SERVICES:
        yield from _postgresql()
    else:
        yield _sqlite(tmp_path / "F0007.sqlite3")


class _ExactSum:
    """SQLite's own SUM adds floats."""

    def __init__(self) -> None:
        self.total = Decimal(0)

    def step(self, value: Any) -> None:
        self.total += Decimal(value)

    def finalize(self) -> str:
        return str(self.total)


def _sqlite(path: Path) -> Office:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path)
        connection.execute("ATTACH ':memory:' AS INFORMATION_SCHEMA")
        connection.execute(
            "CREATE TABLE INFORMATION_SCHEMA.COLUMNS AS"
            " SELECT m.name AS TABLE_NAME, p.name AS COLUMN_NAME, p.cid AS ORDINAL_POSITION,"
            " substr(p.type, 1, instr(p.type || '(', '(') - 1) AS DATA_TYPE,"
            " CASE WHEN p.type LIKE 'VARCHAR(%'"
            " THEN CAST(substr(p.type, 9) AS INTEGER) END AS CHARACTER_MAXIMUM_LENGTH"
            " FROM main.sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
        )
        connection.commit()
        connection.create_aggregate("SUM", 1, _ExactSum)
        return connection

    with sqlite3.connect(path) as connection:
        _fill(connection, amount="NUMERIC", placeholder="?")
    dialect = Dialect(
        driver=sqlite3,
        open=connect,
        placeholder="?",
        limit="LIMIT {count}",
        amount="printf('%.2f', {column})",
    )
    return Office(connect=connect, dialect=dialect)


def _postgresql() -> Iterator[Office]:
    import psycopg2

    def connect() -> Any:
        return psycopg2.connect(environment.DATABASE_URL, options=f"-c search_path={SCHEMA}")

    connection = connect()
    connection.cursor().execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
    _fill(connection, amount="NUMERIC(18, 4)", placeholder="%s")
    connection.close()
    yield Office(connect=connect, dialect=Dialect(driver=psycopg2, open=connect))
    connection = connect()
    connection.cursor().execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    connection.commit()
    connection.close()


@pytest.fixture
def query() -> PaymentQuery:
    return PaymentQuery(since=date(2026, 1, 1), voucher_types=story.PAYMENT_TYPES)
