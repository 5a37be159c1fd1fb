"""Two people who change one thing at once: the later one is warned, and loses nothing typed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organisations.meanwhile import Shown, compare, shown_text
from organisations.models import Company, Debtor, Membership, Role, User
from tests import factories
from tests.sent import sent_by


def signed_in(member: Membership) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(member.user)
    return client


class TestCompare:
    def test_finds_nothing_where_nobody_else_changed_anything(self) -> None:
        assert compare({"a": "1"}, {"a": "1"}, {"a": "2"}) == ([], {"a": "2"})

    def test_takes_in_what_somebody_else_changed_where_nothing_was_typed(self) -> None:
        assert compare({"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {"a": "1", "b": "3"}) == (
            ["a"],
            {"a": "2", "b": "3"},
        )

    def test_keeps_ones_own_where_both_changed_it(self) -> None:
        assert compare({"a": "1"}, {"a": "2"}, {"a": "3"}) == (["a"], {"a": "3"})

    def test_finds_no_difference_where_both_did_the_same(self) -> None:
        assert compare({"a": "1"}, {"a": "2"}, {"a": "2"}) == ([], {"a": "2"})

    def test_knows_what_was_added_and_taken_away(self) -> None:
        assert compare({"a": "1"}, {"b": "2"}, {"a": "1"}) == (["b", "a"], {"a": "", "b": "2"})


class TestShown:
    @pytest.mark.parametrize(
        "text", ["", "x", "[]", "{}", '{"at": "x", "values": {}}', '{"at": null}', "[" * 5000]
    )
    def test_is_nothing_where_it_cannot_be_read(self, text: str) -> None:
        assert Shown.from_text(text) is None

    def test_is_read_back_as_it_was_written(self) -> None:
        shown = Shown.from_text(shown_text({"name": "Å → ß"}))

        assert shown is not None
        assert shown.values == {"name": "Å → ß"}
        assert abs(shown.at - timezone.now()) < timedelta(minutes=5)


@pytest.mark.django_db
class TestTwoPeople:
    ada: Membership
    bo: Membership

    @pytest.fixture(autouse=True)
    def _people(self) -> None:
        of = factories.organisation()
        self.ada = factories.member(of, person=factories.user(name="Ada Ek"))
        self.bo = factories.member(of, person=factories.user(name="Bo Berg"))

    def test_who_change_one_company_are_shown_each_others_changes(self) -> None:
        company = factories.company(self.ada.organisation, name="Åkeriet", is_test=False)
        page = reverse("organisations:company", args=[company.pk])
        ada, bo = signed_in(self.ada), signed_in(self.bo)
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        bo.post(page, {**bos, "is_test": "on"})

        later = ada.post(page, {**adas, "name": "Åkeriet AB"})

        company.refresh_from_db()
        assert (later.status_code, company.name, company.is_test) == (409, "Åkeriet", True)
        text = later.content.decode()
        assert "Bo Berg changed this while you had it open." in text
        assert "No → Yes" in text
        again = sent_by(later)
        assert (again["name"], again["is_test"]) == ("Åkeriet AB", "on")
        assert ada.post(page, again).status_code == 302
        company.refresh_from_db()
        assert (company.name, company.is_test) == ("Åkeriet AB", True)

    def test_who_type_two_things_keep_the_later_ones_own_until_it_is_sent_again(self) -> None:
        company = factories.company(self.ada.organisation, name="Åkeriet", owner_id=None)
        page = reverse("organisations:company", args=[company.pk])
        ada, bo = signed_in(self.ada), signed_in(self.bo)
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        bo.post(page, {**bos, "name": "Åkeriet Nord", "owner": str(self.bo.user.pk)})

        later = ada.post(page, {**adas, "name": "Åkeriet AB"})

        text = later.content.decode()
        assert "Åkeriet → Åkeriet Nord" in text
        assert "you: Åkeriet AB" in text
        again = sent_by(later)
        assert (again["name"], again["owner"]) == ("Åkeriet AB", str(self.bo.user.pk))

    def test_who_change_one_debtor_are_warned(self) -> None:
        debtor = factories.debtor(self.ada.organisation, name="Koncernen")
        page = reverse("organisations:debtor", args=[debtor.pk])
        ada, bo = signed_in(self.ada), signed_in(self.bo)
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        bo.post(page, {**bos, "name": "Koncernen AB"})

        assert ada.post(page, {**adas, "number": "4711"}).status_code == 409
        assert Debtor.objects.get().name == "Koncernen AB"

    def test_who_change_the_organisation_do_not_switch_the_second_factor_off(self) -> None:
        page = reverse("organisations:organisation")
        ada, bo = signed_in(self.ada), signed_in(self.bo)
        adas = sent_by(ada.get(page))
        of = self.ada.organisation
        of.name = "Another name"
        of.save()
        later = ada.post(page, {**adas, "requires_second_factor": "on"})

        assert later.status_code == 409
        again = sent_by(later)
        assert (again["name"], again["requires_second_factor"]) == ("Another name", "on")
        assert bo.get(page).status_code == 200

    def test_who_change_rights_do_not_take_each_others_back(self) -> None:
        role = factories.role(self.ada.organisation, rights={}, name="Lön")
        page = reverse("organisations:roles")
        ada, bo = signed_in(self.ada), signed_in(self.bo)
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        bo.post(page, {**bos, f"{role.pk}-audit": "read"})

        later = ada.post(page, {**adas, f"{role.pk}-journals": "write"})

        text = later.content.decode()
        assert (later.status_code, rights(role)) == (409, {"audit": "read"})
        assert "Bo Berg changed this" in text
        assert "Lön: " in text
        assert ada.post(page, sent_by(later)).status_code == 302
        assert rights(role) == {"audit": "read", "journals": "write"}

    def test_may_send_what_does_not_say_what_it_showed(self) -> None:
        company = factories.company(self.ada.organisation, name="Åkeriet")
        page = reverse("organisations:company", args=[company.pk])
        ada = signed_in(self.ada)
        adas = sent_by(ada.get(page))
        del adas["shown"]

        assert ada.post(page, {**adas, "name": "Åkeriet AB"}).status_code == 302
        assert Company.objects.get().name == "Åkeriet AB"

    def test_who_choose_among_many_rows_are_warned_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ui.choosing.FEW", 1)
        company = factories.company(self.ada.organisation, owner_id=None)
        page = reverse("organisations:company", args=[company.pk])
        ada, bo = signed_in(self.ada), signed_in(self.bo)
        adas, bos = sent_by(ada.get(page)), sent_by(bo.get(page))
        bo.post(page, {**bos, "owner": "", "owner_text": label(self.bo.user)})

        later = ada.post(page, {**adas, "name": "Another"})

        again = sent_by(later)
        assert (later.status_code, again["owner"]) == (409, str(self.bo.user.pk))
        assert again["owner_text"] == label(self.bo.user)


def rights(role: Role) -> dict[str, str]:
    role.refresh_from_db()
    return {key: level for key, level in role.rights.items() if level != "none"}


def label(user: User) -> str:
    return f"{user.name} · {user.email}"
