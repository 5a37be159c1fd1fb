"""What journals add to pages, roles, the audit trail and drills of the apps below."""

from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.uses import USES
from audit import actions
from background import crash_points
from connectors.words import gettext_noop as _
from journals.queries import finding
from journals.rights import JOURNALS, RIGHTS, USE
from organisations import navigation, rules
from organisations.finding import FINDERS, Finder
from ui import badges
from ui.badges import Badge

_JOURNAL_ACTIONS = {
    "journal.import": _("Journal imported"),
    "journal.replace": _("Journal replaced by a newer file"),
    "journal.send": _("Send pressed"),
    "journal.send_together": _("Sending of many journals confirmed"),
    "journal.tried_now": _("Try now pressed for a waiting journal"),
    "journal.resend": _("Journal resent"),
    "journal.another_run": _("Confirmed that the voucher in the ledger is another one"),
    "journal.booked_before": _("Confirmed that a run was booked before the hub"),
    "journal.not_booked_before": _("A run no longer counts as booked before the hub"),
    "journal.withdraw": _("Journal withdrawn from the queue"),
    "journal.explained": _("Differences from the run before explained"),
}
_COMPANY_ACTIONS = {
    "company.account_muted": _("An account of a company muted until a date"),
    "company.account_heard": _("An account of a company no longer muted"),
    "company.marks_stop": _("Changed what differences from the run before stop"),
}
_BATCH_ACTIONS = {
    "batch.decided": _("Decision on a batch"),
    "batch.exported": _("Batch exported"),
    "batch.reverse": _("Reversal requested"),
    "batch.closed_by_hand": _("Batch closed by hand"),
    "batch.opened_again": _("Closed batch reopened"),
    "batch.reversed_by_hand": _("Batch marked as reversed by hand"),
}
_BADGES = {
    "not_sent": Badge(pgettext_lazy("journal", "Not sent"), "journal", "quiet"),
    "checking": Badge(gettext_lazy("Being checked"), "search", "info"),
    "checked": Badge(gettext_lazy("Checked"), "check", "good"),
    "accepted": Badge(gettext_lazy("Accepted, not proven yet"), "check", "info"),
    "sent": Badge(pgettext_lazy("journal", "Sent"), "check-circle", "good"),
    "partly_sent": Badge(pgettext_lazy("journal", "Partly sent"), "warning", "warn"),
    "released": Badge(gettext_lazy("Released"), "check-circle", "good"),
    "reversed": Badge(gettext_lazy("Reversed"), "undo", "quiet"),
    "closed_by_hand": Badge(gettext_lazy("Closed by hand"), "lock", "quiet"),
    "booked_before": Badge(gettext_lazy("Booked before the hub"), "lock", "quiet"),
    "imported": Badge(pgettext_lazy("journal", "Imported"), "file", "quiet"),
    "changed": Badge(gettext_lazy("Changed"), "compare", "warn"),
}
_CRASH_POINTS = {
    "press.begun": "nothing is written",
    "press.written": "the rows are written, nothing is committed",
    "press.committed": "the press is committed, no worker is notified",
    "press.enqueued": "a worker is notified, the person has no answer yet",
    "prepare.after_lease": "the journal is leased, the ledger is not asked",
    "prepare.asked": "the ledger's facts are here, nothing is frozen",
    "prepare.frozen": "what will be posted is committed, no worker is notified",
    "prove.read": "the batch was read back, nothing is stored",
    "prove.posted": "posted is committed, the lease is not given back",
    "release.asked": "the vendor was asked to release, nothing is stored",
    "release.recorded": "what came of the release is committed",
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    rules.register(*RIGHTS)
    FINDERS.add(Finder(JOURNALS, gettext_lazy("Journals"), finding.journals))
    navigation.register(
        navigation.Item(
            right=JOURNALS,
            address="journals:home",
            label=gettext_lazy("Overview"),
            icon="home",
            prefix="/overview/",
            order=1,
        )
    )
    navigation.register(
        navigation.Item(
            right=JOURNALS,
            address="journals:list",
            label=gettext_lazy("Journals"),
            icon="journal",
            prefix="/journals/",
            order=10,
        )
    )
    actions.register_area("journal", _("Journals"), order=10)
    actions.register("journal", _JOURNAL_ACTIONS)
    actions.register_area("batch", _("Batches"), order=20)
    actions.register("batch", _BATCH_ACTIONS)
    actions.register("company", _COMPANY_ACTIONS)
    badges.register(_BADGES)
    crash_points.register(_CRASH_POINTS)
    USES.add(USE)
