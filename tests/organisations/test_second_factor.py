"""The second factor: set up, asked for after the password, replaced, removed, enforced."""

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import Client

from audit.models import AuditEntry
from organisations.models import Membership, User
from organisations.operations import second_factor
from organisations.rules import ORGANISATION, Level
from tests import factories
from tests.factories import code_of

pytestmark = pytest.mark.django_db

START = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
INDEX = "/profile/second-factor/"
APP = f"{INDEX}app/"
ONE_CODE = r"<code>((?:[a-z0-9]{5}-){5}[a-z0-9]{5})</code>"


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


def key_on(page: str) -> str:
    found = re.search(r'data-copy="([A-Z2-7]{32})"', page)
    assert found is not None
    return found[1]


def shown_by(key: str) -> str:
    """Return what an app with this key shows now."""
    counter = next(factories.yield_hotp_counters_from_time())
    return factories.format_hotp_value(factories.hotp_value(key, counter))


def set_up(client: Client, clock: Any) -> list[str]:
    """Set an app up by its page, and return the recovery codes."""
    key = key_on(client.get(APP).content.decode())
    page = client.post(APP, {"code": shown_by(key)})
    assert page.status_code == 200, page
    clock.shift(timedelta(seconds=60))
    return re.findall(ONE_CODE, page.content.decode())


def give_password(client: Client, email: str = "ada@office.example", **more: str) -> Any:
    return client.post("/sign-in/", {"login": email, "password": factories.PASSWORD} | more)


class TestSettingUp:
    def test_shows_a_drawing_and_a_key(self, member: Membership) -> None:
        page = client_of(member.user).get(APP).content.decode()

        assert 'src="data:image/svg+xml;base64,' in page
        assert len(key_on(page)) == 32

    def test_is_on_after_a_code_and_gives_ten_recovery_codes(
        self, member: Membership, clock: Any
    ) -> None:
        client = client_of(member.user)

        codes = set_up(client, clock)

        assert len(set(codes)) == 10
        assert second_factor.is_on(member.user)
        assert AuditEntry.objects.get().action == "person.second_factor_added"
        assert "10 codes are left" in client.get(INDEX).content.decode()

    def test_a_wrong_code_turns_nothing_on(self, member: Membership) -> None:
        client = client_of(member.user)
        key = key_on(client.get(APP).content.decode())

        page = client.post(APP, {"code": "000000"}).content.decode()

        assert "is wrong or has already been used" in page
        assert key_on(page) == key
        assert not second_factor.is_on(member.user)
        assert give_password(Client())["Location"] == "/"

    def test_its_code_is_not_good_for_a_sign_in_as_well(self, member: Membership) -> None:
        client = client_of(member.user)
        code = shown_by(key_on(client.get(APP).content.decode()))
        client.post(APP, {"code": code})

        assert second_factor.check(user=member.user, code=code) is None

    def test_ends_the_other_sessions_for_they_showed_no_code(
        self, member: Membership, clock: Any
    ) -> None:
        client, other = client_of(member.user), client_of(member.user)

        set_up(client, clock)

        assert client.get("/profile/").status_code == 200
        assert other.get("/profile/").status_code == 302

    def test_keeps_neither_key_nor_codes_readable(self, member: Membership, clock: Any) -> None:
        client = client_of(member.user)
        key = key_on(client.get(APP).content.decode())
        waiting = str(dict(client.session.items()))
        codes = set_up(client, clock)

        with database.cursor() as cursor:
            cursor.execute("select data from mfa_authenticator")
            stored = " ".join(str(row[0]) for row in cursor.fetchall())
        assert key not in waiting
        assert "mfa.totp.secret" not in client.session
        for secret in (factories.secret_of(member.user), *codes):
            assert secret not in stored
            assert secret.replace("-", "") not in stored

    def test_recovery_codes_have_128_bits_and_more(self) -> None:
        letters, groups, each = 31, second_factor._GROUPS, 5

        assert letters ** (groups * each) > 2**128

    def test_its_key_is_rotated_with_the_others(self, member: Membership, settings: Any) -> None:
        old = settings.HUB_ENCRYPTION_KEYS
        factories.second_factor(member.user)
        secret = factories.secret_of(member.user)
        new = "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldy0="

        settings.HUB_ENCRYPTION_KEYS = [new, *old]
        call_command("rotate_keys")
        settings.HUB_ENCRYPTION_KEYS = [new]

        assert factories.secret_of(member.user) == secret


class TestSigningIn:
    def test_asks_for_the_code_after_the_password(self, member: Membership) -> None:
        factories.second_factor(member.user)
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

    def test_the_way_back_leads_to_the_sign_in(self, member: Membership) -> None:
        factories.second_factor(member.user)
        client = Client()
        give_password(client)

        client.post("/sign-out/")

        assert client.get("/sign-in/").status_code == 200

    def test_a_code_is_good_once(self, member: Membership) -> None:
        factories.second_factor(member.user)
        first, second = Client(), Client()
        code = code_of(member.user)
        for client in (first, second):
            give_password(client)

        assert first.post("/sign-in/code/", {"code": code}).status_code == 302
        again = second.post("/sign-in/code/", {"code": code})

        assert "is wrong or has already been used" in again.content.decode()
        assert second.get("/profile/").status_code == 302

    @pytest.mark.parametrize("seconds", [-30, 30])
    def test_a_code_is_good_while_the_app_shows_it_and_not_beside_that(
        self, member: Membership, clock: Any, seconds: int
    ) -> None:
        factories.second_factor(member.user)
        clock.shift(timedelta(minutes=5, seconds=seconds))
        code = code_of(member.user)
        clock.shift(timedelta(seconds=-seconds))

        assert second_factor.check(user=member.user, code=code) is None

    def test_a_recovery_code_is_good_once_and_audited(self, member: Membership) -> None:
        code = factories.second_factor(member.user)[0]
        first, second = Client(), Client()
        for client in (first, second):
            give_password(client)

        used = first.post("/sign-in/code/", {"code": f" {code.upper()} "})
        again = second.post("/sign-in/code/", {"code": code})

        assert (used.status_code, again.status_code) == (302, 200)
        assert second_factor.codes_left(member.user) == 9
        assert AuditEntry.objects.filter(action="person.recovery_code_used").count() == 1

    def test_wrong_codes_lock_and_a_right_password_does_not_reset(
        self, member: Membership, settings: Any
    ) -> None:
        factories.second_factor(member.user)
        client = Client()
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            give_password(client)
            assert client.post("/sign-in/code/", {"code": "000000"}).status_code == 200

        good = client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert good.status_code == 429
        assert "too many tries" in good.content.decode()

    def test_waits_for_the_code_ten_minutes_and_no_longer(
        self, member: Membership, clock: Any
    ) -> None:
        factories.second_factor(member.user)
        client = Client()
        give_password(client)

        clock.shift(timedelta(minutes=11))
        answer = client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert answer["Location"] == "/sign-in/"

    def test_a_password_changed_meanwhile_proves_nothing(self, member: Membership) -> None:
        factories.second_factor(member.user)
        client = Client()
        give_password(client)
        member.user.refresh_from_db()
        member.user.set_password("quite-another-one")
        member.user.save()

        answer = client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert answer["Location"] == "/sign-in/"
        assert client.get("/profile/").status_code == 302

    def test_a_password_changed_meanwhile_leaves_the_code_for_the_new_one(
        self, member: Membership
    ) -> None:
        factories.second_factor(member.user)
        client = Client()
        give_password(client)
        member.user.set_password("quite-another-one")
        member.user.save()
        code = {"code": code_of(member.user)}

        client.post("/sign-in/code/", code)

        new = {"login": member.user.email, "password": "quite-another-one"}
        assert client.post("/sign-in/", new)["Location"] == "/sign-in/code/"
        assert client.post("/sign-in/code/", code)["Location"] == "/"

    def test_of_who_may_not_sign_in_any_more_is_none(self, member: Membership) -> None:
        factories.second_factor(member.user)
        client = Client()
        give_password(client)
        User.objects.update(is_active=False)

        client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert not AuditEntry.objects.filter(action="person.signed_in").exists()

    def test_a_factor_reset_meanwhile_leads_to_the_sign_in_again(self, member: Membership) -> None:
        factories.second_factor(member.user)
        client = Client()
        give_password(client)
        second_factor.reset_by_operator(user=member.user)

        page = client.get("/sign-in/code/", follow=True)

        assert page.redirect_chain == [("/sign-in/", 302)]
        assert give_password(client)["Location"] == "/"


@pytest.mark.django_db(transaction=True)
class TestTwoAtTheSameMoment:
    def test_use_one_recovery_code_once(self, member: Membership) -> None:
        code = factories.second_factor(member.user)[0]
        won: list[bool] = []

        def use() -> None:
            won.append(second_factor.check(user=member.user, code=code) is not None)
            database.close()

        both = [threading.Thread(target=use) for _each in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()

        assert sorted(won) == [False, True]


class TestCodesAndRemoval:
    def test_new_codes_replace_the_old_ones(self, member: Membership) -> None:
        old = factories.second_factor(member.user)

        page = client_of(member.user).post(f"{INDEX}codes/")

        new = re.findall(ONE_CODE, page.content.decode())
        assert len(new) == second_factor.codes_left(member.user) == 10
        assert second_factor.check(user=member.user, code=old[0]) is None

    def test_there_are_none_without_a_factor(self, member: Membership) -> None:
        assert client_of(member.user).post(f"{INDEX}codes/")["Location"] == INDEX
        assert not Authenticator.objects.exists()

    def test_removal_takes_the_codes_too(self, member: Membership) -> None:
        factories.second_factor(member.user)

        client_of(member.user).post(f"{APP}remove/")

        assert not Authenticator.objects.exists()
        assert AuditEntry.objects.filter(action="person.second_factor_removed").exists()
        assert give_password(Client())["Location"] == "/"


class TestResetByAnAdministrator:
    def test_lets_the_person_in_by_password_ends_sessions_and_is_audited(
        self, member: Membership
    ) -> None:
        theirs = client_of(member.user)
        factories.second_factor(member.user)
        boss = factories.member(member.organisation)

        client = client_of(boss.user)
        assert "Reset second factor" in client.get("/people/").content.decode()
        client.post(f"/people/{member.pk}/second-factor/")

        assert theirs.get("/profile/").status_code == 302
        assert give_password(Client())["Location"] == "/"
        entry = AuditEntry.objects.get(action="person.second_factor_reset")
        assert (entry.user, entry.object_id) == (boss.user, str(member.user.pk))

    def test_needs_the_right(self, member: Membership) -> None:
        factories.second_factor(member.user)
        reader = factories.member(member.organisation, {ORGANISATION: Level.READ})

        answer = client_of(reader.user).post(f"/people/{member.pk}/second-factor/")

        assert answer.status_code == 403
        assert second_factor.is_on(member.user)

    def refused(self, member: Membership, words: str) -> None:
        boss = factories.member(member.organisation)

        page = client_of(boss.user).post(f"/people/{member.pk}/second-factor/", follow=True)

        assert words in page.content.decode()
        assert second_factor.is_on(member.user)
        assert not AuditEntry.objects.filter(action="person.second_factor_reset").exists()

    def test_does_not_weaken_what_another_organisation_relies_on(self, member: Membership) -> None:
        factories.second_factor(member.user)
        factories.member(person=member.user)

        self.refused(member, "also works for another organisation")

    def test_never_reaches_an_operator_of_the_installation(self, member: Membership) -> None:
        factories.second_factor(member.user)
        User.objects.filter(pk=member.user_id).update(is_superuser=True)

        self.refused(member, "is an operator of the hub")

    def test_the_operator_can_by_command(self, member: Membership) -> None:
        factories.second_factor(member.user)
        User.objects.filter(pk=member.user_id).update(is_superuser=True)

        call_command("reset_second_factor", "Ada@office.example")

        assert not Authenticator.objects.exists()
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

    @pytest.mark.parametrize("address", ["/", "/journals/", "/people/", "/profile/", "/roles/"])
    def test_leads_to_the_set_up_and_nowhere_else(self, strict: Membership, address: str) -> None:
        client = client_of(strict.user)

        assert client.get(address)["Location"] == "/profile/second-factor/"
        assert client.post(address)["Location"] == "/profile/second-factor/"
        assert "needs a second factor" in client.get("/profile/second-factor/").content.decode()
        for way in (APP, f"{INDEX}passkeys/new/"):
            assert client.get(way).status_code == 200

    def test_tells_htmx_to_leave_the_page(self, strict: Membership) -> None:
        answer = client_of(strict.user).get("/journals/", headers={"HX-Request": "true"})

        assert answer.headers["HX-Redirect"] == "/profile/second-factor/"
        assert answer.content == b""

    def test_all_is_open_after_the_set_up(self, strict: Membership, clock: Any) -> None:
        client = client_of(strict.user)

        set_up(client, clock)

        assert client.get("/people/").status_code == 200

    def test_leaves_open_the_way_out_and_into_other_organisations(self, strict: Membership) -> None:
        other = factories.member(person=strict.user).organisation
        client = client_of(strict.user)

        assert client.post("/organisation/switch/", {"organisation": other.pk}).status_code == 302
        assert client.get("/people/").status_code == 200
        assert client.post("/sign-out/").status_code == 302

    def test_probes_are_answered(self, strict: Membership) -> None:
        assert client_of(strict.user).get("/healthz").status_code == 200
