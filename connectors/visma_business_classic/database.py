"""
A company's database through a read-only login: opened for one page, asked, closed.

Written over Python's DB-API (PEP 249), so that any driver fits; SQL Server's is an optional
extra of the hub (requirements-mssql.txt). Names from the database are quoted, values are
parameters, and nothing is written but by :meth:`Database.change`.
"""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from connectors.visma_business_classic import errors
from connectors.visma_business_classic.errors import VENDOR
from connectors.visma_ledger import Row

CONNECT_SECONDS, QUERY_SECONDS = 10, 60
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    What differs between databases, of the little that is asked.

    :param driver: the DB-API module
    :param open: opens a connection
    :param placeholder: of a parameter
    :param limit: the clause that ends a query after so many rows
    :param amount: an amount as an exact number, whatever the column's type
    :param on_open: statements sent first
    """

    driver: Any
    open: Callable[[], Any]
    placeholder: str = "%s"
    limit: str = "OFFSET 0 ROWS FETCH NEXT {count} ROWS ONLY"
    amount: str = "CAST({column} AS DECIMAL(28, 6))"
    on_open: tuple[str, ...] = ()


def quoted(name: str) -> str:
    """
    Return a name as SQL.

    :raises ColumnsDiffer: if it is no plain name; none of Visma's is anything else
    """
    if not _NAME.fullmatch(name):
        raise errors.ColumnsDiffer(vendor=VENDOR, detail=f"not a name: {name[:50]!r}")
    return f'"{name}"'


class Database:
    """
    One company's database.

    :param dialect: makes how it is asked, when it is first asked
    """

    def __init__(self, dialect: Callable[[], Dialect]) -> None:
        self._make_dialect = dialect

    @cached_property
    def dialect(self) -> Dialect:
        """Return how this database is asked."""
        return self._make_dialect()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query as mappings, on a connection of its own."""
        with self._cursor() as cursor:
            cursor.execute(self._with_placeholders(statement), tuple(values))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def change(self, statement: str, values: Sequence[Any]) -> int:
        """Change rows and return how many; all is taken back unless it was exactly one."""
        with self._cursor(commits=True) as cursor:
            cursor.execute(self._with_placeholders(statement), tuple(values))
            changed = int(cursor.rowcount)
            if changed != 1:
                cursor.connection.rollback()
            return changed

    def limited(self, statement: str, count: int) -> str:
        """Return the query ended after so many rows."""
        return f"{statement} {self.dialect.limit.format(count=count)}"

    def _with_placeholders(self, statement: str) -> str:
        return statement.replace("?", self.dialect.placeholder)

    @contextmanager
    def _cursor(self, *, commits: bool = False) -> Iterator[Any]:
        driver = self.dialect.driver
        try:
            connection = self.dialect.open()
            try:
                cursor = connection.cursor()
                for statement in self.dialect.on_open:
                    cursor.execute(statement)
                yield cursor
                if commits:
                    connection.commit()
            finally:
                # Without a commit, closing takes back whatever there was.
                connection.close()
        except driver.Error as exc:
            raise errors.translated(exc, driver=driver) from exc


@dataclass(frozen=True, slots=True)
class Address:
    """Where a company's database is."""

    host: str
    port: int
    login: str
    password: str
    database: str
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Address({self.host}:{self.port}/{self.database})"


def address(text: str, *, company: str) -> Address:
    """
    Return the parts of ``mssql://login:password@server:1433``.

    :param company: its number; the database is then ``F0001``, unless the address names one
    :raises AddressUnreadable: if it is something else
    """
    unreadable = errors.AddressUnreadable(vendor=VENDOR)
    try:
        parts = urlsplit(text.strip())
        port = parts.port or 1433
    except ValueError:
        raise unreadable from None
    if parts.scheme != "mssql" or not parts.hostname or not parts.username or not parts.password:
        raise unreadable
    database = parts.path.strip("/")
    if not database:
        if not company.isdecimal():
            raise unreadable
        # doc.visma.net, r_c_company_companyno: F and the company's number, four digits.
        database = f"F{int(company):04d}"
    return Address(
        host=parts.hostname,
        port=port,
        login=unquote(parts.username),
        password=unquote(parts.password),
        database=database,
        options={name: values[-1] for name, values in parse_qs(parts.query).items()},
    )


# https://pymssql.readthedocs.io/en/stable/ref/pymssql.html#pymssql.connect
def sql_server(where: Address) -> Dialect:
    """
    Return how SQL Server is asked, with the optional driver.

    :raises DriverMissing: if it is not installed
    """
    try:
        driver: Any = importlib.import_module("pymssql")
    except ModuleNotFoundError:
        raise errors.DriverMissing(vendor=VENDOR) from None

    def open_connection() -> Any:
        return driver.connect(
            server=where.host,
            port=str(where.port),
            user=where.login,
            password=where.password,
            database=where.database,
            login_timeout=CONNECT_SECONDS,
            timeout=QUERY_SECONDS,
            charset="UTF-8",
            appname="Integration Hub",
            encryption=where.options.get("encryption", "require"),
            read_only=True,
        )

    # A posting run locks ledger tables: we wait for it shortly and come again later.
    return Dialect(driver=driver, open=open_connection, on_open=("SET LOCK_TIMEOUT 5000",))
