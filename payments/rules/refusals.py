"""Why the hub itself does not fetch, match, register or write time, in the user's words."""

from connectors.errors import (
    ADMINISTRATOR,
    FINANCE,
    NOBODY,
    OPERATOR,
    BadAnswer,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from connectors.words import gettext_noop as _

_NOTHING_FETCHED = _("Nothing was fetched.")


class NotActivated(Rejected):
    """S14: the Visma Business integration is not activated in this organisation."""

    summary = _("The Visma Business integration is not activated.")
    remedy = _("Someone who may change its settings activates it; then try again.")
    not_booked = _NOTHING_FETCHED
    who = ADMINISTRATOR
    action = "open_settings"
    needs = ()


class ReferenceOfOtherTime(Rejected):
    """A program sent other time under a reference that it had used already."""

    summary = _("The reference {reference} is already used for another time entry.")
    remedy = _("Send this entry with a reference of its own.")
    not_booked = _("The time was not registered.")
    who = OPERATOR
    action = ""
    needs = ("reference",)


class NoSourceCompany(Rejected):
    """S19: the invoice client has no Visma company of its own."""

    summary = _("No Visma company is chosen for {client}.")
    remedy = _("Open the settings of the invoice client and choose its Visma company.")
    not_booked = _NOTHING_FETCHED
    who = ADMINISTRATOR
    action = "open_client"
    needs = ("client",)


class NoVoucherTypes(Rejected):
    """Nobody has said which voucher types are payments."""

    summary = _("No voucher type is marked as payment for {client}.")
    remedy = _("Open the settings of the invoice client, press Check, and choose the types.")
    not_booked = _NOTHING_FETCHED
    who = ADMINISTRATOR
    action = "open_client"
    needs = ("client",)


class NoStartDate(Rejected):
    """S16: nobody has said how far back in time payments are fetched."""

    summary = _("No start date for fetching payments is set for {client}.")
    remedy = _("Set the start date in the settings of the integration or of the client.")
    not_booked = _NOTHING_FETCHED
    who = ADMINISTRATOR
    action = "open_settings"
    needs = ("client",)


class SourceNotConnected(Rejected):
    """The account that reaches the Visma company is not authorised."""

    summary = _("The account {account} of {client} is not authorised.")
    remedy = _("An administrator authorises it again; then fetch again.")
    not_booked = _NOTHING_FETCHED
    who = ADMINISTRATOR
    action = "reconnect"
    needs = ("account", "client")


class WrongCompany(Rejected):
    """The Visma company is not the one of the invoice client: its money must not land here."""

    summary = _(
        "The Visma company {company} has the organisation number {theirs}, {client} has {ours}."
    )
    remedy = _("Choose the right Visma company, or correct the organisation number of the client.")
    not_booked = _("Nothing was fetched, so that no payment ends up with the wrong client.")
    who = ADMINISTRATOR
    action = "open_client"
    needs = ("company", "theirs", "client", "ours")


class NoOrganisationNumber(Rejected):
    """Without the number nobody can tell whose Visma company it is."""

    summary = _("{client} has no organisation number, or its Visma company shows none.")
    remedy = _("Enter the organisation number on both sides; it proves whose payments they are.")
    not_booked = _NOTHING_FETCHED
    who = ADMINISTRATOR
    action = "open_client"
    needs = ("client",)


class NotAllowed(Rejected):
    """S22: the right was not given."""

    summary = _("{person} may not do this: the right “{right}” is missing.")
    remedy = _("An administrator adds it to the role.")
    not_booked = _("Nothing was done.")
    who = ADMINISTRATOR
    action = ""
    needs = ("person", "right")


class DateLocked(Rejected):
    """The target's books are locked at the payment's date."""

    summary = _("{date} is locked in the invoicing system: its lock date is {locked}.")
    remedy = _("Move the lock date there, then press Try again.")
    who = ADMINISTRATOR
    action = "retry"
    needs = ("date", "locked")


class PaidThereAlready(Rejected):
    """B17: somebody settled the invoice in the target by hand; a person says what it was."""

    summary = _(
        "Invoice {invoice} has {balance} open in the invoicing system, but {expected} "
        "according to the hub: {beyond} of the {amount} of this payment may already be "
        "registered there."
    )
    remedy = _(
        "Check the invoice there and answer below. If only a part is registered there, leave "
        "the payment out, remove it from the invoice and match what is missing."
    )
    not_booked = _("The payment was not registered.")
    who = FINANCE
    action = ""
    needs = ("invoice", "balance", "expected", "beyond", "amount")
    sums = ("balance", "expected", "beyond", "amount")


class NoClearingAccount(Rejected):
    """Nobody has said which account stands on the other side of a payment."""

    summary = _("No clearing account is set for {client}.")
    remedy = _("Set it in the settings of the invoice client, then press Try again.")
    who = ADMINISTRATOR
    action = "open_client"
    needs = ("client",)


class OtherAmount(OutcomeUnknown):
    """The target holds something else under our reference."""

    summary = _(
        "The payment is registered there under our reference with {theirs} instead of {ours}."
    )
    remedy = _("Compare the two in the invoicing system, then choose the right answer.")
    who = FINANCE
    action = "decide"
    needs = ("theirs", "ours")
    sums = needs


class StillUnknown(OutcomeUnknown):
    """Asked over and over, and still nothing certain."""

    summary = _("The hub could not find out whether the payment is registered.")
    remedy = _("Look for {reference} in the invoicing system, then choose the right answer.")
    who = FINANCE
    action = "decide"
    needs = ("reference",)


class TargetIsAsked(OutcomeUnknown):
    """The database was restored; what was registered since the backup is only known there."""

    summary = _(
        "The hub's database was restored, so the invoicing system is checked before this is sent."
    )
    remedy = _("Wait a few minutes: if two checks do not find the payment there, it is registered.")
    not_booked = _("It is not known whether the payment is registered.")
    needs = ()


class VoucherIsAskedFor(OutcomeUnknown):
    """A person says that what was to be reversed is not there; the target must say so too."""

    summary = _(
        "The invoicing system is asked twice for the voucher that was to be reversed, before "
        "anything else of this payment is sent."
    )
    remedy = _("Wait some minutes: if it still stands there, it is reversed.")
    not_booked = _("It is not known whether the payment still stands there.")
    needs = ()


class TargetAskedFirst(Unavailable):
    """The hub was started, or its clock jumped: it must know that it was the last to register."""

    summary = _(
        "The hub was restarted, so the invoicing system is checked before anything is registered."
    )
    remedy = _("Wait a few minutes: it is registered as soon as the system has answered.")
    who = NOBODY
    needs = ()


class OtherSinceTheBackup(OutcomeUnknown):
    """The target holds a payment of the hub of that day and amount that the hub does not know."""

    summary = _(
        "The invoicing system has voucher {vouchers} with that date and amount, which the hub "
        "registered before its database was restored."
    )
    remedy = _("Check there whether it is this payment, perhaps on another invoice; then choose.")
    not_booked = _("It is not known whether the payment is registered.")
    who = FINANCE
    action = "decide"
    needs = ("vouchers",)


class PaymentFault(OutcomeUnknown):
    """The hub itself failed over one payment; the others go on."""

    summary = _("The hub stopped this payment because of an internal error.")
    remedy = _(
        "Check in the invoicing system whether it is registered there, then choose. Give the "
        "number {request_id} to the operator of the hub, who finds the cause in the log."
    )
    not_booked = _("It is not known whether the payment is registered.")
    who = FINANCE
    action = "decide"
    needs = ("request_id",)


class RunFault(BadAnswer):
    """The hub itself failed over a run, or a block; what it has stored is kept."""

    summary = _("The hub stopped because of an internal error.")
    remedy = _(
        "Try again. If it stops again, give the number {request_id} to the operator of the "
        "hub, who finds the cause in the log."
    )
    not_booked = _("Everything stored until then is kept.")
    who = OPERATOR
    needs = ("request_id",)


class PaymentNumberGivenAgain(OutcomeUnknown):
    """The target gave a voucher's id to another payment: the older one is no longer there."""

    summary = _("The invoicing system gave the voucher {number} to another payment of the hub.")
    remedy = _(
        "Check there whether this payment is registered under another number. If it is not, it "
        "was deleted there. Then choose the right answer."
    )
    not_booked = _("It is not known whether the payment is still registered.")
    who = FINANCE
    action = "decide"
    needs = ("number",)


class PaymentNumberIsRead(OutcomeUnknown):
    """The target gave the id of an older payment: the new one is read back before it is proven."""

    summary = _("The invoicing system returned voucher {number}, which another payment had.")
    remedy = _("No action needed: the hub is checking the invoicing system.")
    not_booked = _("It is not yet known whether the payment is registered.")
    needs = ("number",)


class NothingToDecide(Rejected):
    """A person answered what nobody asked, or what somebody else has answered."""

    summary = _("Payment {payment} is not waiting for an answer.")
    remedy = _("Check its current status: someone may already have answered.")
    not_booked = _("Nothing was changed.")
    who = FINANCE
    action = ""
    needs = ("payment",)


class SayWhetherItStands(Rejected):
    """A payment that was taken off its invoice is to be left as it is, which says nothing."""

    summary = _("Payment {payment} was removed from its invoice: leaving it out is not an answer.")
    remedy = _("Check the invoicing system, then answer whether the payment is registered there.")
    not_booked = _("Nothing was changed.")
    who = FINANCE
    action = ""
    needs = ("payment",)


class MatchRefused(Rejected):
    """A person asked for a match that would break a rule."""

    summary = _("This cannot be matched: {why}")
    remedy = _("Choose another invoice or amount.")
    not_booked = _("Nothing was matched.")
    who = FINANCE
    action = ""
    needs = ("why",)


class OtherCustomer(Rejected):
    """B11: a person matches a payment with the invoice of another customer, and is asked first."""

    summary = _("The payment is from {payer}, but invoice {invoice} belongs to {customer}.")
    remedy = _("If it should settle that invoice anyway, confirm it and state why.")
    not_booked = _("Nothing was matched.")
    who = FINANCE
    action = ""
    needs = ("payer", "invoice", "customer")


class ReverseByHand(Rejected):
    """A person said that the target holds it; the hub knows no voucher to reverse."""

    summary = _(
        "Payment {payment} was removed from its invoice, and the hub does not know its voucher."
    )
    remedy = _("Reverse the voucher in the invoicing system, then answer that it is not there.")
    not_booked = _("Nothing more is sent for this payment until then.")
    who = FINANCE
    action = ""
    needs = ("payment",)


class NoPrefixToLearn(Rejected):
    """B11: a person confirms a prefix that the payment's match does not show, or no longer."""

    summary = _("Payment {payment} shows no new prefix of invoice numbers.")
    remedy = _("Open the payment again: it shows what can be learnt from its match by hand.")
    not_booked = _("Nothing was learnt.")
    who = FINANCE
    action = ""
    needs = ("payment",)


class CustomerBlocked(Rejected):
    """S20: time cannot be registered on a temporarily blocked customer."""

    summary = _("{customer} is temporarily blocked since {since}: {reason}.")
    remedy = _("Time can be registered again when the block is lifted.")
    not_booked = _("No time was registered.")
    who = FINANCE
    action = ""
    needs = ("customer", "since", "reason")


class Cancelled(Rejected):
    """A person stopped the run."""

    summary = _("The run was stopped by a user.")
    remedy = _("Fetch again: it continues with what is missing.")
    not_booked = _("Everything fetched until then is kept.")
    who = FINANCE
    action = ""
    needs = ()
