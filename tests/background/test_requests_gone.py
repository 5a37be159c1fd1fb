"""Pages whose address names work that ended so long ago that the hub forgot it."""

import pytest
from django.test import Client
from django.urls import reverse

from background.models import BackgroundRequest
from tests import factories
from tests.payments.conftest import Office
from tests.payments.conftest import office as office  # the fixture
from tests.payments.rows import signed_in

pytestmark = pytest.mark.django_db

WORDS = "its result is no longer stored"


@pytest.mark.parametrize("name", ["client_settings", "reconciliation"])
def test_a_page_of_payments_shows_itself_and_says_so(name: str, office: Office) -> None:
    address = reverse(f"payments:{name}", args=[office.client.pk])
    me = signed_in(office.member)

    answer = me.get(f"{address}?background_request=4711")

    assert answer.status_code == 200
    assert WORDS in answer.content.decode()
    assert WORDS not in me.get(address).content.decode()


def test_the_page_of_a_mapping_shows_itself_and_says_so() -> None:
    member = factories.member()
    mapping = factories.mapping(member.organisation)
    address = reverse("mappings:detail", args=[mapping.pk])

    answer = signed_in(member).get(f"{address}?background_request=4711")

    assert answer.status_code == 200
    assert WORDS in answer.content.decode()


def test_a_draft_of_a_mapping_reads_the_ledger_again() -> None:
    member = factories.member()
    mapping = factories.mapping(member.organisation)
    me: Client = signed_in(member)
    me.get(reverse("mappings:edit", args=[mapping.pk]))
    BackgroundRequest.objects.all().delete()

    answer = me.get(reverse("mappings:reading"))

    assert answer.status_code == 200
    assert BackgroundRequest.objects.get().kind == "mappings.read_ledger"
