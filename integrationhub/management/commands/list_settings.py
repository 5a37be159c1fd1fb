"""Lists every setting; `.env.example` and `docs/reference/settings.md` are made with it."""

from argparse import RawDescriptionHelpFormatter
from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integrationhub import configuration


def all_settings() -> tuple[configuration.Setting, ...]:
    """Return the hub's settings and the vendors'."""
    return configuration.TABLE + configuration.vendor_table()


def as_env() -> str:
    """Return the text of `.env.example`: every setting, explained and commented out."""
    lines = [
        "# Copy this file to .env and take away the # where you need another value.",
        "# The real environment wins over the file. Made by: make .env.example",
    ]
    for group, settings in groupby(all_settings(), key=lambda setting: setting.group):
        lines += ["", f"# --- {group} " + "-" * (84 - len(group))]
        for setting in settings:
            required = f" Required: {setting.required_when}." if setting.required_when else ""
            lines += ["", f"# {setting.explanation.rstrip('.')}.{required}"]
            lines.append(f"# {setting.name}={setting.default}")
    return "\n".join(lines) + "\n"


def as_markdown() -> str:
    """Return the reference page."""
    lines = [
        "# Settings",
        "",
        "<!-- Made by `make settings` from integrationhub/configuration.py and the connectors. -->",
        "",
        "Set in the environment, or in `.env` beside `manage.py` (copy `.env.example`); the "
        "environment wins. The trial needs none. A missing or unreadable one stops the start, all "
        "of them in one message, each with its remedy and none with its value.",
    ]
    for group, settings in groupby(all_settings(), key=lambda setting: setting.group):
        lines += ["", f"## {group}", "", "| setting | meaning | default | required |"]
        lines.append("|---|---|---|---|")
        for one in settings:
            default = f"`{one.default}`" if one.default else ""
            words = one.explanation.replace("|", "\\|")
            lines.append(f"| `{one.name}` | {words} | {default} | {one.required_when} |")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    """List every setting with its meaning."""

    help = "List every setting with its meaning.\n\nExample: manage.py list_settings --env"
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--env", action="store_true", help="as .env.example")
        form.add_argument("--markdown", action="store_true", help="as the reference page (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(as_env() if options["env"] else as_markdown(), ending="")
