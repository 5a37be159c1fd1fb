"""
Processes of the hub that kill themselves (SIGKILL) at the crash point in `HUB_DIE_AT`.

Run by the tests of kill points: python -m tests.recovery.doomed DATABASE, with the environment
of the suite. It reads one order a line, starts a process for it (a fork, so that Django is loaded
once) and answers with the exit status; 0 means that the process outlived its part.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Doomed:
    """A process that starts others, which die at their crash points."""

    process: subprocess.Popen[str]

    def run(self, *, part: str, row: int, crash_at: str) -> int:
        """Let a real process do its part until it dies; return its exit status."""
        from django.conf import settings

        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"part": part, "row": row, "crash_at": crash_at}
        vendors = {"vendors": settings.HUB_VENDORS}
        self.process.stdin.write(json.dumps(order | vendors) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def started(database: str, queue: str) -> Iterator[Doomed]:
    """Start the process that starts the doomed ones, on that database."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.recovery.doomed", database, queue],
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Doomed(process)
        assert process.stdin is not None
        process.stdin.close()


def web(journal_id: int) -> None:
    """Press Send in a person's session, through the whole of Django."""
    from journals.models import Journal

    _press("journals:send", Journal.objects.get(pk=journal_id))


def payments_web(client_id: int) -> None:
    """Press Fetch in a person's session, through the whole of Django."""
    from payments.models import InvoiceClient

    _press("payments:fetch", InvoiceClient.objects.get(pk=client_id))


def _press(button: str, row: Any) -> None:
    from django.test import Client
    from django.urls import reverse

    from organisations.models import Membership

    browser = Client()
    browser.force_login(
        Membership.objects.get(organisation=row.organisation).user,
        backend="organisations.backends.HubBackend",
    )
    browser.post(reverse(button, args=[row.pk]))


def preparer(journal_id: int) -> None:
    """Check a journal, as a worker."""
    from journals.tasks import prepare_journal

    prepare_journal(journal_id=journal_id)


def sender(connection_id: int) -> None:
    """Send and prove what is due, as a worker."""
    from journals.tasks import serve_connection

    serve_connection(connection_id=connection_id)


def fetcher(run_id: int) -> None:
    """Go on with a fetch of payments, as a worker."""
    from payments.tasks import fetch

    fetch(run_id=run_id)


def registrar(client_id: int) -> None:
    """Register, block and mark what is due for an invoice client, as a worker."""
    from payments.tasks import serve_client

    serve_client(client_id=client_id)


def request_runner(background_request_id: int) -> None:
    """Do what a person waits for, as a worker."""
    from background.tasks import run_request

    run_request(background_request_id=background_request_id)


def starter(_: int) -> None:
    """Look for the first time, as the pulse of a worker that has just started does."""
    from django.utils import timezone

    from accounts.operations import continuity, installation

    continuity.begin()
    installation.beat(now=timezone.now())


def sweeper(_: int) -> None:
    """Enqueue what is due, as the worker's pulse or the task of it does."""
    from integrationhub.tasks import sweep

    sweep()


def schedule(_: int) -> None:
    """Start what is periodic, as the pulse of a worker does."""
    from django.utils import timezone

    from integrationhub import sweeping

    sweeping.start_periodic(now=timezone.now())


PARTS: dict[str, Callable[[int], None]] = {
    part.__name__: part
    for part in (
        *(web, preparer, sender),
        *(payments_web, fetcher, registrar, request_runner),
        *(starter, sweeper, schedule),
    )
}


def do(order: dict[str, Any]) -> int:
    """Do a part in a process of its own; return the status it ended with."""
    from django.conf import settings

    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        os.environ["HUB_DIE_AT"] = order["crash_at"]
        settings.HUB_VENDORS.update(order["vendors"])
        settings.HUB_PROCESS = "web" if order["part"].endswith("web") else "worker"
        PARTS[order["part"]](order["row"])
        status = 0
    except BaseException:  # noqa: BLE001 (the parent's code must not go on in the child)
        traceback.print_exc()
    finally:
        os._exit(status)


def main(database: str, queue: str) -> None:
    """Wait for orders until there are no more."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "integrationhub.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    # What they tell anybody must not reach a worker of another run beside this one.
    settings.CELERY_TASK_DEFAULT_QUEUE = queue
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    django.setup()
    for line in sys.stdin:
        print(do(json.loads(line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
