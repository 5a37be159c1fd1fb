"""B2: a journal is checked against the live ledger, and nothing is written there."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from journals.models import Attempt, Batch
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import Office, make_office

WRITING = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    return make_office(sandbox)


def written(office: Office) -> list[str]:
    """Return the calls to the ledger, of all that were made, that could have written there."""
    made = office.store.requests(tenant_id=office.tenant_id)
    assert made, "the ledger was not asked"
    return [f"{call.method} {call.path}" for call in made if call.method in WRITING]


def test_b02_a_journal_that_could_go_is_found_so_and_nothing_is_written(office: Office) -> None:
    journal, out = office.journal(), StringIO()
    before = list(Batch.objects.order_by("pk").values())

    call_command("check_journal", journal.reference, "--json", stdout=out)

    assert json.loads(out.getvalue())["can_be_sent"] is True
    assert written(office) == []
    assert office.ledger() == []
    assert list(Batch.objects.order_by("pk").values()) == before
    assert not Attempt.objects.exists()


def test_b02_all_that_would_stop_it_is_listed_and_nothing_is_written(office: Office) -> None:
    journal, out = office.journal(), StringIO()
    office.store.setup.close_period(office.tenant_id, "202601")
    office.store.setup.close_period(office.tenant_id, "202602")

    with pytest.raises(CommandError):
        call_command("check_journal", journal.reference, stdout=out)

    assert "2026-01" in out.getvalue()
    assert "2026-02" in out.getvalue()
    assert written(office) == []
    assert office.ledger() == []


def test_b02_the_page_tells_a_person_the_same(
    office: Office, run_due_work: Callable[..., int]
) -> None:
    journal = office.journal()
    office.store.setup.close_period(office.tenant_id, "202601")
    me = signed_in(office.member)

    answer = me.post(reverse("journals:check", args=[journal.pk]))
    run_due_work()
    html = me.get(answer["Location"]).content.decode()

    assert "The ledger would reject it as it is. Nothing was written there." in html
    assert "Period 202601 is closed" in html
    assert written(office) == []
    journal.refresh_from_db()
    assert journal.state == "imported"
