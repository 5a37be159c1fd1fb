"""B14: after restoring an older database nothing is sent twice, for the ledger is asked first."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Connection
from accounts.operations import installation
from integrationhub import readiness
from journals.models import Attempt, Batch, Journal
from journals.operations import creating, deciding, sending
from sources.models import Content, JournalLine
from sources.operations import storing
from sources.readers.adding_up import content_digest
from sources.readers.lines import JournalLine as Line
from sources.readers.lines import totals_of
from tests.connectors.identity import grant_for
from tests.functional.restoring import Restore, take_backup  # noqa: F401
from tests.journals.sending.conftest import (  # noqa: F401
    FEBRUARY,
    JANUARY,
    MARCH,
    Office,
    committed_office,
    later,
    line,
)

Later = Callable[[float], int]


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> None:
    settings.HUB_DATA_DIR = tmp_path


def pay(day: date, amount: int) -> list[Line]:
    return [line(day, "7010", f"{amount}.00"), line(day, "2821", f"-{amount}.00")]


def payroll(office: Office, number: int, *, more: int = 0) -> Journal:
    """Import one run as the reading of a file does; every fifth corrects two earlier months."""
    lines = pay(MARCH, 1000 + number + more)
    if number % 5 == 0:
        lines = pay(JANUARY, number + 1) + pay(FEBRUARY, number + 2) + lines
    totals = totals_of(lines)
    content = Content.objects.create(
        organisation=office.organisation,
        digest=content_digest(lines),
        currency="SEK",
        run_period=totals[-1].period,
        line_count=len(lines),
        totals=storing.totals_to_json(totals),
    )
    JournalLine.objects.bulk_create(
        JournalLine(
            organisation=office.organisation,
            content=content,
            **{name: getattr(one, name) for name in ("period", "posted_on", "account", "amount")},
            line_number=at,
            text=one.text,
        )
        for at, one in enumerate(lines, start=1)
    )
    return creating.create_journal(
        company=office.company,
        content=content,
        reference=f"PAYROLL {number:03}",
        run=str(number),
        by=None,
        now=datetime.now(UTC),
        request_id="",
    )


def send_all(office: Office) -> None:
    for journal in Journal.objects.of(office.organisation).exclude(state="sent").order_by("pk"):
        sending.request_sending(journal=journal, by=office.member.user, now=datetime.now(UTC))


def sign_in_again(office: Office, url: str) -> None:
    grant = grant_for(url, office.tenant_id)
    now = datetime.now(UTC)
    Connection.objects.filter(pk=office.connection.pk).update(
        state=Connection.State.AUTHORISED,
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        expires_at=now + timedelta(seconds=grant.expires_in),
        refreshed_at=now,
    )


def after_restore(*words: str) -> Any:
    out = StringIO()
    call_command("after_restore", "--json", *words, stdout=out)
    return json.loads(out.getvalue())


def let_the_ledger_be_asked_twice(later: Later) -> None:  # noqa: F811
    for seconds in (5, 60, 200, 210, 400):
        later(seconds)


def in_ledger(office: Office) -> Counter[str]:
    return Counter(there.description for there in office.ledger())


def states(office: Office) -> Counter[str]:
    return Counter(Batch.objects.of(office.organisation).values_list("state", flat=True))


def test_b14_fifty_journals_sent_after_the_backup_are_not_sent_twice(
    committed_office: Office,  # noqa: F811
    take_backup: Callable[[], Restore],  # noqa: F811
    later: Later,  # noqa: F811
    sandbox: Any,
) -> None:
    office = committed_office
    for number in range(40):
        payroll(office, number)
    backup_taken_at = datetime.now(UTC)
    installation.beat(now=backup_taken_at)
    restore = take_backup()
    for number in range(40, 50):
        payroll(office, number)
    send_all(office)
    later(0)
    installation.beat(now=datetime.now(UTC))
    sent = in_ledger(office)
    posts = office.posts()
    assert (len(sent), set(sent.values()), posts) == (70, {1}, 70)

    restore()

    # It is noticed, and nothing is sent.
    send_all(office)
    later(1)
    assert office.posts() == posts
    assert set(Batch.objects.values_list("failure_code", flat=True)) == {"DatabaseRestored"}
    [finding] = [f for f in readiness.check_all(now=datetime.now(UTC)) if f.name == "restore"]
    assert not finding.ok
    assert "after_restore" in finding.text

    answer = after_restore("--backup-taken-at", backup_taken_at.isoformat())

    assert answer["sign_in_again"] == [office.connection.name]
    assert sum(answer["unknown_outcome"].values()) == 56
    sign_in_again(office, sandbox.url)
    for number in range(40, 50):
        payroll(office, number)  # the lost ones are imported again
    payroll(office, 50)  # one month's work goes on: three batches that were never sent
    send_all(office)
    let_the_ledger_be_asked_twice(later)

    assert states(office) == {"posted": 73}
    assert set(Journal.objects.values_list("state", flat=True)) == {"sent"}
    assert len(in_ledger(office)) == 73
    assert set(in_ledger(office).values()) == {1}
    assert office.posts() == posts + 3
    asked = Attempt.objects.filter(kind=Attempt.Kind.LOOK_UP).values_list("outcome", flat=True)
    # Three were never sent: the first look-up is too soon after the backup to count.
    assert Counter(asked) == {"found": 70, "not_found": 9}


def test_b14_other_content_of_the_same_reference_waits_for_a_person(
    committed_office: Office,  # noqa: F811
    take_backup: Callable[[], Restore],  # noqa: F811
    later: Later,  # noqa: F811
    sandbox: Any,
) -> None:
    office = committed_office
    restore = take_backup()
    payroll(office, 1)
    send_all(office)
    later(0)
    [there] = office.ledger()
    restore()
    after_restore("--backup-taken-at", (datetime.now(UTC) - timedelta(hours=1)).isoformat())
    sign_in_again(office, sandbox.url)
    journal = payroll(office, 1, more=7)

    send_all(office)
    let_the_ledger_be_asked_twice(later)

    batch = journal.batches.get()
    assert (batch.state, batch.failure_code) == ("needs_person", "ThereSinceTheBackup")
    assert batch.candidates == [there.number]
    assert [seen["number"] for seen in batch.candidates_seen] == [there.number]
    assert len(office.ledger()) == 1

    deciding.decide(
        batch=batch, choice=deciding.NOT_THERE, by=office.member.user, now=datetime.now(UTC)
    )
    later(500)

    batch.refresh_from_db()
    assert batch.state == "posted"
    assert batch.total == Decimal("1008.00")
    assert len(office.ledger()) == 2


def test_b14_nothing_is_sent_while_the_ledger_cannot_be_asked(
    committed_office: Office,  # noqa: F811
    later: Later,  # noqa: F811
    sandbox: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = committed_office
    payroll(office, 1)
    after_restore("--backup-taken-at", (datetime.now(UTC) - timedelta(hours=1)).isoformat())
    sign_in_again(office, sandbox.url)
    from connectors.errors import Unavailable
    from connectors.vismanet.client import Client

    def away(*_: object, **__: object) -> None:
        raise Unavailable(vendor="Visma.net")

    monkeypatch.setattr(Client, "list_changed", away)
    send_all(office)
    let_the_ledger_be_asked_twice(later)
    monkeypatch.undo()

    assert office.posts() == 0
    batch = Batch.objects.get()
    assert (batch.state, batch.failure_code) == ("unknown", "LedgerIsAsked")
    assert set(batch.attempts.values_list("kind", "outcome")) == {("look_up", "Unavailable")}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--backup-taken-at", "yesterday"],
        ["--backup-taken-at", "2026-03-25T02:00:00"],
        ["--backup-taken-at", "2199-03-25T02:00:00Z"],
        ["--backup-taken-at", "2026-03-25T02:00:00Z", "--watch-days", "0"],
    ],
)
def test_b14_the_command_refuses_what_it_cannot_use(words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("after_restore", *words)
