"""Django's entry for the payments app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The payments app."""

    name = "payments"

    def ready(self) -> None:
        """Make the handlers of background requests known."""
        from accounts.operations import continuity, grants
        from outbox import recovery
        from payments import registered
        from payments.operations import (  # noqa: F401
            alarming,
            blocking,
            reconciling,
            setup_checks,
            start_dates,
            trying,
        )
        from payments.operations.restoring import REGISTRATIONS

        grants.when_authorised.add(trying.signed_in)
        continuity.when_set_back.add(trying.clock_was_set_back)
        recovery.WORKS.add(REGISTRATIONS)

        registered.register()
