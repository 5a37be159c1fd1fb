"""A batch as the sandbox stores it: index columns, and its lines as finished JSON."""

import json
from dataclasses import astuple, dataclass, fields
from typing import Any, ClassVar


class DuplicateNumber(Exception):
    """The company already has a batch with that number."""


@dataclass(frozen=True)
class Batch:
    """
    One journal batch of one company.

    :param lines_json: the lines as the ERP answers them, a JSON array ready to be sent
    :param own: the number was chosen by the client, not drawn from the series
    :param extra_json: the header fields that nothing is searched by
    :param release_due: when a queued release is done (a timestamp); 0 if none is queued
    """

    tenant_id: str
    number: str
    status: str
    period: str
    day: str
    branch: str
    ledger: str
    currency: str
    description: str
    debit: str
    credit: str
    line_count: int
    module: str = "GL"
    own: int = 0
    client_id: str = ""
    person: str = ""
    seq: int = 0
    version: int = 0
    created_at: str = ""
    modified_at: str = ""
    release_due: float = 0.0
    released_as: str = ""
    # The long texts stand last: SQLite reads a row only as far as a query needs it.
    extra_json: str = "{}"
    lines_json: str = "[]"

    FIELDS: ClassVar[tuple[str, ...]] = ()
    NAMES: ClassVar[str] = ""
    INSERT: ClassVar[str] = ""
    REPLACE: ClassVar[str] = ""

    def as_row(self) -> tuple[Any, ...]:
        """Return the values in the order of the columns."""
        return astuple(self)

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "Batch":
        """Return the batch of a row read by NAMES."""
        return cls(*row)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the lines as the ERP answers them."""
        found: list[dict[str, Any]] = json.loads(self.lines_json)
        return found

    @property
    def extra(self) -> dict[str, Any]:
        """Return the header fields that nothing is searched by."""
        found: dict[str, Any] = json.loads(self.extra_json)
        return found

    @property
    def hold(self) -> bool:
        """Return whether the batch is on hold."""
        return self.status == "Hold"

    @property
    def released(self) -> bool:
        """Return whether the batch was released."""
        return self.status in ("Unposted", "Posted")


Batch.FIELDS = tuple(field.name for field in fields(Batch))
Batch.NAMES = ", ".join(Batch.FIELDS)
_MARKS = ", ".join("?" for _ in Batch.FIELDS)
Batch.INSERT = f"INSERT INTO batches ({Batch.NAMES}) VALUES ({_MARKS})"
Batch.REPLACE = f"INSERT OR REPLACE INTO batches ({Batch.NAMES}) VALUES ({_MARKS})"

_SQL_TYPES: dict[Any, str] = {str: "TEXT", int: "INTEGER", float: "REAL"}
COLUMNS = ", ".join(f"{field.name} {_SQL_TYPES[field.type]} NOT NULL" for field in fields(Batch))
