"""How often an attempt may fail, per network, with how many processes at once."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import hashers
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client

from audit.models import AuditEntry
from organisations.models import Membership
from organisations.operations import throttling
from organisations.operations.throttling import CODE, PASSWORD, TooOften
from tests import environment, factories

pytestmark = pytest.mark.django_db

ADA, HERE = "ada@office.example", "192.0.2.7"
START = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(START, tick=False) as travel:
        yield travel


@pytest.fixture
def member() -> Membership:
    return factories.member(person=factories.user(ADA))


def fail(times: int, *, who: str = ADA, address: str = HERE, what: str = PASSWORD) -> None:
    for _try in range(times):
        throttling.count(what, who=who, address=address)


def sign_in(password: str, *, address: str = HERE, email: str = ADA) -> Any:
    values = {"login": email, "password": password}
    return Client(REMOTE_ADDR=address).post("/sign-in/", values)


class TestCounting:
    def test_refuses_after_so_many_and_says_until_when(self, settings: Any, clock: Any) -> None:
        fail(1)
        clock.shift(timedelta(minutes=1))
        fail(settings.HUB_SIGN_IN_FAILURES - 1)

        with pytest.raises(TooOften) as refused:
            fail(1)

        assert refused.value.until == START + timedelta(minutes=15)

    def test_lets_one_more_pass_with_each_that_is_long_ago(self, settings: Any, clock: Any) -> None:
        fail(1)
        clock.shift(timedelta(minutes=5))
        fail(settings.HUB_SIGN_IN_FAILURES - 1)
        clock.shift(timedelta(minutes=10, seconds=1))

        fail(1)

        with pytest.raises(TooOften):
            fail(1)

    def test_is_not_prolonged_by_knocking(self, settings: Any, clock: Any) -> None:
        fail(settings.HUB_SIGN_IN_FAILURES)
        for _minute in range(15):
            with pytest.raises(TooOften):
                fail(1)
            clock.shift(timedelta(minutes=1))
        clock.shift(timedelta(seconds=1))

        fail(1)

    def test_of_what_was_good_is_given_back(self, settings: Any) -> None:
        for _time in range(3 * settings.HUB_SIGN_IN_FAILURES):
            throttling.count(PASSWORD, who=ADA, address=HERE).give_back()

        fail(1)

    def test_locks_nobody_out_at_another_network(self, settings: Any) -> None:
        fail(settings.HUB_SIGN_IN_FAILURES)

        fail(1, address="192.0.2.8")
        fail(1, who="bo@office.example")

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
            ("192.0.2.1", "192.0.2.2", False),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
            ("::ffff:192.0.2.1", "192.0.2.1", True),
        ],
    )
    def test_takes_a_64_of_ipv6_for_one_network(self, one: str, other: str, same: bool) -> None:
        assert (throttling.network_of(one) == throttling.network_of(other)) is same

    def test_has_a_limit_for_a_network_that_tries_many_addresses(self, settings: Any) -> None:
        settings.HUB_SIGN_IN_FAILURES = 2
        for number in range(2 * throttling.NETWORKS_SHARE):
            fail(1, who=f"person{number}@office.example")

        with pytest.raises(TooOften):
            fail(1, who="one-more@office.example")
        fail(1, who="one-more@office.example", address="192.0.2.8")

    def test_has_a_limit_for_the_codes_of_one_person_from_everywhere(self) -> None:
        for number in range(throttling.CODES_A_DAY):
            fail(1, what=CODE, address=f"198.51.100.{number}")

        with pytest.raises(TooOften):
            fail(1, what=CODE, address="203.0.113.1")

    def test_keeps_no_address_and_no_person_readable(self) -> None:
        fail(1)

        with connection.cursor() as cursor:
            cursor.execute("select cache_key, value from hub_cache")
            assert ADA not in str(cursor.fetchall())


class TestTheCache:
    def test_is_the_database_which_is_there_whenever_a_sign_in_is_possible(self) -> None:
        assert type(caches["default"]).__name__ == "DatabaseCache"

    def test_holds_more_than_a_crowd_of_strangers_can_fill(self, settings: Any) -> None:
        assert settings.CACHES["default"]["OPTIONS"]["MAX_ENTRIES"] >= 100_000

    def test_does_not_need_redis(self, member: Membership, settings: Any) -> None:
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

        assert sign_in(factories.PASSWORD).status_code == 302


@pytest.mark.django_db(transaction=True)
class TestTwoWebProcesses:
    def test_count_together(self, settings: Any) -> None:
        fail(settings.HUB_SIGN_IN_FAILURES - 2)

        there = subprocess.run(
            [sys.executable, "-c", _ONE_TRY_ELSEWHERE],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "integrationhub.settings",
                "NAME": str(connection.settings_dict["NAME"]),
                "NOW": START.isoformat(),
            },
            capture_output=True,
            text=True,
            check=False,
        )

        assert there.stdout.split() == [str(settings.HUB_SIGN_IN_FAILURES - 1)], there.stderr
        fail(1)
        with pytest.raises(TooOften):
            fail(1)

    @pytest.mark.skipif(
        not environment.SERVICES, reason="SQLite lets one write at a time: nothing can pass"
    )
    def test_never_take_the_same_slot(self, settings: Any) -> None:
        taken: list[str] = []

        def knock() -> None:
            try:
                taken.extend(throttling.count(PASSWORD, who=ADA, address=HERE).slots[:1])
            except TooOften:
                pass
            finally:
                connection.close()

        knocking = [threading.Thread(target=knock) for _each in range(24)]
        for thread in knocking:
            thread.start()
        for thread in knocking:
            thread.join()

        assert len(taken) == len(set(taken)) == settings.HUB_SIGN_IN_FAILURES

    @pytest.fixture(autouse=True)
    def _forget(self) -> Any:
        yield
        cache.clear()


_ONE_TRY_ELSEWHERE = f"""
import os, django, time_machine
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["NAME"]
django.setup()
from organisations.operations import throttling
with time_machine.travel(os.environ["NOW"], tick=False):
    print(throttling.count({PASSWORD!r}, who={ADA!r}, address={HERE!r}).number)
"""


class TestSigningIn:
    def test_is_refused_before_any_hashing_and_says_when_to_try_again(
        self, member: Membership, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            assert sign_in("wrong").status_code == 200

        def hashed(*_anything: Any, **_more: Any) -> Any:
            raise AssertionError("a password was hashed")

        monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", hashed)
        answer = sign_in(factories.PASSWORD)

        assert answer.status_code == 429
        assert answer["Retry-After"] == "901"
        assert "at 11:15" in answer.content.decode()

    def test_with_the_right_password_counts_nothing(
        self, member: Membership, settings: Any
    ) -> None:
        for _time in range(2 * settings.HUB_SIGN_IN_FAILURES):
            assert sign_in(factories.PASSWORD).status_code == 302

    def test_is_open_to_the_person_while_a_stranger_knocks(
        self, member: Membership, settings: Any
    ) -> None:
        for _try in range(2 * settings.HUB_SIGN_IN_FAILURES):
            sign_in("wrong", address="203.0.113.66")

        assert sign_in(factories.PASSWORD).status_code == 302

    def test_counts_behind_proxies_by_the_address_that_they_saw(
        self, member: Membership, settings: Any
    ) -> None:
        settings.HUB_PROXY_COUNT = 1
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            Client().post(
                "/sign-in/",
                {"login": ADA, "password": "wrong"},
                headers={"X-Forwarded-For": "203.0.113.66"},
            )

        answers = [
            Client().post(
                "/sign-in/",
                {"login": ADA, "password": factories.PASSWORD},
                headers={"X-Forwarded-For": address},
            )
            for address in ("203.0.113.66", "192.0.2.7")
        ]

        assert [answer.status_code for answer in answers] == [429, 302]

    def test_a_crowd_does_not_fill_the_trail(self, member: Membership, settings: Any) -> None:
        settings.HUB_SIGN_IN_FAILURES = 2

        for place in range(20):
            sign_in("wrong", address=f"203.0.113.{place}")

        assert AuditEntry.objects.filter(action="person.sign_in_failed").count() == 6
