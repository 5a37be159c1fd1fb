"""Prints the list of kill points with their outcome below the suite's own summary."""

from typing import Any

from background.crash_points import BOUNDARIES

KILL_POINT = "kill_point"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what each test of a kill point recorded."""
    outcomes: dict[str, str] = {}
    for outcome in ("passed", "failed"):
        for each in terminalreporter.getreports(outcome):
            if each.when == "call":
                for name, value in each.user_properties:
                    if name == KILL_POINT:
                        boundary, _, words = value.partition(": ")
                        outcomes[boundary] = words if outcome == "passed" else "FAILED"
    if not outcomes:
        return
    terminalreporter.section(f"killed (SIGKILL) at {len(outcomes)} boundaries")
    for boundary, words in BOUNDARIES.items():
        if boundary in outcomes:
            terminalreporter.write_line(f"{boundary:20} {words:62} {outcomes[boundary]}")
