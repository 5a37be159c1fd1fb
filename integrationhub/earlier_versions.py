"""
A database of another version is refused at the start, in words that say what to do.

Before the first release every app began again with one migration: what was made earlier cannot
be brought up to date, and nothing in it is to be changed.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@register(Tags.database)
def check_version(*, databases: Sequence[str] | None = None, **_more: Any) -> list[CheckMessage]:
    """Refuse the database of another version, where the database is asked at all."""
    refusal = why_refused() if databases else ""
    return [Error(refusal, id="hub.E001")] if refusal else []


def why_refused() -> str:
    """Return why this version cannot use the database; nothing if it can, or cannot ask it."""
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError:
        return ""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    ours = {(app, name) for app, name in applied if app in settings.HUB_APPS}
    unknown = sorted(f"{app}.{name}" for app, name in ours if (app, name) not in known)
    if not unknown:
        return ""
    if connection.vendor == "sqlite":
        folder = settings.HUB_DATA_DIR
        remedy = f"Keep the data folder and start with a new one: mv {folder} {folder}.old"
    else:
        name = connection.settings_dict["NAME"]
        remedy = f"Keep the database {name} and name a new, empty one in DATABASE_URL."
    more = f" and {len(unknown) - 1} more" if unknown[1:] else ""
    return (
        "The database was made by another version of the hub; this one does not know its "
        f"migration {unknown[0]}{more}. Nothing was changed. If a newer version made it, start "
        "that version. One from before the first release cannot be brought up to date. " + remedy
    )
