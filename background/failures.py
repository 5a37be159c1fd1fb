"""The four columns in which a row keeps why it is where it is: code, parameters, detail, time."""

from datetime import datetime
from typing import Any

from connectors.errors import ConnectorError

NO_FAILURE: dict[str, Any] = {
    "failure_code": "",
    "failure_params": {},
    "failure_detail": "",
    "failure_at": None,
}
"""The columns of a row that nothing is wrong with."""


def why(failure: ConnectorError, now: datetime) -> dict[str, Any]:
    """Return the columns that say why; their words are made when somebody reads them."""
    return {
        "failure_code": failure.code(),
        "failure_params": failure.params,
        "failure_detail": failure.detail,
        "failure_at": now,
    }
