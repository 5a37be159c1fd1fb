"""Which look-ups that find nothing count, and when the next one begins."""

from datetime import UTC, datetime, timedelta

import pytest

from outbox.lookup import count_empty

CALLED = datetime(2026, 3, 25, 8, tzinfo=UTC)
APART = timedelta(seconds=180)


def after(seconds: float) -> datetime:
    return CALLED + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("counted", "begun", "ended", "expected"),
    [
        pytest.param(0, 3, 4, (0, 180), id="while the call may still run it does not count"),
        pytest.param(0, 179, 400, (0, 180), id="what counts is when it was begun"),
        pytest.param(0, 180, 182, (1, 362), id="the next is an interval after its end"),
        pytest.param(0, 9000, 9001, (1, 9181), id="the first after an outage is only one"),
        pytest.param(1, 9181, 9182, (2, 9362), id="the second proves it"),
    ],
)
def test_an_empty_look_up(
    counted: int, begun: float, ended: float, expected: tuple[int, float]
) -> None:
    found = count_empty(
        counted=counted, begun=after(begun), now=after(ended), called_at=CALLED, apart=APART
    )

    assert found == (expected[0], after(expected[1]))
