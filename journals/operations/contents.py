"""The frozen content of a batch: from the plan into the row, and back to what is posted."""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal

from connectors.base import BatchToPost, PostingLine, segment_value
from journals.models import Batch

ZERO = Decimal("0.00")


def write_lines(lines: Iterable[PostingLine]) -> str:
    """Return the lines as compact JSON; amounts stay text."""
    rows = [
        [
            line.account,
            str(line.debit),
            str(line.credit),
            line.text,
            line.reference,
            [[s.segment_id, s.value] for s in line.segments],
        ]
        for line in lines
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read_lines(stored: str) -> tuple[PostingLine, ...]:
    """Return the lines of `write_lines`."""
    return tuple(
        [
            PostingLine(
                account,
                Decimal(debit),
                Decimal(credit),
                text,
                reference,
                tuple([segment_value(segment_id, value) for segment_id, value in segments]),
            )
            for account, debit, credit, text, reference, segments in json.loads(stored)
        ]
    )


def to_post(batch: Batch, *, currency: str) -> BatchToPost:
    """
    Return what is to be posted for a prepared batch.

    :raises ValueError: if the batch was not prepared
    """
    if batch.posted_on is None or not batch.lines_json:
        raise ValueError(f"batch {batch.pk} was not prepared")
    return BatchToPost(
        description=batch.description,
        posted_on=batch.posted_on,
        period=batch.posting_period,
        currency=currency,
        lines=read_lines(batch.lines_json),
        hold=batch.hold,
        branch=batch.branch,
        ledger=batch.ledger,
        own_number=batch.own_number or None,
    )


def digest_of(*, batch: Batch, currency: str) -> str:
    """Return the digest of all that decides what the ledger will hold."""
    parts = (
        batch.description,
        str(batch.posted_on),
        batch.posting_period,
        currency,
        batch.branch,
        batch.ledger,
        batch.own_number,
        batch.lines_json,
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
