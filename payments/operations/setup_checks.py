"""The check of what a client's Visma company and invoicing company offer."""

from datetime import datetime
from typing import Any

from accounts.operations.access import source_for, target_for
from background.enqueueing import enqueue
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import ConnectorError
from connectors.organisation_numbers import digits_of
from connectors.receivables.shared import FindingLevel, SetupFinding
from organisations.models import User
from payments.models import InvoiceClient
from payments.operations import choices, marking
from payments.operations.choices import ClientRefused as ClientRefused
from payments.operations.fetching import check_company
from payments.operations.rights import check_right, integration_of
from payments.rules import refusals

CHECK = "payments.check_client"
COMPANY_BEFORE = {"source": "source_was", "target": "target_was"}
"""Where the findings of a client keep which company it had, when its account was taken away."""


def request_check(*, client: InvoiceClient, by: User | None) -> BackgroundRequest:
    """Let a worker look at the client's Visma company and invoicing company."""
    check_right(client.organisation, by)
    return request_in_background(
        organisation=client.organisation,
        kind=CHECK,
        by=by,
        params={"client": client.pk},
    )


@handles(CHECK)
def check(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    """Find out what the client's companies offer; the findings are stored on the client."""
    client = (
        InvoiceClient.objects.of(background_request.organisation)
        .select_related("organisation", "source", "target")
        .get(pk=background_request.params["client"])
    )
    return check_client(client, now=now)


def check_client(client: InvoiceClient, *, now: datetime) -> dict[str, Any]:
    """
    Find out what the client's companies offer, and store it.

    :raises ConnectorError: if Visma cannot be asked
    """
    if client.source is None:
        raise refusals.NoSourceCompany(client=client.name)
    integration = integration_of(client.organisation)
    report = source_for(client.source).check_setup(
        marker=client.marker_in(integration), value=integration.marker_value
    )
    found: list[dict[str, Any]] = []
    if report.company is not None:
        try:
            check_company(client, report.company)
        except ConnectorError as wrong:
            found.append(_failed(wrong))
    found += [_finding(one) for one in report.findings]
    control_accounts = None
    if client.target is not None:
        about_target, control_accounts = _check_target(client)
        found += about_target
    setup = {
        choices.CONTROL_ACCOUNTS: control_accounts,
        "company": report.company.name if report.company else "",
        "organisation_number": report.company.organisation_number if report.company else "",
        "currency": report.company.currency if report.company else "",
        "voucher_types": [
            {"number": t.number, "name": t.name, "affects_turnover": t.affects_turnover}
            for t in report.voucher_types
        ],
        "marker_readable": report.marker_readable,
        "marker_writable": report.marker_writable,
        "credit_block_readable": report.credit_block_readable,
        "marker_columns": list(report.marker_columns)[:200],
        "findings": found,
    }
    kept = {key: client.setup[key] for key in COMPANY_BEFORE.values() if key in client.setup}
    InvoiceClient.objects.filter(pk=client.pk).update(setup=setup | kept, checked_at=now)
    if report.marker_writable and marking.mark_refused_again(client, now=now):
        enqueue("payments.tasks.serve_client", client_id=client.pk)
    return setup


def _check_target(client: InvoiceClient) -> tuple[list[dict[str, Any]], list[str] | None]:
    """Return what was found, and the accounts on which nothing is posted; None: not known."""
    assert client.target is not None  # noqa: S101 (the caller has looked)
    try:
        target = target_for(client.target)
        company = target.read_client()
        named = SetupFinding(FindingLevel.OK, "target_company_found", {"name": company.name})
        found = [_finding(named)]
        found += [_finding(one) for one in target.check_setup(account=client.clearing_account)]
        ours = digits_of(client.organisation_number)
        theirs = digits_of(company.organisation_number)
        if ours and theirs and ours != theirs:
            wrong = refusals.WrongCompany(
                company=company.name, theirs=theirs, client=client.name, ours=ours
            )
            found.append(_failed(wrong))
        return found, sorted(target.read_control_accounts())
    except ConnectorError as failure:
        return [_failed(failure)], None


def _finding(one: SetupFinding) -> dict[str, Any]:
    return {"level": one.level.value, "code": one.code, "params": dict(one.params)}


def _failed(failure: ConnectorError) -> dict[str, Any]:
    return {
        "level": FindingLevel.PROBLEM.value,
        "failure": failure.code(),
        "params": failure.params,
    }


def proposed_types(client: InvoiceClient) -> list[int]:
    """Return the voucher types that the check proposes as payments: not of the turnover."""
    return [
        int(t["number"])
        for t in client.setup.get("voucher_types", ())
        if t.get("affects_turnover") is False
    ]
