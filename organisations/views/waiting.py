"""A sign-in whose password was right and whose code is still awaited."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.contrib.auth import load_backend
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from organisations.models import User

SESSION_KEY = "waiting_sign_in"
AT_MOST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class WaitingSignIn:
    """Who waits, by which backend the password was found right, and where to go afterwards."""

    user: User
    backend: str
    next: str

    @classmethod
    def begin(cls, request: HttpRequest, user: User, *, next: str, now: datetime) -> None:
        """Remember that the password was right. The person is not signed in by this."""
        request.session.cycle_key()
        request.session[SESSION_KEY] = {
            "user": user.pk,
            "backend": str(user.backend),
            "proof": user.get_session_auth_hash(),
            "next": next,
            "at": now.timestamp(),
        }

    @classmethod
    def of(cls, request: HttpRequest, *, now: datetime) -> Self | None:
        """Return the sign-in that waits in this session, if it is not too old or overtaken."""
        kept = request.session.get(SESSION_KEY)
        if not kept or now.timestamp() - kept["at"] > AT_MOST.total_seconds():
            return None
        user = load_backend(kept["backend"]).get_user(kept["user"])
        # A password that was changed meanwhile is no longer proven.
        if not isinstance(user, User) or not constant_time_compare(
            kept["proof"], user.get_session_auth_hash()
        ):
            return None
        return cls(user=user, backend=kept["backend"], next=kept["next"])

    @staticmethod
    def forget(request: HttpRequest) -> None:
        """End the waiting."""
        request.session.pop(SESSION_KEY, None)
