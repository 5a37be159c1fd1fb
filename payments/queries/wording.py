"""Stored codes of payments in the reader's language."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.queries.failures import failure_row
from payments.queries.finding_texts import FINDINGS, MARK_REASONS
from payments.rules.matching import Left, Outcome, Rule
from payments.rules.open_amounts import InvoiceState
from payments.rules.proposals import Why
from payments.rules.reconciling import Difference
from payments.rules.standing import Standing
from ui.failures import FailureRow, words

LEFT: dict[str, object] = {
    Left.NO_REFERENCE: _("No KID and no invoice number came with it"),
    Left.NOT_FOUND: _("No invoice has that KID or number"),
    Left.WRONG_KID: _("The check digit of the KID is wrong"),
    Left.CURRENCY: _("Payment and invoice are in different currencies"),
    Left.EXCHANGE_RATE: _("Payment and invoice were booked at different exchange rates"),
    Left.OTHER_CUSTOMER: _("The invoice belongs to another customer"),
    Left.SEVERAL: _("Several invoices have the same KID"),
    Left.NOTHING_TO_RETURN: _("More was returned than was paid on the invoice"),
    Left.CREDIT_NOTE: _("It names a credit note"),
    Left.NOTHING_OPEN: _("Nothing is open on the invoices that it names"),
    Left.OVER: _("More was paid than was open; the rest is unmatched"),
    Left.MAY_BE_NO_MONEY: _("Decide whether it is a payment at all"),
    "undone": _("A user removed it from its invoice"),
}
RULES: dict[str, object] = {
    Rule.KID: _("by KID"),
    Rule.INVOICE_NUMBER: _("by invoice number"),
    Rule.PREFIX: _("by invoice number behind a learnt prefix"),
    Rule.MANUAL: _("by hand"),
    Rule.ACROSS: _("by hand, of another customer"),
    Rule.CREDIT: _("credit note"),
    Rule.ROUNDING: _("rounding difference"),
}
OUTCOMES: dict[str, object] = {
    Outcome.SETTLED: _("Settled"),
    Outcome.PART: _("Part paid"),
    Outcome.OVER: _("Paid too much"),
    Outcome.RETURNED: _("Returned"),
}
STATES = {
    InvoiceState.OPEN: (_("Open"), "waiting"),
    InvoiceState.PART: (_("Part paid"), "partly_sent"),
    InvoiceState.PAID: (_("Paid"), "done"),
    InvoiceState.OVER: (_("Paid too much"), "held"),
    InvoiceState.CREDITED: (_("Credited"), "reversed"),
    InvoiceState.RETURNED: (_("Payment returned"), "changed"),
}
"""Word, and the look among `ui.templatetags.hub.BADGES`."""
REGISTRATIONS = {
    "ready": (_("Waiting"), "waiting"),
    "held_back": (_("Waiting for the reversal on the other invoice"), "held"),
    "sending": (_("Being registered"), "sending"),
    "registered": (_("Registered"), "done"),
    "unknown": (_("Outcome unknown"), "unknown"),
    "rejected": (_("Refused"), "rejected"),
    "needs_person": (_("Needs a decision"), "needs_person"),
    "withdrawn": (_("Left out"), "skipped"),
    "to_reverse": (_("Waiting to be reversed"), "waiting"),
    "reversing": (_("Being reversed"), "sending"),
    "reversed": (_("Reversed"), "reversed"),
}
STANDINGS = {
    Standing.REFUSED: (_("Refused by PowerOffice"), "rejected"),
    Standing.NEEDS_PERSON: (_("Needs a decision"), "needs_person"),
    Standing.SIGN_IN: (_("Waiting for a sign-in"), "waits_for_sign_in"),
    Standing.UNKNOWN: (_("Outcome unknown"), "unknown"),
    Standing.WAITING: (_("On their way to PowerOffice"), "waiting"),
}
DIFFERENCES = {
    Difference.NONE: (_("Equal"), "done"),
    Difference.IN_TRANSIT: (_("On its way"), "sending"),
    Difference.REFUSED: (_("Refused by PowerOffice"), "rejected"),
    Difference.UNKNOWN_OUTCOME: (_("Outcome unknown, or needs a decision"), "unknown"),
    Difference.NOT_JOINED: (_("Registered, not matched with the invoice in PowerOffice"), "held"),
    Difference.UNMATCHED: (_("Waiting in the unmatched queue"), "waiting"),
    Difference.PLACED_HERE: (_("Matched here, not in Visma yet"), "waiting"),
    Difference.ACROSS: (_("Matched here with another customer's invoice"), "waiting"),
    Difference.BEFORE_START: (_("Paid before the start date"), "reversed"),
    Difference.WRITTEN_OFF: (_("Written off"), "reversed"),
    Difference.ROUNDED: (_("Closed here as a rounding difference"), "reversed"),
    Difference.COMPRESSED: (_("Compressed in Visma"), "changed"),
    Difference.CURRENCY: (_("Currency difference"), "held"),
    Difference.UNREADABLE: (_("Cannot be read"), "needs_person"),
    Difference.UNKNOWN: (_("Unknown"), "needs_person"),
}
SKIPPED = {
    "reminder": _("A reminder, not a payment"),
    "interest_note": _("An interest note, not a payment"),
    "compression": _("A compression of the ledger, not a payment"),
    "difference": _("A difference of rounding or exchange rate, not a payment"),
    "write_off": _("A write-off, not a payment"),
    "currency_correction": _("A currency correction, not a payment"),
    "no_amount": _("It has no amount, so no money moved"),
    "key_is_there_twice": _("Visma shows another row under the number of this one"),
    "missing": _("The field is empty"),
    "not_a_number": _("The field contains no number"),
    "not_an_amount": _("The field contains no amount"),
    "finer_than_a_cent": _("The amount has more than two decimals"),
    "too_large": _("The number is larger than the hub can store"),
    "not_a_date": _("The field contains no date"),
    "not_a_flag": _("The field says neither yes nor no"),
    "not_readable": _("The field cannot be read"),
    "amount_changed": _("Visma shows another amount than it did before"),
}


OTHER = _("It cannot be read")
ROWS = {
    "customer": _("A customer of Visma:"),
    "invoice": _("An invoice of PowerOffice:"),
    "open_item": _("An open entry of PowerOffice:"),
}
"""Which row it is, where it is no payment."""
FIELDS = {
    "voucherJournalNo": _("Journal number"),
    "auditNo": _("Number in the journal"),
    "customerNo": _("Customer number"),
    "voucherNo": _("Voucher number"),
    "voucherType": _("Voucher type"),
    "voucherDate": _("Voucher date"),
    "valueDate": _("Value date"),
    "dueDate": _("Due date"),
    "amountDomestic": _("Amount"),
    "amount": _("Amount"),
    "amountInCurrency": _("Amount in its currency"),
    "outstandingAmountDomestic": _("Open amount"),
    "currency": _("Currency"),
    "flag": _("Credit block"),
    "extensions": _("Additional columns"),
    "customerTransaction": _("The whole row"),
    "customer": _("The whole row"),
    "invoice": _("The whole row"),
    "open_item": _("The whole row"),
}
SUGGESTIONS: dict[str, Any] = {
    Why.SAME_AMOUNT: (
        _("Suggestion: invoice %(number)s of the same customer has exactly this amount open."),
        _("Same customer and amount"),
    ),
    Why.SAME_SUM: (
        _("Suggestion: invoices of the same customer are exactly this amount together: %(sum)s."),
        _("Same customer, and amount together"),
    ),
    Why.NET_OF_CREDIT_NOTE: (
        _(
            "Suggestion: invoice %(number)s less credit note %(note)s of the same customer is "
            "exactly this amount."
        ),
        _("Invoice less credit note"),
    ),
    Why.OLDEST_OPEN: (
        _("Suggestion: invoice %(number)s is the customer's oldest that can take what is left."),
        _("What was paid too much"),
    ),
    Why.PAYOUT: (
        _("Suggestion: credit note %(number)s of the same customer has exactly this amount open."),
        _("Payout of the credit note"),
    ),
}
_NOT_SURELY_PAYMENTS = {
    "order_processing": _("It comes from order processing, which creates invoices and cash sales"),
    "debt_collection": _("It comes from debt collection"),
    "split_entry": _("It comes from a split entry, which may already be counted"),
}


def unknown_words(code: str) -> str:
    """Return why it is open whether a payment is one."""
    return str(_NOT_SURELY_PAYMENTS.get(code, ""))


def left_words(code: str) -> str:
    """Return why matching left a payment to a person."""
    return str(LEFT.get(code, code.replace("_", " ")))


def skipped_words(code: str) -> str:
    """Return why a row was skipped."""
    what, _colon, rest = code.rpartition(":")
    return " ".join(str(text) for text in (ROWS.get(what), SKIPPED.get(rest, OTHER)) if text)


def field_words(name: str) -> str:
    """Return what a field of the source is, in words; its own name where it has none."""
    return str(FIELDS.get(name, name))


def mark_words(reason: str) -> str:
    """Return why a payment was not marked; the vendor's own words stay as they are."""
    text = MARK_REASONS.get(reason)
    return gettext(text) if text else reason


def finding_words(found: dict[str, object]) -> str:
    """Return one finding of the set-up check in words; one without words shows what it holds."""
    params = found.get("params") or {}
    assert isinstance(params, dict)  # noqa: S101 (we wrote it)
    if code := str(found.get("failure", "")):
        row: FailureRow | None = failure_row(code=code, params=params)
        return f"{row.summary} {row.remedy}" if row else code
    code = str(found.get("code", ""))
    if text := FINDINGS.get(code):
        return words(text, params)
    rest = ", ".join(f"{name}: {value}" for name, value in params.items())
    plain = gettext(code.replace("_", " ").capitalize())
    return f"{plain} ({rest})" if rest else plain
