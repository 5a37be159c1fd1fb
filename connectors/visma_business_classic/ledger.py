"""Rows of one company's ledger, under the identifiers of the model and in its signs."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from connectors.visma_business_classic import discovery, errors
from connectors.visma_business_classic.database import Database, quoted
from connectors.visma_business_classic.discovery import AMOUNTS, Layout
from connectors.visma_business_classic.errors import VENDOR
from connectors.visma_ledger import Row

SIGNED, BY_SIDE = "signed", "side"
_ROWS_TO_SEE_THE_SIGN = 1000


class Ledger:
    """
    The transactions of one database.

    :param asked_sign: how the sign of amounts is written; empty: seen from the rows
    """

    def __init__(self, database: Database, layout: Layout, *, asked_sign: str) -> None:
        self._database, self.layout, self._asked_sign = database, layout, asked_sign

    @property
    def table(self) -> str:
        return quoted(discovery.TRANSACTION_TABLE)

    def exact(self, column: str) -> str:
        return self._database.dialect.amount.format(column=quoted(column))

    def rows(
        self, where: str, values: Sequence[Any], *, limit: int = 0, marker: str = ""
    ) -> list[Row]:
        """Return rows of the ledger under the identifiers of the model, in rising order of key."""
        columns = self.layout.needed()
        shown = [
            f'{self.exact(name) if identifier in AMOUNTS else quoted(name)} AS "{identifier}"'
            for identifier, name in columns.items()
        ]
        marked = self.marker_column(marker)
        if marked:
            shown.append(f'{quoted(marked)} AS "marker"')
        statement = (
            f"SELECT {', '.join(shown)} FROM {self.table} WHERE {where}"
            f" ORDER BY {quoted(columns['voucherJournalNo'])}, {quoted(columns['auditNo'])}"
        )
        if limit:
            statement = self._database.limited(statement, limit)
        return [self._in_the_model(row) for row in self._database.rows(statement, values)]

    def _in_the_model(self, row: Row) -> Row:
        """Return the row as NXT would give it: exact amounts with a sign, the rest by name."""
        found: dict[str, Any] = dict(row)
        turned = self.sign == BY_SIDE and found.get("side") == 1
        for name in AMOUNTS & found.keys():
            value = amount_of(found[name])
            found[name] = -value if turned and isinstance(value, Decimal) else value
        for name, value in found.items():
            # Some databases keep whole numbers in decimal columns.
            if name in AMOUNTS or not isinstance(value, Decimal) or not value.is_finite():
                continue
            if value == int(value):
                found[name] = int(value)
        extra: dict[str, Any] = {
            name: found.pop(name) for name in ("kid", "origin", "currency") if name in found
        }
        if "marker" in found:
            value = found.pop("marker")
            # 0 is how a whole number says that nothing was marked.
            extra["marker"] = "" if value in (None, 0) else str(value)
        found["extensions"] = extra
        return found

    @cached_property
    def sign(self) -> str:
        """
        Return how the sign of amounts is written: as configured, else as in the newest rows.

        The classic table has signed amounts and a column of the side in different sources, so
        neither is taken for granted.
        """
        columns = self.layout.needed()
        if self._asked_sign or "side" not in columns:
            return self._asked_sign or SIGNED
        amount, side = self.exact(columns["amountDomestic"]), quoted(columns["side"])
        key, second = quoted(columns["voucherJournalNo"]), quoted(columns["auditNo"])
        rows = self._database.rows(
            self._database.limited(
                f"SELECT {amount} AS amount, {side} AS side FROM {self.table}"
                f" ORDER BY {key} DESC, {second} DESC",
                _ROWS_TO_SEE_THE_SIGN,
            )
        )
        negative = any(amount_of(row["amount"]) < 0 for row in rows)
        positive_credit = any(row["side"] == 1 and amount_of(row["amount"]) > 0 for row in rows)
        if negative and positive_credit:
            raise errors.SignUnclear(vendor=VENDOR)
        return BY_SIDE if positive_credit else SIGNED

    def marker_column(self, marker: str) -> str:
        """Return the marker's column as the table writes it; empty where it is not there."""
        name = marker.partition(":")[0].strip().lower()
        return next((one for one in self.layout.all_transactions if one.lower() == name), "")

    def shape_of(self, column: str) -> tuple[str, int | None]:
        """Return the type of a column of the transactions, and how many characters it takes."""
        rows = self._database.rows(
            "SELECT DATA_TYPE AS kind, CHARACTER_MAXIMUM_LENGTH AS width"
            " FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = ? AND COLUMN_NAME = ?",
            (discovery.TRANSACTION_TABLE, column),
        )
        found = next(iter(rows), None)
        if found is None:
            return "", None
        width = found["width"]
        return str(found["kind"] or ""), width if isinstance(width, int) else None


def amount_of(value: Any) -> Any:
    """Return an amount as a Decimal; what is none stays as it is, and is then refused."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            return Decimal(value)
        except InvalidOperation:
            return value
    return value
