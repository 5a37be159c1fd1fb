"""Celery's side of the office."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from office import operations
from organisations.models import Organisation


@shared_task
def learn_expected_dates(**_newer: object) -> None:
    """Learn by when each company's journals are usually here."""
    for organisation in Organisation.objects.all():
        operations.learn(organisation, now=timezone.now())


PERIODIC = ((learn_expected_dates, timedelta(days=1)),)
