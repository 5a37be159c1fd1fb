"""The tables of the accounts app."""

from accounts.models.attempts import SignInAttempt
from accounts.models.budgets import CallBudget
from accounts.models.connections import Connection
from accounts.models.hosts import Gap, Host, LedgerProof
from accounts.models.restores import Installation, Restore

__all__ = [
    "CallBudget",
    "Connection",
    "Gap",
    "Host",
    "Installation",
    "LedgerProof",
    "Restore",
    "SignInAttempt",
]
