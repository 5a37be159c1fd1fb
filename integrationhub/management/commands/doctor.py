"""What is configured, what answers, and what is wrong: the first thing to ask in trouble."""

import json
import shutil
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.operations import hosts
from integrationhub import configuration, earlier_versions, privacy, readiness
from integrationhub.readiness import Finding
from organisations.models import Organisation

CALL_TIMEOUT = (3.05, 10)
DISK_AT_LEAST_MB = 500
CLOCK_MAY_DIFFER = timedelta(seconds=60)
DISCOVERY = "/.well-known/openid-configuration"


def check_migrations() -> Finding:
    """Look whether the database has the shape that this version needs."""
    if refusal := earlier_versions.why_refused():
        return Finding("migrations", False, refusal)
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as exc:
        return Finding("migrations", False, f"Could not be asked ({type(exc).__name__}).")
    if waiting:
        return Finding("migrations", False, f"{len(waiting)} are waiting. Run: manage.py migrate")
    return Finding("migrations", True, "The database is up to date.")


def check_names() -> Finding:
    """Look for variables that look like the hub's and are none: a slip of the pen."""
    if settings.HUB_UNKNOWN:
        return Finding(
            "settings",
            False,
            f"Nothing reads {', '.join(settings.HUB_UNKNOWN)}. "
            "docs/reference/settings.md lists every name.",
        )
    return Finding("settings", True, "Every HUB_ variable is one that the hub reads.")


def check_keys() -> Finding:
    """Encrypt and decrypt with every key."""
    try:
        for key in settings.HUB_ENCRYPTION_KEYS:
            box = Fernet(key)
            box.decrypt(box.encrypt(b"hub"))
    except (ValueError, InvalidToken):
        return Finding("keys", False, "A key of HUB_ENCRYPTION_KEYS cannot be used.")
    return Finding("keys", True, f"{len(settings.HUB_ENCRYPTION_KEYS)} can be used.")


def check_audit_trail() -> Finding:
    """Look whether the database still refuses to change the audit trail, and to whom."""
    on_postgresql = connection.vendor == "postgresql"
    try:
        with connection.cursor() as cursor:
            cursor.execute(_TRIGGERS_ON_POSTGRESQL if on_postgresql else _TRIGGERS_ON_SQLITE)
            there = {name for (name,) in cursor.fetchall()}
            owner = False
            if on_postgresql:
                cursor.execute(_MAY_CHANGE_TRIGGERS)
                (owner,) = cursor.fetchone() or (False,)
    except DatabaseError as exc:
        return Finding("audit trail", False, f"Could not be asked ({type(exc).__name__}).")
    missing = (_ON_POSTGRESQL if on_postgresql else _ON_SQLITE) - there
    if missing:
        return Finding(
            "audit trail",
            False,
            f"Triggers that keep it from being changed are off ({', '.join(sorted(missing))}). "
            "Restore them from a backup of the schema, and find out who did it.",
        )
    if owner and not settings.HUB_SANDBOX:
        return Finding(
            "audit trail",
            False,
            "The role that the hub connects as owns the tables and could switch the refusal off. "
            "Use two roles: deploy/postgresql/ and deploy/README.md.",
        )
    return Finding("audit trail", True, "Entries can only be added.")


_ON_POSTGRESQL = {
    "audit_is_append_only",
    "audit_is_never_truncated",
    "audit_is_never_dated_otherwise",
}
_ON_SQLITE = {
    "audit_is_never_changed",
    "audit_is_never_deleted",
    "audit_is_never_replaced",
    "audit_is_never_put_between",
    "audit_is_never_dated_otherwise",
}
_TRIGGERS_ON_SQLITE = (
    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_auditentry'"
)
_TRIGGERS_ON_POSTGRESQL = (
    "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_auditentry'::regclass AND tgenabled = 'A'"
)
_MAY_CHANGE_TRIGGERS = (
    "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = 'audit_auditentry'::regclass"
)


def check_invitations() -> Finding:
    """Look whether invitations prove a mailbox where several organisations share the hub."""
    if settings.HUB_SENDS_MAIL:
        return Finding("invitations", True, "They go by e-mail.")
    try:
        several = Organisation.objects.count() > 1
    except DatabaseError as exc:
        return Finding("invitations", False, f"Could not be asked ({type(exc).__name__}).")
    if several and not settings.HUB_SANDBOX:
        return Finding(
            "invitations",
            False,
            "Several organisations share this hub, and links of invitations are handed over. "
            "Set HUB_EMAIL_URL, so that they prove the mailbox.",
        )
    return Finding("invitations", True, "Their links are handed over; no mail server is set.")


def check_disk() -> Finding:
    """Look how much room the data folder has."""
    free = shutil.disk_usage(settings.HUB_DATA_DIR).free // 1024**2
    if free < DISK_AT_LEAST_MB:
        return Finding("disk", False, f"Only {free} MB are free in {settings.HUB_DATA_DIR}.")
    return Finding("disk", True, f"{free} MB are free in {settings.HUB_DATA_DIR}.")


def check_privacy() -> Finding:
    """Look whether somebody else on this machine may read what the hub keeps in files."""
    found = [str(path) for path in privacy.open_to_others(settings.HUB_DATA_DIR)]
    if found:
        return Finding(
            "data folder",
            False,
            f"Others on this machine may open {found[0]}"
            + (f" and {len(found) - 1} more" if found[1:] else "")
            + f". Run: chmod -R go= {settings.HUB_DATA_DIR}",
        )
    return Finding("data folder", True, f"{settings.HUB_DATA_DIR} is the hub's alone.")


def check_vendors(get: Callable[..., requests.Response]) -> Iterator[Finding]:
    """Call every vendor address once, and compare the clocks on the way."""
    clock: Finding | None = None
    for setting in configuration.vendor_table():
        if not setting.name.endswith("_URL"):
            continue
        url = settings.HUB_VENDORS[setting.name].rstrip("/")
        if not url:
            unused = not setting.required_when
            words = "Not set: not used." if unused else f"Not set. {setting.explanation}."
            yield Finding(setting.name, unused, words)
            continue
        try:
            response = get(url + DISCOVERY, timeout=CALL_TIMEOUT, allow_redirects=False)
        except requests.RequestException as exc:
            yield Finding(
                setting.name,
                False,
                f"{url} does not answer ({type(exc).__name__}). "
                "Check the address, the firewall and the certificate.",
            )
            continue
        clock = clock or check_clock(response)
        # Only an identity service has the page; of another, any answer shows that it is there.
        if response.status_code >= requests.codes.server_error:
            yield Finding(setting.name, False, f"{url} answers with {response.status_code}.")
        else:
            yield Finding(setting.name, True, f"{url} answers.")
    if clock is not None:
        yield clock


def check_clock(response: requests.Response) -> Finding | None:
    """Compare our clock with the vendor's: tokens live by it."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    apart = abs(datetime.now(UTC) - theirs)
    seconds = int(apart.total_seconds())
    if apart > CLOCK_MAY_DIFFER:
        return Finding("clock", False, f"{seconds} s from the vendor's. Set up time (NTP).")
    return Finding("clock", True, f"{seconds} s from the vendor's.")


def check_production() -> Finding:
    """Say in which mode the hub runs, and what does not fit with it."""
    if settings.HUB_SANDBOX:
        return Finding("mode", True, "Trial with the sandbox (HUB_SANDBOX=1).")
    if settings.HUB_BROKER_IS_EMBEDDED:
        return Finding("mode", False, "Production, but CELERY_BROKER_URL is the embedded broker.")
    return Finding("mode", True, "Production (HUB_SANDBOX=0).")


def check_identity() -> Finding:
    """Say whether a machine in production would wait for an operator after its next start."""
    if settings.HUB_INSTALLATION_ID:
        return Finding("identity", True, f"HUB_INSTALLATION_ID is {settings.HUB_INSTALLATION_ID}.")
    if not hosts.may_look_like_another():
        return Finding("identity", True, "The machine's own id.")
    return Finding(
        "identity",
        settings.HUB_SANDBOX,
        "This machine has no lasting id (a container, or none in /etc/machine-id). Set "
        "HUB_INSTALLATION_ID, the same for all containers of this database; else each new one "
        "waits for an operator and sends nothing meanwhile.",
    )


def check_safety() -> Iterator[Finding]:
    """Name each setting that production bears and should not have; most stop its start."""
    for weakness in settings.HUB_WEAKNESSES:
        yield Finding(weakness.name, False, weakness.text[:1].upper() + weakness.text[1:])


class Command(BaseCommand):
    """Say what is configured, what answers, and what is wrong."""

    help = (
        "Say what is configured, what answers, and what is wrong. "
        "The exit code is 0 only when all is well.\n\nExample: manage.py doctor --json"
    )
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--offline", action="store_true", help="do not call the vendors")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [
            check_production(),
            check_identity(),
            *check_safety(),
            *readiness.check_all(now=timezone.now()),
            check_migrations(),
            check_names(),
            check_keys(),
            check_audit_trail(),
            check_invitations(),
            check_disk(),
            check_privacy(),
        ]
        if not options["offline"]:
            findings += check_vendors(requests.get)
        well = all(finding.ok for finding in findings)
        if options["json"]:
            report = {"ok": well, "checks": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(report, indent=2))
        else:
            width = max(len(finding.name) for finding in findings)
            for finding in findings:
                mark = "ok   " if finding.ok else "WRONG"
                self.stdout.write(f"{mark} {finding.name:<{width}}  {finding.text}")
        if not well:
            sys.exit(1)
