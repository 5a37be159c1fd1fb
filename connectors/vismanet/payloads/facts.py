"""What the administration knows, from the vendor's shapes to ours. Pure functions."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import (
    Account,
    Administration,
    Branch,
    Dimension,
    DimensionValue,
    Ledger,
    NumberSeries,
    Period,
)
from connectors.vismanet.payloads import strict


def administration(content: Any) -> Administration:
    """
    Return the company from ``GET /v1/organization``.

    A company may hold several legal units; the first carries the name that is shown.
    """
    items = strict.objects(content, where="organization")
    if not items:
        raise strict.bad("organization", "(all)", "an empty list")
    item = items[0]
    where = "organization"
    currency = item.get("currency")
    decimals = 2
    base = strict.text_or_empty(item, "baseCurrency", where=where)
    if isinstance(currency, Mapping):
        decimals = strict.integer(currency, "decimalPrecision", where=f"{where}.currency")
        base = base or strict.text(currency, "id", where=f"{where}.currency")
    return Administration(
        number=strict.text(item, "organizationCd", where=where),
        name=strict.text(item, "name", where=where),
        organisation_number=strict.text_or_empty(item, "corporateId", where=where),
        currency=base,
        decimals=decimals,
    )


def accounts(content: Any) -> tuple[Account, ...]:
    """Return the chart of accounts from ``GET /v1/account``, inactive ones too."""
    return tuple(_account(item) for item in strict.objects(content, where="account"))


def _account(item: Mapping[str, Any]) -> Account:
    where = f"account {item.get('accountCD', '')}"
    # A control account is moved by its sub-ledger only.
    control = strict.text_or_empty(item, "controlAccountModule", where=where)
    return Account(
        number=strict.text(item, "accountCD", where=where),
        name=strict.text_or_empty(item, "description", where=where),
        active=strict.flag(item, "active", where=where),
        takes_manual_entries=strict.flag(item, "allowManualEntry", where=where)
        and control in ("", "GL"),
        currency=strict.text_or_empty(item, "currency", where=where),
        kind=strict.text(item, "type", where=where),
        uses_default_dimensions=strict.flag(item, "useDefaultSub", where=where),
    )


def periods(content: Any) -> tuple[Period, ...]:
    """Return the periods from ``GET /v1/financialPeriod``, oldest first."""
    found = [_one_period(item) for item in strict.objects(content, where="financialPeriod")]
    return tuple(sorted(found, key=lambda period: (period.starts_on, period.id)))


def _one_period(item: Mapping[str, Any]) -> Period:
    where = f"financialPeriod {item.get('period', '')}"
    return Period(
        id=_period_id(item, where=where),
        starts_on=strict.day(item, "startDate", where=where),
        # Inactive is as closed for posting as closed is.
        open=strict.flag(item, "active", where=where)
        and not strict.flag(item, "closedInGeneralLedger", where=where),
        name=strict.text_or_empty(item, "description", where=where),
    )


def _period_id(item: Mapping[str, Any], *, where: strict.Where) -> str:
    """
    Return ``YYYYPP``. `period` is "the period no and the year", in an order not stated.

    https://api.finance.visma.net/API-index/ (FinancialPeriodDto)
    """
    year = f"{strict.integer(item, 'year', where=where):04d}"
    text = strict.text(item, "period", where=where)
    digits = re.sub(r"[\s./-]", "", text)
    if not digits.isdecimal():
        raise strict.bad(where, "period", text)
    if len(digits) in (1, 2):
        return f"{year}{digits:0>2}"
    if len(digits) == 6 and digits.startswith(year):
        return digits
    if len(digits) == 6 and digits.endswith(year):
        return f"{year}{digits[:2]}"
    raise strict.bad(where, "period", text)


def dimensions(content: Any) -> tuple[Dimension, ...]:
    """Return the segments of the subaccount from ``GET /v1/dimension/SUBACCOUNT``."""
    item = strict.an_object(content, where="dimension")
    return tuple(_dimension(one) for one in strict.members(item, "segments", where="dimension"))


def _dimension(item: Mapping[str, Any]) -> Dimension:
    where = f"segment {item.get('segmentId', '')}"
    return Dimension(
        segment_id=strict.integer(item, "segmentId", where=where),
        description=strict.text_or_empty(item, "description", where=where),
        length=strict.integer(item, "length", where=where),
        values=tuple(
            DimensionValue(
                value=strict.exact_text(value, "valueId", where=where),
                name=strict.text_or_empty(value, "description", where=where),
                active=strict.flag(value, "active", where=where),
            )
            for value in strict.members(item, "segmentValues", where=where)
        ),
        validated=strict.flag(item, "validate", where=where),
    )


def branches(content: Any) -> tuple[Branch, ...]:
    """Return the branches from ``GET /v1/branch?expandLedger=true``."""
    return tuple(_branch(item) for item in strict.objects(content, where="branch"))


def _branch(item: Mapping[str, Any]) -> Branch:
    where = f"branch {item.get('number', '')}"
    ledger = item.get("ledger")
    return Branch(
        number=strict.text(item, "number", where=where),
        name=strict.text_or_empty(item, "name", where=where),
        active=strict.flag(item, "isActive", where=where),
        ledger=strict.text_or_empty(ledger, "id", where=where)
        if isinstance(ledger, Mapping)
        else "",
    )


def ledgers(content: Any) -> tuple[Ledger, ...]:
    """Return the ledgers from ``GET /v1/ledger``."""
    return tuple(
        Ledger(
            number=strict.text(item, "number", where="ledger"),
            name=strict.text_or_empty(item, "description", where="ledger"),
            actual=strict.text(item, "balanceType", where="ledger") == "Actual",
            currency=strict.text_or_empty(item, "currencyId", where="ledger"),
        )
        for item in strict.objects(content, where="ledger")
    )


def currencies(content: Any) -> tuple[str, ...]:
    """Return the currencies that journals may be kept in, from ``GET /v1/currency``."""
    return tuple(
        strict.text(item, "id", where="currency")
        for item in strict.objects(content, where="currency")
        if strict.flag(item, "isUsedForAccounting", where="currency")
    )


def number_series(content: Any) -> tuple[NumberSeries, ...]:
    """Return the number series from ``GET /v1/numberSequence``."""
    return tuple(
        NumberSeries(
            number=strict.text(item, "numberingId", where="numberSequence"),
            name=strict.text_or_empty(item, "description", where="numberSequence"),
            manual=strict.flag(item, "manualNumbering", where="numberSequence"),
        )
        for item in strict.objects(content, where="numberSequence")
    )


def subaccounts_are_off(content: Any) -> bool:
    """Return whether ``GET /v1/featuresset`` says that the company has no subaccounts."""
    item = strict.an_object(content, where="featuresset")
    features: Iterable[Mapping[str, Any]] = strict.members(item, "features", where="featuresset")
    return any(
        strict.text_or_empty(feature, "name", where="featuresset").lower() == "subaccount"
        and not strict.flag(feature, "isEnabled", where="featuresset")
        for feature in features
    )
