"""Somebody who is signed in, and somebody of another organisation."""

import pytest
from django.conf import settings
from django.test import Client

from organisations.models import Membership
from tests import factories


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


@pytest.fixture
def me(db) -> Membership:
    return factories.member()


@pytest.fixture
def client(me) -> Client:
    return signed_in(me)


@pytest.fixture
def stranger(db) -> Client:
    return signed_in(factories.member())


@pytest.fixture
def reader(me) -> Client:
    """Return somebody of the same organisation who may look and not send."""
    return signed_in(factories.member(me.organisation, {"journals": "read"}))
