"""Whose turn it is, and how long the one of a small office waits behind the many of a large one."""

import pytest

from background.queue import keeps_its_place, share_out

LARGE, SMALL = 1, 2


class TestShareOut:
    def test_fills_the_places_in_turns(self):
        due = {LARGE: ["a", "b", "c"], SMALL: ["x", "y"]}

        assert share_out(due, queued={}, places=4) == ["a", "x", "b", "y"]

    def test_gives_the_first_place_to_who_has_the_least(self):
        due = {LARGE: ["a", "b"], SMALL: ["x", "y"]}

        assert share_out(due, queued={LARGE: 2}, places=4) == ["x", "y"]

    def test_has_a_place_for_a_newcomer_when_all_are_taken(self):
        due = {LARGE: ["a"], SMALL: ["x", "y"]}

        assert share_out(due, queued={LARGE: 64}, places=64) == ["x"]

    def test_has_none_for_who_is_there_already(self):
        assert share_out({LARGE: ["a"]}, queued={LARGE: 64}, places=64) == []

    def test_of_nothing_is_nothing(self):
        assert share_out({LARGE: []}, queued={}, places=4) == []


class TestKeepsItsPlace:
    @pytest.mark.parametrize(
        ("queued", "keeps"),
        [
            ({LARGE: 63}, True),  # alone: all places are its own
            ({LARGE: 63, SMALL: 1}, False),  # its share is half
            ({LARGE: 31, SMALL: 1}, True),
            ({LARGE: 63, SMALL: 0}, True),  # who has nothing there does not count
        ],
    )
    def test_within_its_share(self, queued, keeps):
        assert keeps_its_place(LARGE, queued=queued, places=64) is keeps

    def test_always_with_a_single_one(self):
        crowd = dict.fromkeys(range(100), 1)

        assert keeps_its_place(LARGE, queued=crowd | {LARGE: 0}, places=4)


def turns_until_served(*, large: int, threads: int, arrives: int) -> tuple[int, int]:
    """
    Play the workers' queue, one turn of all threads after another; nothing takes any time.

    :param large: connections of the large office that always have more to send
    :param arrives: the turn before which the small office presses Send, once
    :returns: how many turns the small office waited, and the longest that the queue was
    """
    places = 2 * threads
    queue: list[tuple[int, int]] = []
    waiting = {LARGE: list(range(large)), SMALL: []}
    longest = 0
    for turn in range(1000):
        if turn == arrives:
            waiting[SMALL].append(0)
        queued = {office: sum(1 for who, _ in queue if who == office) for office in waiting}
        due = {office: [(office, one) for one in ones] for office, ones in waiting.items()}
        for office, one in share_out(due, queued=queued, places=places):
            queue.append((office, one))
            waiting[office].remove(one)
        longest = max(longest, len(queue))
        served, queue = queue[:threads], queue[threads:]
        for office, one in served:
            if office == SMALL:
                return turn - arrives, longest
            queued = {who: sum(1 for other, _ in queue if other == who) for who in waiting}
            if keeps_its_place(office, queued=queued, places=places):
                queue.append((office, one))
            else:
                waiting[office].append(one)
    raise AssertionError("never served")


@pytest.mark.parametrize("large", [1, 40, 500, 5_000])
def test_the_one_of_a_small_office_waits_two_turns_behind_any_number(large, capsys):
    waited, longest = turns_until_served(large=large, threads=32, arrives=20)

    with capsys.disabled():
        print(
            f"\nbehind {large:5,} connections: {waited} turns, {longest} messages at most", end=""
        )
    assert waited <= 2
    assert longest <= 2 * 32 + 1
