"""Confirm that this machine works for the only living installation, so that it may send."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.models import Host
from accounts.operations import hosts, installation
from organisations.management.commands._command import HubCommand
from outbox import recovery

_STATE = "no-other-copy-is-running"


class Command(HubCommand):
    """Confirm that this machine works for the only living installation, so that it may send."""

    help = (
        "A machine that nobody has confirmed sends nothing and renews no sign-in: its database "
        "may be a copy of one that is still at work. Several machines on one database are usual; "
        "each is confirmed once. If another copy of the database is alive, everything is booked "
        "twice: stop it first, for good. After a restore run after_restore too."
    )
    example = f"manage.py confirm_installation --{_STATE}"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add which machine, and the statement that goes with it."""
        super().add_arguments(parser)
        parser.add_argument(
            f"--{_STATE}",
            action="store_true",
            dest="stated",
            help="I have made sure that no copy of this installation's database is in use "
            "anywhere else: no old server, no restored backup, no test system",
        )
        parser.add_argument(
            "--machine", default="", metavar="ID", help="another one than this, as --list shows it"
        )
        parser.add_argument("--list", action="store_true", help="show the machines, change nothing")
        parser.add_argument(
            "--forget", action="store_true", help="take the machine off the list: it sends no more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Confirm it, or say what must be stated first."""
        now = timezone.now()
        installation.why_stopped(now=now)  # writes down that this machine is here
        if options["list"]:
            self._list(options)
            return
        host = self._chosen(options["machine"])
        try:
            if options["forget"]:
                hosts.forget(identity=host.identity, by=None)
                self.answer(options, f"{host} is forgotten; it sends nothing.", _values(host))
                return
            if not options["stated"]:
                raise CommandError(
                    f"{host} sends nothing until it is confirmed. If any other copy of this "
                    "database is in use (an old server, a restored backup, a test system), "
                    "confirming this one books everything twice. Stop the other one for good, "
                    f"then run: {self.example}"
                )
            host = hosts.confirm(identity=host.identity, by=None, now=now)
        except hosts.NoSuchHost:
            raise CommandError(f"{host} is confirmed already.") from None
        recovery.resume(now=now)
        self.answer(
            options,
            f"{host} is confirmed. Each ledger is asked before anything is sent there.",
            _values(host),
        )

    def _list(self, options: dict[str, Any]) -> None:
        rows = [_values(host) for host in Host.objects.order_by("first_seen_at", "pk")]
        lines = [
            f"{row['machine'][:12]}  {'confirmed    ' if row['confirmed'] else 'NOT CONFIRMED'}  "
            f"{row['name']}  {row['place']}  last seen {row['seen_at']}"
            for row in rows
        ]
        self.answer(options, "\n".join(lines) or "No machine was seen yet.", {"machines": rows})

    @staticmethod
    def _chosen(identity: str) -> Host:
        wanted = identity or hosts.surroundings().identity
        found = list(Host.objects.filter(identity__startswith=wanted)[:2])
        if len(found) != 1:
            raise CommandError(f"--machine: {identity} is not one of those that --list shows.")
        return found[0]


def _values(host: Host) -> dict[str, Any]:
    return {
        "machine": host.identity,
        "name": host.name,
        "place": host.place,
        "confirmed": host.confirmed_at is not None,
        "seen_at": host.seen_at.isoformat(),
    }
