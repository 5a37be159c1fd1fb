"""
The data folder is of the hub's own user alone: journals, tokens and letters lie in it.

What the trial makes is private from the first moment (`supervisor`, umask); what an earlier
version left open is closed at the next start, and `doctor` looks.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OURS = (
    "hub.sqlite3",
    "sandbox.sqlite3",
    "secrets.env",
    "installation.json",
    "log",
    "files",
    "mail",
)
PUBLIC = "static"
"""Collected static files: every visitor gets them."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def open_to_others(folder: Path) -> Iterator[Path]:
    """Yield what somebody else on this machine may read or change, the folder itself first."""
    if not folder.is_dir():
        return
    if _is_open(folder):
        yield folder
    for place, folders, files in os.walk(folder):
        if Path(place) == folder and PUBLIC in folders:
            folders.remove(PUBLIC)
        for name in (*folders, *files):
            if _is_open(Path(place, name)):
                yield Path(place, name)


def close(folder: Path) -> None:
    """
    Take the rights of others from what the hub keeps there.

    Only from what is the hub's by its name: the folder may be one that holds other things.
    """
    for path in list(open_to_others(folder)):
        first = path.relative_to(folder).parts[:1]
        # "hub.sqlite3-wal" lies beside "hub.sqlite3".
        if not first or first[0].startswith(OURS):
            with suppress(OSError):
                path.chmod(path.stat().st_mode & ~_OTHERS & 0o7777)


def _is_open(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False  # a file beside the database that has just gone
    return not stat.S_ISLNK(mode) and bool(mode & _OTHERS)
