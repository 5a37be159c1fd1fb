"""Whom the tests of people and invitations begin with."""

from typing import Any

import pytest

from organisations.models import Membership
from tests import factories


@pytest.fixture
def administrator() -> Membership:
    return factories.member(factories.organisation("Fjordbyrån"))


@pytest.fixture
def mail_server(settings: Any) -> None:
    settings.HUB_SENDS_MAIL = True
