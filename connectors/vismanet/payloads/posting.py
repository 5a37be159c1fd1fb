"""
Journals to Visma.net's shape. Pure functions; every field name is the contract's.

The shapes are typed structures and not dictionaries: a batch has hundreds of lines, and turning
those over is most of what sending one costs.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType

from connectors.base import (
    ZERO,
    BatchToPost,
    PostingLine,
    SegmentValue,
)
from connectors.vismanet.errors import VENDOR, NotSendable
from connectors.vismanet.payloads.strict import CENT

LONGEST_DESCRIPTION = 60


class _Text(Struct, gc=False):
    value: str


class _Amount(Struct, gc=False):
    value: Decimal


class _Flag(Struct, gc=False):
    value: bool


class _SegmentToPost(Struct, gc=False, rename="camel"):
    """Bare all through, the only one: https://api.finance.visma.net/API-index/"""

    segment_id: int
    segment_value: str


class _LineToPost(Struct, gc=False, rename="camel", omit_defaults=True):
    operation: str
    account_number: _Text
    reference_number: _Text
    transaction_description: _Text
    debit_amount_in_currency: _Amount | UnsetType = UNSET
    credit_amount_in_currency: _Amount | UnsetType = UNSET
    subaccount: list[_SegmentToPost] | UnsetType = UNSET


class JournalToPost(Struct, rename="camel", omit_defaults=True):
    """The body of ``POST /v2/journaltransaction``."""

    description: _Text
    transaction_date: _Text
    financial_period: _Text
    currency_id: _Text
    hold: _Flag
    control_total_in_currency: _Amount
    journal_transaction_lines: list[_LineToPost]
    branch: _Text | UnsetType = UNSET
    ledger: _Text | UnsetType = UNSET
    override_number_series: _Flag | UnsetType = UNSET
    batch_number: _Text | UnsetType = UNSET


def journal(batch: BatchToPost) -> JournalToPost:
    """
    Return the body of ``POST /v2/journaltransaction``.

    Sent is `financialPeriod` only: `postPeriod` means the same in the other order, and both
    together may contradict each other.

    :raises NotSendable: if the batch breaks a rule that the ledger has
    """
    _check_head(batch)
    lines, total = _lines_and_total(batch.lines)
    body = JournalToPost(
        description=_Text(batch.description),
        transaction_date=_Text(f"{batch.posted_on.isoformat()}T00:00:00"),
        financial_period=_Text(batch.period),
        currency_id=_Text(batch.currency),
        hold=_Flag(batch.hold),
        # Some companies require control totals; they may always be sent.
        control_total_in_currency=_Amount(total),
        journal_transaction_lines=lines,
    )
    if batch.branch:
        body.branch = _Text(batch.branch)
    if batch.ledger:
        body.ledger = _Text(batch.ledger)
    if batch.own_number is not None:
        body.override_number_series = _Flag(True)
        body.batch_number = _Text(batch.own_number)
    return body


# A payroll has a few dozen combinations on thousands of lines.
@lru_cache(maxsize=4096)
def _segments_to_post(segments: tuple[SegmentValue, ...]) -> list[_SegmentToPost]:
    return [_SegmentToPost(segment.segment_id, segment.value) for segment in segments]


def _check_head(batch: BatchToPost) -> None:
    """Refuse what the ledger would refuse, or worse, would take as something else."""
    if not batch.description or len(batch.description) > LONGEST_DESCRIPTION:
        _refuse(f"the description has {len(batch.description)} characters, not 1 to 60")
    if re.fullmatch(r"\d{6}", batch.period) is None:
        _refuse(f"the period {batch.period!r} is not YYYYPP")
    if batch.own_number is not None and not batch.own_number:
        _refuse("the batch number is empty")
    if len(batch.lines) < 2:
        _refuse("a batch has at least two lines")


def _lines_and_total(lines: Sequence[PostingLine]) -> tuple[list[_LineToPost], Decimal]:
    """Return the lines to post, and the sum of the debits, which must be that of the credits."""
    debits = credits = ZERO
    made = []
    for place, line in enumerate(lines, start=1):
        cents = _cents(line, place)
        debited: _Amount | UnsetType = UNSET
        credited: _Amount | UnsetType = UNSET
        if line.debit:
            debits += cents
            debited = _Amount(cents)
        else:
            credits += cents
            credited = _Amount(cents)
        made.append(
            _LineToPost(
                "Insert",
                _Text(line.account),
                _Text(line.reference),
                _Text(line.text),
                debited,
                credited,
                _segments_to_post(line.segments) if line.segments else UNSET,
            )
        )
    if debits != credits:
        _refuse("debits and credits differ")
    return made, debits


def _cents(line: PostingLine, place: int) -> Decimal:
    """Return the amount of the line, on whichever side it is, with two decimals."""
    debit, credit = line.debit, line.credit
    if not (debit.is_finite() and credit.is_finite()):
        _refuse(f"line {place} has an amount that is not a number")
    amount = debit or credit
    if (debit and credit) or amount <= 0:
        _refuse(f"line {place} must have either a debit or a credit above zero")
    rounded = amount.quantize(CENT)
    if rounded != amount:
        _refuse(f"line {place} has more than two decimals")
    if not line.account:
        _refuse(f"line {place} has no account")
    return rounded


def _refuse(problem: str) -> None:
    raise NotSendable(vendor=VENDOR, detail=problem)
