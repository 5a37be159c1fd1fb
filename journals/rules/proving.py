"""What happened: is the batch in the ledger, and is it what we sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from connectors import base
from connectors.words import gettext_noop as _

NONE, ONE, SEVERAL = "none", "one", "several"


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One difference between what was sent and what the ledger holds. Template and params.

    :param line: number of the ledger's line, where it is about one that is there
    """

    code: str
    message: str
    params: Mapping[str, str] = field(default_factory=dict)
    line: int | None = None

    @property
    def text(self) -> str:
        """Return the message in English, filled in."""
        return self.message.format(**self.params)


DIFFERENCES: dict[str, str] = {
    "total": _("The total is {found}; {sent} was sent."),
    "period": _("The period is {found}; {sent} was sent."),
    "line_count": _("The batch has {found} lines; {sent} were sent."),
    "voided": _("The batch was voided in the ledger."),
    "line_missing": _("Account {account} {amount} {segments} was sent but is not in the ledger."),
    "line_added": _("Account {account} {amount} {segments} is in the ledger but was not sent."),
    "line_changed": _("Account {account}: {sent} was sent, {found} is in the ledger."),
}


@dataclass(frozen=True, slots=True)
class Match:
    """What a look-up found: none, one (with its batch) or several."""

    outcome: str
    batch: base.LedgerBatch | None = None
    candidates: tuple[base.LedgerBatch, ...] = ()


def match_lost_batch(sent: base.BatchToPost, candidates: Sequence[base.LedgerBatch]) -> Match:
    """
    Return which of the ledger's batches is ours, after an answer was lost.

    Description, period, total and the references of the lines must be equal. A batch of our
    description that differs in the rest, or that somebody voided, is not taken for ours, but
    is not taken for absent either: the key in the description is unique, so a person must
    look (several).
    """
    ours = [batch for batch in candidates if batch.description.strip() == sent.description]
    if not ours:
        return Match(NONE)
    exact = [batch for batch in ours if _is_same(sent, batch)]
    if len(ours) == len(exact) == 1:
        return Match(ONE, exact[0], tuple(exact))
    return Match(SEVERAL, None, tuple(ours))


def _is_same(sent: base.BatchToPost, batch: base.LedgerBatch) -> bool:
    references = {line.reference for line in sent.lines}
    return (
        batch.status != base.BatchStatus.VOIDED
        and batch.period == sent.period
        and batch.debit_total == sent.total
        and {line.reference for line in batch.lines} <= references
        and (bool(batch.lines) or not sent.lines)
    )


def verify_read_back(sent: base.BatchToPost, batch: base.LedgerBatch) -> list[Difference]:
    """
    Return how the ledger's batch differs from what was sent; nothing means *posted*.

    Total, period and number of lines first, then line by line by account, amounts and
    segments, whatever their order. Segments are only compared where we sent some: the target
    fills in its own for the rest.
    """
    found: list[Difference] = []
    if batch.status == base.BatchStatus.VOIDED:
        found.append(_difference("voided"))
    total = sent.total
    if batch.debit_total != total or batch.credit_total != total:
        off = batch.debit_total if batch.debit_total != total else batch.credit_total
        found.append(_difference("total", found=off, sent=total))
    if batch.period != sent.period:
        found.append(_difference("period", found=batch.period, sent=sent.period))
    if len(batch.lines) != len(sent.lines):
        found.append(_difference("line_count", found=len(batch.lines), sent=len(sent.lines)))
    return found + _line_differences(sent.lines, batch.lines)


def _line_differences(
    sent: Sequence[base.PostingLine], there: Sequence[base.LedgerLine]
) -> list[Difference]:
    if len(sent) == len(there) and all(map(_is_same_line, sent, there)):
        return []  # in the same order too, as nearly always
    by_amount: dict[tuple[str, Decimal, Decimal], list[int]] = {}
    for place, held in enumerate(there):
        by_amount.setdefault((held.account, held.debit, held.credit), []).append(place)
    missing: list[base.PostingLine] = []
    taken: set[int] = set()
    # Lines with segments choose first, so that one without takes what is left.
    for line in sorted(sent, key=lambda item: -len(item.segments)):
        choices = by_amount.get((line.account, line.debit, line.credit), [])
        match = next((place for place in choices if _segments_fit(line, there[place])), None)
        if match is None:
            missing.append(line)
        else:
            choices.remove(match)
            taken.add(match)
    left = [held for place, held in enumerate(there) if place not in taken]
    differences: list[Difference] = []
    for line in missing:
        changed = next((other for other in left if other.account == line.account), None)
        if changed is None:
            differences.append(_difference("line_missing", **_words(line)))
            continue
        left.remove(changed)
        difference = _difference(
            "line_changed", account=line.account, sent=_shown(line), found=_shown(changed)
        )
        differences.append(replace(difference, line=changed.number))
    for held in left:
        added = _difference("line_added", **_words(held))
        differences.append(replace(added, line=held.number))
    return differences


def _is_same_line(sent: base.PostingLine, there: base.LedgerLine) -> bool:
    return (
        sent.account == there.account
        and sent.debit == there.debit
        and sent.credit == there.credit
        and sent.segments == there.segments
    )


def _segments_fit(sent: base.PostingLine, there: base.LedgerLine) -> bool:
    if not sent.segments or sent.segments == there.segments:
        return True
    held = {segment.segment_id: segment.value for segment in there.segments}
    return all(held.get(segment.segment_id) == segment.value for segment in sent.segments)


def _words(line: base.PostingLine | base.LedgerLine) -> dict[str, str]:
    return {
        "account": line.account,
        "amount": str(line.debit - line.credit),
        "segments": " ".join(segment.value for segment in line.segments),
    }


def _shown(line: base.PostingLine | base.LedgerLine) -> str:
    words = _words(line)
    return f"{words['amount']} {words['segments']}".strip()


def _difference(code: str, **params: object) -> Difference:
    texts = {name: str(value) for name, value in params.items()}
    return Difference(code, DIFFERENCES[code], texts)
