#!/usr/bin/env python3
"""Django's command line. `./manage.py help` lists what the hub can do without a browser."""

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrationhub.settings")
    try:
        from django.core.management import execute_from_command_line

        from integrationhub.configuration import Misconfigured
    except ImportError as exc:
        raise SystemExit(
            "Django is not installed for this Python. "
            "Run `make install` once, then `.venv/bin/python manage.py …`."
        ) from exc
    try:
        execute_from_command_line(sys.argv)
    except Misconfigured as exc:
        raise SystemExit(str(exc)) from None


if __name__ == "__main__":
    main()
