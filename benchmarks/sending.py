"""
Prepared batches to *posted*, as two worker processes send them; beside it, bare `requests`.

Both make the same two calls per batch (post, read back) with the same bytes, with as many calls
in flight, at the same sandbox, to companies of their own. The bare loop neither encodes nor
decodes JSON and keeps nothing: what the hub does between the calls is what is measured.
"""

import argparse
import multiprocessing
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tests.torture.surroundings import ROOT, start_django

PROCESSES = 2
"""Of the worker; its threads share the calls in flight."""
COMPANIES = 80
"""
Five for each thread: with one writer per vendor company, 40 in 16 threads leave half of them idle
at the end, and then no hub could reach more than 0.83 of a loop that has no such rule.
"""
_TARGETS = {50: 0.85, 500: 0.95}
_DAY = date(2026, 3, 25)
_LATER = datetime(2100, 1, 1, tzinfo=UTC)
_ACCOUNTS = ["7010", "7081", "7210", "7281", "7510"]
_CENTRES, _UNITS = ["0100", "0200", "0300", "0400"], ["K10", "K20", "K30"]


@dataclass(frozen=True, slots=True)
class Post:
    """One call of the bare loop."""

    token: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Setting:
    """What is sent in one run, how late the vendor answers, and how often that is measured."""

    in_flight: int
    latency_ms: int
    journals: int
    times: int

    def __str__(self) -> str:
        return f"{self.latency_ms} ms, {self.in_flight:2}"


PLAN = (
    Setting(in_flight=4, latency_ms=50, journals=160, times=5),
    Setting(in_flight=8, latency_ms=50, journals=320, times=5),
    Setting(in_flight=16, latency_ms=50, journals=480, times=5),
    # So few that a company's turn, two seconds, holds its share: there is no sweep here.
    Setting(in_flight=16, latency_ms=500, journals=160, times=1),
)
QUICK_PLAN = tuple(
    Setting(in_flight=in_flight, latency_ms=50, journals=80, times=1) for in_flight in (4, 16)
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: seconds on the wall, and of processor here and in the sandbox."""

    seconds: float
    own_cpu: float
    sandbox_cpu: float


# --- The sandbox --------------------------------------------------------------------------


def _tenant(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}-{number}"))


def _key(kind: str, number: int) -> str:
    return f"{kind}{number:02d}"


@contextmanager
def _sandbox(port: int) -> Iterator["_Sandbox"]:
    """Run the sandbox in a process of its own, with companies for both loops."""
    from sandbox.company import Company
    from sandbox.store import Store

    with tempfile.TemporaryDirectory(prefix="hub-bench-sandbox-") as folder:
        path = Path(folder) / "sandbox.sqlite3"
        store = Store(path)
        model = store.company("akeriet").as_json()
        for kind in ("hub", "bare"):
            for number in range(COMPANIES):
                changes = {
                    "key": _key(kind, number),
                    "tenant_id": _tenant(kind, number),
                    "name": f"Bolag {kind} {number} AB",
                    "organisation_number": f"5566{number:02d}-{1000 if kind == 'hub' else 2000}",
                }
                store.save_company(Company.from_json(model | changes))
        store.close()
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise SystemExit("The sandbox did not start.")
            yield _Sandbox(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            process.wait(10)


def _cpu_of(pid: int) -> float:
    """Return the seconds of processor that a process has used; 0 where that is not told."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Sandbox:
    def __init__(self, url: str, pid: int) -> None:
        self.url, self._pid = url, pid

    def late(self, milliseconds: int) -> None:
        """Answer every call of an API that much later."""
        requests.post(
            f"{self.url}/control/settings", json={"latency_ms": milliseconds}, timeout=10
        ).raise_for_status()

    def cpu(self) -> float:
        """Return the seconds of processor that it has used; 0 where that is not told."""
        return _cpu_of(self._pid)

    def descriptions(self, kind: str) -> Counter[str]:
        """Return how often each description stands in the ledgers of that kind."""
        found: Counter[str] = Counter()
        for number in range(COMPANIES):
            answer = requests.get(
                f"{self.url}/control/ledger",
                params={"company": _key(kind, number), "lines": "false"},
                timeout=30,
            )
            found.update(batch["description"] for batch in answer.json()["batches"])
        return found


@dataclass(frozen=True, slots=True)
class _Round:
    """Journals that are sent in one go: the bodies for the bare loop, and our batches."""

    posts: list[Post]
    batches: list[int]

    def make_due(self) -> None:
        """Let the workers find the batches."""
        from journals.models import Batch

        Batch.objects.filter(pk__in=self.batches).update(not_before=datetime.now(UTC))


# --- The office ---------------------------------------------------------------------------


class _Office:
    """An organisation whose companies are all connected and mapped."""

    def __init__(self) -> None:
        from accounts.models import Connection
        from accounts.operations.tokens import sign_in_for
        from mappings.models import Mapping
        from organisations.models import Company, Debtor, Organisation

        self.organisation = Organisation.objects.create(name="Office")
        debtor = Debtor.objects.create(organisation=self.organisation, number="1", name="Debtor")
        self.companies: list[Company] = []
        self.connections: list[Connection] = []
        self.bare_tokens: list[str] = []
        now = datetime.now(UTC)
        for number in range(COMPANIES):
            company = Company.objects.create(
                organisation=self.organisation,
                debtor=debtor,
                number=str(number),
                name=f"Company {number}",
                currency="SEK",
            )
            connection = Connection(
                organisation=self.organisation,
                vendor="vismanet",
                kind=Connection.Kind.SERVICE,
                name=f"service{number}",
                state=Connection.State.AUTHORISED,
                tenant_id=_tenant("hub", number),
            )
            sign_in = sign_in_for(connection)
            grant = sign_in.service_grant(tenant_id=connection.tenant_id, now=now)
            connection.access_token = grant.access_token
            connection.expires_at = datetime.fromtimestamp(now.timestamp() + grant.expires_in, UTC)
            connection.save()
            bare = sign_in.service_grant(tenant_id=_tenant("bare", number), now=now)
            self.bare_tokens.append(bare.access_token)
            Mapping.objects.create(
                organisation=self.organisation,
                company=company,
                connection=connection,
                target="vismanet",
                use_cost_centre=True,
                cost_centre_description="Kostnadsställe",
                cost_centre_segment=1,
                use_cost_unit=True,
                cost_unit_description="Kostnadsbärare",
                cost_unit_segment=2,
                balance_sheet_format="[1-2][0-9][0-9][0-9]",
                closed_period_rule="refuse",
                hold=False,
            )
            self.companies.append(company)
            self.connections.append(connection)

    def prepare(self, *, journals: int, lines: int, run: str) -> "_Round":
        """Store, queue, check and freeze journals, to be sent when they are told to be due."""
        from connectors.http import to_json
        from connectors.vismanet import payloads
        from journals.models import Batch
        from journals.operations import preparing, sending
        from journals.operations.contents import to_post

        posts, batches = [], []
        for number in range(journals):
            at = number % COMPANIES
            journal = self._journal(self.companies[at], lines=lines, run=f"{run}.{number}")
            now = datetime.now(UTC)
            sending.request_sending(journal=journal, by=None, now=now)
            if not preparing.prepare(journal_id=journal.pk, clock=_clock):
                found = Batch.objects.get(journal=journal)
                raise SystemExit(f"not prepared: {found.failure_code} {found.problems[:2]}")
            batch = Batch.objects.get(journal=journal)
            body = to_json(payloads.journal(to_post(batch, currency="SEK")))
            posts.append(Post(self.bare_tokens[at], body))
            batches.append(batch.pk)
        Batch.objects.filter(pk__in=batches).update(not_before=_LATER)
        return _Round(posts, batches)

    def _journal(self, company: Any, *, lines: int, run: str) -> Any:
        from journals.operations import creating
        from sources.models import Content
        from sources.models import JournalLine as Row
        from sources.operations import storing
        from sources.readers.lines import JournalLine, totals_of

        costs = [
            JournalLine(
                number + 1,
                "2026-03",
                _DAY,
                _ACCOUNTS[number % len(_ACCOUNTS)],
                _CENTRES[number % len(_CENTRES)],
                _UNITS[number % len(_UNITS)],
                Decimal(10000 + 37 * number) / 100,
                f"Löneart {number}",
            )
            for number in range(lines - 1)
        ]
        total = sum(line.amount for line in costs)
        debt = JournalLine(lines, "2026-03", _DAY, "2821", "", "", Decimal(-total), "Nettolön")
        everything = [*costs, debt]
        content = Content.objects.create(
            organisation=self.organisation,
            digest=uuid.uuid4().hex,
            currency="SEK",
            run_period="2026-03",
            line_count=lines,
            totals=storing.totals_to_json(totals_of(everything)),
        )
        Row.objects.bulk_create(
            Row(
                organisation=self.organisation,
                content=content,
                line_number=line.line_number,
                period=line.period,
                posted_on=line.posted_on,
                account=line.account,
                cost_centre=line.cost_centre,
                cost_unit=line.cost_unit,
                amount=line.amount,
                text=line.text,
            )
            for line in everything
        )
        return creating.create_journal(
            company=company,
            content=content,
            reference=f"PAYROLL 2026-03/{run}",
            run=run,
            by=None,
            now=datetime.now(UTC),
            request_id="",
        )


def _clock() -> datetime:
    return datetime.now(UTC)


# --- The two loops ------------------------------------------------------------------------


def _timed(
    work: Callable[[], None], sandbox: _Sandbox, *, cpu: Callable[[], float] = time.process_time
) -> Run:
    wall, own, theirs = time.perf_counter(), cpu(), sandbox.cpu()
    work()
    return Run(time.perf_counter() - wall, cpu() - own, sandbox.cpu() - theirs)


def _in_threads(work: Callable[[], None], count: int) -> None:
    """Run the same work in all threads; a failure in one is raised here."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 (raised again below)
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _send_bare(posts: list[Post], *, url: str, in_flight: int) -> None:
    waiting: queue.SimpleQueue[Post] = queue.SimpleQueue()
    for post in posts:
        waiting.put(post)
    address = f"{url}/visma-net/v2/journaltransaction"

    def work() -> None:
        with requests.Session() as session:
            while True:
                try:
                    post = waiting.get_nowait()
                except queue.Empty:
                    return
                headers = {"Authorization": f"Bearer {post.token}", "Accept": "application/json"}
                made = session.post(
                    address,
                    data=post.body,
                    headers=headers | {"Content-Type": "application/json"},
                    timeout=60,
                )
                assert made.status_code == 201, made.text
                number = made.headers["Location"].rpartition("/")[2]
                there = session.get(f"{address}/{number}", headers=headers, timeout=60)
                assert there.status_code == 200, there.text

    _in_threads(work, in_flight)


class _Workers:
    """Processes with threads that serve connections, woken again as a task is."""

    def __init__(self, in_flight: int) -> None:
        self._in_flight = in_flight
        context = multiprocessing.get_context("spawn")
        self._waiting: Any = context.JoinableQueue()
        self._ready: Any = context.Semaphore(0)
        self._processes = [
            context.Process(
                target=_work, args=(self._waiting, self._ready, in_flight // PROCESSES), daemon=True
            )
            for _ in range(PROCESSES)
        ]

    def __enter__(self) -> "_Workers":
        for process in self._processes:
            process.start()
        for _ in range(self._in_flight):
            while not self._ready.acquire(timeout=1):
                if not all(process.is_alive() for process in self._processes):
                    raise SystemExit("A worker process did not start.")
        return self

    def __exit__(self, *_failure: object) -> None:
        for _ in range(self._in_flight):
            self._waiting.put(None)
        for process in self._processes:
            process.join(10)

    def serve(self, connections: list[int]) -> None:
        """Serve those connections until nothing of theirs is due."""
        for connection_id in connections:
            self._waiting.put(connection_id)
        self._waiting.join()

    def cpu(self) -> float:
        """Return the seconds of processor that the processes have used."""
        return sum(_cpu_of(process.pid or 0) for process in self._processes)


def _work(waiting: Any, ready: Any, threads: int) -> None:
    """Be one worker process: its threads serve what they are told of, until told to end."""
    start_django()
    from django.db import connections as databases

    from accounts.models import Connection
    from background import enqueueing
    from integrationhub.celery import say_that_this_is_a_worker
    from journals.operations import delivery

    say_that_this_is_a_worker(sender=None)
    enqueueing._publish = lambda task, ids: waiting.put(ids["connection_id"])

    def work() -> None:
        try:
            Connection.objects.exists()  # a worker that runs has its connection to the database
            ready.release()
            while (connection_id := waiting.get()) is not None:
                try:
                    delivery.serve(connection_id=connection_id, clock=_clock)
                finally:
                    waiting.task_done()
            waiting.task_done()
        finally:
            databases.close_all()

    _in_threads(work, threads)


# --- All of it ----------------------------------------------------------------------------


def _check(sandbox: _Sandbox) -> int:
    """Return how many batches the ledgers hold, each exactly once and as the hub says."""
    from journals.models import Batch

    mine = Counter(Batch.objects.values_list("description", flat=True))
    states = Counter(Batch.objects.values_list("state", flat=True))
    theirs = sandbox.descriptions("hub")
    if set(states) != {"posted"} or mine != theirs or set(mine.values()) != {1}:
        raise SystemExit(f"Wrong: {dict(states)}; {len(mine)} sent, {theirs.total()} in ledgers")
    return theirs.total()


def _row(name: str, run: Run, journals: int) -> str:
    return (
        f"{name:18} {journals / run.seconds:9.1f} {run.seconds:8.2f} "
        f"{run.own_cpu / run.seconds:10.2f} {run.sandbox_cpu / run.seconds:8.2f}"
    )


def _main(port: int, *, quick: bool) -> None:
    start_django()
    from django.conf import settings

    settings.HUB_PROCESS = "worker"
    plan, lines = (QUICK_PLAN, 50) if quick else (PLAN, 200)
    with _sandbox(port) as sandbox:
        office = _Office()
        connections = [connection.pk for connection in office.connections]
        print(
            f"\nSend journals of {lines} lines, calls in flight over {PROCESSES} processes, "
            f"{COMPANIES} companies; floor: bare requests, same calls, same bytes"
        )
        print(f"{'late, in flight':18} {'batches/s':>9} {'seconds':>8} {'cores here':>10} sandbox")

        def prepare(journals: int, times: int, run: object) -> list[_Round]:
            return [
                office.prepare(journals=journals, lines=lines, run=f"{run}.{number}")
                for number in range(times)
            ]

        prepared = [
            (
                each,
                prepare(COMPANIES, 1, f"{place}.first")[0],
                prepare(each.journals, each.times, place),
            )
            for place, each in enumerate(plan)
        ]
        _settle()
        for each, first, rounds in prepared:
            with _Workers(each.in_flight) as workers:
                serve = partial(workers.serve, connections)
                first.make_due()
                serve()  # a worker lives for weeks: its first batches are not timed
                _tell(each, _measure(each, rounds, sandbox, serve, workers.cpu))
        print(f"{_check(sandbox)} batches in the ledgers, each once")


def _tell(setting: Setting, pairs: list[tuple[Run, Run]]) -> None:
    """Print the pair in the middle, and all ratios."""
    pairs = sorted(pairs, key=_ratio)
    bare, hub = pairs[len(pairs) // 2]
    ratio, ratios = _ratio((bare, hub)), ", ".join(f"{_ratio(pair):.2f}" for pair in pairs)
    print(_row(f"{setting}  floor", bare, setting.journals))
    print(_row(f"{setting}  hub", hub, setting.journals))
    target = _TARGETS[setting.latency_ms]
    print(
        f"{setting}  ratio {ratio:.2f} (of {ratios}), "
        f"target {target}: {'met' if ratio >= target else 'missed'}; "
        f"waiting for the vendor alone takes the floor {_waiting(setting, bare):.0%} of its time "
        f"and the hub {_waiting(setting, hub):.0%}; hub and sandbox use "
        f"{(hub.own_cpu + hub.sandbox_cpu) / hub.seconds:.1f} of {os.cpu_count()} cores",
        flush=True,
    )


def _ratio(pair: tuple[Run, Run]) -> float:
    floor, hub = pair
    return floor.seconds / hub.seconds


def _waiting(setting: Setting, run: Run) -> float:
    """Return the share of the run that nothing could take away: two answers that are late."""
    late = 2 * setting.latency_ms / 1000
    return setting.journals * late / setting.in_flight / run.seconds


def _settle() -> None:
    """Let the database have done with what it was filled with, as it has when a payroll is sent."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()


def _measure(
    setting: Setting,
    rounds: list[_Round],
    sandbox: _Sandbox,
    send: Callable[[], None],
    cpu: Callable[[], float],
) -> list[tuple[Run, Run]]:
    """
    Return for each round the floor and the hub.

    The machine is not equally fast at all times: the floor is the mean of the runs before and
    after the hub's.
    """

    def floor(posts: list[Post]) -> Run:
        bare = partial(_send_bare, posts, url=sandbox.url, in_flight=setting.in_flight)
        return _timed(bare, sandbox)

    sandbox.late(setting.latency_ms)
    before, pairs = floor(rounds[0].posts), []
    for each in rounds:
        each.make_due()
        hub = _timed(send, sandbox, cpu=cpu)
        after = floor(each.posts)
        pairs.append((_mean(before, after), hub))
        before = after
    sandbox.late(0)
    return pairs


def _mean(one: Run, other: Run) -> Run:
    return Run(
        (one.seconds + other.seconds) / 2,
        (one.own_cpu + other.own_cpu) / 2,
        (one.sandbox_cpu + other.sandbox_cpu) / 2,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    _main(options.port, quick=options.quick)
