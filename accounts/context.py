"""What every page shows of the installation: why nothing is sent, where that is so."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.operations import installation
from ui.failures import failure_row_of


def notices(request: HttpRequest) -> dict[str, Any]:
    """Return the notices above the pages of those who belong to an organisation."""
    if getattr(request, "membership", None) is None:
        return {}
    stopped = installation.notices(now=timezone.now())
    return {"installation_notices": [failure_row_of(failure) for failure in stopped]}
