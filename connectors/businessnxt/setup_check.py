"""The set-up check of one company: what it has, in codes; the words are the hub's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from connectors import visma_markers
from connectors.businessnxt.discovery import Columns, change_of, marker_column, marker_trouble
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from connectors.receivables.shared import FindingLevel, SetupFinding, SourceCompany
from connectors.receivables.source import SetupReport, VoucherType

_KEPT = (
    "voucherJournalNo",
    "auditNo",
    "customerNo",
    "voucherDate",
    "voucherType",
    "amountDomestic",
)


class Company(Protocol):
    """What the check asks of a company."""

    @property
    def columns(self) -> Columns: ...
    def read_company(self) -> SourceCompany: ...
    def read_tables(self) -> tuple[str, ...]: ...
    def list_voucher_types(self) -> list[VoucherType]: ...
    def try_reading_marker(self, marker: str) -> str: ...
    def try_writing_marker(self, change: Mapping[str, Any]) -> str: ...


class Check:
    """
    The set-up check of one company.

    :param marker: the chosen column; empty checks everything else
    :param value: what is to be written into it
    """

    def __init__(self, company: Company, *, marker: str, value: str) -> None:
        self._client, self._marker, self._value = company, marker, value
        self._findings: list[SetupFinding] = []

    def report(self) -> SetupReport:
        """Return what there is; only failures that stop every read are raised."""
        company = self._company()
        if company is None:
            return SetupReport(company=None, findings=tuple(self._findings))
        found = self._client.columns
        self._tables()
        self._columns(found)
        types = tuple(self._client.list_voucher_types())
        self._voucher_types(types, found)
        readable, writable = self._try_marker(found)
        return SetupReport(
            company=company,
            voucher_types=types,
            marker_readable=readable,
            marker_writable=writable,
            credit_block_readable=found.credit_denied,
            marker_columns=tuple(
                one for one in found.transaction if one.lower().startswith(("information", "free"))
            ),
            findings=tuple(self._findings),
        )

    def _say(self, level: FindingLevel, code: str, **params: str) -> None:
        self._findings.append(SetupFinding(level, code, params))

    def _company(self) -> SourceCompany | None:
        try:
            company = self._client.read_company()
        except NotAuthorized as refused:
            self._say(FindingLevel.PROBLEM, "company_not_opened", detail=refused.detail)
            return None
        number = company.organisation_number
        if number:
            self._say(FindingLevel.OK, "company_found", name=company.name, organisation=number)
        else:
            self._say(FindingLevel.PROBLEM, "organisation_number_missing", name=company.name)
        return company

    def _tables(self) -> None:
        """See that the model knows the tables; a model that cannot be read is no obstacle."""
        try:
            tables = self._client.read_tables()
        except Unavailable:
            raise
        except ConnectorError as refused:
            self._say(FindingLevel.WARNING, "model_not_readable", detail=refused.detail)
            return
        for table in ("CustomerTransaction", "Associate"):
            if table not in tables:
                self._say(FindingLevel.WARNING, "table_missing", table=table)

    def _columns(self, found: Columns) -> None:
        missing = [one for one in _KEPT if one not in found.transaction]
        if missing:
            self._say(FindingLevel.PROBLEM, "columns_missing", columns=", ".join(missing))
        for code, column in (
            ("kid", found.kid),
            ("origin", found.origin),
            ("currency", found.currency),
        ):
            level = FindingLevel.OK if column else FindingLevel.WARNING
            self._say(level, f"{code}_column" if column else f"{code}_missing", column=column)
        if not found.aggregates:
            self._say(FindingLevel.WARNING, "no_control_sum")
        if found.credit_denied:
            self._say(FindingLevel.OK, "credit_block_readable")
        else:
            self._say(FindingLevel.WARNING, "credit_block_missing")

    def _voucher_types(self, types: Sequence[VoucherType], found: Columns) -> None:
        if not types:
            self._say(FindingLevel.WARNING, "voucher_types_missing")
        elif any(one.affects_turnover is None for one in types):
            self._say(FindingLevel.WARNING, "turnover_flag_missing")
        else:
            proposed = [one for one in types if one.affects_turnover is False]
            self._say(
                FindingLevel.OK,
                "payment_types_proposed",
                types=", ".join(f"{one.number} {one.name}".strip() for one in proposed),
                column=found.voucher_type.flag if found.voucher_type else "",
            )

    # --- The marker -------------------------------------------------------------------------

    def _try_marker(self, found: Columns) -> tuple[bool | None, bool | None]:
        column, _is_number = marker_column(self._marker)
        if not column:
            return None, None
        # A column made for it (a data model extension) is not shown by the schema, so that only
        # trying it tells its type.
        trouble = marker_trouble(self._marker, self._value) or visma_markers.trouble_of_type(
            self._marker, self._value, kind=found.kind_of(column)
        )
        if trouble:
            self._say(FindingLevel.PROBLEM, trouble, column=column, value=self._value)
            return None, False
        # On one posting: a company without any shows nothing here, but at the first page.
        readable = self._tried("marker_not_readable", column, self._client.try_reading_marker)
        if not found.updates:
            self._say(FindingLevel.WARNING, "no_updates", column=column)
            return readable, False
        change = change_of(self._marker, self._value)
        writable = self._tried(
            "marker_not_writable",
            column,
            lambda _marker: self._client.try_writing_marker(change),
        )
        if readable and writable:
            self._say(FindingLevel.OK, "marker_works", column=column)
        return readable, writable

    def _tried(self, code: str, column: str, attempt: Callable[[str], str]) -> bool:
        reason = attempt(self._marker)
        if reason:
            self._say(FindingLevel.WARNING, code, column=column, detail=reason)
        return not reason
