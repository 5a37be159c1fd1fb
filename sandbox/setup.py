"""What a person could change in the vendor's own screens, for tests and the faults page."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sandbox.batch import Batch
from sandbox.company import Company
from sandbox.ledger import Ledger

_COMPANY_SWITCHES = {
    "name",
    "organisation_number",
    "manual_numbers",
    "hold_default",
    "posts_on_release",
    "creates_combinations",
    "requires_control_total",
    "licensed",
    "service_approved",
}


class SetUp:
    """Changes of a company's set-up. `company` is any name that `Ledger.company` takes."""

    def __init__(self, store: Ledger) -> None:
        self._store = store

    def close_period(self, company: str, period: str) -> None:
        """Close a period (``YYYYPP``) in the general ledger."""
        self._change_period(company, period, closed=True)

    def open_period(self, company: str, period: str) -> None:
        """Open a period (``YYYYPP``) again, and activate it."""
        self._change_period(company, period, closed=False, active=True)

    def deactivate_period(self, company: str, period: str) -> None:
        """Make a period inactive, which stops postings as much as closing it."""
        self._change_period(company, period, active=False)

    def _change_period(self, company: str, period: str, **values: Any) -> None:
        found = self._store.company(company)
        found.period(period).update(values)
        self._store.save_company(found)

    def set_account(self, company: str, number: str, **values: Any) -> None:
        """Change an account: active, name, manual, control, currency, tax_category, default_sub."""
        found = self._store.company(company)
        account = found.account(number)
        _known(values, account)
        account.update(values)
        self._store.save_company(found)

    def rename_segment(self, company: str, segment: int, description: str) -> None:
        """Rename a dimension; its id stays."""
        found = self._store.company(company)
        found.segment(segment)["description"] = description
        self._store.save_company(found)

    def set_value(self, company: str, segment: int, value: str, **values: Any) -> None:
        """Change or add a value of a dimension: active, description."""
        found = self._store.company(company)
        all_values = found.segment(segment)["values"]
        _known(values, {"active", "description"})
        entry = all_values.setdefault(value, {"description": value, "active": True})
        entry.update(values)
        self._store.save_company(found)

    def set_company(self, company: str, **values: Any) -> None:
        """Change a company's own switches, e.g. ``licensed=False`` or ``manual_numbers=True``."""
        found = self._store.company(company)
        _known(values, _COMPANY_SWITCHES)
        for name, value in values.items():
            setattr(found, name, value)
        self._store.save_company(found)

    def set_branch(self, company: str, number: str, **values: Any) -> None:
        """Change a branch: active, name, ledger."""
        found: Company = self._store.company(company)
        branch = found.branch(number)
        if branch is None:
            raise KeyError(f"{found.name} has no branch {number}")
        branch.update(values)
        self._store.save_company(found)

    def set_role(self, email: str, company: str, *, api_user: bool) -> None:
        """Give or take the role API User of a person in a company."""
        person = self._store.get("person", email)
        if person is None:
            raise KeyError(f"no person signs in as {email!r}")
        tenant_id = self._store.company(company).tenant_id
        tenants = [each for each in person["tenants"] if each != tenant_id]
        self._store.put(
            "person", email, person | {"tenants": [*tenants, tenant_id] if api_user else tenants}
        )

    # --- What a person does with a batch in GL301000 -------------------------------------

    def delete_batch(self, company: str, number: str, number_again: bool = False) -> None:
        """
        Delete a batch; the ERP lets a person do so while it is not released.

        :param number_again: the series then gives its number to the next batch
        """
        self._unreleased(company, number)
        self._store.delete_batch(company, number, number_again=number_again)

    def release_batch(self, company: str, number: str) -> None:
        """Release a batch, on hold or not."""
        batch = self._unreleased(company, number)
        posts = self._store.company(company).posts_on_release
        self._store.change_batch(batch, status="Posted" if posts else "Unposted", release_due=0.0)

    def void_batch(self, company: str, number: str) -> None:
        """Void a batch: it stays and counts for nothing."""
        self._store.change_batch(self._batch(company, number), status="Voided", release_due=0.0)

    def move_batch(self, company: str, number: str, period: str) -> None:
        """Move a batch to another period (``YYYYPP``)."""
        self._store.company(company).period(period)
        self._store.change_batch(self._unreleased(company, number), period=period)

    def describe_batch(self, company: str, number: str, description: str) -> None:
        """Give a batch another description."""
        self._store.change_batch(self._unreleased(company, number), description=description)

    def change_line(self, company: str, number: str, line: int, **values: Any) -> None:
        """
        Change a line of a batch: account, text, reference, or amount (debits and credits of
        the batch are added up again, so change two lines to keep it balanced).
        """
        batch = self._unreleased(company, number)
        lines = batch.lines
        found = next((each for each in lines if each["lineNumber"] == line), None)
        if found is None:
            raise KeyError(f"batch {number} has no line {line}")
        _known(values, {"account", "amount", "text", "reference"})
        if "account" in values:
            account = self._store.company(company).account(values["account"])
            found |= {"accountNumber": account["number"], "description": account["name"]}
        if "amount" in values:
            side = "debit" if found["debitAmountInCurrency"] else "credit"
            amount = float(Decimal(str(values["amount"])))
            found |= {f"{side}Amount": amount, f"{side}AmountInCurrency": amount}
        if "text" in values:
            found["transactionDescription"] = values["text"]
        if "reference" in values:
            found["referenceNumber"] = values["reference"]
        self._keep_lines(batch, lines)

    def remove_line(self, company: str, number: str, line: int) -> None:
        """Remove a line of a batch."""
        batch = self._unreleased(company, number)
        self._keep_lines(batch, [each for each in batch.lines if each["lineNumber"] != line])

    def copy_batch(self, company: str, number: str) -> None:
        """Copy a batch under the next number, as a person may who thinks that it is missing."""
        batch = self._batch(company, number)
        self._store.add_batch(replace(batch, number="", own=0, status="Balanced", release_due=0.0))

    def _keep_lines(self, batch: Batch, lines: list[dict[str, Any]]) -> None:
        sums = {
            side: sum((Decimal(str(each[f"{side}AmountInCurrency"])) for each in lines), Decimal(0))
            for side in ("debit", "credit")
        }
        self._store.change_batch(
            batch,
            lines_json=json.dumps(lines, ensure_ascii=False),
            line_count=len(lines),
            debit=f"{sums['debit']:.2f}",
            credit=f"{sums['credit']:.2f}",
        )

    def _batch(self, company: str, number: str) -> Batch:
        batch = self._store.batch(company, number)
        if batch is None:
            raise KeyError(f"there is no batch {number}")
        return batch

    def _unreleased(self, company: str, number: str) -> Batch:
        batch = self._batch(company, number)
        if batch.released:
            raise ValueError(f"batch {number} is released and stays as it is")
        return batch

    # --- Tokens and sessions -------------------------------------------------------------

    def expire_access_tokens(self, company: str = "") -> None:
        """Make all access tokens given so far invalid (of one company, or all)."""
        key = self._store.company(company).tenant_id if company else "all"
        epoch = self._store.get("epoch", key) or {"value": 0}
        self._store.put("epoch", key, {"value": epoch["value"] + 1})

    def revoke_refresh_tokens(self, company: str = "") -> None:
        """Make all refresh tokens given so far invalid; access tokens live on."""
        tenant_id = self._store.company(company).tenant_id if company else ""
        for token in self._store.all("refresh"):
            if not tenant_id or token["tenant_id"] == tenant_id:
                self._store.put("refresh", token["key"], token | {"state": "revoked"})

    def sign_everybody_out(self) -> None:
        """End all sessions at the identity service."""
        for session in self._store.all("session"):
            self._store.forget("session", session["key"])


def _known(values: dict[str, Any], allowed: Any) -> None:
    for name in values:
        if name not in allowed:
            raise ValueError(f"{name!r} cannot be set; there are: {', '.join(sorted(allowed))}")
