"""What every test may lean on. The environment is set before anything of Django is imported."""

import atexit
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests import environment

_data_dir = environment.make_data_dir()
atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)
environment.prepare(_data_dir)

import django  # noqa: E402
from django.conf import settings as django_settings  # noqa: E402
from django.contrib.contenttypes.management import create_contenttypes  # noqa: E402
from django.db.models.signals import post_migrate  # noqa: E402
from django.utils import translation  # noqa: E402

from integrationhub import celery, configuration  # noqa: E402

# Holds every request of the hub's connectors to the vendor's contract.
pytest_plugins = ("tests.contracts.recorder", "tests.fuzz.report", "tests.recovery.report")

XDIST_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

if not environment.SERVICES:
    # A file, since threads and processes of a test share it; in memory they could not.
    django_settings.DATABASES["default"]["TEST"] = {"NAME": str(_data_dir / "test.sqlite3")}
# One run's wake-ups must not reach the tests of another process beside it.
django_settings.CELERY_TASK_DEFAULT_QUEUE = f"hub-test-{os.getpid()}"
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
django_settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
django_settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# WhiteNoise warns of a folder that only `collectstatic` makes.
Path(django_settings.STATIC_ROOT).mkdir(exist_ok=True)
django.setup()
# As a worker does: else each search for garbage walks through all of Django, as often as tests make
# objects.
celery.collect_seldom()
# The hub's rights are its own: nothing reads those that Django would list after every emptying of
# the tables, which takes ten times as long as the emptying.
post_migrate.disconnect(create_contenttypes)
post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
# A process that runs a share of the tests inherits this environment; with the name in it, Django
# would be read there before this file had its say.
del os.environ["DJANGO_SETTINGS_MODULE"]

environment.refuse_network(
    allow_also=tuple(
        host
        for host in (
            environment.urlsplit(environment.DATABASE_URL).hostname,
            environment.urlsplit(environment.BROKER_URL).hostname,
        )
        if host and environment.SERVICES
    )
)


def pytest_configure(config: pytest.Config) -> None:
    """Stop with words when the tier's servers are not there: a skipped tier proves nothing."""
    if environment.SERVICES and (missing := environment.missing_services()):
        pytest.exit("The services tier cannot run. " + " ".join(missing), returncode=2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Put what waits for processes and browsers first: run last, it would keep one core busy alone.

    What a browser looks at, and what code says that knows no database, is the same on both tiers:
    the embedded one shows it.
    """
    if environment.SERVICES:
        elsewhere = pytest.mark.skip(
            reason="a page is the same on every database: the embedded tier shows it"
        )
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(elsewhere)
        shown_elsewhere = [item for item in items if _knows_no_database(item)]
        config.hook.pytest_deselected(items=shown_elsewhere)
        items[:] = [item for item in items if not _knows_no_database(item)]
    slow = {item.path for item in items if any(map(item.get_closest_marker, _WAITS))}
    items.sort(key=lambda item: item.path not in slow)


_WAITS = ("processes", "browser")
_PURE = {
    Path(__file__).parent / folder
    for folder in (
        "connectors",
        "contracts",
        "fuzz",
        "journals/rules",
        "payments/rules",
        "sandbox",
        "sources/readers",
    )
}


def _knows_no_database(item: pytest.Item) -> bool:
    in_pure = not _PURE.isdisjoint(item.path.parents)
    return in_pure and item.get_closest_marker("django_db") is None


def pytest_report_header() -> str:
    """Say which tier runs."""
    engine = django_settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    broker = django_settings.CELERY_BROKER_URL.partition(":")[0]
    tier = "services" if environment.SERVICES else "embedded"
    return f"tier: {tier} (database {engine}, broker {broker})"


@pytest.fixture(autouse=True)
def english() -> None:
    """Begin in English: a test client leaves the language of its last person behind."""
    translation.activate("en")


@pytest.fixture(scope="session", autouse=True)
def _tests_may_empty_the_audit_trail() -> Iterator[None]:
    """
    Let the emptying of all tables after a test leave out the triggers of the audit trail.

    They refuse SQLite's DELETE and PostgreSQL's TRUNCATE. Nothing but the flush of a test, by the
    tables' owner, gets around them.
    """
    from django.db import connection

    DatabaseOperations = type(connection.ops)  # noqa: N806
    before = DatabaseOperations.sql_flush

    def without_triggers(self: Any, style: Any, tables: Any, **options: Any) -> list[str]:
        statements: list[str] = before(self, style, tables, **options)
        if environment.SERVICES:
            return [_TRUNCATING.format("DISABLE"), *statements, _TRUNCATING.format("ENABLE ALWAYS")]
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        drop = [f'DROP TRIGGER "{name}"' for name, _sql in triggers]
        return [*drop, *statements, *(sql for _name, sql in triggers)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", without_triggers)
        yield


_ANY_TIME = {
    False: (
        "DROP TRIGGER audit_is_never_dated_otherwise",
        "CREATE TRIGGER audit_is_never_dated_otherwise BEFORE INSERT ON audit_auditentry"
        " WHEN 0 BEGIN SELECT 1; END",
    ),
    True: (
        "CREATE OR REPLACE FUNCTION audit_is_now() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
    ),
}
"""By whether it is the services tier."""

_TRUNCATING = "ALTER TABLE audit_auditentry {} TRIGGER audit_is_never_truncated"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """
    Let the clock of a test be another one than the database's, and the database be dropped at last.

    The audit trail takes only entries of now; `tests/audit/test_models.py` puts that trigger
    back to try it. A thread of some test may still hold a connection at the end.
    """
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for statement in _ANY_TIME[environment.SERVICES]:
            cursor.execute(statement)
    yield
    if environment.SERVICES:
        with django_db_blocker.unblock():
            connection.close()  # the last test's may be gone; this is no test of it
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


# --- Work in the background ---------------------------------------------------------------


class Worker:
    """Runs due work here and now, in the order in which it was enqueued."""

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, int]]] = []

    def run_due_work(self, *, now: datetime | None = None, rounds: int = 100) -> int:
        """
        Sweep and run tasks until nothing is due, and return how many ran.

        :param now: the time that the tasks see; without it, the clock's
        """
        if now is None:
            return self._run(rounds=rounds)
        import time_machine

        with time_machine.travel(now, tick=False):
            return self._run(rounds=rounds)

    def _run(self, *, rounds: int) -> int:
        from celery import current_app
        from django.utils import timezone

        from integrationhub import sweeping

        ran = 0
        for _round in range(rounds):
            before, django_settings.HUB_PROCESS = django_settings.HUB_PROCESS, "worker"
            try:
                sweeping.enqueue_all(now=timezone.now())
                due, self.published = self.published, []
                for name, ids in due:
                    current_app.tasks[name](**ids)
                    ran += 1
            finally:
                django_settings.HUB_PROCESS = before
            if not due:
                return ran
        raise AssertionError(f"Work was still due after {rounds} rounds; the last: {due}")


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """Return a worker that runs only on request: no broker, no thread."""
    from background import enqueueing

    here = Worker()

    def publish(task: str, ids: dict[str, int]) -> None:
        here.published.append((task, ids))

    monkeypatch.setattr(enqueueing, "_publish", publish)
    # In a test's own transaction nothing is ever committed; what would follow follows at once.
    monkeypatch.setattr(
        enqueueing.transaction, "on_commit", lambda call, using=None, robust=False: call()
    )
    return here


@pytest.fixture
def run_due_work(worker: Worker) -> Callable[..., int]:
    """Return the one thing most tests want of a worker."""
    return worker.run_due_work


@pytest.fixture(autouse=True)
def budgets(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return budgets of calls that begin again with each test, by the test's clock, unpaced."""
    from django.utils import timezone

    from accounts.operations import rate_limits
    from tests.in_process import InProcess, Named

    class Unpaced(InProcess):
        def wait_for(self, *, key: str, per_second: int) -> float:
            return super().wait_for(key=key, per_second=0)

    here = Unpaced(clock=lambda: timezone.now().timestamp())
    monkeypatch.setattr(
        rate_limits,
        "for_connection",
        lambda connection, **_alone: Named(here, rate_limits.names_of(connection)),
    )
    return here


@pytest.fixture(autouse=True)
def _a_worker_may_just_be_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no page of a test say that the worker has stopped, unless the test sets a clock."""
    from datetime import UTC

    from background import workers

    monkeypatch.setattr(workers, "started_at", datetime.max.replace(tzinfo=UTC))


@pytest.fixture(autouse=True)
def _no_worker_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test inherit the clocks that another one's worker has looked at."""
    from accounts.operations import continuity

    monkeypatch.setattr(continuity, "_watch", type(continuity._watch)())


# --- The sandbox --------------------------------------------------------------------------


@dataclass(frozen=True)
class SandboxServer:
    """A running sandbox: where it answers, and the ledger behind it."""

    url: str
    store: Any


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    """Serve one sandbox on a loopback port for the whole session."""
    from sandbox.app import make_app
    from sandbox.server import serve
    from sandbox.store import Store

    store = Store()
    with serve(make_app(store)) as server:
        yield SandboxServer(url=server.url, store=store)
    store.close()


@pytest.fixture
def sandbox(sandbox_server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """Return the sandbox as new, and make the hub talk to it."""
    sandbox_server.store.reset()
    # PowerOffice Go's ten calls a second are for the tests of limits; others do not wait.
    sandbox_server.store.set(go_rate_limit=0)
    values = configuration.sandbox_values(
        django_settings.BASE_DIR / "sandbox" / "hub.env", sandbox_url=sandbox_server.url
    )
    for name, value in values.items():
        monkeypatch.setitem(django_settings.HUB_VENDORS, name, value)
    return sandbox_server


# --- A browser ----------------------------------------------------------------------------


# Milliseconds: what is waited for is a condition, this is only how long a loaded machine may take.
BROWSER_PATIENCE = 120_000


def chromium() -> str:
    """Return the path of the Chromium to drive, or nothing."""
    named = os.environ.get("HUB_CHROMIUM", "")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or ""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start one Chromium for the session."""
    path = chromium()
    if not path:
        pytest.skip("no Chromium found (apt-get install chromium, or set HUB_CHROMIUM)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, timeout=BROWSER_PATIENCE)
        yield running
        running.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Open a fresh page: no cookies, no storage."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Stockholm")
    context.set_default_timeout(BROWSER_PATIENCE)
    yield context.new_page()
    context.close()
