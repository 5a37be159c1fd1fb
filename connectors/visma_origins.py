"""
Which postings on a customer are money that came in, by where Visma Business says they come from.

A voucher type alone does not tell: a write-off posted on a bank voucher has the type of a payment.
The numbers are those of the column Origin (SQL ``SrcTp``) as it is documented on batches and on
the realisation journal: doc.visma.net/userdoc/business/18.10/nb-no, r_c_updatedbatch_origin.
"""

from collections.abc import Mapping

COMPRESSION = 15
"""Rows that replace older ones: their money was counted before."""
WRITE_OFF = 21
"""Rows that give up the rest of an invoice."""

NO_MONEY: Mapping[int, str] = {
    4: "reminder",
    5: "interest_note",
    COMPRESSION: "compression",
    17: "difference",
    WRITE_OFF: "write_off",
    30: "currency_correction",
}
"""Postings that move no money, whatever their voucher type and sign; why, as a code."""

MAY_BE_MONEY: Mapping[int, str] = {
    9: "order_processing",
    28: "debt_collection",
    29: "split_entry",
}
"""
Postings of which the origin does not tell: a person sees to them.

Order processing makes invoices, and the payments of cash sales; what a collector paid in and what
a case was charged have one origin; a split entry may stand for money that was counted before.
"""


def why_no_money(origin: object) -> str:
    """
    Return the code of why a posting is no money received; empty where its origin does not say so.

    An origin that is missing, or in no published list, says nothing: the voucher type decides.
    """
    return NO_MONEY.get(origin, "") if type(origin) is int else ""


def why_unknown(origin: object) -> str:
    """Return the code of why a posting may be no payment; empty: it is one."""
    return MAY_BE_MONEY.get(origin, "") if type(origin) is int else ""
