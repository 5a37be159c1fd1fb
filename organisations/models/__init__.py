"""The tables of the organisations app."""

from organisations.models.cache import CacheEntry
from organisations.models.companies import Company, Debtor
from organisations.models.invitations import Invitation
from organisations.models.people import Membership, Organisation, Role, User

__all__ = [
    "CacheEntry",
    "Company",
    "Debtor",
    "Invitation",
    "Membership",
    "Organisation",
    "Role",
    "User",
]
