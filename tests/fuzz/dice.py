"""
Where the inputs of the fuzz come from: one number, and how many there are.

FUZZ_SEED and FUZZ_INPUTS (in the environment) choose them; a difference found is named with the
seed of its one input, which `replay` takes.
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SEED = os.environ.get("FUZZ_SEED", "13")
INPUTS = int(os.environ.get("FUZZ_INPUTS", "50000"))
CHUNK = 1000
_SHARES = {"sie": 17, "csv": 16, "detected": 5, "gbat10": 5, "invoices": 5, "xlsx": 2}
"""Out of 50: what a format costs, and what it can go wrong in."""


def chunks(name: str) -> range:
    """Return the chunks of a format, each a test of its own, so that workers share them."""
    return range(max(1, INPUTS * _SHARES[name] // 50 // CHUNK))


def seeds(name: str, chunk: int) -> Iterator[str]:
    """Return the seed of each input of a chunk."""
    size = min(CHUNK, max(1, INPUTS * _SHARES[name] // 50))
    return (f"{SEED}/{name}/{chunk * CHUNK + number}" for number in range(size))


@dataclass
class Outcome:
    """What came of the inputs of one chunk."""

    equal: int = 0
    refused: int = 0
    asked: int = 0
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.equal} equal, {self.refused} refused, {self.asked} asked about"


def run(name: str, chunk: int, play: Callable[[random.Random, Outcome], str]) -> Outcome:
    """
    Play every input of a chunk and return the outcome.

    :param play: makes and reads one input; returns what differs, empty if nothing does
    """
    outcome = Outcome()
    for seed in seeds(name, chunk):
        if difference := play(random.Random(seed), outcome):
            outcome.differences.append(f"seed {seed}: {difference}")
    print(f"{name}, chunk {chunk}, seeds {SEED}/{name}/{chunk * CHUNK}…: {outcome}")
    return outcome
