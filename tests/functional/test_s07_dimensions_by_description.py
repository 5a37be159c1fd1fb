"""S7: a checkbox each, and the description as it reads in Visma.net."""

from typing import Any

import pytest
from django.urls import reverse

from connectors.base import Dimension
from mappings import sources
from mappings.rules.dimensions import NoSuchDimension, find_dimension, likely_dimensions
from mappings.sources import CodeSeen
from tests import factories
from tests.mappings.targets import connected, facts
from tests.mappings.wizard import answer, signed_in, walk_to_dimensions


@pytest.fixture
def client(sandbox: Any, run_due_work: Any, db: None) -> Any:
    me = factories.member()
    client = signed_in(me)
    connection = connected(me.organisation, sandbox.url)
    walk_to_dimensions(client, factories.company(me.organisation), connection, run_due_work)
    return client


def settings_of(client: Any) -> dict[str, Any]:
    settings: dict[str, Any] = client.session["mapping_draft"]["settings"]
    return settings


class TestDimensions:
    def test_of_the_ledger_are_offered(self, client: Any) -> None:
        page = client.get(reverse("mappings:step", args=["dimensions"]))

        assert '<option value="Kostnadsställe">' in page.text
        assert page.context["dimensions"][0] == "Kostnadsställe"

    def test_are_filled_in_by_what_the_ledger_calls_them(self, client: Any) -> None:
        form = client.get(reverse("mappings:step", args=["dimensions"])).context["form"]

        assert form["cost_centre_description"].value() == "Kostnadsställe"
        assert form["cost_unit_description"].value() == "Kostnadsbärare"
        assert not form["use_cost_centre"].value()

    def test_are_ticked_where_payroll_has_brought_such_codes(
        self, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = [CodeSeen("cost_centre", "100")]
        monkeypatch.setattr(sources, "code_sources", [lambda mapping: seen])

        form = client.get(reverse("mappings:step", args=["dimensions"])).context["form"]

        assert form["use_cost_centre"].value()
        assert not form["use_cost_unit"].value()

    @pytest.mark.parametrize("typed", ["Kostnadsställe", "kostnadsSTÄLLE", "  Kostnadsställe  "])
    def test_are_found_whatever_the_case_and_the_outer_blanks(
        self, client: Any, typed: str
    ) -> None:
        went = answer(client, "dimensions", use_cost_centre="on", cost_centre_description=typed)

        assert went.url == reverse("mappings:step", args=["patterns"])
        assert settings_of(client)["cost_centre_segment"] == 1
        assert settings_of(client)["cost_centre_description"] == "Kostnadsställe"

    def test_that_are_wrong_are_refused_with_the_nearest_right_one(self, client: Any) -> None:
        page = answer(
            client, "dimensions", use_cost_centre="on", cost_centre_description="Kostnadställe"
        )

        assert page.status_code == 200
        assert "Did you mean Kostnadsställe" in page.text
        assert "cost_centre_segment" not in settings_of(client)

    def test_that_were_put_right_there_meanwhile_are_read_again(
        self, client: Any, sandbox: Any, run_due_work: Any
    ) -> None:
        sandbox.store.setup.rename_segment("akeriet", 1, "Avdelning")
        typed = {"use_cost_centre": "on", "cost_centre_description": "Avdelning"}
        refused = answer(client, "dimensions", **typed)

        client.post(reverse("mappings:reading"), {"step": "dimensions"})
        run_due_work()
        came_to = client.get(reverse("mappings:reading"))
        went = answer(client, "dimensions", **typed)

        assert "Read the ledger again" in refused.text
        assert came_to.url == reverse("mappings:step", args=["dimensions"])
        assert went.url == reverse("mappings:step", args=["patterns"])

    def test_need_a_description_when_ticked(self, client: Any) -> None:
        page = answer(client, "dimensions", use_cost_unit="on", cost_unit_description="")

        assert "cost_unit_description" in page.context["form"].errors

    def test_cannot_be_the_same_twice(self, client: Any) -> None:
        page = answer(
            client,
            "dimensions",
            use_cost_centre="on",
            cost_centre_description="Kostnadsställe",
            use_cost_unit="on",
            cost_unit_description="Kostnadsställe",
        )

        assert "cannot use the same dimension" in page.text

    def test_that_are_not_ticked_are_not_sent(self, client: Any) -> None:
        answer(client, "dimensions", cost_centre_description="whatever")

        settings = settings_of(client)
        assert (settings["use_cost_centre"], settings["cost_centre_segment"]) == (False, None)
        assert settings["cost_centre_description"] == ""


class TestLikelyDimensions:
    def test_are_known_by_what_offices_call_them(self) -> None:
        assert likely_dimensions(facts().dimensions) == {
            "cost_centre": "Kostnadsställe",
            "cost_unit": "Projekt",
        }

    @pytest.mark.parametrize("names", [("Avdelning", "Kostnadsställe"), ("Region",), ()])
    def test_are_not_guessed_where_two_or_none_are_called_so(self, names: tuple[str, ...]) -> None:
        known = [Dimension(n, name, 4) for n, name in enumerate(names, start=1)]

        assert likely_dimensions(known) == {}


class TestFindDimension:
    def test_names_all_when_none_is_near(self) -> None:
        with pytest.raises(NoSuchDimension) as refusal:
            find_dimension("zzz", facts().dimensions)

        assert refusal.value.near == ("Kostnadsställe", "Projekt")

    def test_names_the_nearest_first(self) -> None:
        with pytest.raises(NoSuchDimension) as refusal:
            find_dimension("Project", facts().dimensions)

        assert refusal.value.near[0] == "Projekt"
