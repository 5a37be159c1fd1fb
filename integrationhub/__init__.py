"""Wiring: settings, addresses, processes. What the hub does stands in the apps."""

from integrationhub.celery import app as celery_app

__all__ = ["celery_app"]
