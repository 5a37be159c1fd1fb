"""Encrypt everything that is stored encrypted with the newest key."""

from typing import Any

from django.apps import apps
from django.db import models, transaction

from audit import trail
from background.encrypted import EncryptedTextField
from organisations.management.commands._command import HubCommand
from organisations.models import Organisation
from organisations.operations import second_factor


class Command(HubCommand):
    """Encrypt everything that is stored encrypted with the newest key."""

    help = (
        "Encrypt stored tokens and secrets with the first of HUB_ENCRYPTION_KEYS. "
        "Afterwards the older keys can be taken out of the list."
    )
    example = "HUB_ENCRYPTION_KEYS=NEW,OLD python manage.py rotate_keys"

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate every row of every table that has such a column."""
        rotated = {
            model._meta.label: count for model in apps.get_models() if (count := _rotate(model))
        }
        if apps_again := second_factor.encrypt_again():
            rotated["mfa.Authenticator"] = apps_again
        total = sum(rotated.values())
        for organisation in Organisation.objects.order_by("pk"):
            trail.record(
                organisation=organisation, action="database.keys_rotated", subject=organisation
            )
        self.answer(options, f"Re-encrypted {total} rows.", {"rows": total, "tables": rotated})


def _rotate(model: type[models.Model]) -> int:
    names = [f.attname for f in model._meta.get_fields() if isinstance(f, EncryptedTextField)]
    if not names:
        return 0
    rows = model._default_manager.exclude(**dict.fromkeys(names, ""))
    ids = list(rows.values_list("pk", flat=True))
    return sum(_rotate_row(model, pk, names) for pk in ids)


def _rotate_row(model: type[models.Model], pk: Any, names: list[str]) -> bool:
    # Locked: a token that a worker renews meanwhile must not be overwritten by the old one.
    with transaction.atomic():
        mine = model._default_manager.filter(pk=pk)
        values = mine.select_for_update().values(*names).first()
        return bool(values and mine.update(**values))
