"""S1: a role has none, read or write on the Visma.net integration."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Connection
from accounts.rights import CONNECTIONS
from journals.rights import JOURNALS
from organisations.rules import Level
from tests import factories
from tests.functional.connecting import Office

pytestmark = pytest.mark.django_db

BUTTONS = ("authorise", "disconnect", "sign-out", "remove")


def office_with(level: Level, run_due_work: Callable[..., int]) -> Office:
    rights = {JOURNALS: Level.READ, CONNECTIONS: level}
    return Office(run_due_work, factories.member(rights=rights))


class TestNone:
    def test_has_no_page_and_no_menu(self, run_due_work: Callable[..., int]) -> None:
        office = office_with(Level.NONE, run_due_work)
        account = office.account()

        assert office.client.get("/connections/").status_code == 404
        assert office.client.get("/connections/new/").status_code == 404
        for button in BUTTONS:
            answer = office.client.post(f"/connections/{account.pk}/{button}/")
            assert answer.status_code == 404


class TestRead:
    def test_sees_the_accounts_without_buttons(self, run_due_work: Callable[..., int]) -> None:
        office = office_with(Level.READ, run_due_work)
        account = office.account()

        page = office.client.get("/connections/").content.decode()

        assert account.name in page
        assert f"/connections/{account.pk}/" not in page
        assert "/connections/new/" not in page

    def test_may_change_nothing(self, run_due_work: Callable[..., int]) -> None:
        office = office_with(Level.READ, run_due_work)
        account = office.account()

        for button in BUTTONS:
            answer = office.client.post(f"/connections/{account.pk}/{button}/")
            assert answer.status_code == 403
        assert office.client.post("/connections/new/", {"name": "x"}).status_code == 403
        assert office.client.get("/connections/callback").status_code == 403
        assert Connection.objects.count() == 1


class TestWrite:
    def test_sees_the_buttons(self, run_due_work: Callable[..., int]) -> None:
        office = office_with(Level.WRITE, run_due_work)
        account = office.account()

        page: Any = office.client.get("/connections/").content.decode()

        assert f"/connections/{account.pk}/authorise/" in page
        assert "/connections/new/" in page
