"""What the pages of accounts need."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.uses import use_of
from organisations.rules import Level


def check_may_change_accounts(request: HttpRequest, vendor: str) -> None:
    """
    Let it pass if the person may change accounts at that vendor.

    :raises Http404: if a right for it is missing altogether
    :raises PermissionDenied: if one of them is for reading only
    """
    membership = getattr(request, "membership", None)
    wanted = use_of(vendor).rights
    if membership is None or not all(membership.role.allows(key, Level.READ) for key in wanted):
        raise Http404
    if not all(membership.role.allows(key, Level.WRITE) for key in wanted):
        raise PermissionDenied
