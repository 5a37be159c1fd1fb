"""A post office, and tables for its letters."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection as database

from outbox.delivery import Turn
from tests import factories

if TYPE_CHECKING:
    from tests.outbox.letters import Mail


@pytest.fixture(scope="module")
def _tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Make the tables of an app that is not installed, and drop them again."""
    from tests.outbox.letters import Letter, LetterAttempt

    with django_db_blocker.unblock(), database.schema_editor() as editor:
        editor.create_model(Letter)
        editor.create_model(LetterAttempt)
    yield
    with django_db_blocker.unblock(), database.schema_editor() as editor:
        editor.delete_model(LetterAttempt)
        editor.delete_model(Letter)


@pytest.fixture
def mail(_tables: None, db: None, settings: Any) -> "Iterator[Mail]":
    """Return an adapter to a post office that is open."""
    from tests.outbox.letters import Clock, Mail, PostOffice

    settings.HUB_LOOK_UP_INTERVAL_SECONDS = 180
    office = PostOffice()
    server = office.open()
    Thread(target=server.serve_forever, daemon=True).start()
    connection = factories.connection(factories.organisation())
    turn = Turn(connection, "worker-1", Clock(datetime(2026, 3, 25, 8, tzinfo=UTC)))
    mail = Mail(turn)
    mail.office = office
    yield mail
    server.shutdown()
    server.server_close()
