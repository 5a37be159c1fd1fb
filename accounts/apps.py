"""Django's entry for the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app."""

    name = "accounts"

    def ready(self) -> None:
        """Make the handlers of background requests known."""
        from accounts import registered
        from accounts.operations import (
            connecting,  # noqa: F401
            notifying,  # noqa: F401
        )

        registered.register()
