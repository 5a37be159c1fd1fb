"""Whoever holds the link of an invitation: somebody new, somebody known, somebody else."""

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from audit.models import AuditEntry
from organisations.models import Invitation, Membership, Role, User
from organisations.operations import invitations, people, second_factor
from tests import factories
from tests.organisations.inviting import (
    ADDRESS,
    CHOSEN,
    accept_as_new,
    browser_of,
    invite,
    link_shown,
    opened,
    page_of,
    trail,
)

pytestmark = pytest.mark.django_db


class TestSomebodyNew:
    def test_opens_the_link_chooses_name_and_password_and_signs_in(
        self, administrator: Membership
    ) -> None:
        client = opened(link_shown(invite(administrator)))
        assert "Fjordbyrån" in page_of(client)

        answer = accept_as_new(client)

        ada = User.objects.get(email=ADDRESS)
        assert answer.request["PATH_INFO"] == "/sign-in/"
        assert ada.name == "Ada Ek"
        assert ada.memberships.get().role == administrator.role
        assert client.post("/sign-in/", {"login": ADDRESS, "password": CHOSEN}).status_code == 302
        assert trail(administrator) == ["person.invited", "person.invitation_accepted"]
        assert not Invitation.objects.exists()

    def test_is_held_to_the_rules_of_passwords_with_the_organisations_name(
        self, administrator: Membership
    ) -> None:
        client = opened(link_shown(invite(administrator)))

        answer = accept_as_new(client, "fjordbyran-2026")

        assert "nobody here would guess" in answer.content.decode()
        assert not User.objects.filter(email=ADDRESS).exists()

    def test_finds_the_page_again_in_another_language_after_a_mistake(
        self, administrator: Membership
    ) -> None:
        client = opened(link_shown(invite(administrator)))
        wrong = accept_as_new(client, "short")
        stands_at = wrong.request["PATH_INFO"]
        goes = {"Sec-Fetch-Mode": "navigate"}

        values = {"language": "sv", "next": stands_at}
        page = client.post("/i18n/setlang/", values, follow=True, headers=goes)

        assert page.redirect_chain == [(stands_at, 302), ("/invitation/", 302)]
        assert "Fjordbyrån" in page.content.decode()

    def test_finds_the_token_gone_from_the_address_and_from_the_session(
        self, administrator: Membership
    ) -> None:
        link = link_shown(invite(administrator))
        token = link.partition("token=")[2]

        client = opened(link)

        answer = client.get(link)
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        assert "no-store" in client.get("/invitation/")["Cache-Control"]
        assert token not in page_of(client)
        kept = [session.get_decoded() for session in Session.objects.all()]
        assert token not in str(kept)

    def test_changes_nothing_by_opening_it_as_mail_scanners_do(
        self, administrator: Membership
    ) -> None:
        link = link_shown(invite(administrator))
        for _time in range(3):
            client = opened(link)
            page_of(client)
        answers = [client.get(f"/invitation/{verb}/") for verb in ("new", "accept", "decline")]

        assert {answer.status_code for answer in answers} == {405}
        assert Invitation.objects.count() == 1
        assert trail(administrator) == ["person.invited"]

    def test_makes_one_account_of_two_answers(self, administrator: Membership) -> None:
        link = link_shown(invite(administrator))
        first, second = opened(link), opened(link)
        accept_as_new(first)

        late = accept_as_new(second, "eight-blue-candles")

        assert "not open" in late.content.decode()
        assert User.objects.get(email=ADDRESS).check_password(CHOSEN)

    @pytest.mark.parametrize("end", ["demoted", "expired", "sent again"])
    def test_is_too_late_with_a_page_that_was_open_before(
        self, administrator: Membership, end: str
    ) -> None:
        invite(administrator)
        stale, now = Invitation.objects.get(), timezone.now()
        if end == "demoted":
            Role.objects.filter(pk=administrator.role_id).update(rights={})
        elif end == "expired":
            now += invitations.VALID
        else:
            invitations.send_again(invitation=stale, by=administrator.user, now=now)

        with pytest.raises(people.Refused, match="answered or withdrawn"):
            invitations.accept_as_new(invitation=stale, name="Ada", password=CHOSEN, now=now)

        assert not User.objects.filter(email=ADDRESS).exists()


class TestSomebodyKnown:
    @pytest.fixture
    def ada(self) -> Membership:
        """Return a member of another office, whose address is proven."""
        return factories.member(person=factories.user(ADDRESS))

    def test_signs_in_with_the_own_password_and_accepts(
        self, administrator: Membership, ada: Membership
    ) -> None:
        client = opened(link_shown(invite(administrator)))
        client.post("/sign-in/", {"login": ADDRESS, "password": factories.PASSWORD})
        assert "Accept" in page_of(client)

        answer = client.post("/invitation/accept/", follow=True)

        assert "You now work for Fjordbyrån." in answer.content.decode()
        assert answer.wsgi_request.organisation == administrator.organisation
        assert ada.user.memberships.count() == 2
        assert User.objects.get(pk=ada.user_id).check_password(factories.PASSWORD)

    def test_leaves_no_trace_at_the_organisation_before_accepting(
        self, administrator: Membership, ada: Membership
    ) -> None:
        client = opened(link_shown(invite(administrator)))
        client.post("/sign-in/", {"login": ADDRESS, "password": "wrong"})
        client.post("/sign-in/", {"login": ADDRESS, "password": factories.PASSWORD})
        page_of(client)

        entries = AuditEntry.objects.filter(organisation=administrator.organisation)
        assert [entry.action for entry in entries] == ["person.invited"]
        assert entries.get().object_text == ADDRESS

    def test_is_not_taken_over_by_the_link(
        self, administrator: Membership, ada: Membership
    ) -> None:
        client = opened(link_shown(invite(administrator)))

        answer = accept_as_new(client)

        assert "already has an account" in answer.content.decode()
        ada.user.refresh_from_db()
        assert ada.user.check_password(factories.PASSWORD)
        assert ada.user.memberships.count() == 1
        assert Invitation.objects.count() == 1

    def test_is_shown_the_same_page_as_somebody_new_where_the_link_was_handed_over(
        self, administrator: Membership, ada: Membership
    ) -> None:
        page = page_of(opened(link_shown(invite(administrator))))

        assert 'name="new_password"' in page
        assert "/sign-in/?next=/invitation/" in page

    def test_declines_and_stays_unknown(self, administrator: Membership, ada: Membership) -> None:
        client = opened(link_shown(invite(administrator)), ada.user)

        client.post("/invitation/decline/", REMOTE_ADDR="192.0.2.7")

        entry = AuditEntry.objects.get(action="person.invitation_declined")
        assert (entry.user, entry.address, entry.object_text) == (None, "", ADDRESS)
        assert ada.user.memberships.count() == 1
        assert not Invitation.objects.exists()

    def test_is_warned_when_signed_in_as_somebody_else_and_can_change_over(
        self, administrator: Membership, ada: Membership
    ) -> None:
        other = factories.member()
        client = opened(link_shown(invite(administrator)), other.user)
        assert f"You are signed in as {other.user.email}" in page_of(client)

        refused = client.post("/invitation/accept/", follow=True)
        client.post("/invitation/sign-out/")

        assert "for another address" in refused.content.decode()
        assert other.user.memberships.count() == 1
        assert "Fjordbyrån" in page_of(client)
        assert not client.get("/invitation/").wsgi_request.user.is_authenticated

    def test_keeps_the_second_factor_between_link_and_account(
        self, administrator: Membership, ada: Membership
    ) -> None:
        factories.second_factor(ada.user)
        client = opened(link_shown(invite(administrator)))

        client.post("/sign-in/", {"login": ADDRESS, "password": factories.PASSWORD})
        client.post("/invitation/accept/")

        assert ada.user.memberships.count() == 1


class TestAnAccountThatWasHandedOver:
    """Its address is not proven: whoever made the link may have opened it."""

    @pytest.fixture
    def squatted(self) -> User:
        """Return the account that another office's administrator made for a foreign address."""
        mallory = factories.member(factories.organisation("Elsewhere"))
        accept_as_new(opened(link_shown(invite(mallory))), "known-to-mallory-too")
        return User.objects.get(email=ADDRESS)

    def test_is_marked(self, squatted: User) -> None:
        assert squatted.handed_over

    def test_takes_a_new_password_before_another_organisation_lets_it_in(
        self, administrator: Membership, squatted: User
    ) -> None:
        client = opened(link_shown(invite(administrator)), squatted)
        assert 'name="new_password"' in page_of(client)

        same = {"new_password": "known-to-mallory-too", "repeated": "known-to-mallory-too"}
        answers = [client.post("/invitation/accept/", values) for values in ({}, same)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert "current password" in answers[1].content.decode()
        assert not administrator.organisation.memberships.filter(user=squatted).exists()

    def test_loses_what_others_may_have_set_up(
        self, administrator: Membership, squatted: User
    ) -> None:
        factories.second_factor(squatted)
        mallory = browser_of(squatted)
        client = opened(link_shown(invite(administrator)), squatted)

        answer = client.post(
            "/invitation/accept/", {"new_password": CHOSEN, "repeated": CHOSEN}, follow=True
        )

        squatted = User.objects.get(pk=squatted.pk)
        assert "You now work for Fjordbyrån." in answer.content.decode()
        assert (squatted.check_password(CHOSEN), squatted.handed_over) == (True, False)
        assert mallory.get("/profile/").status_code == 302
        assert second_factor.app_of(squatted) is None

    def test_stays_out_by_the_operation_too(
        self, administrator: Membership, squatted: User
    ) -> None:
        invite(administrator)

        with pytest.raises(people.Refused, match="new password"):
            invitations.accept(
                invitation=Invitation.objects.get(), user=squatted, now=timezone.now()
            )
