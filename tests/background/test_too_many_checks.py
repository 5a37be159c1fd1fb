"""Checks against vendors are limited per person, over all processes, and nothing else is."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.operations import connecting
from background.models import BackgroundRequest
from background.operations import (
    A_MINUTE_AT_MOST,
    OPEN_AT_MOST,
    TooManyChecks,
    request_in_background,
)
from organisations.middleware import TooManyChecksMiddleware
from organisations.models import Membership
from tests import factories
from tests.factories import NOW

KIND = "mappings.read_ledger"


@pytest.fixture
def ada() -> Membership:
    return factories.member()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a way to set the clock."""

    def set_to(**later: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(**later))

    set_to()
    return set_to


def ask(member: Membership, times: int = 1) -> None:
    for _ in range(times):
        request_in_background(organisation=member.organisation, kind=KIND, by=member.user)


def answered() -> None:
    BackgroundRequest.objects.update(state=BackgroundRequest.State.DONE)


@pytest.mark.django_db
@pytest.mark.usefixtures("at")
class TestAPerson:
    def test_has_only_so_many_that_wait(self, ada: Membership) -> None:
        ask(ada, OPEN_AT_MOST)

        with pytest.raises(TooManyChecks):
            ask(ada)

        assert BackgroundRequest.objects.count() == OPEN_AT_MOST

    def test_may_go_on_when_one_is_answered(self, ada: Membership) -> None:
        ask(ada, OPEN_AT_MOST)
        BackgroundRequest.objects.filter(pk=BackgroundRequest.objects.first().pk).update(
            state=BackgroundRequest.State.FAILED
        )

        ask(ada)

    def test_starts_only_so_many_a_minute(self, ada: Membership, at: Callable[..., None]) -> None:
        for second in range(A_MINUTE_AT_MOST):
            at(seconds=second)
            ask(ada)
            answered()

        at(seconds=50)
        with pytest.raises(TooManyChecks) as refused:
            ask(ada)

        assert refused.value.seconds == 10
        at(seconds=60)
        ask(ada)

    def test_is_not_held_up_by_others(self, ada: Membership) -> None:
        ask(ada, OPEN_AT_MOST)

        ask(factories.member(ada.organisation))
        request_in_background(organisation=ada.organisation, kind=KIND, by=None)

    def test_is_counted_over_all_organisations(self, ada: Membership) -> None:
        ask(ada, OPEN_AT_MOST)

        with pytest.raises(TooManyChecks):
            ask(factories.member(person=ada.user))

    def test_may_always_end_what_was_begun(self, ada: Membership) -> None:
        account = factories.connection(ada.organisation)
        ask(ada, OPEN_AT_MOST)

        connecting.disconnect(connection=account, by=ada.user, now=NOW)

        account.refresh_from_db()
        assert not account.is_authorised

    def test_is_not_held_up_by_a_clock_that_was_set_back(
        self, ada: Membership, at: Callable[..., None]
    ) -> None:
        at(hours=1)
        for _ in range(A_MINUTE_AT_MOST):
            ask(ada)
            answered()

        at()
        ask(ada)


@pytest.mark.django_db(transaction=True)
def test_two_processes_do_not_both_take_the_last_place(ada: Membership) -> None:
    outcomes: list[str] = []

    def start() -> None:
        try:
            for _ in range(OPEN_AT_MOST):
                ask(ada)
                outcomes.append("started")
        except TooManyChecks:
            outcomes.append("refused")
        finally:
            connections.close_all()

    people = [Thread(target=start) for _ in range(3)]
    for one in people:
        one.start()
    for one in people:
        one.join(timeout=60)

    assert outcomes.count("started") == OPEN_AT_MOST
    assert BackgroundRequest.objects.count() == OPEN_AT_MOST


@pytest.mark.django_db
class TestThePage:
    def test_says_when_to_try_again_and_leads_back(self, client: Client, ada: Membership) -> None:
        mapping = factories.mapping(ada.organisation)
        page = reverse("mappings:detail", args=[mapping.pk])
        client.force_login(ada.user)
        ask(ada, OPEN_AT_MOST)

        refused = client.post(
            reverse("mappings:check", args=[mapping.pk]),
            headers={"referer": f"http://testserver{page}", "accept-language": "en"},
        )

        assert (refused.status_code, refused["Retry-After"]) == (429, "15")
        text = refused.content.decode()
        assert "Try again in 15 seconds." in text
        assert f'href="{page}"' in text
        assert client.get(page).status_code == 200

    def test_says_it_to_each_page_that_checks(self, client: Client, ada: Membership) -> None:
        mapping = factories.mapping(ada.organisation)
        account = factories.connection(ada.organisation, state="not_authorised")
        client.force_login(ada.user)
        ask(ada, OPEN_AT_MOST)

        asked = [
            client.get(reverse("mappings:edit", args=[mapping.pk])),
            client.post(reverse("accounts:authorise", args=[account.pk])),
            client.post(reverse("accounts:sign_out_of_vendor", args=[account.pk])),
        ]

        assert [one.status_code for one in asked] == [429, 429, 429]
        assert BackgroundRequest.objects.count() == OPEN_AT_MOST

    def test_leads_nobody_to_another_host(self, client: Client, ada: Membership) -> None:
        mapping = factories.mapping(ada.organisation)
        client.force_login(ada.user)
        ask(ada, OPEN_AT_MOST)

        refused = client.post(
            reverse("mappings:check", args=[mapping.pk]),
            headers={"referer": "https://evil.example/page"},
        )

        assert "evil.example" not in refused.content.decode()

    def test_answers_nothing_else(self, rf: RequestFactory) -> None:
        middleware = TooManyChecksMiddleware(lambda _request: HttpResponse())

        assert middleware.process_exception(rf.post("/"), ValidationError("x")) is None
