"""What holds of everything that is sent exactly once, seen with letters over real HTTP."""

from collections import deque
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Connection
from connectors.errors import Rejected
from outbox.delivery import deliver
from outbox.lookup import look_up
from outbox.recovery import recover


def letter(mail: Any) -> Any:
    from tests.outbox.letters import Letter

    now = mail.turn.clock.now
    organisation = mail.turn.connection.organisation
    return Letter.objects.create(organisation=organisation, text="Dear sir", not_before=now)


def letters() -> Any:
    from tests.outbox.letters import Letters

    return Letters()


def again(one: Any) -> Any:
    return type(one).objects.get(pk=one.pk)


def calls(one: Any) -> list[tuple[str, str]]:
    return list(one.attempts.order_by("pk").values_list("kind", "outcome"))


def send(mail: Any, *trouble: str) -> Any:
    """Send a letter, with that trouble on the way."""
    mail.office.trouble = deque(trouble)
    one = letter(mail)
    deliver(one, mail)
    return again(one)


class TestSending:
    def test_is_one_call_written_down_before_and_after(self, mail: Any) -> None:
        one = send(mail)

        assert (one.state, one.number, one.claim_owner) == ("delivered", "1", "")
        assert mail.office.arrived == ["Dear sir"]
        assert calls(one) == [("send", "ok")]

    def test_has_no_transaction_open_during_the_call(self, mail: Any) -> None:
        send(mail)

        assert not mail.in_transaction

    def test_claims_and_opens_the_attempt_together_or_neither(
        self, mail: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = letter(mail)
        monkeypatch.setattr(type(one), "open_attempt", lambda *_args, **_more: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            deliver(one, mail)

        assert (again(one).state, calls(one), mail.office.posts) == ("ready", [], 0)

    def test_who_comes_too_late_makes_and_writes_down_no_call(self, mail: Any) -> None:
        first = letter(mail)
        second = again(first)
        deliver(first, mail)

        assert not deliver(second, mail)
        assert (calls(second), mail.office.posts) == ([("send", "ok")], 1)

    def test_is_not_begun_before_its_hour(self, mail: Any) -> None:
        one = letter(mail)
        one.keep(until=mail.turn.clock.now + timedelta(seconds=1))

        assert not deliver(one, mail)
        assert mail.office.posts == 0

    def test_is_refused_by_our_own_rules_without_a_call(self, mail: Any) -> None:
        mail.refusal = Rejected(vendor="Hub")
        one = send(mail)

        assert (one.state, calls(one), mail.office.posts) == ("rejected", [], 0)


class TestAnAnswer:
    def test_that_refuses_waits_for_a_person(self, mail: Any) -> None:
        one = send(mail, "422")

        assert (one.state, one.failure_code) == ("rejected", "Rejected")

    def test_that_nothing_was_stored_is_tried_again_later_and_ends_the_turn(
        self, mail: Any
    ) -> None:
        one = send(mail, "503")

        assert (one.state, one.failures, one.waits_for) == ("ready", 1, "vendor")
        assert one.not_before == mail.turn.clock.now + timedelta(seconds=5)
        assert mail.turn.is_over

    def test_that_asks_to_wait_pauses_the_account(self, mail: Any) -> None:
        one = send(mail, "429")

        until = mail.turn.clock.now + timedelta(seconds=60)
        assert (one.not_before, one.waits_for) == (until, "limit")
        assert Connection.objects.get(pk=mail.turn.connection.pk).not_before == until

    @pytest.mark.parametrize("trouble", ["lose the answer", "cut", "500"])
    def test_that_is_not_clear_is_never_called_failed(self, mail: Any, trouble: str) -> None:
        one = send(mail, trouble)

        assert (one.state, one.waits_for, one.claim_owner) == ("unknown", "look_up", "")

    def test_under_a_claim_that_was_lost_changes_nothing(
        self, mail: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = mail.send

        def outlive(item: Any, payload: str) -> str:
            recover(letters(), now=mail.turn.clock.now + timedelta(hours=1))
            return real(item, payload)

        monkeypatch.setattr(mail, "send", outlive)

        one = send(mail)

        assert (one.state, one.number) == ("unknown", "")


class TestLookingUp:
    def ask(self, mail: Any, one: Any, seconds: float) -> Any:
        mail.turn.clock.later(seconds)
        look_up(again(one), mail)
        return again(one)

    def test_finds_what_was_stored_at_the_first_try(self, mail: Any) -> None:
        one = self.ask(mail, send(mail, "lose the answer"), 3)

        assert (one.state, one.number, mail.office.posts) == ("delivered", "9", 1)
        assert calls(one) == [("send", "OutcomeUnknown"), ("look_up", "found")]

    def test_sends_again_only_after_two_that_count(self, mail: Any) -> None:
        one = send(mail, "cut")
        seen = []
        for seconds in (3, 177, 180):
            one = self.ask(mail, one, seconds)
            seen.append((one.state, one.empty_look_ups))
        deliver(again(one), mail)

        assert seen == [("unknown", 0), ("unknown", 1), ("ready", 0)]
        assert (again(one).state, mail.office.arrived) == ("delivered", ["Dear sir"])

    def test_is_not_begun_before_its_hour(self, mail: Any) -> None:
        one = self.ask(mail, send(mail, "cut"), 3)

        assert not look_up(again(one), mail)
        assert len(calls(one)) == 2

    def test_is_made_by_one_worker_at_a_time(self, mail: Any) -> None:
        one = send(mail, "cut")
        now = mail.turn.clock.later(3)
        again(one).claim_to_ask(owner="another", now=now, lease_seconds=30)

        assert not look_up(again(one), mail)
        mail.turn.clock.later(31)
        assert look_up(again(one), mail)

    def test_leaves_several_to_a_person(self, mail: Any) -> None:
        one = send(mail, "lose the answer")
        mail.office.arrived.append("Dear sir")

        one = self.ask(mail, one, 3)

        assert (one.state, one.failure_detail) == ("needs_person", "several")

    def test_that_fails_counts_for_nothing_and_is_repeated(self, mail: Any) -> None:
        one = send(mail, "cut", "503")

        one = self.ask(mail, one, 200)

        assert (one.state, one.empty_look_ups, one.waits_for) == ("unknown", 0, "vendor")
        assert one.not_before == mail.turn.clock.now + timedelta(seconds=30)

    def test_that_is_impossible_for_long_is_a_persons(self, mail: Any) -> None:
        one = send(mail, "cut", "500")

        one = self.ask(mail, one, 1800)

        assert (one.state, one.failure_detail) == ("needs_person", "nobody knows")


class TestADeadWorker:
    def test_leaves_a_question_and_never_a_second_sending(
        self, mail: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(*_args: Any, **_more: Any) -> None:
            raise SystemExit

        one = letter(mail)
        with monkeypatch.context() as patched:
            patched.setattr(mail, "store", die)
            with pytest.raises(SystemExit):
                deliver(one, mail)
        assert again(one).state == "sending"

        assert recover(letters(), now=mail.turn.clock.later(1)) == 0
        assert recover(letters(), now=mail.turn.clock.later(60)) == 1
        look_up(again(one), mail)

        assert (again(one).state, mail.office.posts) == ("delivered", 1)
