"""The set-up check of one company's database: what it has, in codes; the words are the hub's."""

from collections.abc import Iterator

from connectors import visma_markers
from connectors.receivables.shared import FindingLevel, SetupFinding, SourceCompany
from connectors.receivables.source import SetupReport, VoucherType
from connectors.visma_business_classic import errors
from connectors.visma_business_classic.ledger import Ledger


def marker_trouble(marker: str, value: str) -> str:
    """Return why a column cannot hold a mark, as a code; empty: nothing is known against it."""
    return visma_markers.trouble(marker, value, used=visma_markers.USED_BY_CLASSIC)


def report(
    ledger: Ledger,
    *,
    company: SourceCompany,
    types: tuple[VoucherType, ...],
    writes: bool,
    marker: str,
    value: str,
) -> SetupReport:
    """Return what the database has; reads only."""
    layout = ledger.layout
    readable = bool(ledger.marker_column(marker)) if marker else None
    trouble = _trouble(ledger, marker, value) if marker else ""
    findings = [*_findings(ledger, company, types)]
    if marker:
        if not readable:
            findings.append(_warning("marker_not_readable", column=marker, detail=""))
        if trouble:
            column = marker.partition(":")[0]
            findings.append(_problem(trouble, column=column, value=value))
        if not writes:
            findings.append(_warning("write_back_off", column=marker))
    known = set(layout.transactions.values())
    return SetupReport(
        company=company,
        voucher_types=types,
        marker_readable=readable,
        # Whether an update would be allowed cannot be known without one.
        marker_writable=None if writes and readable and not trouble else False if marker else None,
        credit_block_readable="creditDenied" in layout.customers,
        marker_columns=tuple(one for one in layout.all_transactions if one not in known),
        findings=tuple(findings),
    )


def _findings(
    ledger: Ledger, company: SourceCompany, types: tuple[VoucherType, ...]
) -> Iterator[SetupFinding]:
    layout, number = ledger.layout, company.organisation_number
    if number:
        yield _ok("company_found", name=company.name, organisation=number)
    else:
        yield _problem("organisation_number_missing", name=company.name)
    if layout.missing:
        yield _problem("columns_missing", columns=", ".join(layout.missing))
    for code in ("kid", "origin", "currency"):
        column = layout.transactions.get(code, "")
        found = _ok if column else _warning
        yield found(f"{code}_column" if column else f"{code}_missing", column=column)
    if not layout.missing:
        try:
            yield _ok("sign_of_amounts", sign=ledger.sign)
        except errors.SignUnclear:
            yield _problem("sign_unclear")
    if "creditDenied" in layout.customers:
        yield _ok("credit_block_readable")
    else:
        yield _warning("credit_block_missing")
    if types and layout.voucher_types:
        proposed = [one for one in types if one.affects_turnover is False]
        shown = ", ".join(f"{one.number} {one.name}".strip() for one in proposed)
        yield _ok("payment_types_proposed", types=shown, column=layout.voucher_types[3])
    else:
        yield _warning("voucher_types_missing")


def _trouble(ledger: Ledger, marker: str, value: str) -> str:
    """Return why the column cannot hold the mark, by its name or, where it is there, its type."""
    column = ledger.marker_column(marker)
    trouble = marker_trouble(marker, value)
    if trouble or not column:
        return trouble
    kind, width = ledger.shape_of(column)
    return visma_markers.trouble_of_type(marker, value, kind=kind, width=width)


def _ok(code: str, **params: str) -> SetupFinding:
    return SetupFinding(FindingLevel.OK, code, params)


def _warning(code: str, **params: str) -> SetupFinding:
    return SetupFinding(FindingLevel.WARNING, code, params)


def _problem(code: str, **params: str) -> SetupFinding:
    return SetupFinding(FindingLevel.PROBLEM, code, params)
