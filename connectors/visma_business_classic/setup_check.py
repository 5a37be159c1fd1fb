"""The set-up check of one company's database: what it has, in codes; the words are the hub's."""

from typing import TYPE_CHECKING

from connectors import visma_markers
from connectors.receivables import FindingLevel, SetupFinding, SetupReport
from connectors.visma_business_classic import errors

if TYPE_CHECKING:
    from connectors.visma_business_classic.client import Client


def marker_trouble(marker: str, value: str) -> str:
    """Return why a column cannot hold a mark, as a code; empty: nothing is known against it."""
    return visma_markers.trouble(marker, value, used=visma_markers.USED_BY_CLASSIC)


def report(client: "Client", *, marker: str, value: str = "1") -> SetupReport:
    """Return what the database has; reads only."""
    findings: list[SetupFinding] = []

    def say(level: FindingLevel, code: str, **params: str) -> None:
        findings.append(SetupFinding(level, code, params))

    layout = client.layout
    company = client.read_company()
    if company.organisation_number:
        number = company.organisation_number
        say(FindingLevel.OK, "company_found", name=company.name, organisation=number)
    else:
        say(FindingLevel.PROBLEM, "organisation_number_missing", name=company.name)
    if layout.missing:
        say(FindingLevel.PROBLEM, "columns_missing", columns=", ".join(layout.missing))
    for code in ("kid", "origin", "currency"):
        column = layout.transactions.get(code, "")
        level = FindingLevel.OK if column else FindingLevel.WARNING
        say(level, f"{code}_column" if column else f"{code}_missing", column=column)
    if not layout.missing:
        try:
            say(FindingLevel.OK, "sign_of_amounts", sign=client.sign)
        except errors.SignUnclear:
            say(FindingLevel.PROBLEM, "sign_unclear")
    blocks = "creditDenied" in layout.customers
    code = "credit_block_readable" if blocks else "credit_block_missing"
    say(FindingLevel.OK if blocks else FindingLevel.WARNING, code)
    types = tuple(client.list_voucher_types())
    if types and layout.voucher_types:
        proposed = [one for one in types if one.affects_turnover is False]
        shown = ", ".join(f"{one.number} {one.name}".strip() for one in proposed)
        column = layout.voucher_types[3]
        say(FindingLevel.OK, "payment_types_proposed", types=shown, column=column)
    else:
        say(FindingLevel.WARNING, "voucher_types_missing")
    readable: bool | None = None
    trouble = ""
    if marker:
        readable = bool(client.marker_column(marker))
        trouble = marker_trouble(marker, value)
        if not readable:
            say(FindingLevel.WARNING, "marker_not_readable", column=marker, detail="")
        elif not trouble:
            kind, width = client.shape_of(client.marker_column(marker))
            trouble = visma_markers.trouble_of_type(marker, value, kind=kind, width=width)
        if trouble:
            say(FindingLevel.PROBLEM, trouble, column=marker.partition(":")[0], value=value)
        if not client.writes:
            say(FindingLevel.WARNING, "write_back_off", column=marker)
    known = set(layout.transactions.values())
    return SetupReport(
        company=company,
        voucher_types=types,
        marker_readable=readable,
        # Whether an update would be allowed cannot be known without one.
        marker_writable=(
            None if client.writes and readable and not trouble else False if marker else None
        ),
        credit_block_readable=blocks,
        marker_columns=tuple(one for one in layout.all_transactions if one not in known),
        findings=tuple(findings),
    )
