"""The offices whose work is interrupted, and the processes that die at it."""

import os
from collections.abc import Iterator

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection

from tests.journals.sending.conftest import committed_office, later
from tests.recovery.doomed import Doomed, started

__all__ = ["committed_office", "later"]


@pytest.fixture(scope="module")
def doomed(django_db_setup: None) -> Iterator[Doomed]:
    """Start the process that starts the doomed ones, on the suite's database."""
    queue = f"hub-test-doomed-{os.getpid()}"
    with started(str(connection.settings_dict["NAME"]), queue) as process:
        yield process
    if not settings.HUB_BROKER_IS_EMBEDDED:
        with current_app.connection_for_write() as broker:
            broker.default_channel.client.delete(queue)
