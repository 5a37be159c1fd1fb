"""A program that has a token which may do everything."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from api import operations
from api.models import ApiToken
from tests.payments.conftest import Office
from tests.payments.conftest import office as office


@pytest.fixture
def program(office: Office) -> Callable[..., Any]:
    """Return a call of the API, by method, path and body."""
    _token, secret = operations.create(
        organisation=office.organisation,
        name="program",
        scopes=list(ApiToken.Scope),
        by=office.member.user,
        now=office.now,
    )

    def call(method: str, path: str, body: Any = None) -> Any:
        return Client(enforce_csrf_checks=True).generic(
            method,
            f"/api/v1/{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )

    return call
