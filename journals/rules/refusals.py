"""Why the hub itself does not send, with the user's words: the same tree as a vendor's refusals."""

from connectors.errors import (
    ADMINISTRATOR,
    NOBODY,
    OPERATOR,
    PAYROLL,
    BadAnswer,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from connectors.words import gettext_noop as _


class TestCompany(Rejected):
    """S10: the journals of a test company are never sent."""

    __test__ = False  # pytest: this is not a test class

    summary = _("{company} is a test company; its journals cannot be sent.")
    remedy = _("If the company is real, an administrator removes the mark on the company's page.")
    who = ADMINISTRATOR
    action = "open_company"


class DebtorBlocked(Rejected):
    """S11: nothing is sent for a blocked debtor."""

    summary = _("{debtor} is blocked; journals of its companies cannot be sent.")
    remedy = _("When the block is lifted on the debtor's page, press Send again.")
    who = ADMINISTRATOR
    action = "open_debtor"


class NoMapping(Rejected):
    """The company is not mapped to an administration."""

    summary = _("{company} is not mapped to an administration.")
    remedy = _("An administrator creates the mapping; then press Send again.")
    who = ADMINISTRATOR
    action = "open_mappings"


class BookedBefore(Rejected):
    """B17: the run was booked before the hub went live for the company."""

    summary = _("{reference} is earlier than {first_period}, the first period that the hub sends.")
    remedy = _(
        "It counts as booked before the hub. If it is not in the ledger, an administrator sets an "
        "earlier first period in the mapping, with a reason; then press Send again."
    )
    who = ADMINISTRATOR
    action = "open_mappings"
    needs = ("reference", "first_period")


class LooksBooked(Rejected):
    """B17: the ledger may hold the first journal of a mapping already."""

    summary = _("This run may already be in the ledger, from before the hub.")
    remedy = _("Check the ledger, then answer whether it is this run or another one.")
    who = PAYROLL
    action = ""


class NothingWasAsked(Rejected):
    """There is no question about that journal, or it was answered already."""

    summary = _("There is no open question about {reference}, or it has already been answered.")
    remedy = _("Check the journal against the ledger, or press Send.")
    action = ""


class NotMarkedByAnswer(Rejected):
    """A person's answer can be withdrawn; the first period of the mapping cannot."""

    summary = _("{reference} was not marked as booked before the hub by an answer.")
    remedy = _("If the first period of the mapping keeps it out, change that, with a reason.")
    who = ADMINISTRATOR
    action = "open_mappings"


class NotConnected(Rejected):
    """The account of the mapping is not authorised."""

    summary = _("The account {account} is not authorised.")
    remedy = _(
        "An administrator opens the accounts page and signs in. Queued journals are then sent "
        "automatically; others are sent when Send is pressed."
    )
    who = ADMINISTRATOR
    action = "reconnect"


class MappingChanged(Rejected):
    """The mapping is not the one by which the batch was checked and shown."""

    summary = _("The mapping of {company} was changed after this batch was checked.")
    remedy = _("Check what would be posted with the current mapping, then press Send again.")
    who = PAYROLL
    action = "retry"


class MappingGone(Rejected):
    """The mapping by which the batch was checked and shown was deleted."""

    summary = _("The mapping of {company} was deleted after this batch was checked.")
    remedy = _("An administrator creates the mapping again; then press Send again.")
    who = ADMINISTRATOR
    action = "open_mappings"


class NothingToSend(Rejected):
    """Every batch of the journal is in the ledger already, or on its way."""

    summary = _("There is nothing left to send in {reference}.")
    remedy = _("The batches below show the status of each one.")


class MarksToExplain(Rejected):
    """B6: the company's journals are sent only when what differs from last month is explained."""

    summary = _("{reference} differs from the run before. Marks not explained: {marks}.")
    remedy = _("Explain each mark on the journal's page, then press Send again.")
    needs = ("reference", "marks")


class ChangedSinceShown(Rejected):
    """The journal or its mapping is not as it was when many journals were confirmed together."""

    summary = _("{reference} changed after the list of journals to send was shown.")
    remedy = _("Check the journal; if it is right as it is now, press Send there.")
    needs = ("reference",)


class PreflightFailed(Rejected):
    """The check against the live ledger found something that would stop a batch."""

    summary = _("The check against the ledger found {count} problems.")
    remedy = _("Correct the problems in the list, then press Send again.")
    action = "retry"


class StoppedWithTheOthers(Rejected):
    """This batch is in order, but another one of the journal is not."""

    summary = _("This batch is valid, but another batch of the journal cannot be sent.")
    remedy = _("Correct the other batch, or choose to send valid batches only.")
    action = "send_valid_only"


class PeriodNotOpen(Rejected):
    """The period is closed and the mapping says to wait."""

    summary = _("Period {period} is closed. The batch waits until it is reopened.")
    remedy = _(
        "Open the period in the ledger; the batch is then sent automatically, or at once if "
        "Send is pressed. Or withdraw it."
    )
    who = ADMINISTRATOR


class PeriodUnbalanced(Rejected):
    """Debits and credits of a period differ."""

    summary = _("{periods} does not balance: debit minus credit is {differences}.")
    sums = ("differences",)
    remedy = _("Correct it in payroll and import the run again.")
    who = PAYROLL


class OtherContent(Rejected):
    """The content differs from what was sent under the same reference."""

    summary = _("The content differs from what was first sent under {reference}.")
    remedy = _("Nothing is resent under the same key. Contact the operator of the hub.")
    who = OPERATOR


class SeveralLookAlike(OutcomeUnknown):
    """The ledger holds more than one batch that could be ours."""

    summary = _("The ledger has several batches that could be this one: {numbers}.")
    remedy = _("Compare them in the ledger and choose the right one, or say that none of them is.")
    who = PAYROLL
    action = "decide"


class LookUpImpossible(OutcomeUnknown):
    """The ledger cannot be asked whether it holds the batch."""

    summary = _("The hub could not check whether the batch is in the ledger.")
    remedy = _("Look for {description} in the ledger, then choose the right answer.")
    who = PAYROLL
    action = "decide"


class ReadBackDiffers(BadAnswer):
    """The batch in the ledger is not what was sent."""

    summary = _("Batch {number} in the ledger differs from what was sent.")
    remedy = _("Compare the differences below with the ledger and decide there which is right.")
    not_booked = _("The batch is in the ledger, but with different content.")
    who = PAYROLL
    action = "decide"


class NumberNotFound(BadAnswer):
    """The vendor gave a number, and then does not know it."""

    summary = _("The ledger returned the number {number} but shows no batch with it.")
    remedy = _("Look for {description} in the ledger, then choose the right answer.")
    not_booked = _("It is not known whether the batch is booked.")
    who = PAYROLL
    action = "decide"


class NumberOfAnother(OutcomeUnknown):
    """The vendor gave a number under which the hub has another batch."""

    summary = _("The ledger returned the number {number}, which another batch of the hub has.")
    remedy = _(
        "No action needed: the hub is checking which of the two has that number in the ledger."
    )
    not_booked = _("It is not yet known whether the batch was booked.")
    needs = ()


class NumberGivenAgain(BadAnswer):
    """The batch was deleted in the ledger, and its number given to another one."""

    summary = _("The ledger now has another batch under {number}: {other}.")
    remedy = _(
        "This batch was deleted in the ledger. If that was right, confirm it with a reason; if "
        "not, send it again."
    )
    not_booked = _("The ledger no longer has the batch under its number.")
    who = PAYROLL
    action = "decide"
    needs = ()


class StoppedByFault(BadAnswer):
    """A defect of the hub stopped the work on a batch; a person decides how it goes on."""

    summary = _("The hub stopped at this batch because of an internal error, number {request_id}.")
    remedy = _(
        "Look for {description} in the ledger, then choose the right answer. Give the number "
        "to the operator of the hub, who finds the cause in the log."
    )
    not_booked = _("It is not known whether the batch is booked.")
    who = PAYROLL
    action = "decide"
    needs = ()


class StoppedBeforeSending(BadAnswer):
    """The same, before anything was sent."""

    summary = _("The hub stopped at this batch because of an internal error, number {request_id}.")
    remedy = _(
        "Try again. If it stops again, give the number to the operator of the hub, who finds "
        "the cause in the log."
    )
    who = PAYROLL
    action = "decide"
    needs = ()


class LedgerIsAsked(OutcomeUnknown):
    """The database was restored; what was posted since the backup is only known there."""

    summary = _("The hub's database was restored, so the ledger is checked before this is sent.")
    remedy = _("Wait a few minutes: if two checks do not find it in the ledger, it is sent.")
    not_booked = _("It is not known whether the batch is booked.")
    needs = ()


class LedgerAskedFirst(Unavailable):
    """The hub was started, or its clock jumped: it must know that it was the last to send."""

    summary = _("The hub was restarted, so the ledger is checked before anything is sent.")
    remedy = _("Wait a few minutes: it is sent as soon as the ledger has answered.")
    who = NOBODY
    needs = ()


class ThereSinceTheBackup(OutcomeUnknown):
    """The ledger holds something of this reference and period that the hub does not know."""

    summary = _("The ledger has {numbers} with the same reference, from before the restore.")
    remedy = _("Check them there. State which one is this batch, or that none is.")
    not_booked = _("It is not known whether the batch is booked.")
    who = PAYROLL
    action = "decide"
    needs = ("numbers",)


class NotReversible(Rejected):
    """Only what is proven to be in the ledger can be reversed, and only once."""

    summary = _("{period} of {reference} cannot be reversed.")
    remedy = _("Only a batch that is posted and was read back can be reversed, and only once.")
    action = ""


class NothingToReverse(Rejected):
    """The journal has no batch that could be reversed."""

    summary = _("There is nothing to reverse in {reference}.")
    remedy = _("Only a batch that is posted and was read back can be reversed, and only once.")
    action = ""


class ReasonMissing(Rejected):
    """What is undone or closed by hand needs a reason, for those who read the books later."""

    summary = _("A reason is missing.")
    remedy = _("Briefly state why. It is stored with the batch and in the history.")
    action = ""


class OriginalGone(Rejected):
    """The batch that is to be reversed is not in the ledger any more."""

    summary = _("Batch {number} is no longer in the ledger; it was deleted or voided there.")
    remedy = _("If that is right, mark it as reversed in the ledger, with a reason.")
    action = ""


class OriginalChanged(Rejected):
    """The batch in the ledger is not what was sent, so its mirror would leave a rest."""

    summary = _("Batch {number} was changed in the ledger; a reversal would leave a difference.")
    remedy = _("Reverse it in the ledger by hand, then mark it as reversed, with a reason.")
    action = ""


class ReversalPeriodClosed(Rejected):
    """The period that the mirror would be posted in takes no journals."""

    summary = _("Period {period} is closed in the ledger; the reversal was not posted.")
    remedy = _("Open the period there, or press Reverse again and choose the first open period.")
    who = ADMINISTRATOR
    action = ""


class CannotResend(Rejected):
    """Nothing of the journal was reversed, or it was resent before."""

    summary = _("{reference} cannot be resent.")
    remedy = _("First reverse what is to be resent; the journal's pages show its status.")
    action = ""


class NotToBeClosed(Rejected):
    """The batch is in a state in which closing it by hand would hide something."""

    summary = _("{period} of {reference} cannot be closed by hand.")
    remedy = _("Withdraw it first if it is queued; wait if it is being sent.")
    action = ""


class NothingToCompare(Rejected):
    """The company has no batch of that period that could be in the ledger."""

    summary = _("{company} has no batches in period {period}.")
    remedy = _("Choose a period in which journals of the company were posted.")
    action = ""
