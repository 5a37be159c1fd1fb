"""What higher apps add to a lower one: a list that holds each entry once."""

from typing import TypeVar

Entry = TypeVar("Entry")


class Registry(list[Entry]):
    """The entries in the order in which they were added."""

    def add(self, entry: Entry) -> None:
        """Add the entry unless an equal one is there: an app's `ready` may run more than once."""
        if entry not in self:
            self.append(entry)
