"""A forgotten password: the link by mail, what it opens, and who hears nothing."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from background.models import BackgroundRequest
from organisations.models import Membership, User
from organisations.operations import forgotten
from tests import factories

pytestmark = pytest.mark.django_db

ADDRESS = "/sign-in/forgotten/"
NEW = "seven-green-bottles"
ADA = "ada@office.example"


@pytest.fixture(autouse=True)
def _a_mail_server(settings: Any) -> None:
    settings.HUB_SENDS_MAIL = True


@pytest.fixture
def member() -> Membership:
    return factories.member(person=factories.user(ADA))


@pytest.fixture
def link(member: Membership, settings: Any) -> str:
    """Return the link of a mail, without the address of the hub before it."""
    return forgotten.link_for(member.user).removeprefix(settings.HUB_BASE_URL)


def ask(email: str = ADA, client: Client | None = None) -> Any:
    return (client or Client()).post(ADDRESS, {"email": email}, follow=True)


def opened(link: str, client: Client | None = None) -> tuple[Client, str]:
    """Follow the link as a browser does, and return the browser and where it stands."""
    client = client or Client()
    answer = client.get(link)
    return client, answer["Location"] if answer.status_code == 302 else link


def set_new(link: str, password: str = NEW) -> Any:
    client, page = opened(link)
    return client.post(page, {"new_password": password, "repeated": password}, follow=True)


def sign_in(password: str) -> Any:
    return Client().post("/sign-in/", {"login": ADA, "password": password})


class TestAsking:
    def test_is_reached_from_the_sign_in(self) -> None:
        assert f'href="{ADDRESS}"' in Client().get("/sign-in/").content.decode()

    def test_mails_a_link_to_who_has_the_address(
        self, member: Membership, settings: Any, run_due_work: Callable[..., int]
    ) -> None:
        ask("Ada@Office.example")

        run_due_work()

        [sent] = mail.outbox
        assert sent.to == [ADA]
        assert f"{settings.HUB_BASE_URL}{ADDRESS}" in sent.body
        assert "60 minutes" in sent.body

    def test_is_written_in_the_language_of_the_person(
        self, member: Membership, run_due_work: Callable[..., int], monkeypatch: Any
    ) -> None:
        User.objects.update(language="nb")
        spoken: list[str] = []
        monkeypatch.setattr(
            forgotten,
            "_words",
            lambda user: (spoken.append(forgotten.translation.get_language()), ("a", "b"))[1],
        )
        ask()

        run_due_work()

        assert spoken == ["nb"]

    def test_answers_the_same_whether_anybody_has_the_address(self, member: Membership) -> None:
        known, unknown = ask(), ask("nobody@office.example")

        assert known.redirect_chain == unknown.redirect_chain
        words = "If someone here has this address"
        assert words in known.content.decode()
        assert words in unknown.content.decode()

    @pytest.mark.parametrize(
        "who",
        [
            {"email": "nobody@office.example"},
            {"email": ADA, "is_active": False},
            {"email": ADA, "is_demo": True},
        ],
    )
    def test_mails_nobody_who_could_not_sign_in(
        self, who: dict[str, Any], settings: Any, run_due_work: Callable[..., int]
    ) -> None:
        settings.HUB_SANDBOX = False
        factories.member(
            person=factories.user(**{"email": "other@office.example"} | who)
            if who["email"] == ADA
            else None
        )

        ask(who["email"])
        run_due_work()

        assert mail.outbox == []
        assert not AuditEntry.objects.exists()

    def test_stores_the_link_nowhere(self, member: Membership) -> None:
        ask()

        background_request = BackgroundRequest.objects.get()
        assert (background_request.params, background_request.secret) == (
            {"person": member.user.pk, "patient": True},
            "",
        )

    def test_is_in_the_audit_trail_of_each_organisation_as_the_act_of_nobody(
        self, member: Membership
    ) -> None:
        factories.member(person=member.user)

        Client().post(ADDRESS, {"email": ADA}, REMOTE_ADDR="192.0.2.7")

        entries = AuditEntry.objects.filter(action="person.password_link_asked")
        assert {(entry.user, entry.address) for entry in entries} == {(None, "192.0.2.7")}
        assert {entry.organisation_id for entry in entries} == {
            each.organisation_id for each in member.user.memberships.all()
        }

    @pytest.mark.parametrize("email", [ADA, "nobody@office.example"])
    def test_is_throttled_as_the_sign_in_is_for_known_and_unknown_alike(
        self, member: Membership, email: str, settings: Any
    ) -> None:
        settings.HUB_SIGN_IN_FAILURES = 3
        answers = [ask(email).status_code for _time in range(4)]

        assert answers == [200, 200, 200, 429]
        assert sign_in(factories.PASSWORD).status_code == 302

    def test_fills_no_mailbox_from_many_places(self, member: Membership, settings: Any) -> None:
        settings.HUB_SIGN_IN_FAILURES = 3
        for place in range(9):
            Client(REMOTE_ADDR=f"192.0.2.{place}").post(ADDRESS, {"email": ADA})

        assert BackgroundRequest.objects.count() == 3

    def test_is_open_to_who_tried_too_many_passwords(
        self, member: Membership, settings: Any
    ) -> None:
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            sign_in("wrong")

        ask()

        assert BackgroundRequest.objects.count() == 1

    def test_without_a_mail_server_says_whom_to_ask(
        self, member: Membership, settings: Any
    ) -> None:
        settings.HUB_SENDS_MAIL = False

        page = Client().get(ADDRESS).content.decode()
        ask()

        assert "or the operator of the hub for a new password" in page
        assert "set_password" in page
        assert '<form class="form"' not in page
        assert not BackgroundRequest.objects.exists()


class TestTheLink:
    def test_sets_a_new_password_and_signs_nobody_in(self, link: str) -> None:
        answer = set_new(link)

        assert User.objects.get().check_password(NEW)
        assert "Your password is changed" in answer.content.decode()
        assert not answer.wsgi_request.user.is_authenticated
        assert sign_in(NEW).status_code == 302

    def test_leaves_the_address_bar_before_anything_is_typed(self, link: str) -> None:
        token = link.rstrip("/").rpartition("/")[2]

        _client, page = opened(link)

        assert token not in page

    def test_ends_every_session_of_the_person(self, member: Membership, link: str) -> None:
        elsewhere = Client()
        elsewhere.force_login(member.user, backend="organisations.backends.HubBackend")
        link = forgotten.link_for(User.objects.get()).partition("8000")[2]
        generation = User.objects.get().session_generation

        set_new(link)

        assert elsewhere.get("/profile/").status_code == 302
        assert User.objects.get().session_generation == generation + 1

    def test_does_not_get_past_the_second_factor(self, member: Membership, link: str) -> None:
        factories.second_factor(member.user)

        set_new(link)

        answer = sign_in(NEW)
        assert answer["Location"] == "/sign-in/code/"
        assert not answer.wsgi_request.user.is_authenticated

    def test_is_in_the_audit_trail(self, member: Membership, link: str) -> None:
        set_new(link)

        entry = AuditEntry.objects.get(action="person.password_forgotten")
        assert (entry.user, entry.organisation) == (member.user, member.organisation)

    def test_works_once(self, link: str) -> None:
        set_new(link)

        answer = set_new(link, "eight-green-bottles")

        assert "no longer works" in answer.content.decode()
        assert User.objects.get().check_password(NEW)

    def test_works_once_although_two_have_opened_it(self, link: str) -> None:
        first, page = opened(link)
        second, _page = opened(link)
        values = {"new_password": NEW, "repeated": NEW}
        first.post(page, values)

        second.post(page, {"new_password": "eight-green-bottles"} | {"repeated": NEW})

        assert User.objects.get().check_password(NEW)

    def test_is_won_by_one_of_two_at_the_same_moment(self, member: Membership) -> None:
        one, other = User.objects.get(), User.objects.get()

        won = [
            forgotten.set_password(user=one, password=NEW),
            forgotten.set_password(user=other, password="eight-green-bottles"),
        ]

        assert won == [True, False]
        assert User.objects.get().check_password(NEW)
        assert AuditEntry.objects.filter(action="person.password_forgotten").count() == 1

    def test_expires(self, member: Membership, settings: Any) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            link = forgotten.link_for(member.user).removeprefix(settings.HUB_BASE_URL)
            clock.shift(timedelta(minutes=61))

            page = Client().get(link).content.decode()

        assert "no longer works" in page

    def test_is_worthless_after_a_sign_in(self, link: str) -> None:
        sign_in(factories.PASSWORD)

        assert "no longer works" in set_new(link).content.decode()

    def test_is_worthless_to_who_may_not_sign_in_any_more(self, link: str) -> None:
        User.objects.update(is_active=False)

        assert "no longer works" in set_new(link).content.decode()

    def test_refuses_a_weak_password_and_two_that_differ(self, link: str) -> None:
        client, page = opened(link)

        weak = client.post(page, {"new_password": "short", "repeated": "short"})
        differ = client.post(page, {"new_password": NEW, "repeated": "another-one-here"})

        assert "too short" in weak.content.decode()
        assert "passwords differ" in differ.content.decode()
        assert User.objects.get().check_password(factories.PASSWORD)

    def test_lifts_the_lock_that_the_forgotten_one_brought(self, link: str, settings: Any) -> None:
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            sign_in("wrong")
        assert sign_in(factories.PASSWORD).status_code == 429

        set_new(link)

        assert sign_in(NEW).status_code == 302

    @pytest.mark.parametrize("address", [f"{ADDRESS}MQ/made-up/", f"{ADDRESS}!!/set-password/"])
    def test_that_was_made_up_opens_nothing(self, member: Membership, address: str) -> None:
        assert "no longer works" in Client().get(address).content.decode()


class TestTheOperator:
    def test_gives_a_new_password_that_is_shown_once(self, member: Membership) -> None:
        elsewhere = Client()
        elsewhere.force_login(member.user, backend="organisations.backends.HubBackend")
        out = io.StringIO()

        call_command("set_password", ADA, stdout=out)

        found = re.search(r"shown this once: (\S+)", out.getvalue())
        assert found is not None
        assert User.objects.get().check_password(found[1])
        assert elsewhere.get("/profile/").status_code == 302
        assert AuditEntry.objects.get().action == "person.password_reset"

    def test_is_logged_when_nobody_has_the_address(self) -> None:
        with pytest.raises(CommandError, match="Nobody has"):
            call_command("set_password", "nobody@office.example")

    def test_cannot_give_a_weak_one(self, member: Membership, monkeypatch: Any) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))

        with pytest.raises(CommandError, match="too short"):
            call_command("set_password", ADA, password_stdin=True)
