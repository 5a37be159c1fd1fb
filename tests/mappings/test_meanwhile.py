"""Two people who change one mapping at once: the later one is warned, and loses nothing typed."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from mappings.models import MappedValue, Mapping
from mappings.operations.ledger import store_facts
from mappings.operations.saving import MappingChanged, MappingSettings, change_mapping
from organisations.models import Membership
from tests import factories
from tests.factories import NOW
from tests.mappings.targets import facts
from tests.mappings.wizard import signed_in
from tests.sent import sent_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Mapping:
    made = factories.mapping(
        factories.organisation(),
        use_cost_centre=True,
        cost_centre_description="Kostnadsställe",
        cost_centre_segment=1,
        cost_centre_rule="table",
        balancing_account="2990",
    )
    store_facts(made.connection, facts(), now=NOW)
    MappedValue.objects.create(
        organisation=made.organisation,
        mapping=made,
        dimension="cost_centre",
        payroll_code="10",
        target_value="0100",
    )
    return made


def person(mapping: Mapping, name: str) -> Membership:
    return factories.member(mapping.organisation, person=factories.user(name=name))


@pytest.fixture
def ada(mapping: Mapping) -> Client:
    return signed_in(person(mapping, "Ada Ek"))


@pytest.fixture
def bo(mapping: Mapping) -> Client:
    return signed_in(person(mapping, "Bo Berg"))


def choose(client: Client, **changed: Any) -> None:
    """Change some of what the draft says, as the wizard's steps do."""
    session = client.session
    draft = session["mapping_draft"]
    draft["settings"] |= changed
    session["mapping_draft"] = draft
    session.save()


REVIEW = "/mappings/new/review/"


class TestSettings:
    def begin(self, client: Client, mapping: Mapping, **changed: Any) -> None:
        client.get(reverse("mappings:edit", args=[mapping.pk]))
        choose(client, **changed)

    def test_the_later_one_is_shown_who_changed_what(
        self, mapping: Mapping, ada: Client, bo: Client
    ) -> None:
        self.begin(ada, mapping, balance_sheet_format="[12]...")
        self.begin(bo, mapping, balancing_account="2995")
        assert bo.post(REVIEW).status_code == 302

        later = ada.post(REVIEW)

        mapping.refresh_from_db()
        assert (later.status_code, mapping.balance_sheet_format) == (409, "")
        assert "Bo Berg changed this while you had it open." in later.text
        assert "Balancing account: 2990 → 2995" in later.text
        assert "[12]..." in later.text

        assert ada.post(REVIEW).status_code == 302
        mapping.refresh_from_db()
        assert (mapping.balancing_account, mapping.balance_sheet_format) == ("2995", "[12]...")

    def test_ones_own_stays_where_both_changed_it(
        self, mapping: Mapping, ada: Client, bo: Client
    ) -> None:
        self.begin(ada, mapping, balancing_account="2999")
        self.begin(bo, mapping, balancing_account="2995")
        bo.post(REVIEW)

        later = ada.post(REVIEW)

        assert "Balancing account: 2990 → 2995 · you: 2999" in later.text
        assert ada.post(REVIEW).status_code == 302
        mapping.refresh_from_db()
        assert mapping.balancing_account == "2999"
        changed = AuditEntry.objects.filter(action="mapping.changed").order_by("pk").last()
        assert changed is not None
        assert changed.details["balancing_account"] == {"from": "2995", "to": "2999"}

    def test_the_same_change_twice_is_no_conflict(
        self, mapping: Mapping, ada: Client, bo: Client
    ) -> None:
        for client in (ada, bo):
            self.begin(client, mapping, balancing_account="2995")

        assert [client.post(REVIEW).status_code for client in (bo, ada)] == [302, 302]

    def test_are_refused_in_the_operation_itself(self, mapping: Mapping) -> None:
        shown = MappingSettings.of(mapping)
        Mapping.objects.update(balancing_account="2995")

        with pytest.raises(MappingChanged):
            change_mapping(
                mapping=mapping,
                settings=MappingSettings(closed_period_rule="hold", first_period="2020-01"),
                shown=shown,
                by=None,
                now=NOW,
            )


class TestValues:
    def test_the_later_one_keeps_what_both_typed(
        self, mapping: Mapping, ada: Client, bo: Client
    ) -> None:
        page = reverse("mappings:values", args=[mapping.pk])
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        saved = bo.post(page, {**bos, "rule": "table", **rows(bos, **{"10": "0200", "30": "0100"})})
        assert saved.status_code == 302

        later = ada.post(page, {**adas, "rule": "table", **rows(adas, **{"40": "0200"})})

        assert (later.status_code, table(mapping)) == (409, {"10": "0200", "30": "0100"})
        assert "Bo Berg changed this" in later.text
        assert "10: 0100 → 0200" in later.text
        assert "30: – → 0100" in later.text
        again = {**sent_by(later), "rule": "table"}
        assert ada.post(page, again).status_code == 302
        assert table(mapping) == {"10": "0200", "30": "0100", "40": "0200"}

    def test_a_rule_that_both_changed_stays_the_later_ones_own(
        self, mapping: Mapping, ada: Client, bo: Client
    ) -> None:
        page = reverse("mappings:values", args=[mapping.pk])
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        bo.post(page, {**bos, "rule": "same"})

        later = ada.post(page, {**adas, "rule": "padded"})

        assert later.status_code == 409
        assert "A table → The same code" in later.text
        assert sent_by(later)["rule"] == "padded"


def rows(sent: dict[str, Any], **typed: str) -> dict[str, list[str]]:
    """Return the rows of the page with these typed into them."""
    there = dict(zip(sent["code"], sent["value"], strict=True))
    there.pop("", None)
    table = there | typed
    return {"code": list(table), "value": list(table.values())}


def table(mapping: Mapping) -> dict[str, str]:
    return dict(mapping.values.values_list("payroll_code", "target_value"))
