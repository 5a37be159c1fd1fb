"""
Interrupt a hub that works, and see that it goes on: what was interrupted, and how long it took.

On PostgreSQL and Redis of its own: Redis emptied, Redis away while people press Send, PostgreSQL
restarted, workers and every process killed, and two web processes that share only the database.
Ends with 1 if a batch is not in the ledger exactly once, as the hub says.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.surroundings import OURS, machine, start_django
from benchmarks.torture import offices
from benchmarks.torture.journals import Journals
from benchmarks.torture.person import Person
from benchmarks.torture.rig import EMBEDDED, SERVICES, Rig, rig, sandbox
from benchmarks.torture.servers import NotInstalled, wait_until

_BATCHES = 36
_LATE_MS = 150
"""The vendor answers this much later, so that an interruption finds calls on their way."""
_PATIENCE_SECONDS = 400.0


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
    """Web, workers and schedule are killed (SIGKILL) together"""
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


DRILLS: dict[str, tuple[Callable[[Scene], float], ...]] = {
    EMBEDDED: (two_web_processes, half_of_the_workers_die, everything_is_killed),
    SERVICES: (
        two_web_processes,
        redis_is_emptied,
        redis_is_away_while_people_press,
        postgres_is_restarted,
        half_of_the_workers_die,
        everything_is_killed,
    ),
}


def main() -> int:
    """Run the drills; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture.drills")
    parser.add_argument("--tier", choices=DRILLS, default=SERVICES, help="(%(default)s)")
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
                return _drill_all(hub, places, options.tier)
    except NotInstalled as missing:
        print(f"The drills cannot run: {missing}", file=sys.stderr)
        return 2


def _drill_all(hub: Rig, places: list[offices.Place], tier: str) -> int:
    scene = Scene(hub, Journals(hub, places, batches=0, choose=random.Random(1)))
    scene.story.prepare()
    hub.start()
    hub.wait_for_webs()
    scene.story.sign_in()
    hub.control("POST", "settings", {"latency_ms": _LATE_MS})
    for drill in DRILLS[tier]:
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
