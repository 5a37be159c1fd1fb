"""
Which of the five failures an answer of Visma.net ERP is.

Decided by one table, :data:`ANSWERS`, and below it by the one that holds for every vendor,
`connectors.http.answers.OUTCOMES`: the status first; then, for what the ERP validated, what we
had read of the administration before (`facts`); the vendor's words last, for they follow the
language of the user who authorised us. https://docs.vismasoftware.no/vismanetapi/how-tos/fix401error
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from connectors.base import BatchToPost, LedgerFacts
from connectors.errors import (
    ConnectorError,
    OutcomeUnknown,
    Rejected,
)
from connectors.http import answers
from connectors.http.answers import Answer
from connectors.vismanet.errors import (
    VENDOR,
    AccountInactive,
    AccountTakesNoEntries,
    AccountUnknown,
    BranchInactive,
    CurrencyDiffers,
    DateOutsidePeriod,
    DimensionValueInactive,
    DimensionValueUnknown,
    DuplicateNumber,
    LedgerMissing,
    NoLicence,
    NotSendable,
    OutOfBalance,
    PeriodClosed,
    PeriodMissing,
    ValueUnknown,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VendorText:
    """
    What a failed answer says, out of any of its five shapes.

    :param visma_id: the vendor's id of the failure, for its support
    :param fault_code: of the gateway, e.g. ``12027``
    :param is_page: markup: written by something between us and the ERP
    """

    text: str
    visma_id: str = ""
    fault_code: str = ""
    is_page: bool = False


_VISMA_ID = re.compile(r"VismaId:\s*([0-9a-fA-F-]{8,40})\.?\s*")
_TEXT_KEYS = ("message", "exceptionmessage", "error_description", "detail", "title", "error")
_LONGEST = 20_000
"""Characters of a refusal that are looked at; what says why stands at its beginning."""
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]{0,2000}>", re.DOTALL | re.IGNORECASE)


def read_failure(answer: Answer) -> VendorText:
    """
    Return what the answer says: JSON with any of the known keys, XML, text, or nothing.

    Never fails: the shape of a failure is not promised.
    https://community.visma.com (Developers Visma.net, m-p/473762)
    """
    text = answer.text[:_LONGEST].strip()
    fault_code, is_page = "", False
    try:
        content = json.loads(text)
        fields = _lower_keys(content)
        fault_code = str(fields.get("exceptionfaultcode", ""))
        text = _text_in(content, fields)
    except (ValueError, RecursionError):
        if text.startswith("<"):
            text = " ".join(html.unescape(_TAG.sub(" ", text)).split())
            is_page = True
    visma_id = ""
    if found := _VISMA_ID.search(text):
        visma_id = found.group(1)
        text = (text[: found.start()] + text[found.end() :]).strip()
    return VendorText(text, visma_id, fault_code, is_page)


def _lower_keys(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        return {}
    return {str(key).lower(): value for key, value in content.items()}


def _text_in(content: Any, fields: dict[str, Any]) -> str:
    for key in _TEXT_KEYS:
        if isinstance(fields.get(key), str) and fields[key].strip():
            return str(fields[key]).strip()
    return "; ".join(_strings(content))[:4000]


def _strings(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        if content.strip():
            yield content.strip()
    elif isinstance(content, dict | list):
        for member in content.values() if isinstance(content, dict) else content:
            yield from _strings(member)


Make = Callable[[re.Match[str], BatchToPost], tuple[type[ConnectorError], dict[str, str]]]


def _period(kind: type[ConnectorError]) -> Make:
    return lambda found, batch: (kind, {"period": batch.period})


def _accounts(kind: type[ConnectorError]) -> Make:
    return lambda found, batch: (kind, {"account": _all_accounts(batch)})


def _all_accounts(batch: BatchToPost) -> str:
    accounts = sorted({line.account for line in batch.lines})
    return ", ".join(accounts[:20]) + (" …" if len(accounts) > 20 else "")


_ACCOUNT_FIELDS = {"account", "accountid", "accountcd", "accountnumber"}
_DIMENSION_FIELDS = {"sub", "subid", "subaccount", "subaccountid", "segmentvalue", "segmentid"}
_PERIOD_FIELDS = {"finperiodid", "financialperiod", "postperiod", "tranperiodid", "periodid"}


def _value_unknown(
    found: re.Match[str], batch: BatchToPost
) -> tuple[type[ConnectorError], dict[str, str]]:
    field, value = found["field"], found["value"].strip()
    name = field.replace(" ", "").lower()
    if name in _ACCOUNT_FIELDS:
        return AccountUnknown, {"account": value}
    if name in _DIMENSION_FIELDS:
        return DimensionValueUnknown, {"value": value}
    if name in _PERIOD_FIELDS:
        return PeriodMissing, {"period": batch.period}
    return ValueUnknown, {"field": field, "value": value}


_WORDS: tuple[tuple[re.Pattern[str], Make], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), make)
    for pattern, make in (
        (
            r"Another process has (?:added|updated|deleted) the .{0,80} record",
            lambda found, batch: (DuplicateNumber, {}),
        ),
        (
            r"(?P<field>\w[\w .]{0,60}?) '(?P<value>[^']{0,60})' cannot be found in the system",
            _value_unknown,
        ),
        (r"financial period is (?:closed|inactive)", _period(PeriodClosed)),
        (r"financial period is closed in the .+ company", _period(PeriodClosed)),
        (r"financial period .{0,120}does not exist", _period(PeriodMissing)),
        (
            r"date is outside the range of the selected financial period",
            lambda found, batch: (
                DateOutsidePeriod,
                {"period": batch.period, "date": batch.posted_on.isoformat()},
            ),
        ),
        (r"Batch is out of balance", lambda found, batch: (OutOfBalance, {})),
        (r"Both Debit and Credit parts", lambda found, batch: (NotSendable, {})),
        (
            r"Subaccount (?P<value>.{1,40}?) is inactive",
            lambda found, batch: (DimensionValueInactive, {"value": found["value"].strip("' ")}),
        ),
        (r"Account(?: .{1,30})? is inactive", _accounts(AccountInactive)),
        (r"Cannot post transactions directly to", _accounts(AccountTakesNoEntries)),
        (
            r"Branch(?: .{1,40})? is inactive",
            lambda found, batch: (BranchInactive, {"branch": batch.branch or "…"}),
        ),
        (
            r"Account currency is different from transaction currency",
            lambda found, batch: (CurrencyDiffers, {"currency": batch.currency}),
        ),
        (
            r"No posting ledger of the Actual type",
            lambda found, batch: (LedgerMissing, {"branch": batch.branch or "…"}),
        ),
    )
)

# A field of the ERP at the very start, with its value: the mark of a validation in any
# language. An inner capital or a known name is asked for, so that an ordinary sentence that
# begins with a word and a quotation ("Posten 'X' har redan lagts till") is not taken for one.
_NAMES_A_FIELD = re.compile(
    r"^(?:[A-Za-z]+[a-z][A-Z]\w*|Account|Subaccount|Branch|Ledger|Currency|Project)\s'[^']*'"
)
_LICENCE_FAULTS = {"12027"}


def _anything(said: VendorText) -> bool:
    return True


def _licence(said: VendorText) -> bool:
    return said.fault_code in _LICENCE_FAULTS


def _names_what_it_refused(said: VendorText) -> bool:
    return bool(said.visma_id) and (
        _NAMES_A_FIELD.search(said.text) is not None
        or any(pattern.search(said.text) for pattern, _make in _WORDS)
    )


class On(StrEnum):
    """What kind of call an answer is to."""

    ANY = "any call"
    WRITE = "a write"
    POST = "a post of a batch"


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of the table: answers of these statuses, to these calls, that say this.

    :param kind: the failure; :class:`Rejected` on a post is made more exact by what we had
        read of the administration, and then by the words
    """

    statuses: frozenset[int]
    on: On
    says: Callable[[VendorText], bool]
    kind: type[ConnectorError]

    def fits(self, status: int, said: VendorText, writes: bool, batch: BatchToPost | None) -> bool:
        """Return whether the answer is one of this line."""
        to_such_a_call = {On.ANY: True, On.WRITE: writes, On.POST: batch is not None}[self.on]
        return status in self.statuses and to_such_a_call and self.says(said)


# The first line that fits decides; where none does, `OUTCOMES`. "Response Message has
# StatusCode BadRequest or InternalServerError if POST operation failed": a 500 is a validation
# too, but only if the ERP itself says what it refused; every other 5xx to a write is unknown.
ANSWERS = (
    Row(frozenset({400, 401, 403, 500}), On.ANY, _licence, NoLicence),
    Row(frozenset({400, 422}), On.POST, _anything, Rejected),
    Row(frozenset({500}), On.POST, _names_what_it_refused, Rejected),
    Row(frozenset({409}), On.WRITE, _anything, DuplicateNumber),
)


def failure(
    answer: Answer,
    *,
    writes: bool,
    batch: BatchToPost | None = None,
    facts: LedgerFacts | None = None,
) -> ConnectorError:
    """
    Return the failure that an unwelcome answer is.

    :param batch: what was posted, if the call was a post
    :param facts: what was read of the administration before, if it was
    """
    said = read_failure(answer)
    row = next((row for row in ANSWERS if row.fits(answer.status, said, writes, batch)), None)
    generic = answers.failure(
        answer, vendor=VENDOR, writes=writes, detail=said.text, trace_id=said.visma_id
    )
    kind = type(generic) if row is None else row.kind
    params: dict[str, str] = {}
    if row is not None and kind is Rejected and batch is not None:
        kind, params = _refusal(said, batch=batch, facts=facts)
    return kind(
        vendor=VENDOR,
        detail=generic.detail,
        status=answer.status,
        trace_id=generic.trace_id,
        retry_after=generic.retry_after,
        **params,
    )


def _refusal(
    said: VendorText, *, batch: BatchToPost, facts: LedgerFacts | None
) -> tuple[type[ConnectorError], dict[str, str]]:
    by_words = next(
        (make(found, batch) for pattern, make in _WORDS if (found := pattern.search(said.text))),
        None,
    )
    if by_words is not None and issubclass(by_words[0], OutcomeUnknown):
        # "There already" must be looked up, whatever else may be wrong with the batch.
        return by_words
    if by_words is None and batch.own_number and batch.own_number in said.text:
        # A refusal in a language we cannot read that names our number: it may be taken, by us.
        return DuplicateNumber, {}
    by_facts = next(problems(batch, facts), None) if facts is not None else None
    return by_facts or by_words or (Rejected, {})


def problems(
    batch: BatchToPost, facts: LedgerFacts
) -> Iterator[tuple[type[ConnectorError], dict[str, str]]]:
    """Yield what in the batch contradicts the facts, as failures with their parameters."""
    periods = {period.id: period for period in facts.periods}
    if facts.periods and batch.period not in periods:
        yield PeriodMissing, {"period": batch.period}
    elif facts.periods and not periods[batch.period].open:
        yield PeriodClosed, {"period": batch.period}
    yield from _account_problems(batch, facts)
    yield from _dimension_problems(batch, facts)
    if any(one.number == batch.branch and not one.active for one in facts.branches):
        yield BranchInactive, {"branch": batch.branch}


def _account_problems(
    batch: BatchToPost, facts: LedgerFacts
) -> Iterator[tuple[type[ConnectorError], dict[str, str]]]:
    accounts = {account.number: account for account in facts.accounts}
    for number in _once(line.account for line in batch.lines):
        account = accounts.get(number)
        if account is None:
            yield AccountUnknown, {"account": number}
        elif not account.active:
            yield AccountInactive, {"account": number}
        elif not account.takes_manual_entries:
            yield AccountTakesNoEntries, {"account": number}
        elif account.currency and account.currency != batch.currency:
            yield CurrencyDiffers, {"currency": batch.currency}


def _dimension_problems(
    batch: BatchToPost, facts: LedgerFacts
) -> Iterator[tuple[type[ConnectorError], dict[str, str]]]:
    dimensions = {dimension.segment_id: dimension for dimension in facts.dimensions}
    for segment in _once(segment for line in batch.lines for segment in line.segments):
        dimension = dimensions.get(segment.segment_id)
        values = {} if dimension is None else {one.value: one for one in dimension.values}
        value = values.get(segment.value)
        if value is not None and not value.active:
            yield DimensionValueInactive, {"value": segment.value}
        elif value is None and (dimension is None or dimension.validated):
            yield DimensionValueUnknown, {"value": segment.value}


def _once(items: Iterable[T]) -> Iterable[T]:
    return dict.fromkeys(items)
