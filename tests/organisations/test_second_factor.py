"""The second factor: set up, asked for after the password, replaced, removed, enforced."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken

from organisations.domain import ORGANISATION, Level
from organisations.models import AuditEntry, AuthenticatorApp, Membership, User
from organisations.operations import second_factor
from tests import factories

pytestmark = pytest.mark.django_db

START = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Any:
    """Stand the clock still; a test moves it on to the next code."""
    with time_machine.travel(START, tick=False) as travel:
        yield travel


@pytest.fixture
def member() -> Membership:
    return factories.member(person=factories.user("ada@office.example"))


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="organisations.backends.HubBackend")
    return client


def code_of(user: User) -> str:
    """Return what the person's app shows now."""
    app = AuthenticatorApp.objects.get(user=user)
    return f"{totp(bytes.fromhex(app.key)):06d}"


def set_up(client: Client, user: User, clock: Any) -> list[str]:
    """Set the second factor up by its page, and return the recovery codes."""
    client.get("/profile/second-factor/")
    page = client.post("/profile/second-factor/", {"code": code_of(user)})
    assert page.status_code == 200, page
    clock.shift(timedelta(seconds=60))
    return re.findall(r"<code>([a-z0-9-]{17})</code>", page.content.decode())


def give_password(client: Client, email: str = "ada@office.example", **more: str) -> Any:
    return client.post("/sign-in/", {"username": email, "password": factories.PASSWORD} | more)


class TestSettingUp:
    def test_shows_a_drawing_and_a_key_that_say_the_same(self, member: Membership) -> None:
        page = client_of(member.user).get("/profile/second-factor/").content.decode()

        app = AuthenticatorApp.objects.get()
        assert re.search(r'<path d="M0 0h7v1h-7z', page)
        assert app.key_to_type == re.search(r'data-copy="([A-Z2-7 ]+)"', page)[1].replace(" ", "")
        assert second_factor.address_of(app) == (
            "otpauth://totp/Integration%20Hub%3Aada%40office.example"
            f"?secret={app.key_to_type}&issuer=Integration%20Hub"
            "&algorithm=SHA1&digits=6&period=30"
        )

    def test_is_on_after_a_code_and_gives_ten_recovery_codes(
        self, member: Membership, clock: Any
    ) -> None:
        client = client_of(member.user)

        codes = set_up(client, member.user, clock)

        assert len(set(codes)) == 10
        assert second_factor.app_of(member.user) is not None
        assert AuditEntry.objects.get().action == "person.second_factor_added"
        assert client.get("/profile/").status_code == 200

    def test_a_wrong_code_turns_nothing_on(self, member: Membership) -> None:
        client = client_of(member.user)
        client.get("/profile/second-factor/")

        page = client.post("/profile/second-factor/", {"code": "000000"})

        assert "not the code that the app shows now" in page.content.decode()
        assert second_factor.app_of(member.user) is None
        assert give_password(Client())["Location"] == "/"

    def test_ends_the_other_sessions_for_they_showed_no_code(
        self, member: Membership, clock: Any
    ) -> None:
        client, other = client_of(member.user), client_of(member.user)

        set_up(client, member.user, clock)

        assert client.get("/profile/").status_code == 200
        assert other.get("/profile/").status_code == 302

    def test_keeps_neither_key_nor_codes_readable(self, member: Membership, clock: Any) -> None:
        codes = set_up(client_of(member.user), member.user, clock)

        app = AuthenticatorApp.objects.get()
        with database.cursor() as cursor:
            cursor.execute("select key from organisations_authenticatorapp")
            stored = cursor.fetchone()[0]
        assert app.key not in stored
        assert app.key_to_type not in stored
        kept = set(StaticToken.objects.values_list("token", flat=True))
        assert len(kept) == 10
        assert not kept & {code.replace("-", "") for code in codes} | kept & set(codes)

    def test_its_key_is_rotated_with_the_others(self, member: Membership, clock: Any) -> None:
        set_up(client_of(member.user), member.user, clock)
        key = AuthenticatorApp.objects.get().key

        call_command("rotate_keys")

        assert AuthenticatorApp.objects.get().key == key


class TestSigningIn:
    def test_asks_for_the_code_after_the_password(self, member: Membership, clock: Any) -> None:
        set_up(client_of(member.user), member.user, clock)
        client = Client()

        answer = give_password(client, next="/companies/")

        assert answer["Location"] == "/sign-in/code/"
        assert client.get("/companies/").status_code == 302
        done = client.post("/sign-in/code/", {"code": code_of(member.user)})
        assert done["Location"] == "/companies/"
        assert client.get("/companies/").status_code == 200

    def test_without_the_password_there_is_nothing_to_ask(self) -> None:
        assert Client().get("/sign-in/code/")["Location"] == "/sign-in/"
        assert Client().post("/sign-in/code/", {"code": "123456"})["Location"] == "/sign-in/"

    def test_a_code_is_good_once(self, member: Membership, clock: Any) -> None:
        set_up(client_of(member.user), member.user, clock)
        first, second = Client(), Client()
        code = code_of(member.user)
        for client in (first, second):
            give_password(client)

        assert first.post("/sign-in/code/", {"code": code}).status_code == 302
        again = second.post("/sign-in/code/", {"code": code})

        assert "not right, or was used already" in again.content.decode()
        assert second.get("/profile/").status_code == 302

    def test_a_recovery_code_is_good_once_and_audited(self, member: Membership, clock: Any) -> None:
        code = set_up(client_of(member.user), member.user, clock)[0]
        first, second = Client(), Client()
        for client in (first, second):
            give_password(client)

        used = first.post("/sign-in/code/", {"code": f" {code.upper()} "})
        again = second.post("/sign-in/code/", {"code": code})

        assert (used.status_code, again.status_code) == (302, 200)
        assert second_factor.codes_left(member.user) == 9
        assert AuditEntry.objects.filter(action="person.recovery_code_used").count() == 1

    def test_after_a_wrong_code_even_the_right_one_waits(
        self, member: Membership, clock: Any
    ) -> None:
        set_up(client_of(member.user), member.user, clock)
        client = Client()
        give_password(client)
        client.post("/sign-in/code/", {"code": "000000"})

        at_once = client.post("/sign-in/code/", {"code": code_of(member.user)})
        clock.shift(timedelta(seconds=2))
        later = client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert "wait 2 s" in at_once.content.decode()
        assert later.status_code == 302

    def test_wrong_codes_lock_like_wrong_passwords_and_a_right_password_does_not_reset(
        self, member: Membership, clock: Any, settings: Any
    ) -> None:
        set_up(client_of(member.user), member.user, clock)
        client = Client()
        for _try in range(settings.AXES_FAILURE_LIMIT):
            give_password(client)
            answer = client.post("/sign-in/code/", {"code": "000000"})
            clock.shift(timedelta(minutes=9))  # longer than any wait after a wrong code

        assert answer.status_code == 429
        assert "too many tries" in answer.content.decode()
        assert give_password(client).status_code == 429
        good = client.post("/sign-in/code/", {"code": code_of(member.user)})
        assert good.status_code == 429

    def test_waits_for_the_code_ten_minutes_and_no_longer(
        self, member: Membership, clock: Any
    ) -> None:
        set_up(client_of(member.user), member.user, clock)
        client = Client()
        give_password(client)

        clock.shift(timedelta(minutes=11))
        answer = client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert answer["Location"] == "/sign-in/"

    def test_a_password_changed_meanwhile_proves_nothing(
        self, member: Membership, clock: Any
    ) -> None:
        set_up(client_of(member.user), member.user, clock)
        client = Client()
        give_password(client)
        member.user.refresh_from_db()
        member.user.set_password("quite-another-one")
        member.user.save()

        answer = client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert answer["Location"] == "/sign-in/"


class TestCodesAndRemoval:
    def test_new_codes_replace_the_old_ones(self, member: Membership, clock: Any) -> None:
        client = client_of(member.user)
        old = set_up(client, member.user, clock)

        page = client.post("/profile/second-factor/codes/", {"code": code_of(member.user)})

        new = re.findall(r"<code>([a-z0-9-]{17})</code>", page.content.decode())
        assert len(new) == second_factor.codes_left(member.user) == 10
        assert second_factor.check(user=member.user, code=old[0]) is None

    def test_new_codes_need_a_code(self, member: Membership, clock: Any) -> None:
        client = client_of(member.user)
        old = set_up(client, member.user, clock)

        client.post("/profile/second-factor/codes/", {"code": "000000"})

        clock.shift(timedelta(seconds=60))
        assert second_factor.check(user=member.user, code=old[0]) is not None

    def test_removal_needs_a_code(self, member: Membership, clock: Any) -> None:
        client = client_of(member.user)
        set_up(client, member.user, clock)

        client.post("/profile/second-factor/remove/", {"remove-code": "000000"})
        assert second_factor.app_of(member.user) is not None
        clock.shift(timedelta(seconds=60))
        client.post("/profile/second-factor/remove/", {"remove-code": code_of(member.user)})

        assert not AuthenticatorApp.objects.exists()
        assert not StaticToken.objects.exists()
        assert AuditEntry.objects.filter(action="person.second_factor_removed").exists()
        assert give_password(Client())["Location"] == "/"


class TestResetByAnAdministrator:
    def test_lets_the_person_in_by_password_ends_sessions_and_is_audited(
        self, member: Membership, clock: Any
    ) -> None:
        theirs = client_of(member.user)
        set_up(theirs, member.user, clock)
        boss = factories.member(member.organisation)

        client = client_of(boss.user)
        assert "Reset second factor" in client.get("/people/").content.decode()
        client.post(f"/people/{member.pk}/second-factor/")

        assert theirs.get("/profile/").status_code == 302
        assert give_password(Client())["Location"] == "/"
        entry = AuditEntry.objects.get(action="person.second_factor_reset")
        assert (entry.user, entry.object_id) == (boss.user, str(member.user.pk))

    def test_needs_the_right(self, member: Membership, clock: Any) -> None:
        set_up(client_of(member.user), member.user, clock)
        reader = factories.member(member.organisation, {ORGANISATION: Level.READ})

        answer = client_of(reader.user).post(f"/people/{member.pk}/second-factor/")

        assert answer.status_code == 403
        assert AuthenticatorApp.objects.exists()

    def test_does_not_weaken_what_another_organisation_relies_on(
        self, member: Membership, clock: Any
    ) -> None:
        set_up(client_of(member.user), member.user, clock)
        factories.member(person=member.user)
        boss = factories.member(member.organisation)

        page = client_of(boss.user).post(f"/people/{member.pk}/second-factor/", follow=True)

        assert "works for another organisation too" in page.content.decode()
        assert AuthenticatorApp.objects.exists()

    def test_the_operator_can_by_command(self, member: Membership, clock: Any) -> None:
        set_up(client_of(member.user), member.user, clock)

        call_command("reset_second_factor", "Ada@office.example")

        assert not AuthenticatorApp.objects.exists()
        with pytest.raises(CommandError, match="no second factor"):
            call_command("reset_second_factor", "ada@office.example")
        with pytest.raises(CommandError, match="Nobody"):
            call_command("reset_second_factor", "who@office.example")


class TestWhereEveryoneNeedsOne:
    @pytest.fixture
    def strict(self, member: Membership) -> Membership:
        member.organisation.requires_second_factor = True
        member.organisation.save()
        return member

    @pytest.mark.parametrize(
        "address", ["/", "/journals/", "/people/", "/profile/", "/profile/password/", "/roles/"]
    )
    def test_leads_to_the_set_up_and_nowhere_else(self, strict: Membership, address: str) -> None:
        client = client_of(strict.user)

        assert client.get(address)["Location"] == "/profile/second-factor/"
        assert client.post(address)["Location"] == "/profile/second-factor/"
        assert "needs a second factor" in client.get("/profile/second-factor/").content.decode()

    def test_tells_htmx_to_leave_the_page(self, strict: Membership) -> None:
        answer = client_of(strict.user).get("/journals/", headers={"HX-Request": "true"})

        assert answer.headers["HX-Redirect"] == "/profile/second-factor/"
        assert answer.content == b""

    def test_all_is_open_after_the_set_up(self, strict: Membership, clock: Any) -> None:
        client = client_of(strict.user)

        set_up(client, strict.user, clock)

        assert client.get("/people/").status_code == 200

    def test_leaves_open_the_way_out_and_into_other_organisations(self, strict: Membership) -> None:
        other = factories.member(person=strict.user).organisation
        client = client_of(strict.user)

        assert client.post("/organisation/switch/", {"organisation": other.pk}).status_code == 302
        assert client.get("/people/").status_code == 200
        assert client.post("/sign-out/").status_code == 302

    def test_probes_are_answered(self, strict: Membership) -> None:
        assert client_of(strict.user).get("/healthz").status_code == 200
