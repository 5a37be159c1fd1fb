"""How the files of one company are read, where that cannot be seen from the files."""

from typing import ClassVar

from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone

from audit.scoped import OfOrganisation
from journals.models.imports import Source
from organisations.models import Company, Organisation


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
