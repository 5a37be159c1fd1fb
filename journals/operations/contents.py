"""The frozen content of a batch: from the plan into the row, and back to what is posted."""

import hashlib
from collections.abc import Iterable

import msgspec

from connectors.base import BatchToPost, PostingLine
from journals.models import Batch

_lines = msgspec.json.Decoder(tuple[PostingLine, ...])


def write_lines(lines: Iterable[PostingLine]) -> str:
    """Return the lines as compact JSON; amounts stay text."""
    return msgspec.json.encode(list(lines)).decode()


def read_lines(stored: str) -> tuple[PostingLine, ...]:
    """Return the lines of `write_lines`."""
    return _lines.decode(stored)


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
