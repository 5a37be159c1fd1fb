"""Celery's side of the accounts app: ids in, one operation called."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.operations import cleaning, connecting


@shared_task
def keep_connections_alive(**_newer: object) -> None:
    """Note which connections a worker shall refresh; reads and writes rows only."""
    connecting.keep_connections_alive(now=timezone.now())


@shared_task
def forget_sign_ins(**_newer: object) -> None:
    """Delete sign-ins that were begun long ago."""
    cleaning.forget_sign_ins(now=timezone.now())


PERIODIC = (
    (keep_connections_alive, timedelta(hours=6)),
    (forget_sign_ins, timedelta(days=1)),
)
