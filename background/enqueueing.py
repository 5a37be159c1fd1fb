"""Enqueueing a row that waits. The row is the truth: losing the message loses nothing."""

from celery import current_app
from django.conf import settings
from django.db import transaction


def enqueue(task: str, **ids: int) -> None:
    """
    Send a worker a message about a row, after the present transaction.

    With the embedded broker only the worker can tell itself; elsewhere the worker's own sweep
    finds the row within half a second.

    :param task: the full name of the task, e.g. ``journals.tasks.prepare_journal``
    """
    if settings.HUB_BROKER_IS_EMBEDDED and settings.HUB_PROCESS != "worker":
        return

    def tell() -> None:
        # Not a partial: Django names the function in the log when it fails.
        _publish(task, ids)

    # Robust: a broker that is down must not turn a committed row into an error page.
    transaction.on_commit(tell, robust=True)


def _publish(task: str, ids: dict[str, int]) -> None:
    current_app.send_task(task, kwargs=ids, retry=False)
