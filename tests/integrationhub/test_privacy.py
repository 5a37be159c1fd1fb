"""The data folder is of the hub's own user alone."""

import stat
from pathlib import Path

import pytest

from integrationhub import privacy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as an earlier version left it."""
    made = tmp_path / "var"
    for name in ("hub.sqlite3", "hub.sqlite3-wal", "log/web.log", "files/2026/03/run.si", "notes"):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in (made, *made.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return made


class TestClose:
    def test_takes_the_rights_of_others_from_what_is_the_hubs(self, folder: Path) -> None:
        privacy.close(folder)

        assert [path.name for path in privacy.open_to_others(folder)] == ["notes"]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "hub.sqlite3-wal").stat().st_mode) == 0o600

    def test_follows_no_link_out_of_the_folder(self, folder: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.touch(mode=0o644)
        outside.chmod(0o644)
        (folder / "log" / "link").symlink_to(outside)

        privacy.close(folder)

        assert stat.S_IMODE(outside.stat().st_mode) == 0o644


class TestOpenToOthers:
    def test_is_nothing_of_the_static_files_that_everybody_gets(self, folder: Path) -> None:
        privacy.close(folder)
        (folder / "notes").unlink()
        (folder / "static").mkdir(mode=0o755)
        (folder / "static").chmod(0o755)

        assert list(privacy.open_to_others(folder)) == []

    def test_is_nothing_where_there_is_no_folder(self, tmp_path: Path) -> None:
        assert list(privacy.open_to_others(tmp_path / "none")) == []
