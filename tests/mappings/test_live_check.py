"""The live check against the sandbox, through the background request that a page asks for."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Connection
from background.models import BackgroundRequest
from background.operations import request_in_background
from mappings import sources
from mappings.models import Mapping
from mappings.operations.checking import CHECK
from mappings.sources import CodeSeen
from sandbox import seed
from tests import factories
from tests.mappings.targets import connected

pytestmark = pytest.mark.django_db


def checked(
    mapping: Mapping, run_due_work: Callable[..., int]
) -> tuple[Mapping, BackgroundRequest]:
    background_request = request_in_background(
        organisation=mapping.organisation, kind=CHECK, by=None, params={"mapping_id": mapping.pk}
    )
    run_due_work()
    mapping.refresh_from_db()
    background_request.refresh_from_db()
    return mapping, background_request


def codes(mapping: Mapping) -> list[str]:
    return [problem["code"] for problem in mapping.problems]


class TestCheck:
    def test_of_a_good_mapping_finds_nothing(self, sandbox: Any, run_due_work: Any) -> None:
        office = factories.organisation()
        made = factories.mapping(
            office,
            through=connected(office, sandbox.url),
            use_cost_centre=True,
            cost_centre_description="Kostnadsställe",
            cost_centre_segment=1,
        )

        mapping, background_request = checked(made, run_due_work)

        assert (mapping.problems, background_request.state) == ([], BackgroundRequest.State.DONE)
        assert mapping.checked_at is not None

    def test_lists_what_changed_in_the_ledger(self, sandbox: Any, run_due_work: Any) -> None:
        office = factories.organisation()
        made = factories.mapping(
            office,
            through=connected(office, sandbox.url),
            to=factories.company(office, currency="NOK"),
            use_cost_centre=True,
            cost_centre_description="Kostnadsställe",
            cost_centre_segment=1,
            own_numbers=True,
            balancing_account="7699",
        )
        sandbox.store.setup.rename_segment("akeriet", 1, "Avdelning")

        mapping, background_request = checked(made, run_due_work)

        assert codes(mapping) == [
            "currency_differs",
            "dimension_renamed",
            "own_numbers_not_allowed",
            "balancing_account_inactive",
        ]
        assert background_request.result["problems"] == 4

    def test_proves_own_numbers_where_they_are_allowed(
        self, sandbox: Any, run_due_work: Any
    ) -> None:
        office = factories.organisation()
        made = factories.mapping(
            office, through=connected(office, sandbox.url, seed.EGNA), own_numbers=True
        )

        mapping, _ = checked(made, run_due_work)

        assert mapping.problems == []
        assert mapping.own_numbers_proven_at == mapping.checked_at

    def test_asks_for_the_branch_where_there_is_a_choice(
        self, sandbox: Any, run_due_work: Any
    ) -> None:
        office = factories.organisation()
        made = factories.mapping(office, through=connected(office, sandbox.url, seed.TVILLING))

        mapping, _ = checked(made, run_due_work)

        assert codes(mapping) == ["branch_not_chosen", "ledger_not_chosen"]

    def test_calls_nobody_for_an_account_that_is_not_authorised(
        self, sandbox: Any, run_due_work: Any
    ) -> None:
        office = factories.organisation()
        made = factories.mapping(office, through=connected(office, sandbox.url))
        Connection.objects.update(state=Connection.State.SIGN_IN_AGAIN)
        before = len(sandbox.store.requests(vendor="visma-net"))

        mapping, _ = checked(made, run_due_work)

        assert codes(mapping) == ["account_not_authorised"]
        assert len(sandbox.store.requests(vendor="visma-net")) == before

    def test_leaves_what_was_found_when_the_ledger_cannot_be_asked(
        self, sandbox: Any, run_due_work: Any
    ) -> None:
        office = factories.organisation()
        made = factories.mapping(office, through=connected(office, sandbox.url))
        sandbox.store.add_fault("unavailable", times=None)

        mapping, background_request = checked(made, run_due_work)

        assert background_request.failure_code == "Unavailable"
        assert mapping.checked_at is None

    def test_lists_codes_of_journals_that_the_table_lacks(
        self, sandbox: Any, run_due_work: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        office = factories.organisation()
        made = factories.mapping(
            office,
            through=connected(office, sandbox.url),
            use_cost_centre=True,
            cost_centre_description="Kostnadsställe",
            cost_centre_segment=1,
            cost_centre_rule="table",
        )
        monkeypatch.setattr(
            sources, "code_sources", [lambda mapping: [CodeSeen("cost_centre", "100")]]
        )

        mapping, _ = checked(made, run_due_work)

        assert codes(mapping) == ["value_not_mapped"]
        assert mapping.problems[0]["params"]["near"].startswith("0100")
