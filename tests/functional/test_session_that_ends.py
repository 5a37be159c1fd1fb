"""A session that ends while a page is open: the way to the sign-in page, and back."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories, lists

pytestmark = pytest.mark.django_db
HOST = "http://testserver"
SAID = "Unsaved changes were lost."


@pytest.fixture
def office() -> lists.Office:
    found = lists.open_office()
    lists.fill(found, 1)
    return found


def asked_by(page: str) -> dict[str, str]:
    """Return the headers of a part that HTMX asks for from that page."""
    return {"HX-Request": "true", "HX-Current-URL": HOST + page}


def sign_in_before(page: str) -> str:
    return f"{reverse('account_login')}?{urlencode({'next': page}, safe='/')}"


class TestAPageThatFollowsItself:
    def test_is_left_for_the_sign_in_page_from_every_address(self, office: lists.Office) -> None:
        """No address answers with a sign-in form that would stand inside of the open page."""
        leads_elsewhere, asked = [], 0
        for name, address in lists.pages(office):
            if "next=" not in Client().get(address).headers.get("Location", ""):
                continue  # open to all, refused to all, or a step of the sign-in itself
            answer = Client().get(address, headers=asked_by("/journals/7/?tab=lines"))
            asked += 1
            if answer.headers.get("HX-Redirect") != sign_in_before("/journals/7/?tab=lines"):
                leads_elsewhere.append(name)
            assert answer.content == b""

        assert leads_elsewhere == []
        assert asked > 30

    def test_comes_back_to_the_open_page_and_not_to_the_part(self) -> None:
        person = factories.member().user
        person.set_password("correct horse battery")
        person.save()
        client = Client()
        page = reverse("journals:import")

        address = client.get(
            reverse("journals:import_progress", args=[1]), headers=asked_by(page)
        ).headers["HX-Redirect"]
        form = client.get(address).content.decode()

        assert SAID in form
        assert f'name="next" value="{page}"' in form

    def test_says_once_what_several_parts_received(self) -> None:
        client = Client()
        for _part in range(3):
            to = client.get("/journals/", headers=asked_by("/journals/")).headers["HX-Redirect"]

        assert client.get(to).content.decode().count(SAID) == 1

    @pytest.mark.parametrize(
        "page", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""]
    )
    def test_is_not_led_to_a_page_of_somebody_else(self, page: str) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": page}

        answer = Client().get("/journals/", headers=headers)

        assert answer.headers["HX-Redirect"] == reverse("account_login")


class TestAFormThatIsSentTooLate:
    def test_leads_back_to_the_page_with_the_form_and_says_that_nothing_was_saved(self) -> None:
        client = Client()
        url = reverse("journals:decide_file", args=[1])
        page = reverse("journals:imported_file", args=[1])

        answer = client.post(url, {"action": "confirm"}, headers={"Referer": HOST + page})

        assert answer["Location"] == sign_in_before(page)
        assert SAID in client.get(answer["Location"]).content.decode()

    def test_without_a_page_to_go_back_to_leads_to_the_sign_in_alone(self) -> None:
        answer = Client().post(reverse("journals:decide_file", args=[1]))

        assert answer["Location"] == reverse("account_login")


class TestWhoWasNotAtAnOpenPage:
    def test_is_asked_to_sign_in_without_a_word_about_what_was_not_saved(self) -> None:
        answer = Client().get("/journals/", follow=True)

        assert not re.search("session has ended", answer.content.decode())

    def test_signing_out_says_nothing_of_the_kind(self) -> None:
        client = Client()
        client.force_login(factories.member().user)

        answer = client.post(reverse("account_logout"), follow=True)

        assert "session has ended" not in answer.content.decode()
