"""Failures in the words of payments: what any of them leaves to a person is finance's to do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext

from connectors.errors import FINANCE, PAYROLL, ConnectorError
from ui import failures
from ui.failures import WHO_WORDS, FailureRow


def failure_row(*, code: str, params: Mapping[str, object], **shown: Any) -> FailureRow | None:
    """Return a stored failure in words, or None without one."""
    row = failures.failure_row(code=code, params=params, **shown)
    return row and _of_finance(row)


def failure_row_of(failure: ConnectorError) -> FailureRow:
    """Return a failure in words."""
    return _of_finance(failures.failure_row_of(failure))


def _of_finance(row: FailureRow) -> FailureRow:
    if row.who_text != gettext(WHO_WORDS[PAYROLL]):
        return row
    return replace(row, who_text=gettext(WHO_WORDS[FINANCE]))
