"""
What an account of payroll is about, by its number.

The charts are the published ones: BAS in Sweden (class 7 is staff, groups 27 and 28–29 what is owed
to the tax office and to employees) and NS 4102 in Norway (class 5 is staff, groups 26, 27 and 29).
A company's currency tells which of them it keeps; in another one every account is *other*.
"""

from enum import StrEnum
from functools import lru_cache


class AccountKind(StrEnum):
    """What an account is about, as far as its change is judged."""

    WAGES = "wages"
    SOCIAL_COSTS = "social_costs"
    OWED = "owed"
    """Tax withheld, social costs and net pay that are owed."""
    OTHER = "other"


_GROUPS: dict[str, dict[AccountKind, tuple[str, ...]]] = {
    "SEK": {
        AccountKind.WAGES: ("70", "71", "72"),
        AccountKind.SOCIAL_COSTS: ("75",),
        AccountKind.OWED: ("27", "282", "291", "294"),
    },
    "NOK": {
        AccountKind.WAGES: ("50", "51", "52"),
        AccountKind.SOCIAL_COSTS: ("540", "541"),
        AccountKind.OWED: ("26", "27", "293"),
    },
}
_RESULT = {"SEK": "345678", "NOK": "345678"}


@lru_cache(maxsize=10_000)
def kind_of(account: str, *, currency: str) -> AccountKind:
    """Return what the account is about in the chart of that currency's country."""
    for kind, groups in _GROUPS.get(currency, {}).items():
        if account.startswith(groups):
            return kind
    return AccountKind.OTHER


def is_result(account: str, *, currency: str) -> bool:
    """Say whether the account belongs to the result, not to the balance sheet."""
    return account[:1] in _RESULT.get(currency, "3456789")
