"""The payments' story without a browser: check, fetch, mirror blocks, reconcile, by command."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from organisations.management.commands.seed_demo import ORGANISATION
from organisations.models import Organisation
from payments.management.commands import fetch_payments, reconcile
from payments.models import Registration, TimeBlock
from payments.operations import activating
from payments.operations.rights import integration_of
from sandbox import receivables_story as story
from sandbox.businessnxt import ledger

MARKER = "IntegrationHub_PaymentRead"
FINANCE = ("--as", "finance@demo.example")


class Demo:
    """The demo office, its worker, and the two systems beside it."""

    def __init__(self, sandbox: Any, run_due_work: Callable[..., int]) -> None:
        self.sandbox, self.run_due_work = sandbox, run_due_work
        call_command("seed_demo", stdout=StringIO())
        call_command("seed_demo_payments", stdout=StringIO())
        run_due_work()
        organisation = Organisation.objects.get(name=ORGANISATION)
        activating.change_settings(
            organisation=organisation,
            marker=MARKER,
            marker_value="1",
            fetch_from=integration_of(organisation).fetch_from,
            mirrors_blocks=True,
            by=None,
            now=datetime.now(UTC),
        )

    def command(self, *arguments: str) -> dict[str, Any]:
        out = StringIO()
        call_command(*arguments, "--json", *FINANCE, stdout=out)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    def marked(self) -> int:
        found = ledger.transactions(self.sandbox.store, story.NORDVIK.company_no)
        return sum(1 for one in found if one["extra"].get(MARKER))


@pytest.fixture
def demo(
    db: None, sandbox: Any, run_due_work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> Demo:
    # The story ends in October; PowerOffice tells what was open on a day.
    monkeypatch.setattr(reconcile.timezone, "localdate", lambda: date(2026, 11, 1))
    # While the command waits, the worker works.
    monkeypatch.setattr(fetch_payments, "sleep", lambda _seconds: run_due_work())
    return Demo(sandbox, run_due_work)


def test_the_whole_story_of_one_client(demo: Demo) -> None:
    checked = demo.command("check_invoice_client", "--client", "1001")
    fetched = demo.command("fetch_payments", "--client", "1001", "--wait")
    again = demo.command("fetch_payments", "--client", "1001", "--full", "--wait")
    blocked = demo.command("sync_credit_blocks", "--client", "1001")
    compared = demo.command("reconcile", "--client", "1001")

    assert set(checked["proposed_voucher_types"]) >= story.PAYMENT_TYPES
    (run,) = fetched["runs"]
    assert (run["state"], run["figures"]["new"]) == ("done", 10)
    assert run["control"]["amount"] == run["control"]["hub_amount"]
    assert run["control"]["count"] == run["control"]["hub_count"]
    assert (again["runs"][0]["figures"]["new"], Registration.objects.count()) == (0, 7)
    assert len(demo.sandbox.store.powerofficego.client("nordvik").payments()) == 7
    # The three that wait for a person are not registered, and so not marked.
    assert demo.marked() == 7
    assert blocked["clients"][0]["client"] == "1001"
    assert TimeBlock.objects.get(lifted_at=None).customer.number == "10005"
    assert compared["clients"][0]["lines"]["written_off"] == 1
    assert "unknown" not in compared["clients"][0]["lines"]


def test_of_many_names_the_client_without_a_visma_company_and_fetches_the_others(
    demo: Demo,
) -> None:
    out = StringIO()

    with pytest.raises(CommandError, match="Not every client was fetched"):
        call_command("fetch_payments", "--all", "--wait", "--json", *FINANCE, stdout=out)

    found = json.loads(out.getvalue())
    assert [(one["client"], one["state"]) for one in found["runs"]] == [
        ("1001", "done"),
        ("1002", "done"),
    ]
    assert [one["client"] for one in found["skipped"]] == ["1003"]


def test_a_block_that_visma_lifts_is_lifted_by_command(demo: Demo) -> None:
    demo.command("fetch_payments", "--client", "1001", "--wait")
    demo.sandbox.store.nxt_setup.set_credit_block("nordvik", 10005, denied=False)

    found = demo.command("sync_credit_blocks", "--client", "1001")

    assert found["clients"][0]["changed"] == 1
    assert not TimeBlock.objects.filter(lifted_at=None).exists()
