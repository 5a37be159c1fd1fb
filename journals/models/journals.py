"""A journal: the result of one payroll run of one company, and the files it was read from."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.scoped import OfOrganisation
from background.durability import turn_to_write
from connectors.errors import ConnectorError
from journals.rules.states import DONE, BatchState, journal_state
from organisations.models import Company, Organisation, User
from sources.models import Content, ImportedFile


class JournalQuerySet(OfOrganisation):
    """Journals of an organisation, and the state that follows from their batches."""

    def refresh_state(self, journal_id: int, *, now: datetime) -> None:
        """
        Set the journal's state from its batches, when it differs.

        A reversal counts while it is on its way or in trouble; then the batch that it reverses
        says it.
        """
        # Who changes another of its batches at the same time waits for us here, or we for them:
        # else each would count the other's as it was, and the journal might never say what became
        # of both.
        with turn_to_write(), transaction.atomic(savepoint=False):
            locked = self.select_for_update(no_key=True).only("state")
            journal = locked.filter(pk=journal_id).first()
            if journal is None:
                return  # deleted meanwhile, and its batches with it
            counted = [
                (BatchState(state), prepared)
                for state, prepared, reverses in journal.batches.values_list(
                    "state", "prepared_at", "reverses_id"
                )
                if reverses is None or state not in {BatchState.DRAFT, *DONE}
            ]
            checking = any(
                state == BatchState.READY and prepared is None for state, prepared in counted
            )
            state = journal_state([state for state, _prepared in counted], checking=checking)
            if journal.state != state:
                self.filter(pk=journal_id).update(state=state, state_at=now)


class Journal(models.Model):
    """
    One payroll run of one company, found again by its reference.

    `state` follows from its batches and is kept here so that lists can filter and sort; only
    `refresh_state` writes it.
    """

    class State(models.TextChoices):
        """The worst of its batches, in words for a list."""

        IMPORTED = "imported", pgettext_lazy("journal", "Not sent")
        CHECKING = "checking", _("Checking")
        SENDING = "sending", pgettext_lazy("journal", "Sending")
        UNKNOWN = "unknown", _("Outcome unknown")
        HELD = "held", _("Waiting for an open period")
        STOPPED = "stopped", _("Stopped: needs a correction")
        NEEDS_PERSON = "needs_person", pgettext_lazy("journal", "Needs a decision")
        SENT = "sent", pgettext_lazy("journal", "Sent")
        REVERSED = "reversed", pgettext_lazy("journal", "Reversed")
        CLOSED = "closed", pgettext_lazy("journal", "Closed by hand")
        BOOKED_BEFORE = "booked_before", pgettext_lazy("journal", "Booked before the hub")

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="journals"
    )
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="journals")
    content = models.ForeignKey(Content, on_delete=models.PROTECT, related_name="journals")
    reference = models.CharField(_("reference"), max_length=40)
    run = models.CharField(_("run"), max_length=40)
    run_period = models.CharField(_("period"), max_length=7)
    currency = models.CharField(max_length=3)
    line_count = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=20, decimal_places=2)
    state = models.CharField(max_length=15, choices=State.choices, default=State.IMPORTED)
    state_at = models.DateTimeField(default=timezone.now)
    imported_at = models.DateTimeField(default=timezone.now)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    send_requested_at = models.DateTimeField(null=True, blank=True)
    send_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    send_valid_only = models.BooleanField(default=False)
    """A person chose to send the batches that can go although others cannot."""
    preflight_at = models.DateTimeField(null=True, blank=True)
    """When all batches were last checked against the ledger, for the present press of Send."""
    preflight_problems = models.JSONField(default=list, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    resend_of = models.OneToOneField(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="resent_as"
    )
    """The journal whose reversed batches this one sends again, under a reference of its own."""

    objects = JournalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "reference"], name="reference_names_one_journal_of_a_company"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "-imported_at"], name="journal_newest_first"),
            models.Index(fields=["company", "-run_period"], name="journal_of_company"),
            models.Index(fields=["organisation", "run_period"], name="journal_of_a_month"),
        ]

    def __str__(self) -> str:
        return self.reference

    def refresh_state(self, *, now: datetime) -> None:
        """Set the state in the database from the batches, when it differs."""
        Journal.objects.refresh_state(self.pk, now=now)

    def remember(
        self,
        code: str,
        *,
        now: datetime,
        user: User | None = None,
        failure: ConnectorError | None = None,
        **params: str,
    ) -> None:
        """Add a line to the history; a failure is kept with its words' parameters (S13)."""
        kept: dict[str, Any] = dict(params)
        if failure is not None:
            details = {name: str(value) for name, value in failure.params.items()}
            kept |= {"failure": failure.code(), "failure_params": details}
        self.events.create(
            organisation_id=self.organisation_id, at=now, user=user, code=code, params=kept
        )


class FileOfJournal(models.Model):
    """The journal that an imported file became, repeats, or may be a correction of."""

    file = models.OneToOneField(
        ImportedFile, on_delete=models.CASCADE, primary_key=True, related_name="of_journal"
    )
    journal = models.ForeignKey(Journal, on_delete=models.CASCADE, related_name="of_files")

    def __str__(self) -> str:
        return f"{self.file_id}: {self.journal_id}"


def journal_of(file: ImportedFile) -> Journal | None:
    """Return the journal that a file belongs to, if it belongs to one."""
    link: FileOfJournal | None = getattr(file, "of_journal", None)
    return link.journal if link else None


class JournalEvent(models.Model):
    """One line of a journal's history: what happened, by whom, in stored words."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    journal = models.ForeignKey(Journal, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict, blank=True)

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.code} {self.at:%Y-%m-%d %H:%M}"
