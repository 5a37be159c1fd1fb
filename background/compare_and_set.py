"""One row changed only if it still is as it was read: the step that every claim is made of."""

from collections.abc import Mapping
from typing import Any

from django.db import models

ANYWAY = models.Q()


def compare_and_set(
    row: models.Model,
    *,
    expect: Mapping[str, Any],
    changes: Mapping[str, Any],
    only_if: models.Q = ANYWAY,
) -> bool:
    """
    Change the row in one UPDATE if what is expected still holds, and say whether it did.

    The row in memory is then brought up to date too.

    :param expect: names of fields to the values that they must still have; None means NULL
    :param changes: names of fields to their new values
    :param only_if: what must hold besides, asked in the same statement
    """
    if not type(row)._default_manager.filter(only_if, pk=row.pk, **expect).update(**changes):
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True
