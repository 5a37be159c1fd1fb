"""Choosing one of many rows: a select while they are few, else a field that searches."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.rights import CONNECTIONS
from journals.rights import JOURNALS
from organisations.models import Company, Debtor, Membership
from organisations.rules import ORGANISATION, Level
from payments.rights import BUSINESS
from tests import factories
from ui import choosing

pytestmark = pytest.mark.django_db

ALL = dict.fromkeys((ORGANISATION, CONNECTIONS, JOURNALS, BUSINESS), Level.WRITE.value)

KINDS = [
    *("administration", "company", "company_of_file", "company_to_map", "customer", "debtor"),
    *("invoice_client", "member", "payment_source", "payment_target"),
]


@pytest.fixture
def member() -> Membership:
    return factories.member(rights=ALL)


@pytest.fixture
def me(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    return client


@pytest.fixture
def many(member: Membership, monkeypatch: pytest.MonkeyPatch) -> list[Debtor]:
    """Return more debtors than a select is good for."""
    monkeypatch.setattr(choosing, "FEW", 3)
    names = ("Nordvik Eiendom", "Nordvik Handel", "Sjöbergs Åkeri", "Storsalg", "Storsalg")
    return [
        factories.debtor(member.organisation, number=str(10 + n), name=name)
        for n, name in enumerate(names)
    ]


@pytest.fixture
def save(me: Client, many: list[Debtor]) -> Callable[..., Any]:
    """Return what sends the form of a new company with these values for its debtor."""
    common = {"number": "1", "name": "New", "currency": "SEK", "owner": ""}
    return lambda **debtor: me.post(reverse("organisations:new_company"), common | debtor)


class TestFewRows:
    def test_are_a_select(self, member: Membership, me: Client) -> None:
        one = factories.debtor(member.organisation)

        page = me.get(reverse("organisations:new_company")).content.decode()

        assert f'<option value="{one.pk}">{one}</option>' in page
        assert "data-finder" not in page

    def test_take_what_was_written_when_there_were_many(
        self, save: Callable[..., Any], many: list[Debtor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(choosing, "FEW", 200)

        save(debtor="", debtor_text="13")

        assert Company.objects.get().debtor == many[3]


class TestManyRows:
    def test_are_a_text_field_and_none_of_them_is_printed(
        self, me: Client, many: list[Debtor]
    ) -> None:
        page = me.get(reverse("organisations:new_company")).content.decode()

        assert 'name="debtor_text"' in page
        assert "Nordvik" not in page
        assert "Type the number or part of the name." in page

    def test_show_the_present_choice(
        self, member: Membership, me: Client, many: list[Debtor]
    ) -> None:
        company = factories.company(member.organisation, owner=many[2])

        page = me.get(reverse("organisations:company", args=[company.pk])).content.decode()

        assert 'value="12 Sjöbergs Åkeri"' in page
        assert f'<input type="hidden" name="debtor" value="{many[2].pk}">' in page

    @pytest.mark.parametrize("text", ["12", " 12 ", "sjöbergs Åkeri", "12 Sjöbergs Åkeri"])
    def test_are_named_by_number_by_name_or_by_both(
        self, save: Callable[..., Any], many: list[Debtor], text: str
    ) -> None:
        save(debtor="", debtor_text=text)

        assert Company.objects.get().debtor == many[2]

    def test_are_taken_by_the_choice_below_the_field(
        self, save: Callable[..., Any], many: list[Debtor]
    ) -> None:
        save(debtor=many[4].pk, debtor_text="14 Storsalg")

        assert Company.objects.get().debtor == many[4]

    def test_are_taken_by_the_text_when_it_was_changed_after_the_choice(
        self, save: Callable[..., Any], many: list[Debtor]
    ) -> None:
        save(debtor=many[4].pk, debtor_text="10")

        assert Company.objects.get().debtor == many[0]

    def test_stand_there_whole_when_something_else_is_wrong(
        self, save: Callable[..., Any], many: list[Debtor]
    ) -> None:
        page = save(debtor="", debtor_text="12", currency="?").content.decode()

        assert 'value="12 Sjöbergs Åkeri"' in page
        assert f'name="debtor" value="{many[2].pk}"' in page

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "This field is required."),
            ("xyz", "Nothing matches “xyz”."),
            ("handel", "Do you mean “11 Nordvik Handel”?"),
            ("nordvik", "Several match “nordvik”, such as 10 Nordvik Eiendom; 11 Nordvik Handel."),
            ("Storsalg", "Several match “Storsalg”, such as 13 Storsalg; 14 Storsalg."),
        ],
    )
    def test_are_never_guessed(self, save: Callable[..., Any], text: str, words: str) -> None:
        page = save(debtor="", debtor_text=text).content.decode()

        assert words in page
        assert not Company.objects.exists()

    def test_offer_without_javascript_what_the_text_may_mean(
        self, save: Callable[..., Any]
    ) -> None:
        page = save(debtor="", debtor_text="nordvik").content.decode()

        assert 'list="id_debtor_near"' in page
        assert '<option value="11 Nordvik Handel"></option>' in page
        assert 'value="nordvik"' in page

    def test_of_another_organisation_are_not_there(
        self, save: Callable[..., Any], many: list[Debtor]
    ) -> None:
        theirs = factories.debtor(factories.organisation(), number="77", name="Theirs")

        by_text = save(debtor="", debtor_text="77").content.decode()
        by_id = save(debtor=theirs.pk, debtor_text=str(theirs)).content.decode()

        assert "Nothing matches “77”." in by_text
        assert "Nothing matches" in by_id
        assert not Company.objects.exists()

    def test_may_be_left_out_where_nobody_has_to_be_chosen(
        self, save: Callable[..., Any], many: list[Debtor]
    ) -> None:
        save(debtor="", debtor_text="10", owner_text="", owner="")

        assert Company.objects.get().owner is None


class TestListBelowTheField:
    def listed(self, me: Client, **query: object) -> Any:
        return me.get(reverse("organisations:choices"), {"kind": "debtor"} | query)

    def test_holds_those_that_match_every_word(self, me: Client, many: list[Debtor]) -> None:
        page = self.listed(me, q="nord han").content.decode()

        assert f'data-pk="{many[1].pk}">11 Nordvik Handel</li>' in page
        assert page.count('role="option"') == 1

    def test_says_when_there_are_more(
        self, me: Client, many: list[Debtor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(choosing, "SHOWN", 2)

        page = self.listed(me).content.decode()

        assert page.count('role="option"') == 2
        assert "The first 2. Type more" in page

    def test_says_when_nothing_matches(self, me: Client, many: list[Debtor]) -> None:
        assert "Nothing matches." in self.listed(me, q="xyz").content.decode()

    def test_takes_any_text(self, me: Client, many: list[Debtor]) -> None:
        assert self.listed(me, q="%_'\" " * 99).status_code == 200

    def test_refuses_a_character_that_no_text_holds(self, me: Client, many: list[Debtor]) -> None:
        assert self.listed(me, q="qq\x00").status_code == 400

    def test_escapes_names(self, member: Membership, me: Client) -> None:
        factories.debtor(member.organisation, name="<b>")

        assert "<b>" not in self.listed(me).content.decode()

    def test_asks_as_often_whatever_the_number_of_rows(
        self, member: Membership, me: Client, many: list[Debtor]
    ) -> None:
        self.listed(me)
        with CaptureQueriesContext(connection) as few:
            self.listed(me)
        for _more in range(30):
            factories.debtor(member.organisation)

        with CaptureQueriesContext(connection) as more:
            self.listed(me)

        assert len(more) == len(few)

    @pytest.mark.parametrize("kind", ["", "user", "__class__"])
    def test_of_no_kind_is_no_page(self, me: Client, kind: str) -> None:
        assert self.listed(me, kind=kind).status_code == 404

    def test_knows_these_kinds(self, me: Client) -> None:
        self.listed(me)

        assert sorted(choosing.KINDS) == KINDS

    @pytest.mark.parametrize("kind", KINDS)
    def test_is_no_page_without_the_right(self, kind: str) -> None:
        nobody = Client()
        stranger = factories.member(rights={})
        nobody.force_login(stranger.user, backend="organisations.backends.HubBackend")

        assert self.listed(nobody, kind=kind).status_code == 404

    def test_shows_nothing_of_another_organisation(self, me: Client) -> None:
        theirs = factories.organisation()
        company, person = factories.company(theirs), factories.member(theirs)
        factories.connection(theirs)

        for kind in ("debtor", "member", "company", "company_to_map", "invoice_client"):
            page = self.listed(me, kind=kind).content.decode()
            assert company.name not in page
            assert person.user.name not in page
        assert self.listed(me, kind="administration", of=company.pk).status_code == 404
        assert self.listed(me, kind="administration").status_code == 404
        assert self.listed(me, kind="company_of_file", of=1).status_code == 404

    def test_of_customers_waits_for_their_client(self, me: Client) -> None:
        assert "Choose the invoice client first." in self.listed(me, kind="customer").text

    def test_of_administrations_finds_by_each_of_their_names(
        self, member: Membership, me: Client
    ) -> None:
        company = factories.company(member.organisation)
        one = factories.connection(member.organisation, administration_number="4711")
        factories.connection(member.organisation)

        for text in (one.administration_name, "4711", one.name, one.tenant_id):
            page = self.listed(me, kind="administration", of=company.pk, q=text).content.decode()
            assert one.name in page, text
