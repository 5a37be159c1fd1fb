"""Who uses the hub: organisations, people, roles."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from organisations import rules


class Organisation(models.Model):
    """One customer of the installation, e.g. an accounting office; everything belongs to one."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    requires_second_factor = models.BooleanField(_("everyone needs a second factor"), default=False)
    first_steps_hidden = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes and finds people by e-mail."""

    def create_user(self, *, email: str, name: str, password: str | None, **more: Any) -> "User":
        """Create a person who signs in by e-mail; without a password nobody can sign in as it."""
        user = self.model(email=self.clean_email(email), name=name, **more)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, *, email: str, name: str, password: str | None) -> "User":
        """Create a person for Django's own checks; the hub has no superuser pages."""
        return self.create_user(email=email, name=name, password=password, is_superuser=True)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.clean_email(username or ""))

    @staticmethod
    def clean_email(email: str) -> str:
        """Return the address as it is stored: lower case, without outer blanks."""
        return email.strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Rights come from the role in an organisation, never from the person."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=8, blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)
    handed_over = models.BooleanField(default=False, editable=False)
    """Somebody else held a link or password of this account: its address is not proven."""
    password_is_temporary = models.BooleanField(default=False, editable=False)
    """The operator gave it: it is good for one sign-in, to set another one."""
    session_generation = models.PositiveIntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    joining: "Sequence[Organisation]" = ()
    """Whose invitation the person is answering: their names are no password either."""

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def set_password(self, raw_password: str | None) -> None:
        """Set the password, which is the person's own unless it is said otherwise afterwards."""
        super().set_password(raw_password)
        self.password_is_temporary = False

    def get_session_auth_hash(self) -> str:
        """Return what each session must carry; a new password or generation ends them all."""
        return self._session_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Return what sessions carry that were begun under an older secret key."""
        return (self._session_hash(key) for key in settings.SECRET_KEY_FALLBACKS)

    def _session_hash(self, key: str | bytes) -> str:
        value = f"{self.session_generation}:{self.password}"
        salt = "accounts.User.get_session_auth_hash"
        return salted_hmac(salt, value, secret=key, algorithm="sha256").hexdigest()


class Role(models.Model):
    """A named set of rights in one organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="roles")
    name = models.CharField(_("name"), max_length=60)
    rights = models.JSONField(default=dict, blank=True)
    built_in = models.BooleanField(default=False, editable=False)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="role_name_is_unique_in_its_organisation"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def allows(self, key: str, needed: rules.Level) -> bool:
        """Return whether the role reaches that level of that right."""
        return rules.allows(self.rights, key, needed)


class Membership(models.Model):
    """A person in an organisation, with one role."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="memberships")
    away_from = models.DateField(_("away from"), null=True, blank=True)
    away_until = models.DateField(_("away until"), null=True, blank=True)
    """Meanwhile deputies see this person's companies among their own."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "user"], name="person_is_once_in_an_organisation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    @property
    def rights(self) -> Mapping[str, str]:
        """Return the rights of the role."""
        rights: Mapping[str, str] = self.role.rights
        return rights
