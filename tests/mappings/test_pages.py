"""The list, one mapping, its values, its removal, and who may see and change them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from background.models import BackgroundRequest
from connectors.base import Account, Dimension, DimensionValue
from mappings import sources
from mappings.models import MappedValue, Mapping
from mappings.operations.ledger import store_facts
from mappings.sources import CodeSeen
from tests import factories
from tests.factories import NOW
from tests.mappings.targets import connected, facts
from tests.mappings.wizard import answer, signed_in

pytestmark = pytest.mark.django_db
PAGES = ("detail", "edit", "values", "delete")


@pytest.fixture
def mapping() -> Mapping:
    made = factories.mapping(
        factories.organisation(),
        use_cost_centre=True,
        cost_centre_description="Kostnadsställe",
        cost_centre_segment=1,
        cost_centre_rule="table",
    )
    store_facts(made.connection, facts(), now=NOW)
    return made


@pytest.fixture
def client(mapping: Mapping) -> Client:
    return signed_in(factories.member(mapping.organisation))


class TestRights:
    @pytest.mark.parametrize("name", PAGES)
    def test_a_stranger_finds_no_mapping_of_another_office(
        self, mapping: Mapping, name: str
    ) -> None:
        stranger = signed_in(factories.member())

        assert stranger.get(reverse(f"mappings:{name}", args=[mapping.pk])).status_code == 404
        assert stranger.post(reverse("mappings:check", args=[mapping.pk])).status_code == 404
        assert stranger.post(reverse("mappings:delete", args=[mapping.pk])).status_code == 404
        assert str(mapping.company) not in stranger.get(reverse("mappings:list")).text
        assert Mapping.objects.exists()

    def test_who_has_none_finds_no_page(self, mapping: Mapping) -> None:
        nobody = signed_in(factories.member(mapping.organisation, rights={"journals": "write"}))

        assert nobody.get(reverse("mappings:list")).status_code == 404

    def test_who_reads_sees_and_cannot_change(self, mapping: Mapping) -> None:
        reader = signed_in(factories.member(mapping.organisation, rights={"vismanet": "read"}))

        seen = reader.get(reverse("mappings:detail", args=[mapping.pk]))

        assert reader.get(reverse("mappings:list")).status_code == 200
        assert reader.get(reverse("mappings:values", args=[mapping.pk])).status_code == 200
        assert seen.status_code == 200
        assert reverse("mappings:edit", args=[mapping.pk]) not in seen.text
        for name in ("edit", "delete"):
            assert reader.get(reverse(f"mappings:{name}", args=[mapping.pk])).status_code == 403
        for name in ("check", "delete", "values"):
            posted = reader.post(
                reverse(f"mappings:{name}", args=[mapping.pk]),
                {"dimension": "cost_centre", "rule": "same"},
            )
            assert posted.status_code == 403
        assert reader.get(reverse("mappings:new")).status_code == 403
        assert Mapping.objects.get().cost_centre_rule == "table"

    def test_an_background_request_of_another_mapping_is_not_shown(
        self, mapping: Mapping, client: Client
    ) -> None:
        other = BackgroundRequest.objects.create(
            organisation=mapping.organisation,
            kind="mappings.check",
            params={"mapping_id": mapping.pk + 1},
        )

        page = client.get(
            f"{reverse('mappings:detail', args=[mapping.pk])}?background_request={other.pk}"
        )

        assert "its result is no longer stored" in page.text
        assert "Checking the ledger" not in page.text


class TestList:
    def test_teaches_while_it_is_empty(self) -> None:
        page = signed_in(factories.member()).get(reverse("mappings:list"))

        assert "No mappings yet" in page.text

    def test_says_how_the_last_check_went(self, mapping: Mapping, client: Client) -> None:
        unchecked = client.get(reverse("mappings:list")).text
        Mapping.objects.update(
            checked_at=NOW, problems=[{"code": "branch_gone", "params": {}, "detail": ""}]
        )

        bad = client.get(reverse("mappings:list")).text

        assert "Not checked yet" in unchecked
        assert "1 to correct" in bad

    def test_finds_by_company(self, mapping: Mapping, client: Client) -> None:
        page = client.get(reverse("mappings:list"), {"q": "no such company"})

        assert str(mapping.company) not in page.text


class TestDetail:
    def test_shows_problems_with_remedies(self, mapping: Mapping, client: Client) -> None:
        Mapping.objects.update(
            checked_at=NOW,
            problems=[
                {
                    "code": "branch_gone",
                    "params": {"branch": "7", "administration": "Norrsken AB"},
                    "detail": "",
                }
            ],
        )

        page = client.get(reverse("mappings:detail", args=[mapping.pk]))

        assert "Norrsken AB has no branch 7." in page.text
        assert "choose the branch again" in page.text

    def test_shows_a_problem_that_another_version_found(
        self, mapping: Mapping, client: Client
    ) -> None:
        Mapping.objects.update(checked_at=NOW, problems=[{"code": "of_old", "params": {}}])

        assert client.get(reverse("mappings:detail", args=[mapping.pk])).status_code == 200

    def test_checks_when_asked(self, sandbox: Any, run_due_work: Any) -> None:
        me = factories.member()
        made = factories.mapping(me.organisation, through=connected(me.organisation, sandbox.url))
        client = signed_in(me)

        asked = client.post(reverse("mappings:check", args=[made.pk]))
        run_due_work()
        part = client.get(asked.url, headers={"HX-Request": "true"})

        assert "Nothing prevents sending" in part.text
        assert "<html" not in part.text
        assert "hx-get" not in part.text


class TestEdit:
    def test_keeps_company_and_account_and_records_what_changed(
        self, sandbox: Any, run_due_work: Any
    ) -> None:
        me = factories.member()
        made = factories.mapping(me.organisation, through=connected(me.organisation, sandbox.url))
        client = signed_in(me)

        client.get(reverse("mappings:edit", args=[made.pk]))
        run_due_work()
        client.get(reverse("mappings:reading"), follow=True)
        answer(
            client,
            "policy",
            posting="release",
            closed_period_rule="next_open",
            first_period="2020-01",
        )
        client.post(reverse("mappings:step", args=["review"]))

        changed = Mapping.objects.get()
        assert (changed.pk, changed.company, changed.connection) == (
            made.pk,
            made.company,
            made.connection,
        )
        assert (changed.hold, changed.release) == (False, True)
        details = AuditEntry.objects.get(action="mapping.changed").details
        assert details["closed_period_rule"] == {"from": "refuse", "to": "next_open"}
        assert "branch" not in details


class TestDelete:
    def test_asks_first(self, mapping: Mapping, client: Client) -> None:
        page = client.get(reverse("mappings:delete", args=[mapping.pk]))

        assert "cannot be sent until it is mapped again" in page.text
        assert Mapping.objects.exists()

    def test_removes_and_remembers_who_did(self, mapping: Mapping, client: Client) -> None:
        client.post(reverse("mappings:delete", args=[mapping.pk]))

        assert not Mapping.objects.exists()
        assert AuditEntry.objects.get().action == "mapping.deleted"
        assert AuditEntry.objects.get().object_id == str(mapping.pk)


class TestValues:
    def post(self, client: Client, mapping: Mapping, *rows: tuple[str, str], **more: str) -> Any:
        values = {"dimension": "cost_centre", "rule": "table"} | more
        return client.post(
            reverse("mappings:values", args=[mapping.pk]),
            values | {"code": [code for code, _ in rows], "value": [value for _, value in rows]},
        )

    def test_are_saved_as_typed_without_empty_rows(self, mapping: Mapping, client: Client) -> None:
        self.post(client, mapping, (" 10 ", "0100"), ("20", ""), ("", ""))

        saved = MappedValue.objects.get()
        assert (saved.payroll_code, saved.target_value) == ("10", "0100")
        assert saved.organisation == mapping.organisation

    def test_replace_what_was_there(self, mapping: Mapping, client: Client) -> None:
        self.post(client, mapping, ("10", "0100"))

        self.post(client, mapping, ("10", "0200"), rule="padded")

        assert MappedValue.objects.get().target_value == "0200"
        assert Mapping.objects.get().cost_centre_rule == "padded"

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            ([("10", "0300")], "there is no value 0300"),
            ([("10", "01000")], "longer than 4"),
            ([("10", "0900")], "not active"),
            ([("10", "0100"), ("10", "0200")], "appears twice"),
            ([("", "0100")], "has no payroll code"),
        ],
    )
    def test_that_cannot_be_are_refused_and_kept_on_the_page(
        self, mapping: Mapping, client: Client, rows: list[tuple[str, str]], said: str
    ) -> None:
        page = self.post(client, mapping, *rows)

        assert said in page.text
        assert f'value="{rows[0][1]}"' in page.text
        assert not MappedValue.objects.exists()

    def test_are_chosen_from_what_the_ledger_has(self, mapping: Mapping, client: Client) -> None:
        MappedValue.objects.create(
            organisation=mapping.organisation,
            mapping=mapping,
            dimension="cost_centre",
            payroll_code="10",
            target_value="0900",
        )

        page = client.get(reverse("mappings:values", args=[mapping.pk]))

        assert '<option value="0100">0100 Lager öst</option>' in page.text
        assert '<option value="0900" selected>0900</option>' in page.text  # not active any more
        assert 'aria-label="Value for 10"' in page.text

    def test_of_a_long_list_are_searched_and_resolved_from_what_is_typed(
        self, mapping: Mapping, client: Client
    ) -> None:
        values = tuple(DimensionValue(f"{n:04}", f"Lager {n}") for n in range(1, 60))
        store_facts(
            mapping.connection,
            facts(dimensions=(Dimension(1, "Kostnadsställe", 4, values),)),
            now=NOW + timedelta(minutes=1),
        )

        page = client.get(reverse("mappings:values", args=[mapping.pk]))
        client.post(
            reverse("mappings:values", args=[mapping.pk]),
            {
                "dimension": "cost_centre",
                "rule": "table",
                "code": ["10", "20", "30", "40"],
                "value": ["0007", "", "", "0008"],
                "value_text": ["0007 Lager 7", "Lager 12", "0013", "Lager 9"],
            },
        )

        assert "<option" not in page.text[page.text.index("<tbody>") :]
        assert f"{reverse('mappings:ledger_choices', args=[mapping.connection_id])}?what=1" in (
            page.text
        )
        saved = dict(MappedValue.objects.values_list("payroll_code", "target_value"))
        assert saved == {"10": "0007", "20": "0012", "30": "0013", "40": "0009"}

    def test_are_only_shown_to_who_may_not_change_them(self, mapping: Mapping) -> None:
        MappedValue.objects.create(
            organisation=mapping.organisation,
            mapping=mapping,
            dimension="cost_centre",
            payroll_code="10",
            target_value="0100",
        )
        reader = signed_in(factories.member(mapping.organisation, rights={"vismanet": "read"}))

        page = reader.get(reverse("mappings:values", args=[mapping.pk]))

        assert "0100" in page.text
        assert 'name="value"' not in page.text

    def test_show_codes_of_journals_that_have_none_with_what_is_near(
        self, mapping: Mapping, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = [CodeSeen("cost_centre", "100"), CodeSeen("cost_centre", "W", "lager väst")]
        monkeypatch.setattr(sources, "code_sources", [lambda mapping: seen])

        page = client.get(reverse("mappings:values", args=[mapping.pk]))

        assert "2 codes of imported journals have no value" in page.text
        assert "0100 Lager öst" in page.text
        by_name = page.context["shown"][0]["table"].rows[1]
        assert by_name.near.startswith("0200 Lager väst")


class TestWhatTheLedgerHas:
    """What is listed below a field that searches the accounts or values of a ledger."""

    def listed(self, client: Client, mapping: Mapping, **asked: str) -> Any:
        return client.get(reverse("mappings:ledger_choices", args=[mapping.connection_id]), asked)

    def test_is_found_by_number_and_by_name(self, mapping: Mapping, client: Client) -> None:
        by_name = self.listed(client, mapping, what="1", q="VÄST").text
        by_number = self.listed(client, mapping, what="accounts", q="19").text

        assert "0200 Lager väst" in by_name
        assert "Lager öst" not in by_name
        assert 'data-pk="1930">1930 Bank' in by_number

    def test_leaves_out_what_cannot_be_posted_to(self, mapping: Mapping, client: Client) -> None:
        everything = self.listed(client, mapping, what="accounts").text

        assert "1930" in everything
        assert "1510" not in everything
        assert "7699" not in everything

    def test_says_that_there_is_more(self, mapping: Mapping, client: Client) -> None:
        accounts = tuple(Account(f"{n}", f"Account {n}") for n in range(1000, 1100))
        store_facts(mapping.connection, facts(accounts=accounts), now=NOW + timedelta(minutes=1))

        everything = self.listed(client, mapping, what="accounts")

        assert everything.text.count('role="option"') == 20
        assert "Type more to narrow the list" in everything.text

    def test_is_shown_to_nobody_else(self, mapping: Mapping, client: Client) -> None:
        reader = signed_in(factories.member(mapping.organisation, rights={"vismanet": "read"}))

        assert self.listed(signed_in(factories.member()), mapping, what="1").status_code == 404
        assert self.listed(reader, mapping, what="1").status_code == 403
        assert "Nothing matches." in self.listed(client, mapping, what="9").text
