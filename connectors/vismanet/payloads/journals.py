"""
Journals as Visma.net holds them, in our shapes. Pure functions; every field name is the contract's.

What is missing or of another kind is refused by the decoder, which names the place.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import Struct

from connectors.base import (
    BatchStatus,
    LedgerBatch,
    LedgerLine,
    SegmentValue,
    segment_value,
)
from connectors.errors import BadAnswer
from connectors.http.exact_json import from_json
from connectors.vismanet.errors import VENDOR
from connectors.vismanet.payloads.strict import Where, amount, bad

OUR_MODULE = "ModuleGL"
"""The part of the ERP that journals of ours belong to."""

T = TypeVar("T")


class _Segment(Struct, gc=False, rename="camel"):
    segment_id: int | None = None
    segment_value: str | None = None
    error_info: object = None


class _Subaccount(Struct, gc=False, rename="camel"):
    segments: list[_Segment] | None = None
    error_info: object = None


_NOTHING = msgspec.Raw(b"null")


class _Line(Struct, gc=False, rename="camel"):
    # Amounts are taken as they stand: as decimals they would be read from text too.
    line_number: int
    account_number: str
    debit_amount_in_currency: object
    credit_amount_in_currency: object
    transaction_description: str | None = None
    reference_number: str | None = None
    # A company without subaccounts has no such key, or an empty one. See `_segments`.
    subaccount: msgspec.Raw = _NOTHING
    error_info: object = None


class _Metadata(Struct, gc=False, rename="camel"):
    total_count: int
    max_page_size: int = 0


class _Head(Struct, rename="camel"):
    """What every batch of the list has, of whatever module; a page may cut a batch in two."""

    module: str
    batch_number: str
    metadata: _Metadata
    description: str | None = None
    journal_transaction_lines: list[msgspec.Raw] | None = None
    error_info: object = None


class _Journal(Struct, rename="camel"):
    module: str
    batch_number: str
    status: str
    financial_period: str
    debit_total_in_currency: object
    credit_total_in_currency: object
    journal_transaction_lines: list[_Line]
    description: str | None = None
    transaction_date: str | None = None
    last_modified_date_time: str | None = None
    error_info: object = None


class Piece(Struct, frozen=True):
    """
    One item of the journal list: a batch, or a part of one.

    :param rows: how many of the list's rows it is, which are lines:
        https://docs.vismasoftware.no/vismanetapi/how-tos/pagination
    :param total: how many rows the whole list has
    :param most: the most rows of a page, to which a larger wish is cut down; 0 if not stated
    :param body: all of it, to be read when it is wanted
    """

    number: str
    description: str
    is_ours: bool
    rows: int
    total: int
    most: int
    body: msgspec.Raw


_STATUS = {
    "Hold": BatchStatus.HOLD,
    "Balanced": BatchStatus.BALANCED,
    "Unposted": BatchStatus.RELEASED,
    "Posted": BatchStatus.RELEASED,
    "Completed": BatchStatus.RELEASED,
    "Released": BatchStatus.RELEASED,
    "PartiallyReleased": BatchStatus.RELEASED,
    "Voided": BatchStatus.VOIDED,
    "Scheduled": BatchStatus.OTHER,
}


def pieces(body: bytes) -> list[Piece]:
    """Return the items of a page of ``GET /v2/journaltransaction``."""
    found = []
    for item in _read(body, list[msgspec.Raw], where="journal list"):
        head = _read(item, _Head, where="journal list")
        _refuse_error(head.error_info, where="journal list")
        found.append(
            Piece(
                number=_said(head.batch_number, "batchNumber", where="journal list"),
                description=(head.description or "").strip(),
                is_ours=head.module == OUR_MODULE,
                rows=max(1, len(head.journal_transaction_lines or ())),
                total=head.metadata.total_count,
                most=max(0, head.metadata.max_page_size),
                body=item,
            )
        )
    return found


def ledger_batch(bodies: Sequence[bytes | msgspec.Raw]) -> LedgerBatch:
    """
    Return one batch of the general ledger from its pieces.

    :raises BadAnswer: also if it belongs to another module
    """
    items = [_read(body, _Journal, where="journal") for body in bodies]
    item = items[0]
    where = f"journal {item.batch_number}"
    if item.module != OUR_MODULE:
        raise bad(where, "module", item.module)
    if item.status not in _STATUS:
        raise bad(where, "status", item.status)
    if re.fullmatch(r"\d{6}", item.financial_period) is None:
        raise bad(where, "financialPeriod", item.financial_period)
    lines = {line.number: line for piece in items for line in _ledger_lines(piece, where=where)}
    return LedgerBatch(
        number=_said(item.batch_number, "batchNumber", where="journal"),
        description=(item.description or "").strip(),
        period=item.financial_period,
        status=_STATUS[item.status],
        debit_total=amount(item.debit_total_in_currency, "debitTotalInCurrency", where=where),
        credit_total=amount(item.credit_total_in_currency, "creditTotalInCurrency", where=where),
        lines=tuple([lines[number] for number in sorted(lines)]),
        modified_at=(item.last_modified_date_time or "").strip(),
        posted_on=_day(item.transaction_date),
    )


def _day(text: str | None) -> date | None:
    """Return the day of a date-time, or None where there is none that can be read."""
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def _ledger_lines(item: _Journal, *, where: str) -> Iterator[LedgerLine]:
    _refuse_error(item.error_info, where=where)
    for line in item.journal_transaction_lines:
        # Put into words only when something is wrong: a batch has hundreds of lines.
        place = (where, "line", line.line_number)
        _refuse_error(line.error_info, where=place)
        yield LedgerLine(
            line.line_number,
            _said(line.account_number, "accountNumber", where=place),
            amount(line.debit_amount_in_currency, "debitAmountInCurrency", where=place),
            amount(line.credit_amount_in_currency, "creditAmountInCurrency", where=place),
            (line.transaction_description or "").strip(),
            (line.reference_number or "").strip(),
            _segments(line.subaccount, where=place),
        )


def _segments(subaccount: msgspec.Raw, *, where: Where) -> tuple[SegmentValue, ...]:
    try:
        return _segments_of(bytes(subaccount))
    except _Odd as odd:
        raise bad(where, odd.field, odd.found) from None


class _Odd(Exception):
    """A field of a subaccount cannot be read; whose it is, its reader does not know."""

    def __init__(self, field: str, found: object) -> None:
        super().__init__(field, found)
        self.field, self.found = field, found


# A payroll has a few dozen of them on thousands of lines, and they are most of a line's bytes.
@lru_cache(maxsize=4096)
def _segments_of(subaccount: bytes) -> tuple[SegmentValue, ...]:
    if subaccount == b"null":
        return ()
    try:
        said = from_json(subaccount, _Subaccount)
    except msgspec.ValidationError as exc:
        problem, _at, place = str(exc).partition(" - at ")
        raise _Odd("subaccount" + place.strip("`").removeprefix("$"), problem) from exc
    _refuse_odd(said.error_info)
    found = []
    for segment in said.segments or ():
        _refuse_odd(segment.error_info)
        # The exact text: `2`, `0002` and `2 ` are three values.
        if segment.segment_value is not None:
            if segment.segment_id is None:
                raise _Odd("segmentId", "missing")
            found.append(segment_value(segment.segment_id, segment.segment_value))
    return tuple(found)


def _refuse_odd(error: object) -> None:
    if error:
        raise _Odd("errorInfo", error)


def _read(body: bytes | msgspec.Raw, shape: type[T], *, where: str) -> T:
    try:
        return from_json(body, shape)
    except msgspec.ValidationError as exc:
        raise BadAnswer(vendor=VENDOR, detail=f"{where}: {exc}") from exc
    except ValueError as exc:
        raise BadAnswer(vendor=VENDOR, detail=f"{where}: not JSON: {body[:200]!r}") from exc


def _said(text: str, field: str, *, where: Where) -> str:
    if not text.strip():
        raise bad(where, field, text)
    return text.strip()


def _refuse_error(error: object, *, where: Where) -> None:
    if error:
        raise bad(where, "errorInfo", error)
