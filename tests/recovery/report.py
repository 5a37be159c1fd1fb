"""Prints the list of kill points with their outcome below the suite's own summary."""

from typing import Any

from background.crash_points import CRASH_POINTS

KILL_POINT = "kill_point"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what each test of a kill point recorded."""
    outcomes: dict[str, str] = {}
    for outcome in ("passed", "failed"):
        for each in terminalreporter.getreports(outcome):
            if each.when == "call":
                for name, value in each.user_properties:
                    if name == KILL_POINT:
                        crash_at, _, words = value.partition(": ")
                        outcomes[crash_at] = words if outcome == "passed" else "FAILED"
    if not outcomes:
        return
    terminalreporter.section(f"killed (SIGKILL) at {len(outcomes)} boundaries")
    for crash_at, words in CRASH_POINTS.items():
        if crash_at in outcomes:
            terminalreporter.write_line(f"{crash_at:20} {words:62} {outcomes[crash_at]}")
