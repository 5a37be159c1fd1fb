"""
What the ERP refuses in a journal, and the journal read into plain values.

Texts: "cannot be found in the system" from community.visma.com (m-p/473762); the others are the
platform's [acu]. Which status comes with which text is not confirmed: settings `status_value`
and `status_period`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.company import Company
from sandbox.vismanet.errors import Invalid

Json = dict[str, Any]

HEADER_FIELDS = {
    "batchNumber": str,
    "hold": bool,
    "transactionDate": str,
    "postPeriod": str,
    "financialPeriod": str,
    "ledger": str,
    "currencyId": str,
    "exchangeRate": Decimal,
    "autoReversing": bool,
    "description": str,
    "controlTotalInCurrency": Decimal,
    "createVatTransaction": bool,
    "skipVatAmountValidation": bool,
    "transactionCode": str,
    "branch": str,
    "overrideNumberSeries": bool,
}
LINE_FIELDS = {
    "lineNumber": int,
    "accountNumber": str,
    "project": str,
    "projectTask": str,
    "referenceNumber": str,
    "transactionDescription": str,
    "debitAmountInCurrency": Decimal,
    "creditAmountInCurrency": Decimal,
    "vatCodeId": str,
    "vatId": str,
    "branch": str,
    "uom": str,
    "quantity": Decimal,
    "note": str,
}
_BARE_LINE = {"operation", "subaccount"}
_NUMBER_LENGTH = 15  # [acu]: the platform's length of a batch number


@dataclass
class Header:
    """The header of a journal, read and found right."""

    hold: bool
    day: str
    period: Json
    ledger: Json
    currency: str
    branch: Json
    description: str
    own_number: str
    control_total: Decimal | None
    extra: Json


@dataclass
class Line:
    """A line of a journal, read and found right."""

    account: Json
    debit: Decimal
    credit: Decimal
    segments: list[Json]
    branch: str
    values: Json


class Reader:
    """Reads one journal for one company, and raises what the ERP would refuse."""

    def __init__(self, company: Company, *, status_value: int, status_period: int) -> None:
        self.company = company
        self.status_value = status_value
        self.status_period = status_period
        self.unknown: list[str] = []
        # A journal of many lines repeats few accounts and few subaccounts.
        self._good_accounts: set[str] = set()
        self._good_segments: dict[str, list[Json]] = {}

    # --- Plain values -------------------------------------------------------------------

    def _unwrapped(self, source: Json, fields: dict[str, Any], bare: set[str], where: str) -> Json:
        """Return the values of {"value": …} fields; fields nobody knows are noted only."""
        values: Json = {}
        for name, wrapped in source.items():
            kind = fields.get(name)
            if kind is str and type(wrapped) is dict and len(wrapped) == 1:
                value = wrapped.get("value")  # the usual case, taken fast
                if type(value) is str:
                    values[name] = value
                    continue
            if name in bare:
                continue
            if name not in fields:
                # The real service ignores fields it does not know (as .NET does); the
                # sandbox ignores them too, and tells the tests.
                self.unknown.append(where + name)
                continue
            if wrapped is None:
                continue
            if not isinstance(wrapped, dict):
                raise Invalid(f"{where}{name}: the value must be wrapped as {{'value': ...}}.")
            self.unknown += [f"{where}{name}.{key}" for key in wrapped if key != "value"]
            value = wrapped.get("value")
            if value is not None:
                values[name] = self._typed(value, fields[name], where + name)
        return values

    @staticmethod
    def _typed(value: Any, kind: Any, where: str) -> Any:
        if kind is Decimal:
            # JSON numbers, never text.
            if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
                raise Invalid(f"{where}: could not convert {value!r} to Decimal.")
            return Decimal(value)
        if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
            raise Invalid(f"{where}: could not convert {value!r} to Int32.")
        if kind in (str, bool) and not isinstance(value, kind):
            raise Invalid(f"{where}: could not convert {value!r} to {kind.__name__}.")
        return value

    def _missing(self, field: str, value: object) -> Invalid:
        return Invalid(f"{field} '{value}' cannot be found in the system.", self.status_value)

    # --- Header -------------------------------------------------------------------------

    def header(self, body: Json, *, today: date) -> Header:
        """Return the header, or raise Invalid."""
        company = self.company
        values = self._unwrapped(body, HEADER_FIELDS, {"journalTransactionLines"}, "")
        day = _day(values.get("transactionDate"), today)
        currency = values.get("currencyId", company.currency)
        if all(each["id"] != currency for each in company.currencies):
            raise self._missing("CurrencyID", currency)
        number = values.get("branch") or company.branches[0]["number"]
        branch = company.branch(number)
        if branch is None:
            raise self._missing("Branch", number)
        if not branch["active"]:
            raise Invalid("Branch is inactive.", self.status_value)
        ledger = company.ledger(values.get("ledger") or branch["ledger"])
        if ledger is None or ledger["type"] != "Actual":
            raise self._missing("Ledger", values.get("ledger", ""))
        return Header(
            hold=values.get("hold", company.hold_default),
            day=day,
            period=self._period(values, day),
            ledger=ledger,
            currency=currency,
            branch=branch,
            description=values.get("description", ""),
            own_number=self._own_number(values),
            control_total=values.get("controlTotalInCurrency"),
            extra={
                "autoReversing": values.get("autoReversing", False),
                "createVatTransaction": values.get("createVatTransaction", False),
                "skipVatAmountValidation": values.get("skipVatAmountValidation", False),
                "transactionCode": values.get("transactionCode", ""),
                "exchangeRate": float(values.get("exchangeRate", 1)),
            },
        )

    def _own_number(self, values: Json) -> str:
        if not values.get("overrideNumberSeries"):
            return ""  # a batchNumber alone is ignored (community.visma.com, ta-p/370591)
        number = str(values.get("batchNumber", "")).strip()
        # The texts of these three are not confirmed: sandbox's choice.
        if not self.company.manual_numbers:
            raise Invalid(
                "Manual numbering on imports is not allowed for the numbering sequence "
                f"'{self.company.batch_series}'."
            )
        if not number:
            raise Invalid("'Batch Number' cannot be empty.")
        if len(number) > _NUMBER_LENGTH:
            raise Invalid(
                f"The string value provided exceeds the field 'Batch Number' length "
                f"({_NUMBER_LENGTH})."
            )
        return number

    def _period(self, values: Json, day: str) -> Json:
        company = self.company
        wanted = values.get("financialPeriod", "")
        post_period = values.get("postPeriod", "")
        if post_period and not wanted:
            wanted = post_period[2:] + post_period[:2]  # MMYYYY
        if wanted:
            period = company.periods.get(wanted)
            if period is None:
                raise self._missing("FinancialPeriod", wanted)
        else:
            period = company.period_of(day)
            if period is None:
                raise Invalid(
                    f"The financial period that corresponds to the {day} date does not exist in "
                    f"the {company.name} company.",
                    self.status_period,
                )
        self.open(period)
        if not period["start"] <= day <= period["end"]:
            # A warning in the screens [acu]; that the API refuses is the sandbox's choice.
            raise Invalid(
                "The date is outside the range of the selected financial period.",
                self.status_value,
            )
        return period

    def open(self, period: Json) -> None:
        """Raise Invalid if nothing may be posted in the period."""
        shown = f"{period['number']:02d}-{period['year']}"
        if period["closed"]:
            raise Invalid(f"The {shown} financial period is closed.", self.status_period)
        if not period["active"]:
            raise Invalid(f"The {shown} financial period is inactive.", self.status_period)

    # --- Lines --------------------------------------------------------------------------

    def lines(self, body: Json, header: Header) -> list[Line]:
        """Return the lines, or raise Invalid for the first that is refused."""
        given = body.get("journalTransactionLines") or []
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise Invalid("journalTransactionLines must be a list of lines.")
        return [self._line(each, header) for each in given]

    def _line(self, source: Json, header: Header) -> Line:
        where = "journalTransactionLines."
        values = self._unwrapped(source, LINE_FIELDS, _BARE_LINE, where)
        if source.get("operation", "Insert") != "Insert":
            raise Invalid(f"operation '{source['operation']}' needs a line that exists.")
        number = values.get("accountNumber", "")
        account = self.company.accounts.get(number)
        if account is None:
            raise self._missing("AccountNumber", number)
        if number not in self._good_accounts:
            self._check_account(account, header)
            self._good_accounts.add(number)
        debit = values.get("debitAmountInCurrency", Decimal(0))
        credit = values.get("creditAmountInCurrency", Decimal(0))
        if debit and credit:
            raise Invalid(
                "Both Debit and Credit parts of transaction are not zero. Exiting with error."
            )
        if not debit and not credit:
            raise Invalid("The amount of a line cannot be zero.")  # sandbox's choice
        for amount in (debit, credit):
            if not amount:
                continue
            # Negative amounts and more decimals than the currency has are not documented;
            # that they are refused is the sandbox's choice, so that nobody leans on them.
            if amount < 0 or amount != round(amount, 2):
                raise Invalid(f"The amount {amount} is not valid.")
        branch = values.get("branch") or header.branch["number"]
        if branch != header.branch["number"] and self.company.branch(branch) is None:
            raise self._missing("Branch", branch)
        given = source.get("subaccount") or []
        key = repr(given)
        if key not in self._good_segments:
            self._good_segments[key] = self._segments(given)
        return Line(
            account=account,
            debit=debit,
            credit=credit,
            segments=self._good_segments[key],
            branch=branch,
            values=values,
        )

    def _check_account(self, account: Json, header: Header) -> None:
        if not account["active"]:
            raise Invalid("Account is inactive.", self.status_value)
        if account["net_income"]:
            raise Invalid(
                "Cannot post transactions directly to Year to Date Net Income.", self.status_value
            )
        if not account["manual"]:
            # Control accounts refuse manual journals; the text is the sandbox's choice.
            raise Invalid(
                f"Account '{account['number']}' is a control account of {account['control']}; "
                "manual entries are not allowed.",
                self.status_value,
            )
        if account["currency"] and account["currency"] != header.currency:
            raise Invalid(
                "Denominated GL Account currency is different from transaction currency.",
                self.status_value,
            )

    def _segments(self, given: Any) -> list[Json]:
        if not isinstance(given, list):
            raise Invalid("subaccount must be a list of segments.")
        found: dict[int, str] = {}
        known = {segment["id"]: segment for segment in self.company.segments}
        for entry in given:
            if not isinstance(entry, dict):
                raise Invalid("subaccount must be a list of segments.")
            self.unknown += [
                f"journalTransactionLines.subaccount.{key}"
                for key in entry
                if key not in ("segmentId", "segmentValue")
            ]
            segment_id, value = entry.get("segmentId"), entry.get("segmentValue")
            segment = known.get(segment_id) if type(segment_id) is int else None
            if segment is None:
                raise self._missing("SegmentId", segment_id)
            if not isinstance(value, str):
                raise Invalid(f"segmentValue: could not convert {value!r} to String.")
            # Text, matched exactly: 2 and 0002 are different values (SystemaAS/visma-net-proxy
            # pads on the left for that reason).
            entry_known = segment["values"].get(value)
            if entry_known is None and (segment["validate"] or len(value) > segment["length"]):
                raise self._missing("SegmentValue", value)
            if entry_known is not None and not entry_known["active"]:
                raise Invalid(f"Subaccount {value} is inactive.", self.status_value)
            found[segment["id"]] = value
        segments = [{"id": key, "value": found[key]} for key in sorted(found)]
        if segments:
            self._check_combination(segments)
        return segments

    def _check_combination(self, segments: list[Json]) -> None:
        number = subaccount_number(self.company, segments)
        known = self.company.combinations.get(number)
        if known is None and not self.company.creates_combinations:
            raise self._missing("Subaccount", number)
        if known is not None and not known.get("active", True):
            raise Invalid(f"Subaccount {number} is inactive.", self.status_value)

    # --- The whole ----------------------------------------------------------------------

    def check_whole(self, header: Header, lines: list[Line]) -> tuple[Decimal, Decimal]:
        """Return debit and credit, or raise Invalid if the batch cannot be stored."""
        debit = sum((line.debit for line in lines), Decimal(0))
        credit = sum((line.credit for line in lines), Decimal(0))
        if header.hold:
            return debit, credit
        if len(lines) < 2:
            # help.visma.net, gl-batches: at least two lines. The text is the sandbox's choice.
            raise Invalid("A batch must have at least two lines.")
        unbalanced = debit != credit
        if self.company.requires_control_total and header.control_total != debit:
            unbalanced = True
        if unbalanced:
            raise Invalid("Batch is out of balance, please review.")
        return debit, credit


def subaccount_number(company: Company, segments: list[Json]) -> str:
    """Return the number of a combination; an omitted segment counts as zeros (not documented)."""
    given = {each["id"]: each["value"] for each in segments}
    return "-".join(given.get(each["id"], "0" * each["length"]) for each in company.segments)


def _day(text: str | None, today: date) -> str:
    if text is None:
        return today.isoformat()
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        raise Invalid(f"transactionDate: could not convert '{text}' to DateTime.") from None
