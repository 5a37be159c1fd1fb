"""Make everything ready for `make run`, which calls this before it starts the processes."""

import json
import socket
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from integrationhub import earlier_versions, privacy

STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Preparing the database", "migrate", {"interactive": False}),
    ("Collecting static files", "collectstatic", {"interactive": False}),
    ("Filling in the demo office", "seed_demo", {}),
    ("Filling in its invoice clients", "seed_demo_payments", {}),
)


class Command(BaseCommand):
    """Bring database, static files and demo office up to date; answer with what starts where."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; a step that fails ends it with its reason."""
        if not settings.HUB_SANDBOX:
            raise CommandError(
                "`make run` is the trial and starts the sandbox, which HUB_SANDBOX=0 forbids. "
                "How production runs stands in deploy/README.md."
            )
        port, sandbox_port = settings.HUB_PORT, settings.HUB_SANDBOX_PORT
        if port == sandbox_port:
            raise CommandError("HUB_PORT and HUB_SANDBOX_PORT are the same; choose two ports.")
        check_port(port, setting="HUB_PORT", purpose="the hub's pages")
        check_port(sandbox_port, setting="HUB_SANDBOX_PORT", purpose="the sandbox")
        if refusal := earlier_versions.why_refused():
            raise CommandError(refusal)
        privacy.close(settings.HUB_DATA_DIR)
        said = StringIO()
        for title, command, values in STEPS:
            self.stderr.write(f"{title} …")
            quiet = 0 if values else 1
            try:
                call_command(command, stdout=said, verbosity=quiet, **values)
            except (DatabaseError, OSError) as exc:
                raise CommandError(f"{title} failed ({type(exc).__name__}): {exc}") from exc
        found = {
            "port": port,
            "sandbox_port": sandbox_port,
            "data_dir": str(settings.HUB_DATA_DIR),
            "welcome": welcome(port=port, sandbox_port=sandbox_port, seeded=said.getvalue()),
        }
        self.stdout.write(json.dumps(found))


def check_port(port: int, *, setting: str, purpose: str) -> None:
    """
    Make sure that we can listen on the port.

    :raises CommandError: if it is in use, with the setting that chooses another one
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A port in TIME_WAIT is free for a server, which sets this too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise CommandError(
                f"Port {port} ({purpose}) is in use. Stop what uses it, or choose another: "
                f"{setting}={port + 100} make run"
            ) from exc


def welcome(*, port: int, sandbox_port: int, seeded: str) -> str:
    """Return what the person needs to know first."""
    return f"""
Integration Hub is ready:  http://localhost:{port}
The sandbox (stands in for Visma.net):  http://127.0.0.1:{sandbox_port}

{seeded.strip()}

Next:
  1. Sign in as the administrator. *Overview* lists the first steps, and each page offers the
     next one. At Visma, sign in as ola@fjordbyra.example with the password sandbox.
  2. The same by the menu: *Visma.net accounts* → *New account*, *Mappings* → *New mapping* (first
     period 2026-03), *Journals* → *Import* → *Import the sample file*.
  3. Check what will be posted, press *Send*, and open *See its ledger* to watch it arrive.
  4. Sign in as finance, open *Invoices*, choose a client and press *Fetch payments from Visma*.

Ctrl-C stops everything. The data is kept for the next start.
"""
