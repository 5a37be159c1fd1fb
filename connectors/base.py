"""
The neutral shapes that pass between the hub and a vendor, and what a connector promises.

Nothing here knows a vendor. A connector translates its vendor's words into these shapes
and back; the rest of the hub sees nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, runtime_checkable

from msgspec import Struct

from connectors.limits import Limiter
from connectors.sign_in import Tokens

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target can do. The hub asks this instead of asking which vendor it is."""

    own_numbers: bool = False
    """We may choose the batch number, and read the batch by it afterwards."""
    search: bool = False
    """Batches can be listed by time of change, so that a lost answer can be looked up."""
    release: bool = False
    hold: bool = False
    dimensions: bool = False


# --- What is posted -----------------------------------------------------------------------


class SegmentValue(Struct, gc=False, frozen=True, array_like=True):
    """One dimension value of a line, addressed as the target does."""

    segment_id: int
    value: str


# A payroll has a few dozen of them on thousands of lines.
segment_value = lru_cache(maxsize=4096)(SegmentValue)


class PostingLine(Struct, gc=False, frozen=True, array_like=True):
    """
    One line of a batch. Exactly one of debit and credit is above zero.

    Lines and their segments are structures, and lists where they are stored: there are hundreds
    of them for each batch that is sent.
    """

    account: str
    debit: Decimal
    credit: Decimal
    text: str
    reference: str
    segments: tuple[SegmentValue, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchToPost:
    """
    One batch as it is to stand in the ledger.

    :param period: the target's own period id, e.g. ``202603`` (a member of ``Period.id``)
    :param description: at most 60 characters, unique for the batch: the look-up key
    :param own_number: our batch number, where the target takes it; else None
    """

    description: str
    posted_on: date
    period: str
    currency: str
    lines: tuple[PostingLine, ...]
    hold: bool = True
    branch: str = ""
    ledger: str = ""
    own_number: str | None = None

    @property
    def total(self) -> Decimal:
        """Return the sum of the debits."""
        return sum((line.debit for line in self.lines), ZERO)


# --- What the ledger holds ----------------------------------------------------------------


class BatchStatus(StrEnum):
    """Where a batch stands in the target's ledger."""

    HOLD = "hold"
    BALANCED = "balanced"
    RELEASED = "released"
    VOIDED = "voided"
    OTHER = "other"


class LedgerLine(Struct, gc=False, frozen=True):
    """One line as the target holds it."""

    number: int
    account: str
    debit: Decimal
    credit: Decimal
    text: str
    reference: str
    segments: tuple[SegmentValue, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerBatch:
    """One batch as the target holds it, all its lines joined."""

    number: str
    description: str
    period: str
    status: BatchStatus
    debit_total: Decimal
    credit_total: Decimal
    lines: tuple[LedgerLine, ...]
    modified_at: str = ""
    posted_on: date | None = None
    """None where the target does not say it."""


# --- What the target knows ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the administration that batches can be posted in."""

    number: str
    name: str
    active: bool = True
    ledger: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger of the administration; only actual ones take journals."""

    number: str
    name: str
    actual: bool = True
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Administration:
    """The company on the accounting side that a connection reaches."""

    number: str
    name: str
    organisation_number: str = ""
    currency: str = ""
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger account with what decides whether a journal may post to it."""

    number: str
    name: str
    active: bool = True
    takes_manual_entries: bool = True
    currency: str = ""
    kind: str = ""
    uses_default_dimensions: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """
    An accounting period of the target.

    :param id: as the target writes it when posting
    :param open: journals may be posted in it
    """

    id: str
    starts_on: date
    open: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class DimensionValue:
    """A value of a dimension."""

    value: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension of the target, recognised by its description. Values are exact text."""

    segment_id: int
    description: str
    length: int
    values: tuple[DimensionValue, ...] = ()
    validated: bool = True
    """Only listed values may be used."""


@dataclass(frozen=True, slots=True)
class NumberSeries:
    """A number series of the target and whether it lets a person choose the number."""

    number: str
    name: str
    manual: bool


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """All that a preflight needs to know of a target, read at one time."""

    administration: Administration
    accounts: tuple[Account, ...] = ()
    periods: tuple[Period, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    branches: tuple[Branch, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    currencies: tuple[str, ...] = ()
    number_series: tuple[NumberSeries, ...] = ()


# --- The connector ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as an observer receives it. Holds no token."""

    method: str
    url: str
    status: int | None
    trace_id: str
    milliseconds: int
    rate_limit: Mapping[str, int]
    error: str = ""


Observer = Callable[[Exchange], None]


@runtime_checkable
class AccountingConnector(Protocol):
    """A target of journals. Every method may raise any of the five failures."""

    capabilities: Capabilities

    def read_administration(self) -> Administration: ...

    def read_facts(self) -> LedgerFacts:
        """Return all that a preflight needs, in as few calls as the vendor allows."""
        ...

    def post_journal(self, batch: BatchToPost, *, facts: LedgerFacts | None = None) -> str:
        """
        Post the batch and return the vendor's number of it.

        :param facts: what was read of the target before; makes a refusal clearer
        """
        ...

    def read_journal(self, number: str) -> LedgerBatch | None:
        """Return the batch with that number, or None if the vendor has none."""
        ...

    def find_journals(self, *, description: str, since: datetime) -> Sequence[LedgerBatch]:
        """Return all batches changed since, less a margin, whose description is equal."""
        ...

    def list_journals(self, *, period: str) -> Iterator[LedgerBatch]:
        """Yield the batches of a period."""
        ...

    def release_journal(self, number: str) -> None:
        """Ask for the release of a batch; read it afterwards to see whether it happened."""
        ...


@runtime_checkable
class ListsChanges(Protocol):
    """A target whose ledger can be listed by time of change, whatever the period."""

    def list_changed(self, *, since: datetime) -> Iterator[LedgerBatch]:
        """Yield all batches changed since, less a margin."""
        ...


class MakeConnector(Protocol):
    """How a vendor's connector is made, from a plain mapping of settings."""

    def __call__(
        self,
        *,
        settings: Mapping[str, str],
        tokens: Tokens,
        observer: Observer | None = None,
        limiter: Limiter | None = None,
    ) -> AccountingConnector: ...
