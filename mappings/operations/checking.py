"""The live check of a mapping, and the background requests that call the target for a page."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Connection
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.base import AccountingConnector
from connectors.errors import NotAuthorized
from mappings.models import Mapping, PayrollDimension
from mappings.operations.ledger import facts_for
from mappings.rules.checking import Checked, DimensionUse, Problem, find_problems
from mappings.sources import codes_seen
from organisations.models import User

READ_LEDGER = "mappings.read_ledger"
CHECK = "mappings.check"


def request_check(*, mapping: Mapping, by: User | None) -> BackgroundRequest:
    """Let a worker hold the mapping against its ledger."""
    return request_in_background(
        organisation=mapping.organisation, kind=CHECK, by=by, params={"mapping_id": mapping.pk}
    )


def request_reading(*, connection: Connection, by: User | None) -> BackgroundRequest:
    """Let a worker read what a wizard's later steps offer."""
    return request_in_background(
        organisation=connection.organisation,
        kind=READ_LEDGER,
        by=by,
        params={"connection_id": connection.pk},
    )


def check_mapping(
    *, mapping: Mapping, now: datetime, connector: AccountingConnector | None = None
) -> list[Problem]:
    """
    Read the target again, store all that would stop a journal, and return it.

    May call the vendor, so only a worker or a command may call it.

    :raises ConnectorError: if the target cannot be asked; what was found last stays
    """
    connection = mapping.connection
    if not connection.is_authorised:
        problems = [_not_authorised(connection)]
    else:
        try:
            facts = facts_for(connection, now=now, max_age=timedelta(0), connector=connector)
        except NotAuthorized:
            connection.refresh_from_db()
            if connection.is_authorised:
                raise
            problems = [_not_authorised(connection)]
        else:
            problems = find_problems(checked_of(mapping), facts)
    proven = mapping.own_numbers and not any(
        problem.code.startswith(("own_numbers", "account_not")) for problem in problems
    )
    mapping.problems = [problem.to_json() for problem in problems]
    mapping.checked_at = now
    mapping.own_numbers_proven_at = now if proven else None
    mapping.save(update_fields=["problems", "checked_at", "own_numbers_proven_at"])
    return problems


def checked_of(mapping: Mapping) -> Checked:
    """Return what of the mapping is held against the target."""
    tables: dict[str, dict[str, str]] = {}
    for line in mapping.values.all():
        tables.setdefault(line.dimension, {})[line.payroll_code] = line.target_value
    seen = codes_seen(mapping)
    uses = tuple(
        DimensionUse(
            description=getattr(mapping, f"{name}_description"),
            segment_id=getattr(mapping, f"{name}_segment"),
            rule=getattr(mapping, f"{name}_rule"),
            values=tables.get(name, {}),
            seen=tuple(sorted(seen.get(name, {}))),
        )
        for name in PayrollDimension.values
        if getattr(mapping, f"use_{name}")
    )
    return Checked(
        dimensions=uses,
        branch=mapping.branch,
        ledger=mapping.ledger,
        balance_sheet_format=mapping.balance_sheet_format,
        profit_and_loss_format=mapping.profit_and_loss_format,
        own_numbers=mapping.own_numbers,
        balancing_account=mapping.balancing_account,
        currency=mapping.company.currency,
    )


def _not_authorised(connection: Connection) -> Problem:
    return Problem("account_not_authorised", {"account": connection.name})


@handles(READ_LEDGER)
def _read_ledger(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    connection = Connection.objects.of(background_request.organisation).get(
        pk=background_request.params["connection_id"]
    )
    facts = facts_for(connection, now=now, max_age=timedelta(0))
    return {"connection_id": connection.pk, "administration": facts.administration.name}


@handles(CHECK)
def _check(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    mapping = (
        Mapping.objects.of(background_request.organisation)
        .select_related("connection", "company")
        .get(pk=background_request.params["mapping_id"])
    )
    return {"mapping_id": mapping.pk, "problems": len(check_mapping(mapping=mapping, now=now))}
