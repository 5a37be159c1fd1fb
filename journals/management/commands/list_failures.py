"""Print every failure that the hub can show: the source of docs/reference/failures.md (B9)."""

import pkgutil
from importlib import import_module
from typing import Any

from connectors.registry import all_errors
from journals.rules.preflight_problems import PREFLIGHT_PROBLEMS
from organisations.management.commands._command import HubCommand
from sources.readers.catalogue import PROBLEMS
from ui.failures import WHO_WORDS

_APPS = ("connectors", "organisations", "accounts", "mappings", "sources", "journals", "payments")
_WITHOUT = ("migrations", "management", "forms", "templatetags", "urls", "views")


class Command(HubCommand):
    """Print the catalogue of failures."""

    help = "Print every failure and problem that the hub can show."
    example = "python manage.py list_failures --markdown > docs/reference/failures.md"

    def add_arguments(self, parser: Any) -> None:
        """Ask for the form."""
        super().add_arguments(parser)
        parser.add_argument("--markdown", action="store_true", help="as docs/reference/failures.md")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        found = catalogue()
        words = markdown(found) if options["markdown"] else plain(found)
        self.answer(options, words, {"failures": found})


def catalogue() -> list[dict[str, str]]:
    """Return all that can be shown, in English: group, code, what, not booked, what to do, who."""
    _import_all()
    rows = [
        {
            "group": "When sending, connecting or asking",
            "code": kind.code(),
            "summary": kind.summary,
            "not_booked": kind.not_booked,
            "remedy": kind.remedy,
            "who": WHO_WORDS[kind.who],
        }
        for kind in sorted(all_errors(), key=lambda kind: kind.code().lower())
    ]
    rows += [
        {
            "group": "When a journal is checked against the ledger",
            "code": check.code,
            "summary": check.summary,
            "not_booked": "Nothing was sent." if check.stops else "The batch waits.",
            "remedy": check.remedy,
            "who": WHO_WORDS[check.who],
        }
        for check in PREFLIGHT_PROBLEMS.values()
    ]
    rows += [
        {
            "group": "When a file is read",
            "code": problem.code,
            "summary": problem.message,
            "not_booked": {"error": "The file is not imported."}.get(problem.severity, "-"),
            "remedy": problem.remedy,
            "who": WHO_WORDS["payroll"],
        }
        for problem in PROBLEMS.values()
    ]
    return rows


def markdown(rows: list[dict[str, str]]) -> str:
    """Return the catalogue as the page of the documentation."""
    lines = [
        "# What can go wrong, and what to do",
        "",
        "Made from the code by `python manage.py list_failures --markdown > "
        "docs/reference/failures.md`; "
        "a test fails when it is out of step. Words in braces are filled in when it is shown.",
    ]
    group = ""
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines += [
                "",
                f"## {group}",
                "",
                "| code | what happened | what was not booked | what to do | whose job |",
                "|---|---|---|---|---|",
            ]
        cells = (f"`{row['code']}`", *(row[k] for k in ("summary", "not_booked", "remedy", "who")))
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(lines)


def plain(rows: list[dict[str, str]]) -> str:
    """Return the catalogue as lines to search in."""
    return "\n".join(f"{row['code']}: {row['summary']} {row['remedy']}" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _import_all() -> None:
    """Import every module that may derive a failure, so that none is left out."""
    for app in _APPS:
        package = import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if not any(f".{part}" in module.name for part in _WITHOUT):
                import_module(module.name)
