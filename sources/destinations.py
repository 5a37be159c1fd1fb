"""Where the lines of files go: an app above registers itself."""

from datetime import datetime
from typing import Protocol

from background.registry import Registry
from organisations.models import User
from sources.models import Content, ImportedFile


class Destination(Protocol):
    """What makes something of the lines of a file."""

    def take_known(self, file: ImportedFile, *, now: datetime) -> bool:
        """Take a file whose bytes are those of a present content; say whether it was one."""
        ...

    def take(self, file: ImportedFile, content: Content, by: User | None, now: datetime) -> None:
        """Make of a company's lines what they are for, and write what became of the file."""
        ...


destinations = Registry[Destination]()


def destination() -> Destination:
    """Return the one that is registered."""
    (found,) = destinations
    return found
