"""
Interrupt a hub that works, and see that it goes on: what was interrupted, and how long it took.

On PostgreSQL and Redis of its own: Redis emptied, Redis away while people press Send, PostgreSQL
restarted, workers and every process killed, two web processes that share only the database, and a
snapshot of database and data folder that runs beside its original, or is put back in its place.
Ends with 1 if a batch is not in the ledger exactly once, as the hub says.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.torture import offices
from tests.torture.journals import Journals
from tests.torture.person import Person
from tests.torture.rig import EMBEDDED, SERVICES, Process, Rig, rig, sandbox
from tests.torture.servers import NotInstalled, wait_until
from tests.torture.snapshots import Snapshot
from tests.torture.surroundings import OURS, ROOT, machine, run, start_django

_BATCHES = 36
_LATE_MS = 150
"""The vendor answers this much later, so that an interruption finds calls on their way."""
_PATIENCE_SECONDS = 400.0
_QUIET_SECONDS = 15.0
"""So long nothing may come of what must not be sent."""


class WentWrong(Exception):
    """A drill did not end as it must; the text says how."""


@dataclass
class Scene:
    """A hub that works, and the journals that are sent in it."""

    hub: Rig
    story: Journals

    def work(self, *, until: float = 0.3) -> None:
        """Let people press Send for new journals, and wait until a share of them is proven."""
        before = self.story.proven()
        self.story.add_journals(_BATCHES)
        self.story.press_all()
        self.wait(
            lambda: self.story.proven() - before >= _BATCHES * until,
            what="the work to be under way",
        )

    def all_proven(self) -> float:
        """Wait until all is proven, restarting what has died; return how long it took."""
        return self.wait(lambda: self.story.unfinished() == 0, what="all to be proven")

    def kill_all(self) -> None:
        """End every process of the hub as a power cut would."""
        for process in self.hub.processes:
            process.kill()

    def start_again(self) -> None:
        """Start every process of the hub, and wait until people can reach it."""
        self.hub.start()
        self.hub.wait_for_webs()

    def in_ledger(self) -> list[tuple[str, str]]:
        """Return what the ledgers hold, by company and description."""
        there = self.hub.control("GET", "ledger?lines=false")["batches"]
        return sorted((each["tenant_id"], each["description"]) for each in there)

    def is_stopped(self) -> bool:
        """Return whether the hub has found that its database is an older one."""
        from accounts.models import Installation

        self.hub.look_after()
        return Installation.objects.filter(stopped_at__isnull=False).exists()

    def wait(self, condition: Callable[[], bool], *, what: str) -> float:
        """Wait for a condition while people and the supervisor do what they do."""

        def there() -> bool:
            self.hub.look_after()
            self.story.help()
            return condition()

        return wait_until(there, what=what, within=_PATIENCE_SECONDS)


def redis_is_emptied(scene: Scene) -> float:
    """Redis is flushed, then killed and started empty"""
    assert scene.hub.redis is not None
    scene.work()
    scene.hub.redis.flush()
    scene.hub.redis.kill()
    scene.hub.redis.start()
    return scene.all_proven()


def redis_is_away_while_people_press(scene: Scene) -> float:
    """Redis is away while people press Send: each press counts"""
    from journals.models import Journal

    assert scene.hub.redis is not None
    before = scene.story.presses.copy()
    scene.hub.redis.kill()
    scene.story.add_journals(_BATCHES)
    scene.story.press_all()
    answers = scene.story.presses - before
    drafts = Journal.objects.filter(batches__state="draft")
    drafts = drafts.exclude(company_id__in=scene.story.forbidden_companies())
    if set(answers) != {"302"} or drafts.exists():
        raise WentWrong(f"a press did not count: {dict(answers)}, {drafts.count()} drafts")
    scene.hub.redis.start()
    return scene.all_proven()


def postgres_is_restarted(scene: Scene) -> float:
    """PostgreSQL is stopped at once and started after 3 seconds"""
    from django.db import connections

    assert scene.hub.postgres is not None
    scene.work()
    connections.close_all()
    scene.hub.postgres.stop()
    time.sleep(3)
    scene.hub.postgres.start()
    return scene.all_proven()


def half_of_the_workers_die(scene: Scene) -> float:
    """Half of the workers are killed (SIGKILL), the others go on"""
    scene.work()
    for process in scene.hub.workers[::2]:
        scene.hub.kill(process)
    return scene.all_proven()


def everything_is_killed(scene: Scene) -> float:
    """Web and workers are killed (SIGKILL) together"""
    scene.work()
    for process in scene.hub.processes:
        process.kill()
    scene.hub.start()
    return scene.all_proven()


def two_web_processes(scene: Scene) -> float:
    """Sign in at one web process, press at the other, follow at the first; OAuth over both"""
    from accounts.models import Connection
    from journals.models import Journal

    one, other = scene.hub.web_urls
    connection = Connection.objects.filter(kind=Connection.Kind.INTERACTIVE).first()
    assert connection is not None
    office = next(
        each for each in scene.story.offices if each.organisation.pk == connection.organisation_id
    )
    person = Person([one, other], office.email)
    person.sign_in(one)
    person.authorise(connection.pk, tenant_id=connection.tenant_id, begin=other, back=one)
    version = connection.version
    connection.refresh_from_db()
    if not connection.is_authorised or connection.version == version:
        raise WentWrong("the sign-in that began at the other process authorised nothing")
    journal = scene.story.add_journal(office.companies[0])
    status = person.press_send(journal.pk, web=other)
    if status != 302:
        raise WentWrong(f"Send, pressed at the other process, answered {status}")

    def shown_as_sent() -> bool:
        is_sent = Journal.objects.filter(pk=journal.pk, state="sent").exists()
        return is_sent and journal.reference in person.page_of(journal.pk, web=one)

    return scene.wait(shown_as_sent, what="the first process to show the journal as sent")


def a_snapshot_is_restored(scene: Scene) -> float:
    """Database and data folder are put back together, and no command is run (B18)"""
    scene.work()  # of a mapping's first journal a person is asked more
    scene.all_proven()
    scene.story.add_journals(_BATCHES)
    with _snapshot_of(scene) as snapshot:
        scene.start_again()
        scene.story.press_all()
        scene.all_proven()
        scene.kill_all()
        there = scene.in_ledger()
        snapshot.put_back()
    scene.start_again()
    scene.story.press_all()
    wait_until(scene.is_stopped, what="the hub to stop by itself", within=_PATIENCE_SECONDS)
    time.sleep(_QUIET_SECONDS)
    if scene.in_ledger() != there:
        raise WentWrong("the restored database sent something")
    run([sys.executable, "manage.py", "after_restore"], scene.hub.environment)
    return scene.all_proven()


def a_copy_runs_beside_the_original(scene: Scene) -> float:
    """A snapshot and its original run at the same time, with the same work waiting (B18)"""
    scene.story.add_journals(_BATCHES)
    scene.story.press_all()
    with _snapshot_of(scene) as snapshot:
        scene.start_again()
        copy = Process("copy", scene.hub.workers[0].words, scene.hub.folder / "copy.log")
        copy.start(snapshot.environment())
        try:
            taken = scene.all_proven()
            time.sleep(_QUIET_SECONDS)
            listed = subprocess.run(
                [sys.executable, "manage.py", "confirm_installation", "--list", "--json"],
                env=snapshot.environment(),
                cwd=ROOT,
                capture_output=True,
                check=True,
            )
        finally:
            copy.kill()
    machines = json.loads(listed.stdout.splitlines()[-1])["machines"]
    if sorted(machine["confirmed"] for machine in machines) != [False, True]:
        raise WentWrong(f"the copy was not seen as another machine: {machines}")
    return taken


@contextmanager
def _snapshot_of(scene: Scene) -> Iterator[Snapshot]:
    scene.kill_all()
    with tempfile.TemporaryDirectory(prefix="hub-snapshot-") as folder:
        snapshot = Snapshot.take(scene.hub, Path(folder) / "var")
        try:
            yield snapshot
        finally:
            snapshot.discard()


DRILLS: dict[str, tuple[Callable[[Scene], float], ...]] = {
    EMBEDDED: (
        two_web_processes,
        half_of_the_workers_die,
        everything_is_killed,
        a_copy_runs_beside_the_original,
        a_snapshot_is_restored,
    ),
    SERVICES: (
        two_web_processes,
        redis_is_emptied,
        redis_is_away_while_people_press,
        postgres_is_restarted,
        half_of_the_workers_die,
        everything_is_killed,
        a_copy_runs_beside_the_original,
        a_snapshot_is_restored,
    ),
}


def main() -> int:
    """Run the drills; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.drills")
    parser.add_argument("--tier", choices=DRILLS, default=SERVICES, help="(%(default)s)")
    parser.add_argument("--only", default="", metavar="WORD", help="drills with it in their name")
    options = parser.parse_args()
    places = offices.places_for(_BATCHES)
    workers = 4 if options.tier == SERVICES else 3
    try:
        with rig(tier=options.tier, workers=workers, webs=2) as hub:
            for name in [name for name in os.environ if name.startswith(OURS)]:
                del os.environ[name]
            os.environ.update(hub.environment)
            start_django()
            data = hub.folder / "sandbox.sqlite3"
            offices.make_sandbox_file(data, places)
            with sandbox(hub.sandbox_url, data=data):
                print(f"\nRecovery, {options.tier}: {machine(hub.environment)}", flush=True)
                chosen = [one for one in DRILLS[options.tier] if options.only in one.__name__]
                return _drill_all(hub, places, chosen)
    except NotInstalled as missing:
        print(f"The drills cannot run: {missing}", file=sys.stderr)
        return 2


def _drill_all(
    hub: Rig, places: list[offices.Place], drills: list[Callable[[Scene], float]]
) -> int:
    scene = Scene(hub, Journals(hub, places, batches=0, choose=random.Random(1)))
    scene.story.prepare()
    hub.start()
    hub.wait_for_webs()
    scene.story.sign_in()
    hub.control("POST", "settings", {"latency_ms": _LATE_MS})
    for drill in drills:
        words = (drill.__doc__ or "").strip()
        try:
            taken = drill(scene)
            violations = scene.story.violations()
        except (WentWrong, TimeoutError) as failure:
            violations = [str(failure), *scene.story.violations()]
        if violations:
            print("\n  ".join([f"{words:84} FAILED", *violations]))
            print("\n".join(["From the logs:", *hub.complaints()]))
            return 1
        print(f"{words:84} all proven after {taken:5.1f} s", flush=True)
    print("After each of them every batch was in the ledger once, as the hub says.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
