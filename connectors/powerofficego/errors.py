"""
What PowerOffice Go refuses, and which of the five failures each refusal is.

Decided by the status, and by what is read afterwards; the vendor's `Detail` is shown, never
searched for words to decide that something *was* stored.
https://developer.poweroffice.net/documentation/requests
"""

import json
from collections.abc import Iterator
from typing import Any

from connectors.errors import (
    ADMINISTRATOR,
    OPERATOR,
    ConflictingWrite,
    ConnectorError,
    Forbidden,
    FreshTokenRefused,
    NotAuthorized,
    OutcomeUnknown,
    Rejected,
)
from connectors.http import answers
from connectors.http.answers import Answer
from connectors.words import gettext_noop as _

VENDOR = "PowerOffice Go"


class ClientKeyRefused(NotAuthorized):
    """The client key is wrong, withdrawn, or of another environment than the hub's keys."""

    summary = _("{vendor} does not accept the client key of this account.")
    remedy = _(
        "An administrator opens Settings, Extensions in {vendor}, copies the client key of the "
        "hub and enters it again here. If all accounts show this message, the operator checks "
        "the hub's keys."
    )


class OtherClient(Rejected):
    """The client key reaches another company than the account was made for."""

    summary = _("The client key belongs to {client}, not to the company of this account.")
    remedy = _(
        "Enter the client key of the right company, or create another account for this company."
    )
    who = ADMINISTRATOR
    needs = ("vendor", "client")


class SubscriptionRefused(Rejected):
    """The subscription key of the hub is wrong, or its product was withdrawn."""

    summary = _("{vendor} does not accept the hub's own subscription key.")
    remedy = _(
        "The operator checks POWEROFFICE_GO_SUBSCRIPTION_KEY against the developer portal, "
        "corrects it and restarts. Accounts need not be connected again."
    )
    who = OPERATOR


class PrivilegeMissing(Forbidden):
    """The integration has no right to this, or the client lacks the module behind it."""

    summary = _("{vendor} does not allow the hub to do this in this company.")
    remedy = _(
        "An administrator reads the text below: either the integration lacks the privilege "
        "(PowerOffice grants it to the hub's application key), or the company has not bought "
        "the module that it belongs to."
    )


class LockedDate(Rejected):
    """The payment's date is on or before the client's lock date."""

    summary = _("{date} is locked in {vendor}: its lock date is {locked}.")
    remedy = _("Move the lock date in {vendor}, then try again.")
    not_booked = _("The payment was not registered.")
    who = ADMINISTRATOR
    action = "retry"
    needs = ("vendor", "date", "locked")


class CustomerUnknown(Rejected):
    """The payment's customer does not exist there."""

    summary = _("{vendor} has no customer {customer}.")
    remedy = _("Create the customer in {vendor}, or correct its external code, then try again.")
    not_booked = _("The payment was not registered.")
    who = ADMINISTRATOR
    action = "retry"
    needs = ("vendor", "customer")


class AccountUnusable(Rejected):
    """The clearing account does not exist there, or is switched off."""

    summary = _("Account {account} does not exist in {vendor}, or is inactive.")
    remedy = _("Choose another clearing account, or activate it in {vendor}, then try again.")
    not_booked = _("Nothing was registered.")
    who = ADMINISTRATOR
    action = "retry"
    needs = ("vendor", "account")


class AccountIsControl(Rejected):
    """The clearing account is one that sub-ledgers stand under."""

    summary = _(
        "Account {account} is a control account in {vendor}; nothing can be posted to it directly."
    )
    remedy = _(
        "Choose a separate clearing account in the settings of the invoice client, then try "
        "again. Customers' payments are posted to their own accounts."
    )
    not_booked = _("Nothing was registered.")
    who = ADMINISTRATOR
    action = "retry"
    needs = ("vendor", "account")


class VatCodeMissing(Rejected):
    """There is no active VAT code 0, which lines without VAT need."""

    summary = _("{vendor} has no active VAT code 0.")
    remedy = _("Activate VAT code 0 in {vendor}, then try again.")
    not_booked = _("Nothing was registered.")
    who = ADMINISTRATOR
    action = "retry"


class ReferenceTaken(Rejected):
    """The reference is there already, with another amount, customer or invoice."""

    summary = _("{vendor} already has a different payment with this reference.")
    remedy = _(
        "Check voucher {voucher} in {vendor}. If it is wrong, reverse it there, then try again."
    )
    not_booked = _("This payment was not registered.")
    who = ADMINISTRATOR
    needs = ("vendor", "voucher")


class NotSendable(Rejected):
    """The hub made something that must not be sent; it was not."""

    summary = _("The hub stopped a request that it had built incorrectly.")
    remedy = _("Contact the operator of the hub and give the text below.")
    who = OPERATOR
    action = ""


class PaymentUnknown(OutcomeUnknown):
    """A payment was sent and there is no clear answer."""

    summary = _("{vendor} gave no clear answer. The payment may or may not have been registered.")
    remedy = _(
        "No action needed. The hub is checking {vendor} and will not resend until it has an answer."
    )
    not_booked = _("It is not yet known whether the payment was registered.")


class PaymentThere(ConflictingWrite):
    """The reference is said to be in use, and reading does not show it (yet)."""

    summary = _("{vendor} reports that it already has this payment but does not show it yet.")
    remedy = _("No action needed. The hub checks {vendor} again in a while.")
    not_booked = _("It is not yet known whether the payment was registered.")


class ReversalRequested(OutcomeUnknown):
    """The reversal was accepted, and the voucher is not (yet) shown as reversed."""

    summary = _(
        "{vendor} accepted the reversal of the payment but does not show it as reversed yet."
    )
    remedy = _("No action needed. The hub checks {vendor} again in a while.")
    not_booked = _("It is not yet known whether the payment has been reversed.")


class ReversalUnknown(OutcomeUnknown):
    """A reversal was sent and there is no clear answer."""

    summary = _("{vendor} gave no clear answer. The payment may or may not have been reversed.")
    remedy = _(
        "No action needed. The hub is checking {vendor} and will not resend until it has an answer."
    )
    not_booked = _("It is not yet known whether the payment has been reversed.")


class ReversalNotAllowed(Forbidden):
    """The integration may post payments here and may not reverse them."""

    summary = _("{vendor} does not allow the hub to reverse payments in this company.")
    remedy = _(
        "An administrator gives the hub the privilege {privilege} in {vendor}, or reverses the "
        "voucher there manually. The hub then detects it automatically."
    )
    not_booked = _(
        "The payment is still registered in {vendor}; nothing more is sent for it until then."
    )
    needs = ("vendor", "privilege")


# --- Reading what the vendor says -----------------------------------------------------------

_LONGEST = 50_000
"""Characters of a refusal that are looked at; what says why stands at its beginning."""
_TEXTS = ("detail", "message", "error_description", "title", "error")


def said(answer: Answer) -> str:
    """
    Return what the answer says; never fails.

    Keys of problem details occur in both cases: the schema has capitals, the examples have not.
    """
    text = answer.text[:_LONGEST]
    try:
        content = json.loads(text)
        fields = {str(key).lower(): value for key, value in _members(content)}
        for name in _TEXTS:
            if isinstance(fields.get(name), str) and fields[name].strip():
                return str(fields[name]).strip()
        return str(content)[:500]
    except (ValueError, RecursionError):
        return " ".join(text.split())[:500]


def names_an_error(answer: Answer) -> bool:
    """Return whether an answer of the token endpoint is its own: JSON with an error in it."""
    try:
        content = json.loads(answer.text)
    except ValueError:
        return False
    return any(str(key).lower() == "error" and value for key, value in _members(content))


def _members(content: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(content, dict):
        yield from content.items()


def failure(answer: Answer, *, writes: bool) -> ConnectorError:
    """Return the failure that an unwelcome answer is."""
    generic = answers.failure(answer, vendor=VENDOR, writes=writes, detail=said(answer))
    kind: type[ConnectorError] = type(generic)
    if kind is Forbidden:
        kind = PrivilegeMissing
    elif answer.status == 401 and "subscription" in generic.detail.lower():
        # The gateway's own words, in front of the API: a token does not cure it.
        kind = SubscriptionRefused
    elif answer.status == 401:
        # A new token was fetched for this answer: see `connectors.http.sessions.BearerToken`.
        kind = FreshTokenRefused
    return kind(
        vendor=VENDOR,
        detail=generic.detail,
        status=answer.status,
        trace_id=generic.trace_id,
        retry_after=generic.retry_after or (60 if kind is FreshTokenRefused else None),
    )
