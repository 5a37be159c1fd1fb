"""`field__among={…}`: as `in`, with all values in one parameter of the statement."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Lookup = models.Lookup[Any]
else:
    _Lookup = models.Lookup


@models.ForeignKey.register_lookup  # which takes none from Field
@models.Field.register_lookup
class Among(_Lookup):
    """
    Whether a number or a text is in a set of any size.

    `in` makes an expression of each value: for a page of payments that was a seventh of the time,
    and SQLite takes no more than so many. NULL is in no set.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the condition for SQLite."""
        column, params = self.process_lhs(compiler, connection)
        values = json.dumps(sorted(self.rhs))
        return f"{column} IN (SELECT value FROM json_each(%s))", (*params, values)  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the condition for PostgreSQL; the server reads one word."""
        column, params = self.process_lhs(compiler, connection)
        kind = "text" if isinstance(self.lhs.output_field, models.CharField) else "bigint"
        return f"{column} = ANY(%s::{kind}[])", (*params, array_of(sorted(self.rhs)))


def array_of(values: Sequence[Any]) -> str:
    """Return an array of PostgreSQL, written as one word."""
    words = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return '{"' + '","'.join(words) + '"}' if values else "{}"
