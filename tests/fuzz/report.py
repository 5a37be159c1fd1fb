"""Says at the head of a run which inputs the fuzz makes, so that any can be made again."""

from tests.fuzz.dice import INPUTS, SEED


def pytest_report_header() -> str:
    return f"fuzz: {INPUTS:,} inputs from seed {SEED} (FUZZ_INPUTS, FUZZ_SEED)"
