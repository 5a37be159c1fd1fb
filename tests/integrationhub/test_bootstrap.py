"""What is installed, and what installs it, is pinned by its hash."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTS = sorted(ROOT.glob("requirements*.txt"))


def pinned(text: str) -> dict[str, int]:
    """Return how many hashes each package of a list has."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^ *#.*\n", "", text).strip())
    return {
        entry.split()[0]: len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))
        for entry in entries
    }


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
class TestAListOfPackages:
    def test_names_one_version_and_its_hashes_of_each(self, path: Path) -> None:
        found = pinned(path.read_text(encoding="utf-8"))

        assert found
        assert [name for name, hashes in found.items() if "==" not in name or not hashes] == []


class TestTheBootstrap:
    SCRIPT = (ROOT / "deploy" / "bootstrap").read_text(encoding="utf-8")

    def test_installs_nothing_whose_hash_it_does_not_check(self) -> None:
        joined = re.sub(r"(?m)^ *#.*\n", "", self.SCRIPT.replace("\\\n", " "))
        commands = re.findall(r"pip install [^\n|]*", joined)

        assert len(commands) == 3
        assert [one for one in commands if "--require-hashes" not in one] == []

    def test_installs_uv_for_every_platform(self) -> None:
        (uv,) = pinned((ROOT / "requirements-uv.txt").read_text(encoding="utf-8")).items()

        assert uv[0].startswith("uv==")
        assert uv[1] > 10
