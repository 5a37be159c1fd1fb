"""What the operator's pages name exists: commands, the callback address, scopes, links."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import reverse

from connectors.vismanet import SCOPES
from integrationhub.management.commands import list_commands

ROOT = Path(__file__).parents[1]
PAGES = (
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "deploy" / "README.md"),
    *sorted((ROOT / "docs").rglob("*.md")),
)
OURS = re.compile(r"manage\.py ([a-z][a-z_]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestAPage:
    def test_names_only_commands_that_there_are(self, page: Path) -> None:
        named = set(OURS.findall(page.read_text(encoding="utf-8")))

        assert named <= {*get_commands(), "help"}

    def test_leads_to_pages_that_there_are(self, page: Path) -> None:
        links = re.findall(r"\]\(([^)#:]+\.md)\)", page.read_text(encoding="utf-8"))

        assert [link for link in links if not (page.parent / link).exists()] == []


class TestTheIndex:
    INDEX = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")

    def test_has_the_four_kinds_of_pages(self) -> None:
        kinds = re.findall(r"^## (.+)$", self.INDEX, re.MULTILINE)

        assert kinds == ["Tutorial", "How-to", "Reference", "Explanation"]

    def test_leads_to_every_page(self) -> None:
        docs = ROOT / "docs"
        pages = {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
        decisions = {page for page in pages if re.match(r"decisions/\d", page)}

        assert [page for page in sorted(pages - decisions) if f"({page})" not in self.INDEX] == [
            "index.md"
        ]


class TestTheCommands:
    def test_are_listed_as_they_are_now(self) -> None:
        page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")

        assert page == list_commands.as_markdown(), "manage.py list_commands"


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "decisions").glob("[0-9]*")), ids=lambda page: page.stem
)
class TestADecision:
    def test_is_short_and_has_a_status(self, page: Path) -> None:
        lines = page.read_text(encoding="utf-8").splitlines()

        assert len(lines) <= 40
        assert re.match(r"Status: (accepted|superseded by \[)", lines[2])

    def test_stands_in_the_index(self, page: Path) -> None:
        index = (page.parent / "README.md").read_text(encoding="utf-8")

        assert f"| {page.name[:4]} | [" in index
        assert f"]({page.name})" in index


class TestVismaNet:
    TEXT = (ROOT / "docs" / "visma-net.md").read_text(encoding="utf-8")

    def test_names_the_callback_address(self) -> None:
        assert f"`{reverse('accounts:callback')}`" in self.TEXT

    def test_names_the_scopes_that_are_asked_for(self) -> None:
        assert SCOPES["interactive"] in self.TEXT


@pytest.mark.parametrize(
    "asked",
    [
        *("HUB_SECRET_KEY", "HUB_ENCRYPTION_KEYS", "HUB_INSTALLATION_ID", "EnvironmentFile"),
        *("create_organisation", "create_user", "enable --now", "Rollback", "pg_dump"),
        *("OnCalendar", "after_restore --backup-taken-at", "confirm_installation"),
    ],
)
def test_the_operators_page_answers(asked: str) -> None:
    assert asked in (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
