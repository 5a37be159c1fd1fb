"""Where a notice waits for the next page: in a cookie, which no neighbour's host can have set."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class _OwnCookie(CookieStorage):
    """Signed, and named as the hub's other cookies are."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]
        return settings.HUB_MESSAGES_COOKIE_NAME


class NoticeStorage(FallbackStorage):
    """
    A cookie first, the session where it is too small.

    In the session alone, whoever is signed out and asks for something would make a row there.
    """

    storage_classes = (_OwnCookie, SessionStorage)
