"""What goes wrong and when: drawn from a seed before the run, and done as the work goes on."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.torture.offices import Place
from tests.torture.rig import Process, Rig

LAST = 0.9
"""The share of the batches after which nothing new goes wrong."""

FAULTS: dict[str, tuple[int, dict[str, Any]]] = {
    "lose_answer": (6, {}),
    "bad_gateway_after": (4, {}),
    "server_error_after": (3, {}),
    "no_location": (2, {}),
    "number_given_again": (3, {}),
    "cut_before": (5, {}),
    "bad_gateway": (4, {}),
    "server_error": (3, {}),
    "unavailable": (3, {}),
    "garbled": (2, {}),
    "rate_limited": (4, {"retry_after": 1}),
    "unauthorized": (2, {}),
    "slow": (4, {"milliseconds": 1500}),
    "slow_after": (3, {"milliseconds": 3000}),
    "not_found": (2, {}),
    "empty_list": (2, {}),
    "token_down": (1, {}),
}
"""Each kind with how often it is drawn beside the others, and its measure."""

DENIALS = ("empty_list", "not_found")

DOOMS = (
    *("prepare.after_lease", "prepare.asked", "prepare.frozen"),
    *(
        "deliver.after_lease",
        "deliver.after_claim",
        "deliver.after_call",
        "deliver.after_failure",
        "deliver.after_unknown",
    ),
    *("deliver.stored", "prove.read", "prove.posted"),
    *("look_up.after_claim", "look_up.asked", "look_up.recorded"),
    *("refresh.asked", "refresh.after_call", "refresh.stored"),
    *("release.asked", "release.recorded", "sweep.enqueued", "recover.found", "recover.marked"),
)
_TOKENS_EXPIRE = "tokens expired"


@dataclass
class Plan:
    """
    Faults, closed periods, expired tokens and kills, each at its share of the work.

    :param dooms: crash points at which workers that start again will die, the last one first
    """

    choose: random.Random
    moments: list[tuple[float, str, dict[str, Any]]]
    dooms: list[str]
    asked: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    @classmethod
    def drawn(cls, *, seed: int, batches: int, places: list[Place]) -> "Plan":
        """Draw a plan for so many batches."""
        choose = random.Random(seed)
        moments: list[tuple[float, str, dict[str, Any]]] = []
        kinds = [kind for kind, (weight, _) in FAULTS.items() for _ in range(weight)]
        # A vendor that denies the same batch twice, an interval apart, looks like one that does not
        # hold it: rightly a person is asked. So each company denies once in each way.
        may_deny = {kind: [p for p in places if not p.kind.forbidden] for kind in DENIALS}
        for companies in may_deny.values():
            choose.shuffle(companies)
        for kind in [*FAULTS, *choose.choices(kinds, k=max(0, batches // 4 - len(FAULTS)))]:
            how = {"kind": kind, **FAULTS[kind][1]}
            if kind in DENIALS:
                if not may_deny[kind]:
                    continue
                how["company"] = may_deny[kind].pop().key
            # A number can be given again where a batch was stored before.
            begins = 0.4 if kind == "number_given_again" else 0.0
            moments.append((choose.uniform(begins, LAST), "fault", how))
        for _ in range(max(2, batches // 100)):
            place = choose.choice(places[:-2])
            what = {"company": place.key, "period": choose.choice(["202601", "202602", "202603"])}
            begins = choose.uniform(0, LAST - 0.1)
            moments.append((begins, "close_period", what))
            moments.append((begins + 0.1, "open_period", what))
        times = max(2, batches // 150)
        moments += [(LAST * (n + 0.5) / times, _TOKENS_EXPIRE, {}) for n in range(times)]
        kills = max(3, batches // 60)
        for number in range(kills):
            at = LAST * (number + 0.5) / kills
            part = ("worker", "worker", "web")[number % 3]
            moments.append((at, "kill", {"part": part}))
        dooms = list(DOOMS) * (1 + batches // 500)
        choose.shuffle(dooms)
        moments.sort(key=lambda moment: moment[0])
        return cls(choose, moments, dooms[: max(6, batches // 25)])

    def next_doom(self) -> str:
        """Return at which crash point, and at which time there, the next worker dies, if any."""
        return f"{self.dooms.pop()}:{self.choose.randint(1, 2)}" if self.dooms else ""

    def go_on(self, rig: Rig, *, done: float) -> None:
        """Let everything happen that is due when this share of the batches is proven."""
        outstanding = {fault["kind"] for fault in rig.control("GET", "faults")["faults"]}
        later = []
        for moment in self.moments:
            at, what, how = moment
            if at > done:
                later.append(moment)
            elif what == "fault" and how["kind"] in outstanding:
                later.append(moment)  # one of a kind at a time
            else:
                self._happen(rig, what, how)
                outstanding.add(how.get("kind", ""))
        self.moments = later

    def end(self, rig: Rig) -> None:
        """Let nothing more go wrong: all is proven."""
        self.dooms.clear()
        for fault in rig.control("GET", "faults")["faults"]:
            self.faults[fault["kind"]] -= fault["times"]
        rig.control("DELETE", "faults")
        for _, what, how in self.moments:
            if what == "open_period":
                self._happen(rig, what, how)
        self.moments = []

    def _happen(self, rig: Rig, what: str, how: dict[str, Any]) -> None:
        self.asked[what] += 1
        if what == "fault":
            self.faults[how["kind"]] += 1
            rig.control("POST", "faults", how)
        elif what == "kill":
            processes: list[Process] = {"worker": rig.workers, "web": rig.webs}[how["part"]]
            doom = self.next_doom() if how["part"] == "worker" else ""
            rig.kill(self.choose.choice(processes), doom=doom)
        elif what == _TOKENS_EXPIRE:
            rig.control("POST", "actions", {"action": "expire_access_tokens"})
        else:
            rig.control("POST", "actions", {"action": what, **how})
