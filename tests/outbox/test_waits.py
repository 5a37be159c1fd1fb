"""When something is tried again: when the vendor said, else later after each failure."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import Unavailable
from journals.models import Batch
from outbox.models import OutboxItem
from payments.models import Registration

NOW = datetime(2026, 3, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "expected"), [(Batch, [60, 120, 240, 300]), (Registration, [5, 10, 20, 900])]
)
def test_it_waits_longer_each_time_up_to_a_limit(
    item: type[OutboxItem], expected: list[int]
) -> None:
    failure = Unavailable(vendor="Visma.net")

    waits = [item(failures=number).next_try(failure, now=NOW) - NOW for number in (0, 1, 2, 60)]

    assert waits == [timedelta(seconds=seconds) for seconds in expected]


def test_it_waits_as_long_as_the_vendor_asks() -> None:
    failure = Unavailable(vendor="Visma.net", retry_after=7)

    assert Batch(failures=9).next_try(failure, now=NOW) == NOW + timedelta(seconds=7)
