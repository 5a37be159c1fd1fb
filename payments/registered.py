"""What payments add to pages, roles, the audit trail and drills of the apps below."""

from django.utils.translation import gettext_lazy

from accounts.uses import USES
from audit import actions
from background import crash_points
from connectors.words import gettext_noop as _
from organisations import navigation, rules
from organisations.finding import FINDERS, Finder
from payments.queries import finding, home
from payments.rights import BUSINESS, RIGHTS, USE
from ui import tiles

_PAYMENTS_ACTIONS = {
    "payments.activated": _("Visma Business integration activated"),
    "payments.deactivated": _("Visma Business integration switched off"),
    "payments.settings_changed": _("Settings of payments changed"),
    "payments.fetched": _("Payments fetched"),
    "payments.fetched_for_many": _("Payments fetched for many clients"),
    "payments.fetch_cancelled": _("Fetching payments cancelled"),
    "payments.decided": _("Decision on a payment"),
    "payments.tried_again": _("Payment tried again"),
    "payments.tried_now": _("Try now pressed for waiting payments"),
    "payments.marks_tried_again": _("Marks in Visma tried again"),
    "payments.reconciled": _("Outstanding amounts compared"),
    "payment.matched": _("Payment matched"),
    "payment.match_undone": _("Match of a payment undone"),
    "invoices.imported": _("Invoices imported"),
    "invoices.exported": _("Invoices exported"),
    "invoice_client.exported": _("Invoice clients exported"),
    "invoice_client.created": _("Invoice client created"),
    "invoice_client.changed": _("Invoice client changed"),
    "invoice_client.prefix_learnt": _("Prefix of invoice numbers learnt"),
    "invoice_client.prefix_forgotten": _("Prefix of invoice numbers removed"),
    "reconciliation.exported": _("Outstanding amounts exported"),
    "customer.blocked": _("Customer temporarily blocked"),
    "customer.unblocked": _("Customer unblocked"),
    "time.registered": _("Time registered"),
}
_CRASH_POINTS = {
    "ask.begun": "nothing is written",
    "ask.written": "the run is written, nothing is committed",
    "ask.committed": "the run is committed, no worker is notified",
    "ask.enqueued": "a worker is notified, the person has no answer yet",
    "fetch.after_claim": "the run is claimed, nothing is asked",
    "fetch.read": "a page is here, nothing of it is stored",
    "fetch.stored": "the page, what it matched and where the next begins are committed",
    "fetch.ended": "the run is over, how far it has read is not recorded",
    "fetch.recorded": "how far it has read is recorded, no worker is notified",
    "mark.after_call": "the source has the marks, nothing is stored",
    "mark.stored": "the marks are committed, the lease is not given back",
    "block.noted": "what the hub is about to deny is committed, the target is not asked",
    "block.denied": "the target denies time, nothing is stored",
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    rules.register(*RIGHTS)
    FINDERS.add(Finder(BUSINESS, gettext_lazy("Invoices"), finding.invoices))
    FINDERS.add(Finder(BUSINESS, gettext_lazy("Customers"), finding.customers))
    FINDERS.add(Finder(BUSINESS, gettext_lazy("Invoice clients"), finding.clients))
    navigation.register(
        navigation.Item(
            right=BUSINESS,
            address="payments:overview",
            label=gettext_lazy("Invoices"),
            icon="ledger",
            prefix="/invoices/",
            order=20,
        )
    )
    actions.register_area("payments", _("Payments"), order=50)
    actions.register("payments", _PAYMENTS_ACTIONS)
    crash_points.register(_CRASH_POINTS)
    tiles.register(home.tiles)
    USES.add(USE)
