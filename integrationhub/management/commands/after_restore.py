"""Tell the hub that its database was restored, so that the ledgers are asked before anything."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.operations import installation, restoring
from journals.operations.restoring import BATCHES
from organisations.management.commands._command import HubCommand
from outbox import recovery
from payments.operations.restoring import REGISTRATIONS


class Command(HubCommand):
    """Treat everything between a backup and now as having an unknown outcome."""

    help = (
        "Run this once after the database was restored from a backup, before a worker is started. "
        "Whatever is sent for the first time from now on is looked for in the ledger before, "
        "journals and payments alike; "
        "interactive accounts must sign in again, since a one-time token that is used twice "
        "revokes every company of its person; requests that waited are ended."
    )
    example = "manage.py after_restore --backup-taken-at 2026-03-25T02:00:00Z --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add when the backup was taken, and how long to look."""
        super().add_arguments(parser)
        parser.add_argument(
            "--backup-taken-at",
            metavar="TIME",
            help="when the backup was taken, as 2026-03-25T02:00:00Z; rather too early than too "
            "late. Left out: when a worker last wrote into it, if the restore was noticed",
        )
        parser.add_argument(
            "--watch-days",
            type=int,
            default=restoring.WATCH.days,
            metavar="DAYS",
            help="how long what is sent first is looked for (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Declare the restore and say what follows."""
        if options["watch_days"] < 1:
            raise CommandError("--watch-days: at least 1.")
        try:
            declared = restoring.declare_restore(
                backup_taken_at=_time(options["backup_taken_at"]),
                now=timezone.now(),
                watch=timedelta(days=options["watch_days"]),
            )
        except restoring.NotThatOld as refused:
            raise CommandError(str(refused)) from refused
        recovery.ask_again(now=declared.restore.at)
        recovery.resume(now=declared.restore.at)
        unknown = recovery.count_unknown(BATCHES)
        payments = recovery.count_unknown(REGISTRATIONS)
        restore = declared.restore
        values = {
            "backup_taken_at": restore.backup_taken_at.isoformat(),
            "watch_until": restore.watch_until.isoformat(),
            "unknown_outcome": unknown,
            "unknown_payments": payments,
            "sign_in_again": declared.sign_in_again,
            "requests_ended": declared.requests_ended,
        }
        accounts = ", ".join(declared.sign_in_again) or "none"
        self.answer(
            options,
            "The outcome of everything since "
            f"{restore.backup_taken_at:%Y-%m-%d %H:%M %Z} is unknown: "
            f"{sum(unknown.values())} batches, {sum(payments.values())} payments, and what is "
            f"imported or fetched until {restore.watch_until:%Y-%m-%d}, are looked for in the "
            "ledger before they are sent.\n"
            f"Accounts that must sign in again: {accounts}.\n"
            f"Requests that were ended: {declared.requests_ended}.\n"
            f"{_next_step()}",
            values,
        )


def _next_step() -> str:
    stopped = installation.why_stopped(now=timezone.now())
    if stopped is None:
        return "Workers may be started now."
    return "This machine is not confirmed yet. Run: manage.py confirm_installation"


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as exc:
        raise CommandError(f"--backup-taken-at: {text!r} is no time; write {_EXAMPLE}.") from exc
    if time.tzinfo is None:
        raise CommandError(f"--backup-taken-at: {text!r} names no time zone; write {_EXAMPLE}.")
    return time.astimezone(UTC)


_EXAMPLE = "2026-03-25T02:00:00Z or 2026-03-25T03:00:00+01:00"
