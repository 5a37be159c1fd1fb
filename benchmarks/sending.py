"""
Journals to *posted*, as two worker processes send them; beside it, bare `requests`.

Both make the same two calls per batch (post, read back) with the same bytes, with as many calls
in flight, at the same sandbox, to companies of their own. The bare loop neither encodes nor
decodes JSON and keeps nothing: what the hub does between the calls is what is measured.

    sending   batches that are checked and frozen already
    payday    journals from the press of Send: checked against the ledger, frozen, sent, read back
"""

import multiprocessing
import queue
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import requests

from benchmarks.loading import report
from tests.torture import offices
from tests.torture.rig import sandbox
from tests.torture.surroundings import start_django

PROCESSES = 2
"""Of the worker; its threads share the calls in flight."""
COMPANIES = 80
"""
Five for each thread: with one writer per vendor company, 40 in 16 threads leave half of them idle
at the end, and then no hub could reach more than 0.83 of a loop that has no such rule.
"""
_LINES = 200
_LATER = datetime(2100, 1, 1, tzinfo=UTC)
_HUB = [offices.Place(number, offices.PLAIN) for number in range(COMPANIES)]
_BARE = [offices.Place(COMPANIES + number, offices.PLAIN) for number in range(COMPANIES)]


_Post = tuple[str, bytes]
"""Token and body of one call of the bare loop."""


class Setting(NamedTuple):
    """What is sent in one run, how late the vendor answers, and the share asked."""

    in_flight: int
    latency_ms: int
    journals: int
    rounds: int
    aim: float


PLAN = (
    Setting(4, 50, journals=80, rounds=3, aim=0.85),
    Setting(8, 50, journals=160, rounds=3, aim=0.75),
    Setting(16, 50, journals=320, rounds=3, aim=0.60),
    # So few that a company's turn, two seconds, holds its share: there is no sweep here.
    Setting(16, 500, journals=160, rounds=1, aim=0.95),
)


class _Office:
    """An office whose companies are all connected and mapped, and as many for the bare loop."""

    def __init__(self, companies: list[Any], sandbox: str) -> None:
        self.companies, self.sandbox = companies, sandbox
        self.connections = [c.mappings.get().connection_id for c in companies]
        self._tokens = [_token(place) for place in _BARE]
        self._frozen: list[Any] = []
        self._choose, self._made = random.Random(1), 0

    def journal(self, at: int) -> Any:
        """Make a journal of the company at that place, as the import does; it is not sent."""
        self._made += 1
        company, words = self.companies[at % COMPANIES], {"periods": 1, "lines_each": _LINES}
        return offices.make_journal(company, run=str(self._made), choose=self._choose, **words)

    def freeze(self) -> "_Round":
        """Have one journal of each company checked and frozen, as the worker does."""
        from journals.models import Batch
        from journals.operations import preparing, sending

        for at in range(COMPANIES):
            journal = self.journal(at)
            sending.request_sending(journal=journal, by=None, now=_clock())
            if not preparing.prepare(journal_id=journal.pk, clock=_clock):
                found = Batch.objects.get(journal=journal)
                raise SystemExit(f"not prepared: {found.failure_code} {found.problems[:2]}")
            self._frozen.append(Batch.objects.select_related("journal").get(journal=journal))
        Batch.objects.update(not_before=_LATER)
        return self._round(self._frozen)

    def copies(self, count: int) -> "_Round":
        """Return copies of what is frozen, under references and keys of their own."""
        from journals.models import Batch, Journal
        from journals.operations.contents import digest_of

        journals, batches = [], []
        for number in range(count):
            self._made += 1
            frozen, key = self._frozen[number % COMPANIES], f"{self._made:012d}"
            journals.append(_twin(frozen.journal, reference=f"PAYROLL {self._made}", run=key))
            twin = _twin(frozen, key=key, not_before=_LATER)
            twin.description = frozen.description.replace(frozen.key, key)
            twin.digest = digest_of(batch=twin, currency="SEK")
            batches.append(twin)
        for batch, journal in zip(batches, Journal.objects.bulk_create(journals), strict=True):
            batch.journal = journal
        return self._round(Batch.objects.bulk_create(batches, batch_size=50))

    def _round(self, batches: list[Any]) -> "_Round":
        return _Round(self.posts(len(batches)), [batch.pk for batch in batches])

    def posts(self, count: int) -> list[_Post]:
        """Return what the bare loop posts: the same bytes, to companies of its own."""
        from connectors.http.exact_json import to_json
        from connectors.vismanet import payloads
        from journals.operations.contents import to_post

        bodies = [to_json(payloads.journal(to_post(b, currency="SEK"))) for b in self._frozen]
        return [(self._tokens[n % COMPANIES], bodies[n % COMPANIES]) for n in range(count)]

    def late(self, milliseconds: int) -> None:
        """Let the vendor answer every call that much later."""
        url, settings = f"{self.sandbox}/control/settings", {"latency_ms": milliseconds}
        requests.post(url, json=settings, timeout=10).raise_for_status()

    def check(self) -> None:
        """End with an error unless the ledgers hold each batch once, as the hub says."""
        from journals.models import Batch

        ours = Counter(Batch.objects.filter(state="posted").values_list("description", flat=True))
        theirs: Counter[str] = Counter()
        for place in _HUB:
            asked = {"company": place.key, "lines": "false"}
            answer = requests.get(f"{self.sandbox}/control/ledger", params=asked, timeout=30)
            theirs.update(batch["description"] for batch in answer.json()["batches"])
        if ours != theirs or set(theirs.values()) != {1}:
            raise SystemExit(f"Wrong: {ours.total()} posted, {theirs.total()} in the ledgers")


def _token(place: offices.Place) -> str:
    from accounts.models import Connection
    from accounts.operations.tokens import sign_in_for

    service = Connection(vendor="vismanet", kind=Connection.Kind.SERVICE)
    return sign_in_for(service).service_grant(tenant_id=place.tenant_id, now=_clock()).access_token


def _twin(row: Any, **changes: Any) -> Any:
    """Return the same row, not stored yet."""
    values = type(row).objects.filter(pk=row.pk).values().get()
    return type(row)(**values | {"id": None} | changes)


class _Round(NamedTuple):
    """What is sent in one go: the calls of the bare loop, and our batches."""

    posts: list[_Post]
    batches: list[int]

    def make_due(self) -> None:
        """Let the workers find the batches."""
        from journals.models import Batch

        Batch.objects.filter(pk__in=self.batches).update(not_before=datetime.now(UTC))


def _clock() -> datetime:
    return datetime.now(UTC)


# --- The two loops ------------------------------------------------------------------------


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _in_threads(work: Callable[[], None], count: int) -> None:
    """Run the same work in all threads; a failure in one is raised here."""
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work) for _ in range(count)]:
            done.result()


def _send_bare(posts: list[_Post], *, url: str, in_flight: int) -> None:
    waiting: queue.SimpleQueue[_Post] = queue.SimpleQueue()
    for post in posts:
        waiting.put(post)
    address = f"{url}/visma-net/v2/journaltransaction"

    def work() -> None:
        with requests.Session() as session:
            while True:
                try:
                    token, body = waiting.get_nowait()
                except queue.Empty:
                    return
                headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
                wrote = headers | {"Content-Type": "application/json"}
                made = session.post(address, data=body, headers=wrote, timeout=60)
                assert made.status_code == 201, made.text
                number = made.headers["Location"].rpartition("/")[2]
                there = session.get(f"{address}/{number}", headers=headers, timeout=60)
                assert there.status_code == 200, there.text

    _in_threads(work, in_flight)


class _Workers:
    """Processes with threads that carry out the tasks of a queue."""

    def __init__(self, in_flight: int) -> None:
        self._in_flight = in_flight
        context = multiprocessing.get_context("spawn")
        self._waiting: Any = context.JoinableQueue()
        self._ready: Any = context.Barrier(in_flight + 1)
        words = (self._waiting, self._ready, in_flight)
        self._processes = [
            context.Process(target=_work, args=words, daemon=True) for _ in range(PROCESSES)
        ]

    def __enter__(self) -> "_Workers":
        for process in self._processes:
            process.start()
        self._ready.wait(120)
        return self

    def __exit__(self, *_failure: object) -> None:
        for _ in range(self._in_flight):
            self._waiting.put(None)
        for process in self._processes:
            process.join(10)

    def enqueue(self, task: str, ids: dict[str, int]) -> None:
        """Hand a row to a worker, as the broker does."""
        self._waiting.put((task, ids))

    def serve(self, connections: list[int]) -> None:
        """Serve those connections until nothing of theirs is due."""
        for connection_id in connections:
            self.enqueue("journals.tasks.serve_connection", {"connection_id": connection_id})
        self._waiting.join()


def _work(waiting: Any, ready: Any, in_flight: int) -> None:
    """Be one worker process: its threads carry out tasks until the queue ends."""
    start_django()
    from django.conf import settings
    from django.db import connections as databases
    from django.utils.module_loading import import_string

    from accounts.models import Connection
    from background import enqueueing
    from integrationhub.celery import say_that_this_is_a_worker

    say_that_this_is_a_worker(sender=None)
    settings.HUB_WORKER_THREADS = in_flight
    enqueueing._publish = lambda task, ids: waiting.put((task, ids))

    def work() -> None:
        try:
            Connection.objects.exists()  # a worker that runs has its connection to the database
            ready.wait(120)
            while (task := waiting.get()) is not None:
                try:
                    import_string(task[0])(**task[1])
                finally:
                    waiting.task_done()
            waiting.task_done()
        finally:
            databases.close_all()

    _in_threads(work, in_flight // PROCESSES)


# --- Measuring ----------------------------------------------------------------------------


def main(port: int, *, flows: list[str], quick: bool) -> None:
    """Measure in this process, which was given the environment, and print a line for each."""
    start_django()
    from django.conf import settings

    settings.HUB_PROCESS = "worker"
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="hub-bench-sandbox-") as folder:
        data = Path(folder) / "sandbox.sqlite3"
        offices.make_sandbox_file(data, [*_HUB, *_BARE])
        with sandbox(url, data=data):
            office = _Office(offices.make_offices(_HUB, count=1)[0].companies, url)
            first = office.freeze()
            if "sending" in flows:
                _measure_sending(office, first, PLAN[:1] if quick else PLAN)
            if "payday" in flows:
                _measure_payday(office, in_flight=16, journals=COMPANIES * (1 if quick else 3))
            office.check()


def _measure_sending(office: _Office, first: _Round, plan: tuple[Setting, ...]) -> None:
    warm = [first, *(office.copies(COMPANIES) for _ in plan[1:])]
    rounds = [[office.copies(each.journals) for _ in range(each.rounds)] for each in plan]
    _settle()
    for setting, unhurried, some in zip(plan, warm, rounds, strict=True):
        with _Workers(setting.in_flight) as workers:
            unhurried.make_due()  # a worker lives for weeks: its first batches are not timed
            workers.serve(office.connections)
            office.late(setting.latency_ms)
            pairs = _pairs(setting, some, office, partial(workers.serve, office.connections))
            office.late(0)
        pairs.sort(key=lambda pair: pair[0] / pair[1])
        bare, hub = pairs[len(pairs) // 2]
        name = f"sending, {setting.in_flight} in flight at {setting.latency_ms} ms"
        shares, rate = [floor / ours for floor, ours in pairs], setting.journals / hub
        floor = setting.journals / bare
        report(name, rate, "batches/s", floor=floor, aim=setting.aim, rounds=shares)


def _pairs(
    setting: Setting, rounds: list[_Round], office: _Office, send: Callable[[], None]
) -> list[tuple[float, float]]:
    """
    Return for each round the seconds of the floor and of the hub.

    The machine is not equally fast at all times: the floor is the mean of the runs before and
    after the hub's.
    """

    def floor(posts: list[_Post]) -> float:
        return _seconds(partial(_send_bare, posts, url=office.sandbox, in_flight=setting.in_flight))

    before, pairs = floor(rounds[0].posts), []
    for each in rounds:
        each.make_due()
        hub = _seconds(send)
        after = floor(each.posts)
        pairs.append(((before + after) / 2, hub))
        before = after
    return pairs


def _measure_payday(office: _Office, *, in_flight: int, journals: int) -> None:
    from django.conf import settings

    from background import enqueueing
    from integrationhub import sweeping
    from journals.models import Batch
    from journals.operations import sending

    settings.HUB_WORKER_THREADS = in_flight
    made = [office.journal(number) for number in range(journals)]
    posts = office.posts(journals)

    def press() -> None:
        for journal in made:
            sending.request_sending(journal=journal, by=None, now=_clock())
        while Batch.objects.filter(journal__in=made).exclude(state="posted").exists():
            sweeping.enqueue_all(now=_clock())
            time.sleep(0.1)

    with _Workers(in_flight) as workers:
        publish, enqueueing._publish = enqueueing._publish, workers.enqueue
        office.late(50)
        hub = _seconds(press)
        bare = _seconds(partial(_send_bare, posts, url=office.sandbox, in_flight=in_flight))
        office.late(0)
        enqueueing._publish = publish
    name = f"payday, {journals} journals pressed at once"
    report(name, journals / hub, "batches/s", floor=journals / bare)


def _settle() -> None:
    """Let the database have done with what it was filled with, as it has when a payroll is sent."""
    from django.db import connection

    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if on_postgresql else "PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    main(int(sys.argv[1]), flows=sys.argv[2].split(","), quick=sys.argv[3] == "True")
