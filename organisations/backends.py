"""Who may be signed in at all."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend


def may_be_signed_in(user: Any) -> bool:
    """Return whether the person, or a program with the person's token, may be let in at all."""
    if getattr(user, "is_demo", False) and not settings.HUB_SANDBOX:
        return False
    return bool(getattr(user, "is_active", True))


class HubBackend(ModelBackend):
    """Sign in by e-mail and password; demo users only while the sandbox is in use."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Return whether the person may; asked at sign-in and for each request of a session."""
        return may_be_signed_in(user) and bool(super().user_can_authenticate(user))
