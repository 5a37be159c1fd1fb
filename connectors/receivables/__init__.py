"""
The neutral shapes of customer payments, and what a source and a target of them promise.

A *source* is where payments are registered (Visma Business); a *target* is where the invoices are
followed up (PowerOffice Go). Nothing here knows a vendor. Amounts are Decimals in the minor unit
of their currency; a payment is positive, a returned one negative.
"""

from connectors.receivables.shared import (
    FindingLevel,
    PaymentKey,
    SetupFinding,
    SourceCompany,
    Unreadable,
)
from connectors.receivables.source import (
    ControlTotal,
    EarlierPayment,
    LeftOut,
    MakeSource,
    MarkOutcome,
    PaymentPage,
    PaymentQuery,
    PaymentSource,
    SetupReport,
    SourceCapabilities,
    SourceCustomer,
    SourceOpenItem,
    SourcePayment,
    SourceWriteOff,
    VoucherType,
)
from connectors.receivables.target import (
    MakeTarget,
    PaymentTarget,
    PaymentToRegister,
    RegisteredPayment,
    TargetCapabilities,
    TargetCustomer,
    TargetEntry,
    TargetInvoice,
    TargetOpenItem,
    TargetProject,
)

__all__ = [
    "ControlTotal",
    "EarlierPayment",
    "FindingLevel",
    "LeftOut",
    "MakeSource",
    "MakeTarget",
    "MarkOutcome",
    "PaymentKey",
    "PaymentPage",
    "PaymentQuery",
    "PaymentSource",
    "PaymentTarget",
    "PaymentToRegister",
    "RegisteredPayment",
    "SetupFinding",
    "SetupReport",
    "SourceCapabilities",
    "SourceCompany",
    "SourceCustomer",
    "SourceOpenItem",
    "SourcePayment",
    "SourceWriteOff",
    "TargetCapabilities",
    "TargetCustomer",
    "TargetEntry",
    "TargetInvoice",
    "TargetOpenItem",
    "TargetProject",
    "Unreadable",
    "VoucherType",
]
