"""Which host this is, and when it is not certain what happened since the last look."""

from dataclasses import replace

import pytest

from accounts.living import (
    CLOCK,
    STILL,
    Clocks,
    Surroundings,
    broken_between,
    looks_like_a_clone,
)

HERE = Surroundings("", "machine", "/srv/hub /srv/hub/hub.sqlite3", "web-1")
BEFORE = Clocks(wall=1_000.0, monotonic=50.0)


class TestIdentity:
    @pytest.mark.parametrize("other", [{"machine_id": "other"}, {"place": "/srv/copy"}])
    def test_differs_on_another_machine_and_in_another_place(self, other: dict[str, str]) -> None:
        assert replace(HERE, **other).identity != HERE.identity  # type: ignore[arg-type]

    def test_does_not_change_with_a_restart(self) -> None:
        assert replace(HERE, boot="another", hardware="another").identity == HERE.identity

    def test_is_what_the_operator_says_if_that_is_set(self) -> None:
        named = replace(HERE, installation_id="web-1")

        assert replace(named, machine_id="other", place="elsewhere").identity == named.identity
        assert named.identity != HERE.identity


class TestBrokenBetween:
    @pytest.mark.parametrize(
        ("wall", "monotonic", "why"),
        [
            (5.0, 5.0, ""),
            (34.0, 5.0, ""),
            (36.0, 5.0, CLOCK),
            (-26.0, 5.0, CLOCK),
            (-24.0, 5.0, ""),
            (180.0, 180.0, ""),
            (181.0, 181.0, STILL),
            (3_600.0, 5.0, CLOCK),
        ],
    )
    def test_tells_a_clock_that_was_set_and_a_process_that_stood_still(
        self, wall: float, monotonic: float, why: str
    ) -> None:
        now = Clocks(BEFORE.wall + wall, BEFORE.monotonic + monotonic)

        assert broken_between(BEFORE, now) == why


def test_a_host_with_another_address_looks_like_a_clone() -> None:
    assert looks_like_a_clone("aa vm", "bb vm")
    assert not looks_like_a_clone("aa vm", "aa vm")
    assert not looks_like_a_clone("", "aa vm")
