"""The tables of the organisations app."""

from audit.scoped import OfOrganisation

from accounts.models import CallBudget
from audit.models import AuditEntry
from background.encrypted import EncryptedTextField
from background.models import Errand, Heartbeat, Lease
from organisations.models.cache import CacheEntry
from organisations.models.companies import Company, Debtor
from organisations.models.invitations import Invitation
from organisations.models.people import Membership, Organisation, Role, User

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
