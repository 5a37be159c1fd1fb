"""What every page shows of the installation: why nothing is sent, where that is so."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.operations import installation
from ui.failures import FailureRow, failure_row_of


def notices(request: HttpRequest) -> dict[str, Any]:
    """Return the notices above the pages of who belongs to an organisation; asked when printed."""
    if getattr(request, "membership", None) is None:
        return {}

    def found() -> list[FailureRow]:
        return [failure_row_of(one) for one in installation.notices(now=timezone.now())]

    return {"installation_notices": found}
