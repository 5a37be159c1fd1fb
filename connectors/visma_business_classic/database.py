"""
A company's database through a read-only login: opened for one page, asked, closed.

Written over Python's DB-API (PEP 249), so that any driver fits; SQL Server's is an optional
extra of the hub (requirements-mssql.txt). Names from the database are quoted, values are
parameters, and nothing is written but by :meth:`Database.change`.
"""

import atexit
import importlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from connectors.visma_business_classic import addresses, errors
from connectors.visma_business_classic.addresses import Address
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
    :param place: which server that is, for the operator's log
    :param placeholder: of a parameter
    :param limit: the clause that ends a query after so many rows
    :param amount: an amount as an exact number, whatever the column's type
    :param on_open: statements sent first
    """

    driver: Any
    open: Callable[[], Any]
    place: str = ""
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
        """Change rows and return how many; all is rolled back unless it was exactly one."""
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

    def _connection(self) -> Any:
        """
        Return an open connection.

        :raises NotConnected: in the same words whatever the reason is, which the log has: an
            unknown name, a closed port and a wrong password look alike to whoever tries addresses
        """
        try:
            return self.dialect.open()
        except (self.dialect.driver.Error, OSError) as exc:
            raise errors.not_connected(exc, place=self.dialect.place) from exc

    @contextmanager
    def _cursor(self, *, commits: bool = False) -> Iterator[Any]:
        driver = self.dialect.driver
        connection = self._connection()
        try:
            try:
                cursor = connection.cursor()
                for statement in self.dialect.on_open:
                    cursor.execute(statement)
                yield cursor
                if commits:
                    connection.commit()
            finally:
                # Without a commit, closing rolls back whatever there was.
                connection.close()
        except driver.Error as exc:
            raise errors.translated(exc, driver=driver) from exc


# https://pymssql.readthedocs.io/en/stable/ref/pymssql.html#pymssql.connect
def sql_server(where: Address, *, authorities: str = "") -> Dialect:
    """
    Return how SQL Server is asked, with the optional driver: TDS 7.4, always encrypted.

    :param authorities: file with those who may have signed the server's certificate; else those
        that every other vendor's is checked against
    :raises DriverMissing: if the driver is not installed
    """
    try:
        driver: Any = importlib.import_module("pymssql")
    except ModuleNotFoundError:
        raise errors.DriverMissing(vendor=VENDOR) from None

    def open_connection() -> Any:
        addresses.check_resolved(where)
        _let_the_driver_check(authorities or DEFAULT_CA_BUNDLE_PATH)
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
            tds_version="7.4",
            encryption="require",
            read_only=True,
        )

    # A posting run locks ledger tables: we wait for it shortly and come again later.
    return Dialect(
        driver=driver,
        open=open_connection,
        place=f"{where.host}:{where.port}",
        on_open=("SET LOCK_TIMEOUT 5000",),
    )


# https://www.freetds.org/userguide/freetdsconf.html
@lru_cache(maxsize=1)
def _let_the_driver_check(authorities: str) -> None:
    """
    Let the driver check certificate and name of the server.

    It takes this from a file of its own alone, which it looks for again at each connection. The
    file takes the place of the machine's, so that no section there leads a name elsewhere.
    """
    with NamedTemporaryFile("w", prefix="hub-freetds-", suffix=".conf", delete=False) as file:
        file.write(f"[global]\n\tca file = {authorities}\n\tcheck certificate hostname = yes\n")
    atexit.register(Path(file.name).unlink, missing_ok=True)
    os.environ["FREETDSCONF"] = file.name
