"""Everything that can stop a journal before a call that writes, in the user's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.errors import ADMINISTRATOR, PAYROLL
from connectors.words import gettext_noop as _
from connectors.words import texts_of
from mappings.rules.dimensions import Suggested


@dataclass(frozen=True, slots=True)
class PreflightKind:
    """One line of the catalogue: templates, filled after translation."""

    code: str
    summary: str
    remedy: str
    who: str
    stops: bool = True


PREFLIGHT_PROBLEMS: dict[str, PreflightKind] = {
    kind.code: kind
    for kind in (
        PreflightKind(
            "account_missing",
            _("Account {account} does not exist in {administration}."),
            _("Create it there, or change the account in payroll and import the journal again."),
            PAYROLL,
        ),
        PreflightKind(
            "looks_booked",
            _("This looks already booked: voucher {number}, {date}, {total}."),
            _("Check it in the ledger, then answer whether it is this run or another one."),
            PAYROLL,
        ),
        PreflightKind(
            "ledger_not_listed",
            _("The hub could not check whether this run is already in the ledger."),
            _("Check the ledger yourself, then answer whether this run is booked there."),
            PAYROLL,
        ),
        PreflightKind(
            "account_inactive",
            _("Account {account} {name} is not active in {administration}."),
            _("Activate it there, or change the account in payroll and import again."),
            PAYROLL,
        ),
        PreflightKind(
            "account_not_manual",
            _("Account {account} {name} cannot be posted to: it belongs to a sub-ledger."),
            _("Choose another account in payroll, or allow manual entries on it there."),
            PAYROLL,
        ),
        PreflightKind(
            "account_currency",
            _("Account {account} {name} is in {account_currency}, the journal in {currency}."),
            _("Choose an account in the journal's currency in payroll and import again."),
            PAYROLL,
        ),
        PreflightKind(
            "account_fits_both_formats",
            _("Account {account} matches both the balance-sheet and the profit-and-loss format."),
            _("Change the account formats of the mapping so that each account matches only one."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "account_pattern_bad",
            _("The account format {pattern} cannot be read at position {position}."),
            _("Write it with digits and sets, such as [0-3][0-9][0-9][0-9]."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "period_missing",
            _("{administration} has no period for {date}."),
            _("Create the financial year there, then check again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "period_closed",
            _("Period {target_period} is closed in {administration}."),
            _("Open it there, or choose another rule for closed periods in the mapping."),
            PAYROLL,
        ),
        PreflightKind(
            "period_held",
            _(
                "Period {target_period} is closed in {administration}; the batch waits until "
                "it is reopened."
            ),
            _("No action needed: it is sent when the period is reopened."),
            PAYROLL,
            stops=False,
        ),
        PreflightKind(
            "dimension_missing",
            _("The dimension {description} of the mapping no longer exists in {administration}."),
            _("Open the mapping and choose the dimension again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "dimension_renamed",
            _("The dimension {description} of the mapping is now called {found}."),
            _("Open the mapping and confirm that it is still the right one."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_missing",
            _("{dimension} {value} does not exist in {administration}."),
            _("Create it there, or map the code to another value in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_inactive",
            _("{dimension} {value} {name} is not active in {administration}."),
            _("Activate it there, or map the code to another value in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_too_long",
            _("{dimension} {value} is longer than the {length} characters that fit."),
            _("Map the code to a value of that length in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_not_mapped",
            _("The payroll code {value} has no value for {dimension} in the mapping."),
            _("Open the mapping and choose a value for the code."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "branch_missing",
            _("Branch {branch} does not exist in {administration}."),
            _("Open the mapping and choose the branch again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "branch_inactive",
            _("Branch {branch} {name} is not active in {administration}."),
            _("Activate it there, or choose another branch in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "ledger_missing",
            _("Ledger {ledger} does not exist in {administration}."),
            _("Open the mapping and choose the ledger again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "ledger_not_actual",
            _("Ledger {ledger} {name} is not of the type Actual and cannot be posted to."),
            _("Open the mapping and choose a ledger of the type Actual."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "currency_differs",
            _("The journal is in {currency}, but {place} is in {found}."),
            _("Check that the journal belongs to this company."),
            PAYROLL,
        ),
        PreflightKind(
            "currency_missing",
            _("The currency {currency} is not used in {administration}."),
            _("Check that the journal belongs to this company, or add the currency there."),
            PAYROLL,
        ),
        PreflightKind(
            "number_series_missing",
            _("The number series {series} does not exist in {administration}."),
            _(
                "Open the mapping and choose the number series again, or let the ledger assign "
                "the numbers."
            ),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "number_series_not_manual",
            _("The number series {series} {name} does not allow manual numbers."),
            _("Allow manual numbering there, or let the ledger assign the numbers."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "too_few_lines",
            _("The batch has {lines} line; a journal needs at least two."),
            _("Check the journal in payroll and import it again."),
            PAYROLL,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class PreflightProblem:
    """
    One thing that stops (or, with `stops` false, only delays) one batch.

    :param period: of the batch, ``YYYY-MM``; empty if it concerns the mapping as a whole
    :param lines: how many lines of the batch it concerns; 0 = all of it
    """

    code: str
    summary: str
    remedy: str
    who: str
    period: str = ""
    lines: int = 0
    params: Mapping[str, str] = field(default_factory=dict)
    suggestions: tuple[Suggested, ...] = ()
    stops: bool = True

    @property
    def text(self) -> str:
        """Return the summary in English, filled in."""
        return self.summary.format(**self.params)


GOING_LIVE = frozenset({"looks_booked", "ledger_not_listed"})
"""Asked before the first journal of a mapping is sent; a person answers (B17)."""


def looks_booked(*, number: str, day: object, total: object) -> PreflightProblem:
    """Say that the ledger holds a batch like one of ours; it stops the whole journal."""
    return found("looks_booked", number=number, date=day, total=total)


def ledger_not_listed() -> PreflightProblem:
    """Say that nobody knows whether the ledger holds the journal; it stops all of it."""
    return found("ledger_not_listed")


def found(
    code: str,
    *,
    period: str = "",
    lines: int = 0,
    suggestions: tuple[Suggested, ...] = (),
    **params: object,
) -> PreflightProblem:
    """Return the problem of that code, with what fills its words."""
    kind = PREFLIGHT_PROBLEMS[code]
    return PreflightProblem(
        code=code,
        summary=kind.summary,
        remedy=kind.remedy,
        who=kind.who,
        period=period,
        lines=lines,
        params={"period": period, "lines": str(lines)} | texts_of(params),
        suggestions=suggestions,
        stops=kind.stops,
    )
