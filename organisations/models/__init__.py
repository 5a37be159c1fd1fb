"""The tables of the organisations app."""

from organisations.models.audit import AuditEntry
from organisations.models.cache import CacheEntry
from organisations.models.companies import Company, Debtor
from organisations.models.encrypted import EncryptedTextField
from organisations.models.invitations import Invitation
from organisations.models.people import Membership, OfOrganisation, Organisation, Role, User
from organisations.models.work import CallBudget, Errand, Heartbeat, Lease

__all__ = [
    "AuditEntry",
    "CacheEntry",
    "CallBudget",
    "Company",
    "Debtor",
    "EncryptedTextField",
    "Errand",
    "Heartbeat",
    "Invitation",
    "Lease",
    "Membership",
    "OfOrganisation",
    "Organisation",
    "Role",
    "User",
]
