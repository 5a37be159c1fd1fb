"""Django's entry for the outbox."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The outbox; it has no table of its own, see docs/decisions."""

    name = "outbox"

    def ready(self) -> None:
        """Register the crash points of the protocol."""
        from outbox import registered

        registered.register()
