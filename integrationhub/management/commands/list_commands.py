"""List every command of the hub with its meaning: the source of docs/reference/commands.md."""

from typing import Any

from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

_HEAD = """# Commands

<!-- Made by `manage.py list_commands`. -->

Run as `.venv/bin/python manage.py COMMAND`; `--help` explains each option. With `--json`, where a
command has it, the answer is for programs. The exit code is 0 only on success.
"""


class Command(BaseCommand):
    """List every command with its meaning."""

    help = "List every command of the hub with its meaning, as docs/reference/commands.md."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        self.stdout.write(as_markdown(), ending="")


def as_markdown() -> str:
    """Return the page of reference, by app."""
    ours = {name: app for name, app in get_commands().items() if app in _apps()}
    lines = [_HEAD]
    for app in _apps():
        names = sorted(name for name in ours if ours[name] == app)
        if not names:
            continue
        lines += [f"## {app}", "", "| command | what it does | example |", "|---|---|---|"]
        for name in names:
            command = load_command_class(app, name)
            words = " ".join(command.help.split()).replace("|", "\\|")
            example = str(getattr(command, "example", "")).replace("|", "\\|")
            shown = f"`{' '.join(example.split())}`" if example else ""
            lines.append(f"| `{name}` | {words} | {shown} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _apps() -> tuple[str, ...]:
    return ("integrationhub", *settings.HUB_APPS)
