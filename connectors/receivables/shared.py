"""What a source and a target of payments have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SourceCompany:
    """A company of the source, with the number that proves that it is the right one."""

    number: str
    name: str
    organisation_number: str = ""
    currency: str = ""


class PaymentKey(NamedTuple):
    """What identifies a posting for good within a company of the source; it sorts as it came."""

    journal_number: int
    audit_number: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """
    A row that is there and cannot be read: shown with its reason, never counted as nothing.

    :param amount: in our sign, where that much could be read: control totals count it too
    """

    key: PaymentKey | None
    field: str
    value: str
    reason: str
    amount: Decimal | None = None


class FindingLevel(StrEnum):
    """How much a finding of the set-up check matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class SetupFinding:
    """
    One thing that the set-up check found out, as a code with words elsewhere.

    :param code: e.g. ``marker_not_writable``; `payments` has the words for each code
    """

    level: FindingLevel
    code: str
    params: Mapping[str, str] = field(default_factory=dict)
