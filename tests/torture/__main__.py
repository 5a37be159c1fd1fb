"""
Send batches to the sandbox while everything goes wrong, and compare the ledger with the hub.

Ends with 1, and the offending rows, if a batch is in the ledger twice, or is called posted and is
not there, or is there and not called posted, or is in the wrong period or of the wrong total, or
belongs to a test company or a blocked debtor.
"""

import argparse
import os
import random
import sys
import time
from typing import Protocol

from tests.torture import offices
from tests.torture.journals import Journals
from tests.torture.plan import Plan
from tests.torture.rig import EMBEDDED, SERVICES, Rig, rig, sandbox
from tests.torture.servers import NotInstalled
from tests.torture.surroundings import OURS, machine, start_django

WORKERS = {EMBEDDED: 3, SERVICES: 4}
_STANDSTILL_SECONDS = 300
_QUIET_SECONDS = 4.0


class Story(Protocol):
    """One kind of work that is tortured. Payments will be another line of `STORIES`."""

    name: str

    def prepare(self) -> None:
        """Make the rows, before a process of the hub runs."""

    def begin(self) -> None:
        """Let people ask for the work."""

    def help(self) -> None:
        """Do what people do meanwhile."""

    def proven(self) -> int:
        """Return how much of the work is proven."""

    def unfinished(self) -> int:
        """Return how much is left to do."""

    def violations(self) -> list[str]:
        """Return in words what must not be, after the end."""

    def table(self) -> list[tuple[str, str]]:
        """Return what happened, for the table."""


STORIES = (Journals,)


def main() -> int:
    """Run the torture; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--batches", type=int, default=1000, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what goes wrong (%(default)s)")
    parser.add_argument("--tier", choices=WORKERS, action="append", help="both, if not given")
    parser.add_argument("--workers", type=int, help="worker processes (3; 4 with services)")
    parser.add_argument(
        "--within", type=float, default=0, help="seconds after which it has failed (by the size)"
    )
    options = parser.parse_args()
    tiers = options.tier or list(WORKERS)
    if len(tiers) > 1:
        return max(_in_a_process_of_its_own(options, tier) for tier in tiers)
    return _tier(options, tiers[0])


def _in_a_process_of_its_own(options: argparse.Namespace, tier: str) -> int:
    """Run one tier: Django is set up once in a process."""
    words = [sys.executable, "-m", "tests.torture", "--tier", tier]
    words += ["--batches", str(options.batches), "--seed", str(options.seed)]
    words += ["--within", str(options.within)]
    if options.workers:
        words += ["--workers", str(options.workers)]
    return int(os.spawnv(os.P_WAIT, sys.executable, words) != 0)


def _tier(options: argparse.Namespace, tier: str) -> int:
    workers = options.workers or WORKERS[tier]
    within = options.within or 240 + options.batches * 1.5
    places = offices.places_for(options.batches)
    try:
        with rig(tier=tier, workers=workers, webs=2) as hub:
            for name in [name for name in os.environ if name.startswith(OURS)]:
                del os.environ[name]
            os.environ.update(hub.environment)
            start_django()
            data = hub.folder / "sandbox.sqlite3"
            offices.make_sandbox_file(data, places)
            with sandbox(hub.sandbox_url, data=data):
                print(f"\nTorture, {tier}: {machine(hub.environment)}", flush=True)
                return _run(hub, places, options, within=within)
    except NotInstalled as missing:
        print(f"The tier {tier} cannot run: {missing}", file=sys.stderr)
        return 2


def _run(hub: Rig, places: list[offices.Place], options: argparse.Namespace, within: float) -> int:
    choose = random.Random(options.seed)
    plan = Plan.drawn(seed=options.seed, batches=options.batches, places=places)
    stories: list[Story] = [
        story(hub, places, batches=options.batches, choose=choose) for story in STORIES
    ]
    for story in stories:
        story.prepare()
    hub.next_doom = plan.next_doom
    hub.start()
    hub.wait_for_webs()
    print(
        f"{options.batches} batches, {len(places)} companies, {len(hub.webs)} web and "
        f"{len(hub.workers)} worker processes, seed {options.seed}",
        flush=True,
    )
    for story in stories:
        story.begin()
    began = time.monotonic()
    proven_after = _until_proven(hub, stories, plan, began=began, within=within, of=options.batches)
    plan.end(hub)
    # What would still arrive a second time has time to do so.
    time.sleep(_QUIET_SECONDS)
    violations = [f"{story.name}: {each}" for story in stories for each in story.violations()]
    _print_table(hub, stories, plan, proven_after)
    return _verdict(hub, violations)


def _until_proven(
    hub: Rig, stories: list[Story], plan: Plan, *, began: float, within: float, of: int
) -> float | None:
    """
    Let things go wrong until all is proven; return after how long, None if never.

    It is never when nothing more is proven for long: what is left over waits for a person.
    """
    printed_at = moved = began
    proven = 0
    while time.monotonic() - began < within and time.monotonic() - moved < _STANDSTILL_SECONDS:
        before, proven = proven, sum(story.proven() for story in stories)
        if proven != before:
            moved = time.monotonic()
        done = proven / of
        plan.go_on(hub, done=done)
        hub.look_after()
        for story in stories:
            story.help()
        if done >= 1 and not sum(story.unfinished() for story in stories):
            return time.monotonic() - began
        if time.monotonic() - printed_at > 20:
            printed_at = time.monotonic()
            print(f"  {printed_at - began:4.0f} s: {done:4.0%} proven", flush=True)
        time.sleep(0.3)
    return None


def _print_table(hub: Rig, stories: list[Story], plan: Plan, proven_after: float | None) -> None:
    rows = [
        ("faults that hit", f"{plan.faults.total()}"),
        *((f"  {kind}", str(times)) for kind, times in sorted(plan.faults.items())),
        ("periods closed and opened", str(plan.asked["close_period"])),
        ("all tokens expired", str(plan.asked["tokens expired"])),
        ("processes killed (SIGKILL)", f"{hub.kills.total()}"),
        *((f"  {name}", str(times)) for name, times in sorted(hub.kills.items())),
        *(row for story in stories for row in story.table()),
        ("time to all proven", f"{proven_after:.1f} s" if proven_after else "not within the time"),
    ]
    for name, words in rows:
        print(f"{name:32} {words}")


def _verdict(hub: Rig, violations: list[str]) -> int:
    if not violations:
        print("Every batch is in the ledger once, as the hub says; the forbidden ones are not.")
        return 0
    print(f"\n{len(violations)} violations:")
    for words in violations[:50]:
        print(f"  {words}")
    print("\n".join(["", "From the logs:", *hub.complaints()]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
