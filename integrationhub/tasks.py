"""Celery's side of the wiring."""

from celery import shared_task
from django.utils import timezone

from integrationhub import sweeping


@shared_task
def sweep(**_newer: object) -> None:
    """Enqueue what is due; one worker sends this where the broker is a server."""
    sweeping.enqueue_all(now=timezone.now())
