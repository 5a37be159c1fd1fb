"""A person's second factor: an authenticator app, and recovery codes for when it is lost."""

import hashlib
from base64 import b32encode
from secrets import token_hex
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice

from organisations.models.encrypted import EncryptedTextField

CODE_DIGITS = 6
CODE_SECONDS = 30
_KEY_BYTES = 20


def new_key() -> str:
    """Return a random key for an authenticator app, as hexadecimal text."""
    return token_hex(_KEY_BYTES)


class AuthenticatorApp(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]
    """
    An app that shows a new code every half minute (RFC 6238); a person has at most one.

    django-otp's own device keeps the key readable in the database, in a column too short for
    its encrypted form. An app counts only once it is confirmed by a code that it showed.
    """

    key = EncryptedTextField()
    last_step = models.BigIntegerField(default=-1)
    drift = models.SmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user"], name="person_has_one_authenticator_app")
        ]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def key_to_type(self) -> str:
        """Return the key as authenticator apps take it: base 32."""
        return b32encode(bytes.fromhex(self.key)).decode()

    def get_throttle_factor(self) -> float:
        """Return the seconds to wait after the first wrong code; each further one doubles it."""
        return 1

    def verify_token(self, token: str) -> bool:
        """Return whether the app shows this code now. A code is good once."""
        allowed, _reason = self.verify_is_allowed()
        if not allowed:
            return False
        counter = TOTP(bytes.fromhex(self.key), CODE_SECONDS, 0, CODE_DIGITS, self.drift)
        counter.time = timezone.now().timestamp()
        good = token.isascii() and token.isdecimal() and len(token) == CODE_DIGITS
        # A step to either side, for a telephone whose clock is a little off.
        if not good or not counter.verify(int(token), tolerance=1, min_t=self.last_step + 1):
            self.throttle_increment()
            return False
        self.last_step, self.drift = counter.t(), counter.drift
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True


class RecoveryCodes(StaticDevice):  # type: ignore[misc]
    """Codes on paper, each good once. Only their digests are stored."""

    class Meta:
        proxy = True

    def replace(self, codes: list[str]) -> None:
        """Forget the codes there were and keep the digests of these."""
        self.token_set.all().delete()
        for code in codes:
            self.token_set.create(token=self.digest(code))

    def verify_token(self, token: Any) -> bool:
        """Return whether this is one of the codes, and use it up."""
        return bool(super().verify_token(self.digest(str(token))))

    def digest(self, code: str) -> str:
        """Return what is stored of a code: 80 bits, which its 74 random bits do not give away."""
        plain = "".join(code.lower().split()).replace("-", "")
        whole = hashlib.sha256(f"{self.pk}:{plain}".encode()).digest()
        return b32encode(whole[:10]).decode()
