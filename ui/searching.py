"""Searching on SQLite as on PostgreSQL: whatever the case of a letter, Å, Ä and Ö too."""

import re
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def teach_sqlite(*, connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """
    Give a new connection to SQLite a LIKE that knows more letters than A to Z.

    Django's `icontains`, `istartswith` and `iexact` are all made of it.
    """
    if connection.vendor == "sqlite":
        connection.connection.create_function("like", 3, like, deterministic=True)


def like(pattern: str | None, text: Any, escape: str) -> bool | None:
    """Say whether the text fits to a pattern of SQL: % for any text, _ for any character."""
    if pattern is None or text is None:
        return None
    return _compiled(str(pattern), escape).fullmatch(str(text).casefold()) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str, escape: str) -> re.Pattern[str]:
    parts, letters = [], iter(pattern.casefold())
    for letter in letters:
        if letter == escape:
            parts.append(re.escape(next(letters, "")))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter, re.escape(letter)))
    return re.compile("".join(parts), re.DOTALL)
