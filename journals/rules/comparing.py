"""Two readings of the same run, line by line, for the decision when a file comes again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sources.readers.lines import JournalLine

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

_Place = tuple[str, str, str, str, str, bool]


@dataclass(frozen=True, slots=True)
class LineChange:
    """One difference. `old` is None for an added line, `new` for a removed one."""

    kind: str
    old: JournalLine | None
    new: JournalLine | None

    @property
    def line(self) -> JournalLine:
        """Return the line as it is now, or as it was if it is gone."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a change needs a line")
        return found


def compare(old: Iterable[JournalLine], new: Iterable[JournalLine]) -> list[LineChange]:
    """
    Return what differs, by period and account; nothing if the content is the same.

    Lines of equal account, dimensions, period, text and side are one line with two amounts
    or dates: *changed*. The place in the file does not matter.
    """
    before, after = _by_place(old), _by_place(new)
    changes: list[LineChange] = []
    for place in sorted(before.keys() | after.keys()):
        olds, news = list(before.get(place, ())), list(after.get(place, ()))
        for line in list(olds):
            same = next((other for other in news if _equal(line, other)), None)
            if same is not None:
                olds.remove(line)
                news.remove(same)
        paired = min(len(olds), len(news))
        changes += [LineChange(CHANGED, olds[i], news[i]) for i in range(paired)]
        changes += [LineChange(REMOVED, line, None) for line in olds[paired:]]
        changes += [LineChange(ADDED, None, line) for line in news[paired:]]
    return changes


def _by_place(lines: Iterable[JournalLine]) -> dict[_Place, list[JournalLine]]:
    places: dict[_Place, list[JournalLine]] = defaultdict(list)
    for line in lines:
        side = line.amount < 0
        place = (line.period, line.account, line.cost_centre, line.cost_unit, line.text, side)
        places[place].append(line)
    return places


def _equal(one: JournalLine, other: JournalLine) -> bool:
    return one.amount == other.amount and one.posted_on == other.posted_on
