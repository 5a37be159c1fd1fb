"""Celery's side of the organisations app: ids in, one operation called."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from organisations.operations import cleaning, invitations


@shared_task
def forget_sessions(**_newer: object) -> None:
    """Delete sessions that are over."""
    cleaning.forget_sessions(now=timezone.now())


@shared_task
def expire_invitations(**_newer: object) -> None:
    """Record which invitations nobody answered in time."""
    invitations.expire(now=timezone.now())


PERIODIC = (
    (expire_invitations, timedelta(hours=1)),
    (forget_sessions, timedelta(days=1)),
)
