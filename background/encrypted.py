"""Columns whose text is encrypted at rest with rotating keys (`HUB_ENCRYPTION_KEYS`)."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def box() -> MultiFernet:
    """Return the cipher of the configured keys; the first one encrypts, all of them decrypt."""
    return _box(tuple(settings.HUB_ENCRYPTION_KEYS))


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """
    Text that is readable in Python and unreadable in the database.

    An empty text is stored empty, so that "is there a token" can be asked in SQL. It cannot
    be searched: the same text is stored differently each time.
    """

    description = "Encrypted text"

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return box().encrypt(text.encode()).decode() if text else text

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        if not value:
            return value
        try:
            return box().decrypt(value.encode()).decode()
        except InvalidToken:
            raise ImproperlyConfigured(
                "A stored secret cannot be read with HUB_ENCRYPTION_KEYS. "
                "Put the key that wrote it back at the end of the list."
            ) from None
