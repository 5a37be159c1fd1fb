"""A company in the sandbox: its chart, periods, dimensions and what its customer has set up."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Company:
    """
    One company of one customer, as Visma.net ERP knows it.

    :param key: a short name for people and tests, e.g. ``akeriet``
    :param tenant_id: the company's tenant, which the access token names
    :param customer_tenant_id: the customer's tenant, with which the ERP answers 401
    :param manual_numbers: *Allow manual numbering on imports* is ticked on the batch series
    :param hold_default: *Hold batches on entry* (GL102000)
    :param posts_on_release: a released batch is posted at once, not only `Unposted`
    :param creates_combinations: a new combination of segment values is made when it is used
    """

    key: str
    tenant_id: str
    customer_tenant_id: str
    name: str
    organisation_number: str
    country: str
    currency: str
    accounts: dict[str, Json]
    periods: dict[str, Json]
    segments: list[Json] = field(default_factory=list)
    combinations: dict[str, Json] = field(default_factory=dict)
    branches: list[Json] = field(default_factory=list)
    ledgers: list[Json] = field(default_factory=list)
    currencies: list[Json] = field(default_factory=list)
    manual_numbers: bool = False
    hold_default: bool = False
    posts_on_release: bool = True
    creates_combinations: bool = True
    requires_control_total: bool = False
    licensed: bool = True
    service_approved: bool = False
    batch_series: str = "BATCH"

    def as_json(self) -> Json:
        """Return the company's own values, all of which JSON can hold; they are not copied."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: Json) -> "Company":
        """Return the company that `as_json` wrote."""
        return cls(**data)

    @property
    def has_subaccounts(self) -> bool:
        """Return whether the company runs with subaccounts."""
        return bool(self.segments)

    def segment(self, segment_id: int) -> Json:
        """Return the segment, or raise KeyError."""
        for segment in self.segments:
            if segment["id"] == segment_id:
                return segment
        raise KeyError(f"{self.name} has no segment {segment_id}")

    def account(self, number: str) -> Json:
        """Return the account, or raise KeyError."""
        try:
            return self.accounts[number]
        except KeyError:
            raise KeyError(f"{self.name} has no account {number}") from None

    def period(self, period_id: str) -> Json:
        """Return the period with the id ``YYYYPP``, or raise KeyError."""
        try:
            return self.periods[period_id]
        except KeyError:
            raise KeyError(f"{self.name} has no period {period_id}") from None

    def period_of(self, day: str) -> Json | None:
        """Return the period that holds the day (ISO text), or None."""
        for period in self.periods.values():
            if period["start"] <= day <= period["end"]:
                return period
        return None

    def branch(self, number: str) -> Json | None:
        """Return the branch with that number, or None."""
        return next((each for each in self.branches if each["number"] == number), None)

    def ledger(self, number: str) -> Json | None:
        """Return the ledger with that number, or None."""
        return next((each for each in self.ledgers if each["number"] == number), None)
