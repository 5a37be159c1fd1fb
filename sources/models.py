"""Files that came in, how they are read, and the lines that were read."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from background.claimable import Claimable, ClaimableQuerySet
from organisations.models import Company, Organisation


class Source(models.Model):
    """
    How the files of one payroll program are read: the saved column map.

    Recognised again by `fingerprint`, a digest of the headings. `settings` is
    `journals.rules` SourceSettings as JSON.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(_("name"), max_length=80)
    file_format = models.CharField(max_length=10)
    fingerprint = models.CharField(max_length=64, blank=True)
    settings = models.JSONField(default=dict)
    confirmed_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organisation", "name"], name="source_name_is_unique"),
            models.UniqueConstraint(
                fields=["organisation", "file_format", "fingerprint"],
                condition=~models.Q(fingerprint=""),
                name="headings_belong_to_one_source",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ImportedFile(Claimable):
    """
    One file on its way to becoming a journal. Its bytes are kept only until it is read.

    States that wait for a person say what they wait for; nothing is guessed.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("Waiting to be read")
        READING = "reading", _("Being read")
        NEEDS_COLUMNS = "needs_columns", _("Columns must be confirmed")
        NEEDS_COMPANY = "needs_company", _("Company must be chosen")
        NEEDS_RUN = "needs_run", _("Run number must be given")
        NEEDS_CONFIRMATION = "needs_confirmation", _("Must be confirmed")
        CHANGED = "changed", _("Differs from what was imported before")
        IMPORTED = "imported", _("Imported")
        UNCHANGED = "unchanged", _("Already imported; nothing changed")
        REFUSED = "refused", _("Refused")
        DISCARDED = "discarded", _("Discarded")

    WORKED_ON: ClassVar[str] = State.READING

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="imported_files"
    )
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, null=True, related_name="imported_files"
    )
    source = models.ForeignKey(Source, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(_("file"), max_length=255)
    file_format = models.CharField(max_length=10, blank=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    state_at = models.DateTimeField(default=timezone.now)
    run = models.CharField(_("run"), max_length=40, blank=True)
    confirmed = models.BooleanField(default=False)
    """A person said: import it although it is marked as read before."""
    rows_read = models.PositiveIntegerField(default=0)
    rows_expected = models.PositiveIntegerField(null=True, blank=True)
    head = models.JSONField(default=dict, blank=True)
    problems = models.JSONField(default=list, blank=True)
    problem_count = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(default=timezone.now, editable=False)
    request_id = models.CharField(max_length=64, blank=True)
    together = models.CharField(max_length=32, blank=True)
    """A name that the files share which were uploaded from one page; empty: it came otherwise."""

    objects = ClaimableQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state"],
                name="file_to_read",
                condition=models.Q(state__in=["waiting", "reading"]),
            ),
            models.Index(fields=["organisation", "-uploaded_at"], name="file_newest_first"),
            models.Index(
                fields=["together"],
                name="file_together",
                condition=~models.Q(together=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def waiting(cls, *, now: datetime) -> models.Q:
        """Hold for those that wait: a file has no hour."""
        return models.Q(state=cls.WAITING)


class FilePiece(models.Model):
    """A part of an uploaded file's bytes, so that no process holds the whole."""

    file = models.ForeignKey(ImportedFile, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["file", "number"], name="piece_is_stored_once")
        ]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"


class Content(models.Model):
    """
    The lines of one reading of a file. It is written once; other content is another row.

    `totals` holds, per period, lines and debit and credit sums as text.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    file = models.ForeignKey(
        ImportedFile, on_delete=models.SET_NULL, null=True, related_name="contents"
    )
    digest = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    run_period = models.CharField(max_length=7)
    line_count = models.PositiveIntegerField()
    totals = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return self.digest[:12]


class JournalLine(models.Model):
    """One line as payroll gave it: signed amount, debit above zero. No person is named."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="lines")
    line_number = models.PositiveIntegerField()
    period = models.CharField(max_length=7)
    posted_on = models.DateField()
    account = models.CharField(max_length=20)
    cost_centre = models.CharField(max_length=40, blank=True)
    cost_unit = models.CharField(max_length=40, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=2)
    text = models.CharField(max_length=255, blank=True)
    merged = models.PositiveIntegerField(default=1)

    objects = OfOrganisation.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["content", "period", "line_number"], name="lines_of_a_period")
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.account} {self.amount}"


class CompanyReading(models.Model):
    """
    What a person chose for the files of one company: of a source, or of a format without sources.

    A source proposes; only this is applied without a question. `settings` is `sources.readers`
    SourceSettings as JSON, `chosen` names those of its rules that a person chose (decimal mark,
    order of dates, sign), the others are settled by each file.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="company_readings"
    )
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="readings")
    source = models.ForeignKey(
        Source, on_delete=models.CASCADE, null=True, related_name="company_readings"
    )
    file_format = models.CharField(max_length=10)
    settings = models.JSONField(default=dict)
    chosen = models.JSONField(default=list)
    confirmed_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "source"], name="company_reads_a_source_in_one_way"
            ),
            models.UniqueConstraint(
                fields=["company", "file_format"],
                condition=models.Q(source=None),
                name="company_reads_a_format_in_one_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company}: {self.source or self.file_format}"
