"""Django's entry for the ui app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class UIConfig(AppConfig):
    """The ui app."""

    name = "ui"

    def ready(self) -> None:
        """Let every connection to SQLite search whatever the case of a letter."""
        from ui.searching import teach_sqlite

        connection_created.connect(teach_sqlite, dispatch_uid="search_in_any_case")
