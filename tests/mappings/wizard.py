"""Walks the wizard as a browser without JavaScript does."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Connection
from organisations.models import Company, Membership


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.user)
    return client


def answer(client: Client, step: str, **values: Any) -> Any:
    """Post the answers of a step and return what came back."""
    return client.post(reverse("mappings:step", args=[step]), values)


def walk_to_dimensions(
    client: Client, company: Company, connection: Connection, run_due_work: Callable[..., int]
) -> None:
    """Choose company and administration, and let the worker read the ledger."""
    client.get(reverse("mappings:new"))
    answer(client, "company", company=company.pk)
    answer(client, "administration", connection=connection.pk)
    run_due_work()
    client.get(reverse("mappings:reading"), follow=True)
