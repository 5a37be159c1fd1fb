"""Batches and answers for the tests of the Visma.net connector."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.base import BatchToPost, PostingLine, SegmentValue

D = Decimal


def debit(account: str, amount: str, *segments: tuple[int, str]) -> PostingLine:
    values = tuple(SegmentValue(*segment) for segment in segments)
    return PostingLine(account, D(amount), D("0.00"), "Salary", "HUB-7F3K2", values)


def credit(account: str, amount: str) -> PostingLine:
    return PostingLine(account, D("0.00"), D(amount), "Salary", "HUB-7F3K2")


def batch(**changes: Any) -> BatchToPost:
    plain = BatchToPost(
        description="PAYROLL 2026-03 HUB-7F3K2",
        posted_on=date(2026, 3, 25),
        period="202603",
        currency="SEK",
        lines=(debit("7010", "1000.10", (1, "0100"), (2, "K10")), credit("2821", "1000.10")),
    )
    return replace(plain, **changes)


def line_answer(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "lineNumber": number,
        "accountNumber": "7010",
        "subaccount": {
            "subaccountNumber": "0002-K10",
            "segments": [{"segmentId": 1, "segmentValue": "0002"}],
        },
        "referenceNumber": "HUB-7F3K2",
        "debitAmountInCurrency": D("1000.1"),
        "creditAmountInCurrency": 0,
        "transactionDescription": "Salary",
    } | changes


def journal_answer(number: str = "000001", *, total: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "module": "ModuleGL",
        "batchNumber": number,
        "status": "Balanced",
        "financialPeriod": "202603",
        "description": "PAYROLL 2026-03 HUB-7F3K2",
        "debitTotalInCurrency": D("1000.1"),
        "creditTotalInCurrency": D("1000.1"),
        "lastModifiedDateTime": "2026-03-25T10:00:00",
        "journalTransactionLines": [line_answer()],
        "metadata": {"totalCount": total, "maxPageSize": 1000},
    } | changes
