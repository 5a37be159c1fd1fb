"""What is stored encrypted is unreadable without the key, and nobody can change it unseen."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models.functions import Length

from accounts.models import Connection
from tests import factories

pytestmark = pytest.mark.django_db


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM accounts_connection")
        return cursor.fetchone()[0]


def store(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_connection SET access_token = %s", [text])


class TestAnEncryptedColumn:
    @pytest.fixture(autouse=True)
    def account(self):
        return factories.connection(factories.organisation())

    def test_shows_nothing_of_its_text(self, account):
        assert "an-access-token" not in stored()
        assert "an-access-token" not in str(urlsafe_b64decode(stored()))

    def test_stores_the_same_text_differently_each_time(self, account):
        before = stored()

        account.save(update_fields=["access_token"])

        assert stored() != before
        assert Connection.objects.get().access_token == "an-access-token"

    @pytest.mark.parametrize("place", [1, 12, 30, 60, -1])
    def test_is_not_read_when_one_bit_was_changed(self, place):
        changed = bytearray(urlsafe_b64decode(stored()))
        changed[place] ^= 1
        store(urlsafe_b64encode(bytes(changed)).decode())

        with pytest.raises(ImproperlyConfigured) as refused:
            Connection.objects.get()

        assert "an-access-token" not in str(refused.value)

    def test_is_not_read_with_another_key(self, settings):
        settings.HUB_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

        with pytest.raises(ImproperlyConfigured):
            Connection.objects.get()

    def test_stays_empty_where_there_is_nothing(self, account):
        account.access_token = ""
        account.save(update_fields=["access_token"])

        (length,) = Connection.objects.annotate(n=Length("access_token")).values_list(
            "n", flat=True
        )
        assert length == 0
