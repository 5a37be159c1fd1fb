"""
Reading and marking the tables: filters, order, cursors, groups, and columns reached by name.

Behaviour after docs.vismasoftware.no/businessnxtapi: features/filtering, features/pagination
(opaque cursors, no pages together with groups), features/sorting, extensions.
"""

import base64
import binascii
import json
from decimal import Decimal
from functools import cached_property
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from sandbox.businessnxt import ledger, schema

Json = dict[str, Any]
Info = GraphQLResolveInfo[Any]

_TABLES = {
    "CustomerTransaction": ("nxt_transactions", schema.TRANSACTION),
    "OpenCustomerEntry": ("nxt_transactions", schema.OPEN_ENTRY),
    "Associate": ("nxt_associates", schema.ASSOCIATE),
}
_KEYS = {
    "CustomerTransaction": ("voucherJournalNo", "auditNo"),
    "OpenCustomerEntry": ("voucherJournalNo", "auditNo"),
    "Associate": ("associateNo",),
}
# A row leaves the open entries when it is settled.
_ALWAYS = {"OpenCustomerEntry": " AND outstandingAmountDomestic <> 0"}
_OPERATORS = {
    "_eq": "=",
    "_not_eq": "<>",
    "_gt": ">",
    "_gte": ">=",
    "_lt": "<",
    "_lte": "<=",
    "_like": "LIKE",
}


def where(filter_: Json | None, columns: dict[str, str]) -> tuple[str, list[Any]]:
    """Return a filter as SQL with its values."""
    clauses, values = ["1 = 1"], []
    for name, tests in (filter_ or {}).items():
        if name == "_and":
            for inner in tests:
                text, more = where(inner, columns)
                clauses.append(text)
                values += more
            continue
        for operator, value in (tests or {}).items():
            # A variable that was left out leaves its test out too.
            if value is None:
                continue
            if operator in ("_in", "_not_in"):
                words = "NOT IN" if operator == "_not_in" else "IN"
                clauses.append(f"{name} {words} ({', '.join('?' * len(value))})")
                values += [_stored(one, columns[name]) for one in value]
            else:
                clauses.append(f"{name} {_OPERATORS[operator]} ?")
                values.append(_stored(value, columns[name]))
    return f"({' AND '.join(clauses)})", values


def _stored(value: Any, kind: str) -> Any:
    if kind == "Decimal":
        return int(Decimal(str(value)).scaleb(2))
    return value


class Extensions:
    """The columns of a row by their name, in any case of letters."""

    def __init__(self, row: Json, by_lower: dict[str, str]) -> None:
        self._row, self._by_lower = row, by_lower

    def _value(self, name: str) -> Any:
        wanted = name.lower()
        if wanted in self._by_lower:
            return self._row[self._by_lower[wanted]]
        for column, nothing in ledger.MARKERS.items():
            if column.lower() == wanted:
                return self._row["extra"].get(column, nothing)
        raise GraphQLError(f"The column '{name}' does not exist.")

    def stringValue(self, info: Info, name: str = "") -> str | None:  # noqa: N802
        """Return a column as text."""
        value = self._value(name)
        if value is not None and not isinstance(value, str):
            raise GraphQLError(f"The column '{name}' is not a text.")
        return value

    def integerValue(self, info: Info, name: str = "") -> int | None:  # noqa: N802
        """Return a column as a whole number."""
        value = self._value(name)
        if value is not None and not isinstance(value, int):
            raise GraphQLError(f"The column '{name}' is not a whole number.")
        return value

    def dateValue(self, info: Info, name: str = "") -> Any:  # noqa: N802
        """Return a column as a date."""
        return self._value(name)

    def timestampValue(self, info: Info, name: str = "") -> Any:  # noqa: N802
        """Return a column as a time."""
        return self._value(name)


class Connection:
    """One page of a table; each part is read when it is asked for."""

    def __init__(
        self,
        store: Any,
        company_no: int,
        table: str,
        arguments: Json,
        *,
        columns: dict[str, str],
        most: int,
    ) -> None:
        self._store, self._company, self._table = store, company_no, table
        self._arguments, self._most = arguments, most
        self._sql_table, all_columns = _TABLES[table]
        # A type such as Boolean may differ from how the column is stored.
        self._columns = {name: kind for name, kind in columns.items() if name in all_columns}
        self._by_lower = {name.lower(): name for name in self._columns}
        text, values = where(arguments.get("filter"), self._columns)
        self._where = f"company = ? AND {text}{_ALWAYS.get(table, '')}"
        self._values = [company_no, *values]
        for name in ("first", "last", "skip"):
            if arguments.get(name) is not None and arguments[name] < 1:
                raise GraphQLError(f"The argument '{name}' must be positive.")

    def totalCount(self, info: Info) -> int:  # noqa: N802
        """Return how many rows the filter finds."""
        found = self._store.rows(
            f"SELECT count(*) FROM {self._sql_table} WHERE {self._where}", self._values
        )
        return int(found[0][0])

    def pageInfo(self, info: Info) -> Json | None:  # noqa: N802
        """Return where the page lies; nothing for groups, which have no pages."""
        if self._arguments.get("groupBy"):
            return None
        rows, more = self._page
        return {
            "hasNextPage": more,
            "hasPreviousPage": bool(self._arguments.get("after")),
            "startCursor": self._cursor(rows[0]) if rows else None,
            "endCursor": self._cursor(rows[-1]) if rows else None,
        }

    def items(self, info: Info) -> list[Json]:
        """Return the rows of the page, or the groups."""
        if self._arguments.get("groupBy"):
            return self._groups()
        return [self._shown(row) for row in self._page[0]]

    # --- Pages --------------------------------------------------------------------------

    @property
    def _order(self) -> list[tuple[str, str]]:
        asked = [
            (name, way)
            for one in self._arguments.get("orderBy") or []
            for name, way in one.items()
            if way
        ]
        named = {name for name, _way in asked}
        return asked + [(key, "ASC") for key in _KEYS[self._table] if key not in named]

    @cached_property
    def _page(self) -> tuple[list[Json], bool]:
        size = min(self._arguments.get("first") or self._most, self._most)
        names = [*self._columns, "extra"]
        clauses, values = self._where, list(self._values)
        order = self._order
        if self._arguments.get("after"):
            place = _place(self._arguments["after"], len(order))
            if any(way == "DESC" for _name, way in order):
                raise GraphQLError("The sandbox pages in rising order only.")
            columns = ", ".join(name for name, _way in order)
            clauses += f" AND ({columns}) > ({', '.join('?' * len(place))})"
            values += place
        ordered = ", ".join(f"{name} {way}" for name, way in order)
        rows = self._store.rows(
            f"SELECT {', '.join(names)} FROM {self._sql_table} WHERE {clauses}"
            f" ORDER BY {ordered} LIMIT ? OFFSET ?",
            [*values, size + 1, self._arguments.get("skip") or 0],
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        for row in found:
            row["extra"] = {} if row["extra"] == "{}" else json.loads(row["extra"])
        return found[:size], len(found) > size

    def _cursor(self, row: Json) -> str:
        place = json.dumps([row[name] for name, _way in self._order])
        return base64.urlsafe_b64encode(place.encode()).decode()

    def _shown(self, row: Json) -> Json:
        shown = {"extensions": Extensions(row, self._by_lower)}
        for name, kind in self._columns.items():
            value = row[name]
            if kind == "Decimal":
                value = value / 100
            elif kind == "Boolean":
                value = bool(value)
            shown[name] = value
        return shown

    # --- Groups -------------------------------------------------------------------------

    def _groups(self) -> list[Json]:
        names = [name for one in self._arguments["groupBy"] for name in one]
        sums = [name for name, kind in self._columns.items() if kind == "Decimal"]
        columns = [*names, *(f"sum({name})" for name in sums), "count(*)"]
        rows = self._store.rows(
            f"SELECT {', '.join(columns)} FROM {self._sql_table} WHERE {self._where}"
            f" GROUP BY {', '.join(names)} ORDER BY {', '.join(names)}",
            self._values,
        )
        groups = []
        for row in rows:
            summed = row[len(names) : len(names) + len(sums)]
            groups.append(
                dict(zip(names, row, strict=False))
                | {
                    "aggregates": {
                        "sum": {
                            name: value / 100 for name, value in zip(sums, summed, strict=True)
                        },
                        "count": dict.fromkeys(self._columns, row[-1]),
                    }
                }
            )
        return groups


def _place(cursor: str, length: int) -> list[Any]:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError, UnicodeError):
        place = None
    if not isinstance(place, list) or len(place) != length:
        raise GraphQLError("The cursor is not valid.")
    return place


def update(
    store: Any, company_no: int, filter_: Json | None, extensions: list[Json], columns: Any
) -> int:
    """Write columns of customer transactions by their names; return how many rows changed."""
    changes: Json = {}
    for entry in extensions:
        given = {name: value for name, value in entry.items() if name != "column"}
        if len(given) != 1:
            raise GraphQLError(f"Give exactly one value for the column '{entry['column']}'.")
        wanted = entry["column"].lower()
        known = next((one for one in ledger.MARKERS if one.lower() == wanted), None)
        if known is None:
            if any(one.lower() == wanted for one in columns):
                raise GraphQLError(f"The column '{entry['column']}' is read only.")
            raise GraphQLError(f"The column '{entry['column']}' does not exist.")
        value = next(iter(given.values()))
        if type(value) is not type(ledger.MARKERS[known]):
            raise GraphQLError(f"The value does not suit the column '{entry['column']}'.")
        changes[known] = value
    if not filter_:
        raise GraphQLError("A filter is needed.")
    text, values = where(filter_, schema.TRANSACTION)
    with store.writing() as connection:
        rows = connection.execute(
            "SELECT voucherJournalNo, auditNo, extra FROM nxt_transactions"
            f" WHERE company = ? AND {text}",
            [company_no, *values],
        ).fetchall()
        for journal, audit, extra in rows:
            connection.execute(
                "UPDATE nxt_transactions SET extra = ?, changedTimestamp = ?"
                " WHERE company = ? AND voucherJournalNo = ? AND auditNo = ?",
                (
                    json.dumps(json.loads(extra) | changes),
                    ledger.local_time(store),
                    company_no,
                    journal,
                    audit,
                ),
            )
    return len(rows)
