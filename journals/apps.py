"""Django's entry for the journals app."""

from django.apps import AppConfig


class JournalsConfig(AppConfig):
    """The journals app."""

    name = "journals"

    def ready(self) -> None:
        """Register the app's requests, and what lower apps notify and ask of journals."""
        from accounts.operations import continuity, grants
        from journals import registered
        from journals.operations import (  # noqa: F401 (background requests)
            bulk_sending,
            comparing,
            preparing,
            previewing,
            waiting,
        )
        from journals.operations.gates import GATES
        from journals.operations.going_live import FollowFirstPeriod
        from journals.operations.importing import Journals
        from journals.operations.last_month import must_be_explained
        from journals.operations.restoring import BATCHES
        from mappings.operations import ledger
        from mappings.sources import code_sources, first_period_followers
        from outbox import recovery
        from sources.destinations import destinations

        destinations.add(Journals())
        code_sources.add(previewing.codes_seen)
        first_period_followers.add(FollowFirstPeriod())
        grants.when_authorised.add(waiting.signed_in)
        continuity.when_set_back.add(waiting.clock_was_set_back)
        ledger.when_read.add(waiting.ledger_was_read)
        recovery.WORKS.add(BATCHES)
        GATES.add(must_be_explained)

        registered.register()
