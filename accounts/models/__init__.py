"""The tables of the accounts app."""

from accounts.models.attempts import SignInAttempt
from accounts.models.audit import AuditEntry
from accounts.models.companies import Company, Debtor
from accounts.models.connections import Connection
from accounts.models.encrypted import EncryptedTextField
from accounts.models.hosts import Gap, Host, LedgerProof
from accounts.models.people import Membership, OfOrganisation, Organisation, Role, User
from accounts.models.restores import Installation, Restore
from accounts.models.second_factor import AuthenticatorApp, RecoveryCodes
from accounts.models.work import CallBudget, Errand, Heartbeat, Lease

__all__ = [
    "AuditEntry",
    "AuthenticatorApp",
    "CallBudget",
    "Company",
    "Connection",
    "Debtor",
    "EncryptedTextField",
    "Errand",
    "Gap",
    "Heartbeat",
    "Host",
    "Installation",
    "Lease",
    "LedgerProof",
    "Membership",
    "OfOrganisation",
    "Organisation",
    "RecoveryCodes",
    "Restore",
    "Role",
    "SignInAttempt",
    "User",
]
