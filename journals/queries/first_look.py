"""What the page of a journal shows of the question whether the ledger holds it already (B17)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from journals.models import Batch, FirstLook, Journal


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One batch that the ledger holds; `of` is the period of ours that it looks like."""

    number: str
    period: str
    posted_on: str
    total: Decimal
    description: str
    of: str


@dataclass(frozen=True, slots=True)
class FirstLookPage:
    """
    The question, or how it was answered.

    :param is_open: a person is to answer
    :param listed: whether the ledger could be listed
    :param more: how many more batches it holds in those periods than are shown
    :param by_answer: it is booked before the hub because a person said so
    :param by_period: it is booked before the hub by the first period of the mapping
    """

    url: str
    is_open: bool
    listed: bool
    looked_at: datetime | None
    rows: list[HeldRow]
    more: int
    answer: str
    answered_at: datetime | None
    answered_by: str
    reason: str
    by_answer: bool
    by_period: bool


def first_look_of(journal: Journal) -> FirstLookPage | None:
    """Return what is shown; None where nothing was asked and nothing is kept out."""
    asked = FirstLook.objects.filter(journal=journal).select_related("answered_by").first()
    before = journal.state == Journal.State.BOOKED_BEFORE or (
        Batch.objects.filter(journal=journal, state="booked_before").exists()
    )
    if not before and (asked is None or not (asked.is_open or asked.answer)):
        return None
    held = asked.held if asked else []
    by_answer = asked is not None and asked.answer == FirstLook.Answer.BOOKED_BEFORE
    return FirstLookPage(
        url=reverse("journals:booked", args=[journal.pk]),
        is_open=asked is not None and asked.is_open and not before,
        listed=asked is None or asked.listed,
        looked_at=asked.looked_at if asked else None,
        rows=[
            HeldRow(
                number=str(one["number"]),
                period=str(one["period"]),
                posted_on=str(one["posted_on"]),
                total=Decimal(one["total"]),
                description=str(one["description"]),
                of=str(one.get("of", "")),
            )
            for one in held
        ],
        more=(asked.held_count if asked else 0) - len(held),
        answer=str(FirstLook.Answer(asked.answer).label) if asked and asked.answer else "",
        answered_at=asked.answered_at if asked else None,
        answered_by=str(asked.answered_by or "") if asked else "",
        reason=asked.reason if asked else "",
        by_answer=before and by_answer,
        by_period=before and not by_answer,
    )
