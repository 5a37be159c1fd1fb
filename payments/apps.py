"""Django's entry for the payments app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The payments app."""

    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the handlers of errands known."""
        from payments.operations import alarming, blocking, clients, reconciling  # noqa: F401
