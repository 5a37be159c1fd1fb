"""Uploaded files that nobody takes up are discarded with their bytes."""

from datetime import timedelta
from typing import Any

import pytest

from audit.models import AuditEntry
from sources.models import FilePiece, ImportedFile
from sources.operations.cleaning import forget_uploads
from sources.tasks import forget_uploads as task
from tests import factories
from tests.journals.importing.builders import NOW, csv, imported, sie

pytestmark = pytest.mark.django_db


class TestForgetUploads:
    @pytest.fixture(autouse=True)
    def sixty_days(self, settings: Any) -> None:
        settings.HUB_KEEP_UPLOADS_DAYS = 60

    def test_discards_a_file_whose_columns_nobody_confirmed(self) -> None:
        file = imported(factories.organisation(), csv(), name="payroll.csv")
        assert file.state == "needs_columns"

        young = forget_uploads(now=NOW + timedelta(days=59))
        old = forget_uploads(now=NOW + timedelta(days=61))

        file.refresh_from_db()
        assert (young, old, file.state) == (0, 1, "discarded")
        assert not FilePiece.objects.exists()
        assert AuditEntry.objects.filter(action="journal.file_discarded").count() == 1

    def test_discards_a_file_whose_company_nobody_chose(self) -> None:
        file = imported(factories.organisation(), sie(number=""))
        waits = file.state, FilePiece.objects.count()

        forget_uploads(now=NOW + timedelta(days=61))

        file.refresh_from_db()
        assert waits == ("needs_company", 1)
        assert (file.state, FilePiece.objects.count()) == ("discarded", 0)

    def test_leaves_what_waits_for_something_else(self) -> None:
        file = imported(factories.organisation(), csv(), name="payroll.csv")
        ImportedFile.objects.filter(pk=file.pk).update(state="needs_run")

        assert forget_uploads(now=NOW + timedelta(days=400)) == 0

    def test_is_done_by_a_task_that_takes_newer_arguments(self) -> None:
        task(of_a_newer_version=True)
