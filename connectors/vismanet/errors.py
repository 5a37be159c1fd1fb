"""What Visma.net ERP refuses, where that asks something different of the user."""

from connectors.errors import (
    ADMINISTRATOR,
    OPERATOR,
    PAYROLL,
    ConflictingWrite,
    Forbidden,
    Rejected,
)
from connectors.words import gettext_noop as _

VENDOR = "Visma.net"


class PeriodClosed(Rejected):
    """Visma.net has closed the period of the batch, or never opened it."""

    summary = _("Period {period} is closed in Visma.net.")
    remedy = _("Open it there, or choose another rule for closed periods, then send again.")
    needs = ("vendor", "period")


class PeriodMissing(Rejected):
    """The financial year of the batch has not been made in Visma.net."""

    summary = _("Period {period} does not exist in Visma.net.")
    remedy = _("Create the financial year in Visma.net (GL201000), then send again.")
    needs = ("vendor", "period")


class DateOutsidePeriod(Rejected):
    """The posting date is not within the period of the batch."""

    summary = _("The posting date {date} is not within period {period} in Visma.net.")
    remedy = _("Correct the posting date of the journal, then send again.")
    needs = ("vendor", "period", "date")


class AccountUnknown(Rejected):
    """A ledger account of the batch does not exist."""

    summary = _("Account {account} does not exist in Visma.net.")
    remedy = _("Create it there, or correct the account in payroll, then send again.")
    needs = ("vendor", "account")


class AccountInactive(Rejected):
    """A ledger account of the batch is switched off; the vendor does not always say which."""

    summary = _("An account in the batch is inactive in Visma.net. It is one of: {account}.")
    remedy = _("Activate it there, or use another account in payroll, then send again.")
    needs = ("vendor", "account")


class AccountTakesNoEntries(Rejected):
    """A control account, or the account of the year's result: closed for manual journals."""

    summary = _("Visma.net allows no postings on an account in the batch: {account}.")
    remedy = _("Use another account in payroll, then send again.")
    needs = ("vendor", "account")


class DimensionValueUnknown(Rejected):
    """A dimension value of the batch does not exist."""

    summary = _("The dimension value {value} does not exist in Visma.net.")
    remedy = _("Create it there, or map it to another value, then send again.")
    who = ADMINISTRATOR
    action = "open_mapping"
    needs = ("vendor", "value")


class DimensionValueInactive(Rejected):
    """A dimension value of the batch is switched off."""

    summary = _("The dimension value {value} is inactive in Visma.net.")
    remedy = _("Activate it there, or map it to another value, then send again.")
    who = ADMINISTRATOR
    action = "open_mapping"
    needs = ("vendor", "value")


class ValueUnknown(Rejected):
    """A value in another field of the batch does not exist."""

    summary = _("Visma.net does not recognise the value {value} of the field {field}.")
    remedy = _("Correct it in the mapping or create it in Visma.net, then send again.")
    who = ADMINISTRATOR
    action = "open_mapping"
    needs = ("vendor", "field", "value")


class BranchInactive(Rejected):
    """The branch of the mapping is switched off."""

    summary = _("The branch {branch} is inactive in Visma.net.")
    remedy = _("Activate it there, or choose another branch in the mapping, then send again.")
    who = ADMINISTRATOR
    action = "open_mapping"
    needs = ("vendor", "branch")


class LedgerMissing(Rejected):
    """The branch has no ledger that journals can be posted in."""

    summary = _("The branch {branch} has no ledger of the type Actual in Visma.net.")
    remedy = _("Give it one in Visma.net (GL201500), then send again.")
    who = ADMINISTRATOR
    needs = ("vendor", "branch")


class CurrencyDiffers(Rejected):
    """An account of the batch is kept in another currency than the batch."""

    summary = _("An account in the batch is kept in another currency than {currency}.")
    remedy = _("Use another account in payroll, then send again.")
    needs = ("vendor", "currency")


class OutOfBalance(Rejected):
    """Debit and credit differ. The hub should have seen it first."""

    summary = _("Visma.net reports that the debits and credits of the batch differ.")
    remedy = _("Contact the operator of the hub: this batch should not have been sent.")
    who = OPERATOR
    action = ""


class NotSendable(Rejected):
    """The hub made a batch that must not be sent; it was not."""

    summary = _("The hub stopped a batch that it had built incorrectly.")
    remedy = _("Contact the operator of the hub and give the text below.")
    who = OPERATOR
    action = ""


class WrongState(Rejected):
    """The batch is not in a state in which this can be done, e.g. it is on hold."""

    summary = _("The batch cannot be released in its current state in Visma.net.")
    remedy = _("Open it in Visma.net (GL301000), take it off hold, and release it there.")
    who = PAYROLL
    action = ""
    not_booked = _("The batch is booked but not released.")


class DuplicateNumber(ConflictingWrite):
    """The number is taken, or two writers met: the batch there may be ours."""

    summary = _("Visma.net already has a batch with this number. It may be this one.")


class NoLicence(Forbidden):
    """No licence, not the role API User, or the wrong tenant: code 12027."""

    summary = _("Visma.net has no licence for this company with this account.")
    remedy = _(
        "An administrator gives the user the role API User in Visma Admin for this company, "
        "checks its licence, then signs in again here."
    )
