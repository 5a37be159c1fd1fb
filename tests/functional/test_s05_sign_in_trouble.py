"""S5: each way a sign-in can end badly has a page with a remedy and leaves no account half-made."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Connection
from background.models import BackgroundRequest
from background.operations import run_request
from sandbox import seed
from tests.functional.connecting import Office
from tests.sandbox.person import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(sandbox: Any, run_due_work: Callable[..., int]) -> Office:
    return Office(run_due_work)


def assert_refused(page: Any, account: Connection, *words: str) -> None:
    text = page.content.decode()
    for one in ("What to do", *words):
        assert one in text
    account.refresh_from_db()
    assert not account.is_authorised
    assert (account.access_token, account.refresh_token, account.administration_name) == (
        ("", "", "")
    )


class TestTrouble:
    def test_deny_was_pressed(self, office: Office) -> None:
        account = office.account()

        page = office.come_back(office.sign_in(account, allow=False))

        assert_refused(page, account, "press Allow", "Sign out of Visma and try again")

    def test_another_browser_brings_the_answer(self, office: Office) -> None:
        account = office.account()
        back = office.sign_in(account)
        other = Office(office.run_due_work, office.member)

        page = other.come_back(back)

        assert page.status_code == 400
        assert_refused(page, account, "does not belong to a sign-in that was started here")

    def test_the_state_was_altered(self, office: Office, sandbox: Any) -> None:
        sandbox.store.add_fault("wrong_state")
        account = office.account()

        page = office.come_back(office.sign_in(account))

        assert_refused(page, account, "does not belong to a sign-in that was started here")

    @pytest.mark.parametrize("allow", [True, False])
    def test_another_service_says_that_it_sent_the_answer(
        self, office: Office, allow: bool
    ) -> None:
        account = office.account()
        back = office.sign_in(account, allow=allow)

        page = office.come_back(f"{back}&iss=https%3A%2F%2Fevil.example")

        assert page.status_code == 400
        assert_refused(page, account, "does not come from")

    @pytest.mark.parametrize("name", ["state", "code", "iss"])
    def test_an_answer_that_says_something_twice_is_not_taken(
        self, office: Office, name: str
    ) -> None:
        account = office.account()
        back = office.sign_in(account)
        more = f"&{name}=other&{name}=other" if name == "iss" else f"&{name}=other"

        page = office.come_back(back + more)

        assert page.status_code == 400
        assert_refused(page, account, "does not belong to a sign-in that was started here")
        assert not BackgroundRequest.objects.filter(kind="connections.finish").exists()

    def test_the_answer_is_loaded_twice(self, office: Office) -> None:
        account = office.account()
        back = office.sign_in(account)
        office.come_back(back)

        page = office.come_back(back)

        assert page.status_code == 400
        assert "has already been used" in page.content.decode()
        account.refresh_from_db()
        assert account.is_authorised

    def test_the_code_is_not_good(self, office: Office) -> None:
        account = office.account()
        back = office.sign_in(account)
        code = back.split("code=")[1].split("&")[0]

        page = office.come_back(back.replace(code, "another-code"))

        assert_refused(page, account, "has already been used, or took too long")

    def test_the_clocks_differ(self, office: Office) -> None:
        account = office.account()
        back = office.sign_in(account)
        waiting = office.client.get("/" + back.split("/", 3)[3])
        finish = BackgroundRequest.objects.get(kind="connections.finish")
        run_request(background_request_id=finish.pk, now=timezone.now() + timedelta(minutes=9))

        page = office.client.get(waiting["Location"])

        assert_refused(page, account, "The clocks of the hub")

    def test_the_identity_service_is_down(self, office: Office, sandbox: Any) -> None:
        account = office.account()
        back = office.sign_in(account)
        sandbox.store.add_fault("token_down")

        page = office.come_back(back)

        assert_refused(page, account, "cannot be reached right now")

    def test_the_company_cannot_be_read(self, office: Office, sandbox: Any) -> None:
        account = office.account()
        back = office.sign_in(account)
        sandbox.store.add_fault("organization_down", times=None)

        page = office.come_back(back)

        assert_refused(page, account)

    def test_the_person_is_api_user_nowhere(self, office: Office) -> None:
        office.vendor = Person("eva@fjordbyra.example")
        account = office.account()
        back = office.sign_in(account)

        if back:
            assert_refused(office.come_back(back), account)
        else:
            # The vendor's own page ends it; the account stays as it was.
            account.refresh_from_db()
            assert not account.is_authorised

    def test_the_company_is_connected_already(self, office: Office) -> None:
        office.connect(office.account(name="The first one"))
        account = office.account()

        page = office.connect(account)

        assert_refused(page, account, "The first one")

    def test_a_reconnect_chose_another_company(self, office: Office) -> None:
        account = office.account(tenant_id=seed.FJORD)

        page = office.connect(account, seed.AKERIET)

        assert_refused(page, account, "which this account is for")
        assert account.tenant_id == seed.FJORD

    def test_another_office_may_connect_the_same_company(self, office: Office) -> None:
        office.connect(office.account())
        other = Office(office.run_due_work)
        account = other.account()

        other.connect(account)

        account.refresh_from_db()
        assert account.is_authorised

    def test_signing_out_of_the_vendor_leads_there_and_back(
        self, office: Office, sandbox: Any
    ) -> None:
        """The vendor's page opens beside the hub's, which waits with the way on."""
        account = office.account()

        page = office.press(account, "sign-out").content.decode()

        way_out = page.partition('href="' + sandbox.url)[2].partition('"')
        assert "endsession" in way_out[0]
        assert 'target="_blank" rel="noopener noreferrer"' in way_out[2].partition(">")[0]
        assert f'action="/connections/{account.pk}/authorise/"' in page
        assert 'href="/connections/"' in page

    def test_a_page_that_waits_for_the_sign_out_goes_on_by_itself(self, office: Office) -> None:
        account = office.account()
        waiting = office.client.post(f"/connections/{account.pk}/sign-out/")["Location"]
        office.run_due_work()

        answer = office.client.get(waiting, headers={"HX-Request": "true"})

        assert answer["HX-Redirect"] == waiting
