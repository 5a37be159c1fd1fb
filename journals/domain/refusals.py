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
    remedy = _("An administrator makes the mapping; then press Send again.")
    who = ADMINISTRATOR
    action = "open_mappings"


class BookedBefore(Rejected):
    """B17: the run was booked before the hub went live for the company."""

    summary = _("{reference} is from before {first_period}, the first period that the hub sends.")
    remedy = _(
        "It counts as booked before the hub. If it is not in the ledger, an administrator sets an "
        "earlier first period in the mapping, with a reason; then press Send again."
    )
    who = ADMINISTRATOR
    action = "open_mappings"
    needs = ("reference", "first_period")


class LooksBooked(Rejected):
    """B17: the ledger may hold the first journal of a mapping already."""

    summary = _("The ledger may hold this run already, from before the hub.")
    remedy = _("Look into the ledger, then answer: it is this run, or another one.")
    who = PAYROLL
    action = ""


class NothingWasAsked(Rejected):
    """There is no question about that journal, or it was answered already."""

    summary = _("Nothing is asked about {reference}, or it was answered already.")
    remedy = _("Check the journal against the ledger, or press Send.")
    action = ""


class NotMarkedByAnswer(Rejected):
    """A person's answer can be taken back, the first period of the mapping cannot be so."""

    summary = _("{reference} was not marked as booked before the hub by an answer.")
    remedy = _("If the first period of the mapping keeps it out, change that, with a reason.")
    who = ADMINISTRATOR
    action = "open_mappings"


class NotConnected(Rejected):
    """The account of the mapping is not authorised."""

    summary = _("The account {account} is not authorised.")
    remedy = _(
        "An administrator opens the accounts page and signs in. What is queued then goes by "
        "itself; what is not is sent when Send is pressed."
    )
    who = ADMINISTRATOR
    action = "reconnect"


class MappingChanged(Rejected):
    """The mapping is not the one by which the batch was checked and shown."""

    summary = _("The mapping of {company} was changed after this batch was checked.")
    remedy = _("Look at what would be posted by the present mapping, then press Send again.")
    who = PAYROLL
    action = "retry"


class MappingGone(Rejected):
    """The mapping by which the batch was checked and shown was deleted."""

    summary = _("The mapping of {company} was deleted after this batch was checked.")
    remedy = _("An administrator makes the mapping again; then press Send again.")
    who = ADMINISTRATOR
    action = "open_mappings"


class NothingToSend(Rejected):
    """Every batch of the journal is in the ledger already, or on its way."""

    summary = _("There is nothing left to send in {reference}.")
    remedy = _("The batches below show where each one is.")


class ChangedSinceShown(Rejected):
    """The journal or its mapping is not as it was when many journals were confirmed together."""

    summary = _("{reference} changed after the list of journals to send was shown.")
    remedy = _("Look at the journal; if it is right as it is now, press Send there.")
    needs = ("reference",)


class PreflightFailed(Rejected):
    """The check against the live ledger found something that would stop a batch."""

    summary = _("The check against the ledger found {count} problems.")
    remedy = _("Correct what the list names, then press Send again.")
    action = "retry"


class StoppedWithTheOthers(Rejected):
    """This batch is in order, but another one of the journal is not."""

    summary = _("This batch is in order, but another one of the journal cannot go.")
    remedy = _("Correct the other batch, or choose to send what can go.")
    action = "send_what_can_go"


class PeriodNotOpen(Rejected):
    """The period is closed and the mapping says to wait."""

    summary = _("Period {period} is closed. The batch waits until it is opened again.")
    remedy = _(
        "Open the period in the ledger; the batch then goes by itself, or at once if Send is "
        "pressed. Or withdraw it."
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
    remedy = _("Nothing is sent again under the same key. Tell the operator of the hub.")
    who = OPERATOR


class SeveralLookAlike(OutcomeUnknown):
    """The ledger holds more than one batch that could be ours."""

    summary = _("The ledger holds several batches that could be this one: {numbers}.")
    remedy = _("Compare them in the ledger and choose the right one, or say that none of them is.")
    who = PAYROLL
    action = "decide"


class LookUpImpossible(OutcomeUnknown):
    """The ledger cannot be asked whether it holds the batch."""

    summary = _("The ledger could not be asked whether it holds the batch.")
    remedy = _("Look for {description} in the ledger, then choose what is true.")
    who = PAYROLL
    action = "decide"


class ReadBackDiffers(BadAnswer):
    """The batch in the ledger is not what was sent."""

    summary = _("Batch {number} in the ledger differs from what was sent.")
    remedy = _("Compare the differences below with the ledger and decide there what is right.")
    not_booked = _("The batch is in the ledger, but with another content.")
    who = PAYROLL
    action = "decide"


class NumberNotFound(BadAnswer):
    """The vendor gave a number, and then does not know it."""

    summary = _("The ledger gave the number {number} and does not show a batch under it.")
    remedy = _("Look for {description} in the ledger, then choose what is true.")
    not_booked = _("It is not known whether the batch is booked.")
    who = PAYROLL
    action = "decide"


class NumberOfAnother(OutcomeUnknown):
    """The vendor gave a number under which the hub has another batch."""

    summary = _("The ledger gave the number {number}, which another batch of the hub has.")
    remedy = _("Nothing to do: the ledger is asked which of the two it holds under it.")
    not_booked = _("It is not known yet whether the batch was booked.")
    needs = ()


class NumberGivenAgain(BadAnswer):
    """The batch was deleted in the ledger, and its number given to another one."""

    summary = _("The ledger now holds another batch under {number}: {other}.")
    remedy = _(
        "This batch was deleted in the ledger. If that was right, say so, with a reason; if not, "
        "let it be sent again."
    )
    not_booked = _("The ledger does not hold the batch any more under its number.")
    who = PAYROLL
    action = "decide"
    needs = ()


class StoppedByFault(BadAnswer):
    """A defect of the hub stopped the work on a batch; a person decides how it goes on."""

    summary = _("The hub stopped at this batch by a fault of its own, number {request_id}.")
    remedy = _(
        "Look for {description} in the ledger, then choose what is true. Give the number to the "
        "operator of the hub, whose log tells what happened."
    )
    not_booked = _("It is not known whether the batch is booked.")
    who = PAYROLL
    action = "decide"
    needs = ()


class StoppedBeforeSending(BadAnswer):
    """The same, before anything was sent."""

    summary = _("The hub stopped at this batch by a fault of its own, number {request_id}.")
    remedy = _(
        "Let it be tried again. If it stops again, give the number to the operator of the hub, "
        "whose log tells what happened."
    )
    who = PAYROLL
    action = "decide"
    needs = ()


class LedgerIsAsked(OutcomeUnknown):
    """The database was restored; what was posted since the backup is only known there."""

    summary = _("The hub's database was restored, so the ledger is asked before this is sent.")
    remedy = _("Wait some minutes: if the ledger does not have it twice, it is sent.")
    not_booked = _("It is not known whether the batch is booked.")
    needs = ()


class LedgerAskedFirst(Unavailable):
    """The hub was started, or its clock jumped: it must know that it was the last to send."""

    summary = _("The hub was started again, so the ledger is asked before the first sending.")
    remedy = _("Wait some minutes: it is sent as soon as the ledger has answered.")
    who = NOBODY
    needs = ()


class ThereSinceTheBackup(OutcomeUnknown):
    """The ledger holds something of this reference and period that the hub does not know."""

    summary = _("The ledger holds {numbers} of the same reference, from before the restore.")
    remedy = _("Look at it there. Say which one is this batch, or that none is.")
    not_booked = _("It is not known whether the batch is booked.")
    who = PAYROLL
    action = "decide"
    needs = ("numbers",)


class NotReversible(Rejected):
    """Only what is proven to be in the ledger can be taken back, and only once."""

    summary = _("{period} of {reference} cannot be reversed.")
    remedy = _("Only a batch that is posted and was read back can be reversed, and only once.")
    action = ""


class NothingToReverse(Rejected):
    """The journal has no batch that could be taken back."""

    summary = _("There is nothing to reverse in {reference}.")
    remedy = _("Only a batch that is posted and was read back can be reversed, and only once.")
    action = ""


class ReasonMissing(Rejected):
    """What is undone or closed by hand needs a reason, for those who read the books later."""

    summary = _("A reason is missing.")
    remedy = _("Write in a few words why. It is kept with the batch and in the history.")
    action = ""


class OriginalGone(Rejected):
    """The batch that is to be reversed is not in the ledger any more."""

    summary = _("The ledger does not hold batch {number} any more; it was deleted or voided there.")
    remedy = _("If that is right, mark it as reversed in the ledger, with a reason.")
    action = ""


class OriginalChanged(Rejected):
    """The batch in the ledger is not what was sent, so its mirror would leave a rest."""

    summary = _("Batch {number} was changed in the ledger; the mirror would leave a difference.")
    remedy = _("Reverse it in the ledger by hand, then mark it as reversed, with a reason.")
    action = ""


class ReversalPeriodClosed(Rejected):
    """The period that the mirror would be posted in takes no journals."""

    summary = _("Period {period} is closed in the ledger; the reversal was not posted.")
    remedy = _("Open the period there, or press Reverse again and choose the first open period.")
    who = ADMINISTRATOR
    action = ""


class NotSentAnew(Rejected):
    """Nothing of the journal was taken back, or it was sent again before."""

    summary = _("{reference} cannot be sent anew.")
    remedy = _(
        "Reverse what is to be sent anew first; the pages of the journal show how far it is."
    )
    action = ""


class NotToBeClosed(Rejected):
    """The batch is in a state in which closing it by hand would hide something."""

    summary = _("{period} of {reference} cannot be closed by hand.")
    remedy = _("Withdraw it first if it is queued; wait if it is on its way.")
    action = ""


class NothingToCompare(Rejected):
    """The company has no batch of that period that could be in the ledger."""

    summary = _("{company} has no batches in period {period}.")
    remedy = _("Choose a period in which journals of the company were posted.")
    action = ""
