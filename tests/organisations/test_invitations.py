"""Membership needs consent: who invites learns nothing, who is invited decides."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from background.models import BackgroundRequest
from organisations.models import Invitation, Membership, User
from organisations.operations import invitations, people
from organisations.rules import ORGANISATION
from organisations.tasks import expire_invitations
from tests import factories
from tests.organisations.inviting import (
    ADDRESS,
    accept_as_new,
    browser_of,
    invite,
    link_mailed,
    link_shown,
    opened,
    page_of,
    trail,
)

pytestmark = pytest.mark.django_db
LATER = invitations.VALID + timedelta(seconds=1)


class TestInviting:
    def test_shows_a_link_once_and_stores_it_nowhere_readable(
        self, administrator: Membership
    ) -> None:
        link = link_shown(invite(administrator))

        token = link.partition("token=")[2]
        row = Invitation.objects.values().get()
        assert len(token) >= 43  # 256 bits
        assert token not in str(row)
        assert token not in browser_of(administrator.user).get("/people/").content.decode()

    def test_is_in_the_list_with_role_time_and_inviter(self, administrator: Membership) -> None:
        invite(administrator)

        page = browser_of(administrator.user).get("/people/").content.decode()
        listed = page.partition('id="invitations"')[2]
        for words in (ADDRESS, administrator.role.name, administrator.user.name):
            assert words in listed
        assert trail(administrator) == ["person.invited"]

    def test_says_the_same_of_a_known_and_an_unknown_address(
        self, administrator: Membership
    ) -> None:
        factories.member(person=factories.user(ADDRESS, name="Known Person", language="nb"))
        pages = []
        for email in (ADDRESS, "eva@office.example"):
            answer = invite(administrator, email).content.decode()
            listed = browser_of(administrator.user).get("/people/").content.decode()
            row = listed.partition('id="invitations"')[2]
            Invitation.objects.all().delete()
            text = re.sub(
                r"token=[\w-]+|\"\w{64}\"|/invitations/\d+/|<time[^>]*>", "", answer + row
            )
            pages.append(text.replace(email, ""))

        assert pages[0] == pages[1]
        assert "Known Person" not in pages[0]

    def test_one_address_has_one_open_invitation_in_an_organisation(
        self, administrator: Membership
    ) -> None:
        invite(administrator)

        again = invite(administrator, "ADA@office.example ")

        assert "open invitation" in again.content.decode()
        assert Invitation.objects.count() == 1
        assert invite(factories.member()).status_code == 200
        assert Invitation.objects.count() == 2

    def test_a_member_is_not_invited(self, administrator: Membership) -> None:
        factories.member(administrator.organisation, person=factories.user(ADDRESS))

        assert "already in the organisation" in invite(administrator).content.decode()

    def test_too_many_at_once_are_refused(
        self, administrator: Membership, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(invitations, "MOST_OPEN", 1)
        invite(administrator)

        assert "Too many" in invite(administrator, "eva@office.example").content.decode()

    def test_a_role_of_another_organisation_is_none(self, administrator: Membership) -> None:
        invite(administrator, role=factories.member().role)

        assert not Invitation.objects.exists()

    def test_takes_the_right_to_change_people(self, administrator: Membership) -> None:
        reader = factories.member(administrator.organisation, rights={ORGANISATION: "read"})
        invite(administrator)
        pk = Invitation.objects.get().pk
        client = browser_of(reader.user)

        refused = [
            client.post("/people/invite/", {"email": "x@y.example", "role": reader.role_id}),
            client.post(f"/people/invitations/{pk}/again/"),
            client.post(f"/people/invitations/{pk}/withdraw/"),
        ]

        assert {answer.status_code for answer in refused} == {403}
        assert "Withdraw" not in client.get("/people/").content.decode()

    def test_the_list_costs_as_many_statements_with_more_rows(
        self, administrator: Membership
    ) -> None:
        counts = []
        for number in range(4):
            invite(administrator, f"person{number}@office.example")
            client = browser_of(administrator.user)
            with CaptureQueriesContext(connection) as seen:
                client.get("/people/")
            counts.append(len(seen))

        assert len(set(counts)) == 1


class TestByMail:
    @pytest.fixture(autouse=True)
    def _with_a_mail_server(self, mail_server: None) -> None:
        pass

    def test_a_worker_mails_the_link_which_nobody_else_sees(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        page = invite(administrator).content.decode()

        run_due_work()

        [sent] = mail.outbox
        background_request = BackgroundRequest.objects.get()
        token = link_mailed().partition("token=")[2]
        assert sent.to == [ADDRESS]
        assert "Fjordbyrån" in sent.subject
        assert "token=" not in page
        assert token not in str(
            (background_request.params, background_request.result, background_request.secret)
        )
        assert administrator.user.name in page_of(opened(link_mailed()))

    def test_it_proves_the_mailbox_so_the_account_is_its_owners(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        invite(administrator)
        run_due_work()

        accept_as_new(opened(link_mailed()))

        assert not User.objects.get(email=ADDRESS).handed_over

    def test_a_known_address_is_led_to_the_sign_in_alone(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        factories.user(ADDRESS)
        invite(administrator)
        run_due_work()

        page = page_of(opened(link_mailed()))

        assert "/sign-in/?next=/invitation/" in page
        assert 'name="new_password"' not in page

    def test_it_is_not_sent_again_within_minutes(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        now = timezone.now()
        with time_machine.travel(now, tick=False):
            invite(administrator)
            run_due_work()
            path = f"/people/invitations/{Invitation.objects.get().pk}/again/"
            client = browser_of(administrator.user)
            early = client.post(path, follow=True).content.decode()
        first = link_mailed()
        with time_machine.travel(now + invitations.MAIL_PAUSE, tick=False):
            client.post(path)
            run_due_work()

            assert "a moment ago" in early
            assert len(mail.outbox) == 2
            assert "not open" in page_of(opened(first))
            assert "Fjordbyrån" in page_of(opened(link_mailed()))

    def test_another_one_is_not_mailed_at_once_where_it_was_withdrawn(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        now = timezone.now()
        with time_machine.travel(now, tick=False):
            invite(administrator)
            run_due_work()
            path = f"/people/invitations/{Invitation.objects.get().pk}/withdraw/"
            browser_of(administrator.user).post(path)
            early = invite(administrator).content.decode()
            run_due_work()
        with time_machine.travel(now + invitations.MAIL_PAUSE, tick=False):
            invite(administrator)
            run_due_work()

        assert "a moment ago" in early
        assert len(mail.outbox) == 2

    def test_who_invites_writes_no_letter_of_the_own_in_it(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        administrator.user.name = "Ada\n\nPay here: https://thief.example"
        administrator.user.save()

        invite(administrator)
        run_due_work()

        assert mail.outbox[-1].body.startswith("Ada Pay here: https://thief.example invites you")

    def test_a_withdrawn_one_is_not_mailed(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        invite(administrator)
        invitations.withdraw(invitation=Invitation.objects.get(), by=administrator.user)

        run_due_work()

        assert mail.outbox == []

    def test_an_expired_one_is_not_mailed(
        self, administrator: Membership, run_due_work: Callable[..., int]
    ) -> None:
        invite(administrator)

        run_due_work(now=timezone.now() + LATER)

        assert mail.outbox == []

    def test_one_that_could_not_be_mailed_says_so_in_the_list(
        self,
        administrator: Membership,
        run_due_work: Callable[..., int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def refused(*_args: object, **_more: object) -> int:
            raise OSError("no route")

        monkeypatch.setattr(invitations, "send_mail", refused)
        now = timezone.now()
        invite(administrator)
        for minute in range(5):
            run_due_work(now=now + timedelta(minutes=minute))

        assert (
            "could not be sent" in browser_of(administrator.user).get("/people/").content.decode()
        )


class TestTheEnd:
    def test_of_a_withdrawn_one_is_that_its_link_opens_nothing(
        self, administrator: Membership
    ) -> None:
        link = link_shown(invite(administrator))
        client = opened(link)
        pk = Invitation.objects.get().pk

        browser_of(administrator.user).post(f"/people/invitations/{pk}/withdraw/")

        assert "not open" in page_of(client)
        assert "not open" in accept_as_new(client).content.decode()
        assert trail(administrator) == ["person.invited", "person.invitation_withdrawn"]

    def test_of_one_sent_again_is_that_only_the_newest_link_works(
        self, administrator: Membership
    ) -> None:
        link = link_shown(invite(administrator))
        old = opened(link)
        pk = Invitation.objects.get().pk

        page = browser_of(administrator.user).post(f"/people/invitations/{pk}/again/")

        assert "not open" in page_of(old)
        assert "Fjordbyrån" in page_of(opened(link_shown(page)))
        assert trail(administrator) == ["person.invited", "person.invitation_renewed"]

    def test_comes_after_a_week_and_is_recorded_once(self, administrator: Membership) -> None:
        now = timezone.now()
        with time_machine.travel(now, tick=False):
            client = opened(link_shown(invite(administrator)))
        with time_machine.travel(now + LATER, tick=False):
            assert "not open" in page_of(client)
            expire_invitations(of_a_newer_version=True)
            expire_invitations()
            shown = browser_of(administrator.user).get("/people/").content.decode()

        assert "Expired" in shown
        assert trail(administrator) == ["person.invited", "person.invitation_expired"]

    def test_of_an_expired_one_is_that_it_can_be_sent_again_or_invited_again(
        self, administrator: Membership
    ) -> None:
        now = timezone.now()
        with time_machine.travel(now, tick=False):
            invite(administrator)
        with time_machine.travel(now + LATER, tick=False):
            assert "Fjordbyrån" in page_of(opened(link_shown(invite(administrator))))
        with time_machine.travel(now + 2 * LATER, tick=False):
            expire_invitations()
            path = f"/people/invitations/{Invitation.objects.get().pk}/again/"
            page = browser_of(administrator.user).post(path)
            assert "Fjordbyrån" in page_of(opened(link_shown(page)))

    def test_of_a_forgotten_one_is_that_the_address_is_kept_no_more(
        self, administrator: Membership
    ) -> None:
        now = timezone.now()
        invite(administrator)
        invitations.expire(now=now + LATER)

        invitations.expire(now=now + LATER + invitations.FORGOTTEN_AFTER + timedelta(days=1))

        assert not Invitation.objects.exists()

    @pytest.mark.parametrize("end", ["removed", "demoted"])
    def test_comes_when_who_invited_may_not_any_more(
        self, administrator: Membership, end: str
    ) -> None:
        boss = factories.member(administrator.organisation)
        client = opened(link_shown(invite(administrator)))

        if end == "removed":
            people.remove_person(membership=administrator, by=boss.user)
        else:
            less = factories.role(administrator.organisation, rights={ORGANISATION: "read"})
            people.change_role(membership=administrator, role=less, by=boss.user)

        assert "not open" in accept_as_new(client).content.decode()
        assert "may no longer do so" in browser_of(boss.user).get("/people/").content.decode()
        assert not User.objects.filter(email=ADDRESS).exists()

    @pytest.mark.parametrize("token", ["", "made-up", "x" * 5_000])
    def test_is_where_a_made_up_link_begins(self, administrator: Membership, token: str) -> None:
        client = opened(f"/invitation/open/?token={token}")

        answer = client.get("/invitation/")

        assert answer.status_code == 410
        assert not Session.objects.exists()
