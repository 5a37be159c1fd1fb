"""Whose turn it is: organisations take turns, so that nobody's thousand stand before one."""

import heapq
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def share_out(due: Mapping[int, Sequence[T]], *, queued: Mapping[int, int], places: int) -> list[T]:
    """
    Return what to queue next, so that the queue stays short and nobody has more of it than need be.

    Whoever has the least in the queue goes first. Who has nothing in it gets a place even when
    it is full: it is one, and the next that is free will be its own.

    :param due: what waits, by organisation, the most urgent first
    :param queued: how many places each organisation has already
    """
    waiting = {organisation: list(reversed(items)) for organisation, items in due.items() if items}
    taken = sum(queued.values())
    ranks = [
        (queued.get(organisation, 0), number, organisation)
        for number, organisation in enumerate(waiting)
    ]
    heapq.heapify(ranks)
    chosen: list[T] = []
    while ranks and (ranks[0][0] == 0 or taken < places):
        has, number, organisation = heapq.heappop(ranks)
        chosen.append(waiting[organisation].pop())
        taken += 1
        if waiting[organisation]:
            heapq.heappush(ranks, (has + 1, number, organisation))
    return chosen


def keeps_its_place(organisation: int, *, queued: Mapping[int, int], places: int) -> bool:
    """
    Return whether work that is not finished may queue up again at once.

    :param queued: how many places each organisation has, this one's without the work's own
    """
    others = sum(1 for other, has in queued.items() if other != organisation and has)
    return queued.get(organisation, 0) + 1 <= max(1, places // (others + 1))
