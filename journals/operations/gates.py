"""What else may keep a journal from being sent, whoever presses and however it is pressed."""

from collections.abc import Callable, Mapping, Sequence

from background.registry import Registry
from connectors.errors import ConnectorError
from journals.models import Journal

Gate = Callable[[Sequence[Journal]], Mapping[int, ConnectorError]]
"""Returns why journals must not be sent now, by their ids; as many queries for one as for many."""

GATES = Registry[Gate]()
"""Asked in `sending.request_sending`, and before many are shown to be sent together."""


def refused(journals: Sequence[Journal]) -> dict[int, ConnectorError]:
    """Return the first reason why each of the journals that have one must not be sent."""
    found: dict[int, ConnectorError] = {}
    for gate in GATES:
        found = {**gate(journals), **found}
    return found
