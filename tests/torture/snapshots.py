"""A machine's snapshot: database and data folder together, as they were at one moment."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.torture.rig import Rig

_COPY = "snapshot"
_NOT_OF_THE_HUB = ("sandbox.sqlite3*", "*.log", "static")


@dataclass(frozen=True)
class Snapshot:
    """What was copied while no process of the hub ran."""

    hub: Rig
    folder: Path

    @classmethod
    def take(cls, hub: Rig, folder: Path) -> "Snapshot":
        """Copy database and data folder; the caller has ended every process of the hub."""
        _leave_the_database()
        shutil.copytree(hub.folder, folder, ignore=shutil.ignore_patterns(*_NOT_OF_THE_HUB))
        if hub.postgres is not None:
            name = _database(hub)
            hub.postgres.alone(f'CREATE DATABASE "{_COPY}" TEMPLATE "{name}"', database=name)
        return cls(hub, folder)

    def put_back(self) -> None:
        """Put both where they were; the caller has ended every process of the hub."""
        _leave_the_database()
        for path in self.hub.folder.glob("hub.sqlite3*"):
            path.unlink()  # a journal of the newer file must not stand beside the older one
        shutil.copytree(self.folder, self.hub.folder, dirs_exist_ok=True)
        if self.hub.postgres is not None:
            name = _database(self.hub)
            self.hub.postgres.alone(f'DROP DATABASE "{name}" WITH (FORCE)', database=name)
            self.hub.postgres.alone(f'CREATE DATABASE "{name}" TEMPLATE "{_COPY}"', database=_COPY)

    def environment(self) -> dict[str, str]:
        """Return the environment of a process that works on the copy, beside the original."""
        found = self.hub.environment | {"HUB_DATA_DIR": str(self.folder)}
        if self.hub.postgres is not None:
            found["DATABASE_URL"] = self.hub.postgres.url.rpartition("/")[0] + f"/{_COPY}"
        return found

    def discard(self) -> None:
        """Delete the copy."""
        if self.hub.postgres is not None:
            self.hub.postgres.alone(f'DROP DATABASE "{_COPY}" WITH (FORCE)', database=_COPY)
        shutil.rmtree(self.folder)


def _database(hub: Rig) -> str:
    return hub.environment["DATABASE_URL"].rpartition("/")[2]


def _leave_the_database() -> None:
    from django.db import connections

    connections.close_all()
