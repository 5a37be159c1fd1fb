"""
Our shapes to Visma.net's, and back. Pure functions; every field name is the contract's.

A field that is missing or odd is a :class:`~connectors.errors.BadAnswer` that names it.
Nothing gets a default, except text that the vendor leaves out when it is empty.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.base import (
    ZERO,
    Account,
    Administration,
    BatchStatus,
    BatchToPost,
    Branch,
    Dimension,
    DimensionValue,
    Ledger,
    LedgerBatch,
    LedgerLine,
    NumberSeries,
    Period,
    PostingLine,
    SegmentValue,
    segment_value,
)
from connectors.errors import BadAnswer
from connectors.vismanet.errors import VENDOR, NotSendable

CENT = Decimal("0.01")
LONGEST_DESCRIPTION = 60

# --- Outward: JournalTransactionUpdateDto ---------------------------------------------------


def journal(batch: BatchToPost) -> dict[str, Any]:
    """
    Return the body of ``POST /v2/journaltransaction``.

    Sent is `financialPeriod` only: `postPeriod` means the same in the other order, and both
    together may contradict each other.

    :raises NotSendable: if the batch breaks a rule that the ledger has
    """
    _check(batch)
    header: dict[str, Any] = {
        "description": _wrapped(batch.description),
        "transactionDate": _wrapped(f"{batch.posted_on.isoformat()}T00:00:00"),
        "financialPeriod": _wrapped(batch.period),
        "currencyId": _wrapped(batch.currency),
        "hold": _wrapped(batch.hold),
        # Some companies require control totals; they may always be sent.
        "controlTotalInCurrency": _wrapped(batch.total.quantize(CENT)),
    }
    if batch.branch:
        header["branch"] = _wrapped(batch.branch)
    if batch.ledger:
        header["ledger"] = _wrapped(batch.ledger)
    if batch.own_number is not None:
        header["overrideNumberSeries"] = _wrapped(True)
        header["batchNumber"] = _wrapped(batch.own_number)
    header["journalTransactionLines"] = [_line(line) for line in batch.lines]
    return header


def _line(line: PostingLine) -> dict[str, Any]:
    content: dict[str, Any] = {"operation": "Insert", "accountNumber": _wrapped(line.account)}
    if line.segments:
        # The one list that is bare all through: https://api.finance.visma.net/API-index/
        content["subaccount"] = [
            {"segmentId": segment.segment_id, "segmentValue": segment.value}
            for segment in line.segments
        ]
    if line.debit:
        content["debitAmountInCurrency"] = _wrapped(line.debit.quantize(CENT))
    else:
        content["creditAmountInCurrency"] = _wrapped(line.credit.quantize(CENT))
    content["referenceNumber"] = _wrapped(line.reference)
    content["transactionDescription"] = _wrapped(line.text)
    return content


def _wrapped(value: object) -> dict[str, object]:
    return {"value": value}


def _check(batch: BatchToPost) -> None:
    """Refuse what the ledger would refuse, or worse, would take as something else."""
    if not batch.description or len(batch.description) > LONGEST_DESCRIPTION:
        _refuse(f"the description has {len(batch.description)} characters, not 1 to 60")
    if re.fullmatch(r"\d{6}", batch.period) is None:
        _refuse(f"the period {batch.period!r} is not YYYYPP")
    if batch.own_number is not None and not batch.own_number:
        _refuse("the batch number is empty")
    if len(batch.lines) < 2:
        _refuse("a batch has at least two lines")
    for place, line in enumerate(batch.lines, start=1):
        debit, credit = line.debit, line.credit
        if not (debit.is_finite() and credit.is_finite()):
            _refuse(f"line {place} has an amount that is not a number")
        if debit < 0 or credit < 0 or (debit > 0) is (credit > 0):
            _refuse(f"line {place} must have either a debit or a credit above zero")
        if debit != debit.quantize(CENT) or credit != credit.quantize(CENT):
            _refuse(f"line {place} has more than two decimals")
        if not line.account:
            _refuse(f"line {place} has no account")
    if sum((line.debit - line.credit for line in batch.lines), ZERO) != 0:
        _refuse("debits and credits differ")


def _refuse(problem: str) -> None:
    raise NotSendable(vendor=VENDOR, detail=problem)


# --- Inward: strict reading -----------------------------------------------------------------


Where = str | tuple[object, ...]
"""A place in an answer: its words, or the parts that they are made of."""


def bad(where: Where, field: str, found: object) -> BadAnswer:
    """Return the failure that names the field that cannot be read; not its whole value."""
    place = where if isinstance(where, str) else " ".join(map(str, where))
    return BadAnswer(vendor=VENDOR, detail=f"{place}: field {field!r} is {str(found)[:60]!r}")


_MISSING = "missing"


def _text(item: Mapping[str, Any], field: str, *, where: Where) -> str:
    value = item.get(field, _MISSING) if field in item else None
    if not isinstance(value, str) or not value.strip():
        raise bad(where, field, _MISSING if value is None else value)
    return value.strip()


def _text_or_empty(item: Mapping[str, Any], field: str, *, where: Where) -> str:
    value = item.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad(where, field, value)
    return value.strip()


def _flag(item: Mapping[str, Any], field: str, *, where: Where) -> bool:
    value = item.get(field, _MISSING)
    if not isinstance(value, bool):
        raise bad(where, field, value)
    return value


def _integer(item: Mapping[str, Any], field: str, *, where: Where) -> int:
    value = item.get(field, _MISSING)
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad(where, field, value)
    return value


def _amount(item: Mapping[str, Any], field: str, *, where: Where) -> Decimal:
    value = item.get(field, _MISSING)
    if type(value) is Decimal:
        exact = value
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise bad(where, field, "not a number" if field in item else _MISSING)
    else:
        exact = Decimal(value)
    try:
        amount = exact.quantize(CENT)
    except InvalidOperation as exc:
        raise bad(where, field, "too large a number") from exc
    if amount != exact:
        # The ERP keeps up to four decimals; a journal of ours never has more than two.
        raise bad(where, field, "a number with more than two decimals")
    return amount


def _day(item: Mapping[str, Any], field: str, *, where: Where) -> date:
    text = _text(item, field, where=where)
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as exc:
        raise bad(where, field, text) from exc


def _members(item: Mapping[str, Any], field: str, *, where: str) -> list[Mapping[str, Any]]:
    return objects(item.get(field, _MISSING), where=f"{where}.{field}")


def an_object(content: Any, *, where: Where) -> Mapping[str, Any]:
    """Return the content, which must be one JSON object without an `errorInfo`."""
    if not isinstance(content, dict):
        raise bad(where, "(all)", type(content).__name__)
    if content.get("errorInfo"):
        raise bad(where, "errorInfo", content["errorInfo"])
    return content


def objects(content: Any, *, where: Where) -> list[Mapping[str, Any]]:
    """Return the content, which must be a list of JSON objects without an `errorInfo`."""
    if not isinstance(content, list):
        raise bad(where, "(all)", content if isinstance(content, str) else type(content).__name__)
    return [an_object(member, where=where) for member in content]


# --- Inward: journals -----------------------------------------------------------------------

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
OUR_MODULE = "ModuleGL"


def module(item: Mapping[str, Any]) -> str:
    """Return the part of the ERP that the batch belongs to; ours are ``ModuleGL``."""
    return _text(item, "module", where="journal")


def total_count(item: Mapping[str, Any], *, where: Where) -> int:
    """Return how many rows the whole list has, which every item of it states."""
    metadata = item.get("metadata", _MISSING)
    if not isinstance(metadata, Mapping):
        raise bad(where, "metadata", metadata)
    return _integer(metadata, "totalCount", where=f"{where}.metadata")


def ledger_batch(pieces: Sequence[Mapping[str, Any]]) -> LedgerBatch:
    """Return one batch from its pieces: a page of the list may cut it in two."""
    item = pieces[0]
    where = f"journal {item.get('batchNumber', '')}"
    status = _text(item, "status", where=where)
    if status not in _STATUS:
        raise bad(where, "status", status)
    period = _text(item, "financialPeriod", where=where)
    if re.fullmatch(r"\d{6}", period) is None:
        raise bad(where, "financialPeriod", period)
    lines = {}
    for piece in pieces:
        for member in _members(piece, "journalTransactionLines", where=where):
            line = _ledger_line(member, where=where)
            lines[line.number] = line
    return LedgerBatch(
        number=batch_number(item),
        description=_text_or_empty(item, "description", where=where),
        period=period,
        status=_STATUS[status],
        debit_total=_amount(item, "debitTotalInCurrency", where=where),
        credit_total=_amount(item, "creditTotalInCurrency", where=where),
        lines=tuple(lines[number] for number in sorted(lines)),
        modified_at=_text_or_empty(item, "lastModifiedDateTime", where=where),
    )


def batch_number(item: Mapping[str, Any]) -> str:
    """Return the number by which the pieces of a batch are joined."""
    return _text(item, "batchNumber", where="journal")


def _ledger_line(item: Mapping[str, Any], *, where: str) -> LedgerLine:
    number = _integer(item, "lineNumber", where=(where, "a line"))
    # Put into words only when something is wrong: a batch has hundreds of lines.
    place = (where, "line", number)
    return LedgerLine(
        number,
        _text(item, "accountNumber", where=place),
        _amount(item, "debitAmountInCurrency", where=place),
        _amount(item, "creditAmountInCurrency", where=place),
        _text_or_empty(item, "transactionDescription", where=place),
        _text_or_empty(item, "referenceNumber", where=place),
        _segments(item, where=(*place, "subaccount")),
    )


def _segments(item: Mapping[str, Any], *, where: Where) -> tuple[SegmentValue, ...]:
    # A company without subaccounts has no such key, or an empty one.
    subaccount = item.get("subaccount")
    if subaccount is None:
        return ()
    segments = an_object(subaccount, where=where).get("segments")
    if segments is None:
        return ()
    return tuple(
        [
            segment_value(
                _integer(member, "segmentId", where=where),
                _segment_value(member, "segmentValue", where=where),
            )
            for member in objects(segments, where=where)
            if member.get("segmentValue") is not None
        ]
    )


def _segment_value(item: Mapping[str, Any], field: str, *, where: Where) -> str:
    """Return the exact text: `2`, `0002` and `2 ` are three values."""
    value = item.get(field, _MISSING)
    if not isinstance(value, str) or field not in item:
        raise bad(where, field, value)
    return value


# --- Inward: what the administration knows --------------------------------------------------


def administration(content: Any) -> Administration:
    """
    Return the company from ``GET /v1/organization``.

    A company may hold several legal units; the first carries the name that is shown.
    """
    items = objects(content, where="organization")
    if not items:
        raise bad("organization", "(all)", "an empty list")
    item = items[0]
    where = "organization"
    currency = item.get("currency")
    decimals = 2
    base = _text_or_empty(item, "baseCurrency", where=where)
    if isinstance(currency, Mapping):
        decimals = _integer(currency, "decimalPrecision", where=f"{where}.currency")
        base = base or _text(currency, "id", where=f"{where}.currency")
    return Administration(
        number=_text(item, "organizationCd", where=where),
        name=_text(item, "name", where=where),
        organisation_number=_text_or_empty(item, "corporateId", where=where),
        currency=base,
        decimals=decimals,
    )


def accounts(content: Any) -> tuple[Account, ...]:
    """Return the chart of accounts from ``GET /v1/account``, inactive ones too."""
    return tuple(_account(item) for item in objects(content, where="account"))


def _account(item: Mapping[str, Any]) -> Account:
    where = f"account {item.get('accountCD', '')}"
    # A control account is moved by its sub-ledger only.
    control = _text_or_empty(item, "controlAccountModule", where=where)
    return Account(
        number=_text(item, "accountCD", where=where),
        name=_text_or_empty(item, "description", where=where),
        active=_flag(item, "active", where=where),
        takes_manual_entries=_flag(item, "allowManualEntry", where=where) and control in ("", "GL"),
        currency=_text_or_empty(item, "currency", where=where),
        kind=_text(item, "type", where=where),
        uses_default_dimensions=_flag(item, "useDefaultSub", where=where),
    )


def periods(content: Any) -> tuple[Period, ...]:
    """Return the periods from ``GET /v1/financialPeriod``, oldest first."""
    found = [_one_period(item) for item in objects(content, where="financialPeriod")]
    return tuple(sorted(found, key=lambda period: (period.starts_on, period.id)))


def _one_period(item: Mapping[str, Any]) -> Period:
    where = f"financialPeriod {item.get('period', '')}"
    return Period(
        id=_period_id(item, where=where),
        starts_on=_day(item, "startDate", where=where),
        # Inactive is as closed for posting as closed is.
        open=_flag(item, "active", where=where)
        and not _flag(item, "closedInGeneralLedger", where=where),
        name=_text_or_empty(item, "description", where=where),
    )


def _period_id(item: Mapping[str, Any], *, where: Where) -> str:
    """
    Return ``YYYYPP``. `period` is "the period no and the year", in an order not stated.

    https://api.finance.visma.net/API-index/ (FinancialPeriodDto)
    """
    year = f"{_integer(item, 'year', where=where):04d}"
    text = _text(item, "period", where=where)
    digits = re.sub(r"[\s./-]", "", text)
    if not digits.isdecimal():
        raise bad(where, "period", text)
    if len(digits) in (1, 2):
        return f"{year}{digits:0>2}"
    if len(digits) == 6 and digits.startswith(year):
        return digits
    if len(digits) == 6 and digits.endswith(year):
        return f"{year}{digits[:2]}"
    raise bad(where, "period", text)


def dimensions(content: Any) -> tuple[Dimension, ...]:
    """Return the segments of the subaccount from ``GET /v1/dimension/SUBACCOUNT``."""
    item = an_object(content, where="dimension")
    return tuple(_dimension(one) for one in _members(item, "segments", where="dimension"))


def _dimension(item: Mapping[str, Any]) -> Dimension:
    where = f"segment {item.get('segmentId', '')}"
    return Dimension(
        segment_id=_integer(item, "segmentId", where=where),
        description=_text_or_empty(item, "description", where=where),
        length=_integer(item, "length", where=where),
        values=tuple(
            DimensionValue(
                value=_segment_value(value, "valueId", where=where),
                name=_text_or_empty(value, "description", where=where),
                active=_flag(value, "active", where=where),
            )
            for value in _members(item, "segmentValues", where=where)
        ),
        validated=_flag(item, "validate", where=where),
    )


def branches(content: Any) -> tuple[Branch, ...]:
    """Return the branches from ``GET /v1/branch?expandLedger=true``."""
    return tuple(_branch(item) for item in objects(content, where="branch"))


def _branch(item: Mapping[str, Any]) -> Branch:
    where = f"branch {item.get('number', '')}"
    ledger = item.get("ledger")
    return Branch(
        number=_text(item, "number", where=where),
        name=_text_or_empty(item, "name", where=where),
        active=_flag(item, "isActive", where=where),
        ledger=_text_or_empty(ledger, "id", where=where) if isinstance(ledger, Mapping) else "",
    )


def ledgers(content: Any) -> tuple[Ledger, ...]:
    """Return the ledgers from ``GET /v1/ledger``."""
    return tuple(
        Ledger(
            number=_text(item, "number", where="ledger"),
            name=_text_or_empty(item, "description", where="ledger"),
            actual=_text(item, "balanceType", where="ledger") == "Actual",
            currency=_text_or_empty(item, "currencyId", where="ledger"),
        )
        for item in objects(content, where="ledger")
    )


def currencies(content: Any) -> tuple[str, ...]:
    """Return the currencies that journals may be kept in, from ``GET /v1/currency``."""
    return tuple(
        _text(item, "id", where="currency")
        for item in objects(content, where="currency")
        if _flag(item, "isUsedForAccounting", where="currency")
    )


def number_series(content: Any) -> tuple[NumberSeries, ...]:
    """Return the number series from ``GET /v1/numberSequence``."""
    return tuple(
        NumberSeries(
            number=_text(item, "numberingId", where="numberSequence"),
            name=_text_or_empty(item, "description", where="numberSequence"),
            manual=_flag(item, "manualNumbering", where="numberSequence"),
        )
        for item in objects(content, where="numberSequence")
    )


def subaccounts_are_off(content: Any) -> bool:
    """Return whether ``GET /v1/featuresset`` says that the company has no subaccounts."""
    item = an_object(content, where="featuresset")
    features: Iterable[Mapping[str, Any]] = _members(item, "features", where="featuresset")
    return any(
        _text_or_empty(feature, "name", where="featuresset").lower() == "subaccount"
        and not _flag(feature, "isEnabled", where="featuresset")
        for feature in features
    )
