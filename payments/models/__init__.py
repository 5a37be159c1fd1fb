"""The tables of the payments app."""

from payments.models.clients import Integration, InvoiceClient
from payments.models.customers import Customer, DeniedProject, TimeBlock, TimeEntry
from payments.models.ledger import Invoice, Payment, Settlement
from payments.models.money import MoneyField, total_of
from payments.models.prefixes import LearntPrefix
from payments.models.reconciliations import Reconciliation, ReconciliationLine
from payments.models.registrations import Registration, RegistrationAttempt
from payments.models.runs import FetchEntry, FetchGroup, FetchRun, SkippedRow

__all__ = [
    "Customer",
    "DeniedProject",
    "FetchEntry",
    "FetchGroup",
    "FetchRun",
    "Integration",
    "Invoice",
    "InvoiceClient",
    "LearntPrefix",
    "MoneyField",
    "Payment",
    "Reconciliation",
    "ReconciliationLine",
    "Registration",
    "RegistrationAttempt",
    "Settlement",
    "SkippedRow",
    "TimeBlock",
    "TimeEntry",
    "total_of",
]
