"""
Everything in a mapping that would stop a journal, found against what the target knows now.

The words are templates, filled after translation; what is stored is code and params.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.base import Dimension, LedgerFacts
from connectors.words import gettext_noop as _
from mappings.rules.account_patterns import (
    bad_patterns,
    common_account,
    fits_both,
)
from mappings.rules.dimensions import TABLE, NoSuchDimension, find_dimension, nearest, same_text


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One line of the catalogue."""

    summary: str
    remedy: str


PROBLEMS: dict[str, ProblemKind] = {
    "account_not_authorised": ProblemKind(
        _("The account {account} of this mapping is not authorised."),
        _("Open Visma.net accounts and sign in again, then check again."),
    ),
    "dimension_gone": ProblemKind(
        _("{administration} has no dimension {description}. Nearest: {near}."),
        _("Edit the mapping and choose the dimension again."),
    ),
    "dimension_renamed": ProblemKind(
        _("The dimension {description} is now called {found} in {administration}."),
        _("Edit the mapping and confirm that it is still the right one."),
    ),
    "dimension_moved": ProblemKind(
        _("The dimension {description} has another position in {administration} than before."),
        _("Edit the mapping and save it again."),
    ),
    "dimensions_equal": ProblemKind(
        _("Cost centre and cost unit use the same dimension {description}."),
        _("Edit the mapping and choose a different dimension for each."),
    ),
    "value_too_long": ProblemKind(
        _("{dimension} {value} is longer than the {length} characters that fit."),
        _("Open the values of the mapping and choose another value for the code {payroll_code}."),
    ),
    "value_gone": ProblemKind(
        _("{dimension} {value} does not exist in {administration}. Nearest: {near}."),
        _("Create it there, or choose another value for the code {payroll_code}."),
    ),
    "value_inactive": ProblemKind(
        _("{dimension} {value} is not active in {administration}."),
        _("Activate it there, or choose another value for the code {payroll_code}."),
    ),
    "value_not_mapped": ProblemKind(
        _("The payroll code {payroll_code} has no value for {dimension}. Nearest: {near}."),
        _("Open the values of the mapping and choose a value for the code."),
    ),
    "branch_gone": ProblemKind(
        _("{administration} has no branch {branch}."),
        _("Edit the mapping and choose the branch again."),
    ),
    "branch_inactive": ProblemKind(
        _("The branch {branch} is not active in {administration}."),
        _("Activate it there, or edit the mapping and choose another branch."),
    ),
    "branch_not_chosen": ProblemKind(
        _("{administration} has several branches, and the mapping specifies none."),
        _("Edit the mapping and choose the branch that journals are posted in."),
    ),
    "ledger_gone": ProblemKind(
        _("{administration} has no ledger {ledger}."),
        _("Edit the mapping and choose the ledger again."),
    ),
    "ledger_not_actual": ProblemKind(
        _("The ledger {ledger} cannot be posted to: it is not of the type Actual."),
        _("Edit the mapping and choose a ledger of the type Actual."),
    ),
    "ledger_not_chosen": ProblemKind(
        _("{administration} has several ledgers, and the mapping specifies none."),
        _("Edit the mapping and choose the ledger that journals are posted in."),
    ),
    "own_numbers_not_allowed": ProblemKind(
        _("{administration} does not allow manual batch numbers."),
        _(
            "Tick Allow manual numbering on imports on the number series of batches there, or "
            "turn off own batch numbers in the mapping."
        ),
    ),
    "own_numbers_not_proven": ProblemKind(
        _("The number series of {administration} cannot be read with this account."),
        _(
            "Give the account the right to see number series there, or turn off own batch "
            "numbers in the mapping."
        ),
    ),
    "currency_differs": ProblemKind(
        _("The company's currency is {currency}, that of {administration} is {found}."),
        _("Check that the company is mapped to the right administration."),
    ),
    "pattern_bad": ProblemKind(
        _("The account format {pattern} cannot be read at position {position}."),
        _("Write it with digits and sets, such as [0-3][0-9][0-9][0-9]."),
    ),
    "patterns_overlap": ProblemKind(
        _("Account {account} matches both the balance-sheet and the profit-and-loss format."),
        _("Edit the mapping so that each account matches one format."),
    ),
    "balancing_account_gone": ProblemKind(
        _("The balancing account {account} does not exist in {administration}. Nearest: {near}."),
        _("Edit the mapping and choose another account, or create it there."),
    ),
    "balancing_account_inactive": ProblemKind(
        _("The balancing account {account} is not active in {administration}."),
        _("Activate it there, or edit the mapping and choose another account."),
    ),
    "balancing_account_not_manual": ProblemKind(
        _("The balancing account {account} cannot be posted to: it belongs to a sub-ledger."),
        _("Edit the mapping and choose another account."),
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that would stop a journal."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return what is stored."""
        return {"code": self.code, "params": dict(self.params), "detail": ""}

    @property
    def text(self) -> str:
        """Return the summary in English, filled in."""
        return PROBLEMS[self.code].summary.format_map(self.params)


@dataclass(frozen=True, slots=True)
class DimensionUse:
    """
    How a mapping uses one of payroll's dimensions.

    :param values: payroll code → value of the target
    :param seen: payroll codes that journals have brought
    """

    description: str
    segment_id: int
    rule: str
    values: Mapping[str, str] = field(default_factory=dict)
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a mapping can be held against the target."""

    dimensions: tuple[DimensionUse, ...] = ()
    branch: str = ""
    ledger: str = ""
    balance_sheet_format: str = ""
    profit_and_loss_format: str = ""
    own_numbers: bool = False
    balancing_account: str = ""
    currency: str = ""


def find_problems(checked: Checked, facts: LedgerFacts) -> list[Problem]:
    """Return all that would stop a journal, in the order of the wizard."""
    problems = _places(checked, facts)
    problems += _currency(checked, facts)
    for use in checked.dimensions:
        problems += _dimension(use, facts)
    if len({use.segment_id for use in checked.dimensions}) < len(checked.dimensions):
        problems.append(
            Problem("dimensions_equal", {"description": checked.dimensions[0].description})
        )
    problems += find_pattern_problems(
        checked.balance_sheet_format,
        checked.profit_and_loss_format,
        accounts=[account.number for account in facts.accounts],
    )
    problems += _own_numbers(checked, facts)
    problems += _balancing_account(checked, facts)
    return problems


def find_pattern_problems(
    balance_sheet_format: str, profit_and_loss_format: str, *, accounts: Iterable[str] = ()
) -> list[Problem]:
    """
    Return what is wrong with the two formats: notation first, then that they overlap.

    :param accounts: real accounts; one of them is named rather than a made-up one
    """
    problems = [
        Problem("pattern_bad", {"pattern": bad.pattern, "position": str(bad.position)})
        for bad in bad_patterns(balance_sheet_format, profit_and_loss_format)
    ]
    if problems:
        return problems
    common = common_account(balance_sheet_format, profit_and_loss_format)
    if common is not None:
        both = (
            account
            for account in accounts
            if fits_both(
                account,
                balance_sheet_format=balance_sheet_format,
                profit_and_loss_format=profit_and_loss_format,
            )
        )
        problems.append(Problem("patterns_overlap", {"account": next(both, common)}))
    return problems


def _places(checked: Checked, facts: LedgerFacts) -> list[Problem]:
    problems = []
    administration = facts.administration.name
    if checked.branch:
        branch = next((b for b in facts.branches if b.number == checked.branch), None)
        params = {"branch": checked.branch, "administration": administration}
        if branch is None:
            problems.append(Problem("branch_gone", params))
        elif not branch.active:
            problems.append(Problem("branch_inactive", params))
    elif sum(branch.active for branch in facts.branches) > 1:
        problems.append(Problem("branch_not_chosen", {"administration": administration}))
    if checked.ledger:
        ledger = next((item for item in facts.ledgers if item.number == checked.ledger), None)
        params = {"ledger": checked.ledger, "administration": administration}
        if ledger is None:
            problems.append(Problem("ledger_gone", params))
        elif not ledger.actual:
            problems.append(Problem("ledger_not_actual", params))
    elif sum(ledger.actual for ledger in facts.ledgers) > 1:
        problems.append(Problem("ledger_not_chosen", {"administration": administration}))
    return problems


def _currency(checked: Checked, facts: LedgerFacts) -> list[Problem]:
    ledger = next((item for item in facts.ledgers if item.number == checked.ledger), None)
    found = (ledger.currency if ledger else "") or facts.administration.currency
    if not (checked.currency and found) or checked.currency == found:
        return []
    params = {
        "currency": checked.currency,
        "administration": facts.administration.name,
        "found": found,
    }
    return [Problem("currency_differs", params)]


def _dimension(use: DimensionUse, facts: LedgerFacts) -> list[Problem]:
    administration = facts.administration.name
    params = {"description": use.description, "administration": administration}
    here = next((item for item in facts.dimensions if item.segment_id == use.segment_id), None)
    try:
        named = find_dimension(use.description, facts.dimensions)
    except NoSuchDimension as missing:
        if here is not None:
            return [Problem("dimension_renamed", params | {"found": here.description.strip()})]
        return [Problem("dimension_gone", params | {"near": ", ".join(missing.near) or "–"})]
    if here is None or not same_text(here.description, use.description):
        return [Problem("dimension_moved", params)]
    return _values(use, named, administration)


def _values(use: DimensionUse, dimension: Dimension, administration: str) -> list[Problem]:
    if use.rule != TABLE:
        return []  # what payroll will bring is checked journal by journal
    problems = []
    known = {item.value: item for item in dimension.values}
    choices = [(item.value, item.name) for item in dimension.values if item.active]
    for code, value in sorted(use.values.items()):
        params = {
            "dimension": dimension.description.strip(),
            "value": value,
            "payroll_code": code,
            "length": str(dimension.length),
            "administration": administration,
            "near": _near(value, choices),
        }
        if dimension.length and len(value) > dimension.length:
            problems.append(Problem("value_too_long", params))
        elif value not in known:
            if dimension.validated:
                problems.append(Problem("value_gone", params))
        elif not known[value].active:
            problems.append(Problem("value_inactive", params))
    problems += [
        Problem(
            "value_not_mapped",
            {
                "payroll_code": code,
                "dimension": dimension.description.strip(),
                "near": _near(code, choices),
            },
        )
        for code in sorted(set(use.seen) - set(use.values))
    ]
    return problems


def _near(wanted: str, choices: list[tuple[str, str]]) -> str:
    return ", ".join(f"{near.value} {near.name}".strip() for near in nearest(wanted, choices)) or (
        "–"
    )


def _own_numbers(checked: Checked, facts: LedgerFacts) -> list[Problem]:
    if not checked.own_numbers or any(series.manual for series in facts.number_series):
        return []
    code = "own_numbers_not_allowed" if facts.number_series else "own_numbers_not_proven"
    return [Problem(code, {"administration": facts.administration.name})]


def _balancing_account(checked: Checked, facts: LedgerFacts) -> list[Problem]:
    number = checked.balancing_account.strip()
    if not number:
        return []
    params = {"account": number, "administration": facts.administration.name}
    account = next((item for item in facts.accounts if item.number == number), None)
    if account is None:
        choices = [(item.number, item.name) for item in facts.accounts if item.active]
        return [Problem("balancing_account_gone", params | {"near": _near(number, choices)})]
    if not account.active:
        return [Problem("balancing_account_inactive", params)]
    if not account.takes_manual_entries:
        return [Problem("balancing_account_not_manual", params)]
    return []
