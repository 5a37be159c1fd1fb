"""Options that say how a table is read, and what is printed of what was detected."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from sources.readers import settings as how
from sources.readers.evidence import CERTAIN, DATE_ORDER, DECIMAL_MARK, RULES, SIGN

MARKS = {"comma": ",", "point": "."}
ORDERS = {"year-first": how.YMD, "day-first": how.DMY, "month-first": how.MDY}
SIGNS = {
    "debit-positive": how.SIGNED,
    "credit-positive": how.SIGNED_CREDIT_POSITIVE,
    "debit-and-credit-columns": how.DEBIT_CREDIT,
    "credit-column-negative": how.DEBIT_CREDIT_NEGATIVE,
    "side-column": how.SIGN_COLUMN,
}
PERIODS = {
    "period-column": how.PERIOD_COLUMN,
    "date": how.PERIOD_FROM_DATE,
    "year-and-month": how.YEAR_AND_MONTH,
}
_OPTIONS = {
    DECIMAL_MARK: ("--decimal-mark", MARKS),
    DATE_ORDER: ("--date-order", ORDERS),
    SIGN: ("--sign-rule", SIGNS),
    "period_rule": ("--period-rule", PERIODS),
}


def add_arguments(parser: CommandParser) -> None:
    """Add the options; what they say is remembered for the company once the file is read so."""
    group = parser.add_argument_group(
        "how a table is read",
        "Needed only where the file leaves it open; remembered for the company and the source.",
    )
    group.add_argument(
        "--decimal-mark",
        choices=MARKS,
        help="mark before the decimals. Example: '--decimal-mark point' reads 1,200 as 1200.00, "
        "'--decimal-mark comma' as 1.20",
    )
    group.add_argument(
        "--date-order",
        choices=ORDERS,
        help="Example: '--date-order day-first' reads 03-04-2026 as 3 April 2026, "
        "'--date-order year-first' reads 26-03-25 as 25 March 2026",
    )
    group.add_argument(
        "--sign-rule",
        choices=SIGNS,
        help="Example: '--sign-rule debit-positive' books 1000 as debit and -1000 as credit",
    )
    group.add_argument(
        "--period-rule",
        choices=PERIODS,
        help="Example: '--period-rule date' takes the month of the date",
    )
    group.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADING",
        help="Example: '--column account=Konto --column amount=Belopp'",
    )
    dimensions = parser.add_argument_group(
        "how SIE files of the company are read", "Remembered for the company (--company)."
    )
    dimensions.add_argument(
        "--cost-centre-dimension",
        metavar="NUMBER",
        help="Example: '--cost-centre-dimension 1'; 'none' for no cost centre",
    )
    dimensions.add_argument(
        "--cost-unit-dimension",
        metavar="NUMBER",
        help="Example: '--cost-unit-dimension 6' books projects as cost units; 'none' for none",
    )


def rules_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the settings that the options name.

    :raises CommandError: if a column is not FIELD=HEADING
    """
    named = {
        DECIMAL_MARK: given["decimal_mark"],
        DATE_ORDER: given["date_order"],
        SIGN: given["sign_rule"],
        "period_rule": given["period_rule"],
    }
    rules: dict[str, Any] = {
        rule: _OPTIONS[rule][1][value] for rule, value in named.items() if value
    }
    columns = {}
    for pair in given["column"]:
        name, equals, heading = pair.partition("=")
        if not equals or name not in how.FIELDS or not heading.strip():
            raise CommandError(f"{pair!r} is not FIELD=HEADING. Fields: {', '.join(how.FIELDS)}.")
        columns[name] = heading.strip()
    if columns:
        rules["columns"] = columns
    return rules


def open_rules(detected: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is not certain, each with the option that says it and an example of the file."""
    findings = {found["rule"]: found for found in detected.get("findings", ())}
    return [
        _open_rule(name, level, findings.get(name))
        for name, level in _in_order(detected.get("confidence", {}))
        if level != CERTAIN
    ]


def _in_order(confidence: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return settings before columns; a database need not keep the order of what it is given."""
    order = (*RULES, "period_rule", *how.FIELDS)
    return sorted(
        confidence.items(),
        key=lambda item: order.index(item[0]) if item[0] in order else len(order),
    )


def _open_rule(name: str, level: str, found: Mapping[str, Any] | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"rule": name, "confidence": level}
    if name in _OPTIONS:
        option, words = _OPTIONS[name]
        fits = found["fits"] if found else words.values()
        rule["option"] = option
        rule["choices"] = [word for word, value in words.items() if value in fits]
    else:
        rule["option"], rule["choices"] = "--column", [f"{name}=HEADING"]
    if found:
        rule |= {"line": found["line"], "column": found["column"], "value": found["value"]}
        rule["meanings"] = {
            word: found["meanings"][value]
            for word, value in _OPTIONS[name][1].items()
            if value in found["meanings"]
        }
    return rule


def open_line(rule: Mapping[str, Any]) -> str:
    """Return one thing that is not certain as a line."""
    example = ""
    if rule.get("value"):
        example = f" {rule['value']} ({rule['column']}, line {rule['line']})"
        if rule["rule"] != SIGN:
            example += " is " + " or ".join(
                f"{meaning} ({word})" for word, meaning in rule["meanings"].items()
            )
        example += "."
    choices = "|".join(rule["choices"])
    name = rule["rule"].replace("_", " ")
    return f"? {name}: {rule['confidence']}.{example} Give {rule['option']} {choices}"


def detected_lines(detected: Mapping[str, Any]) -> list[str]:
    """Return what was detected of each rule, with its confidence and the value that settles it."""
    settings = detected.get("settings", {})
    confidence = detected.get("confidence", {})
    lines = []
    for found in detected.get("findings", ()):
        rule = found["rule"]
        if found["open"] and not settings.get(rule):
            continue
        words = {value: word for word, value in _OPTIONS[rule][1].items()}
        value = words.get(settings.get(rule, ""), settings.get(rule, ""))
        if not found["open"] and len(found["fits"]) == 1:
            why = f"certain: {found['value']} in line {found['line']}"
        elif not found["open"]:
            why = "certain: no value depends on it"
        else:
            why = "chosen"
        lines.append(f"  {rule.replace('_', ' ')}: {value} ({why})")
    for name, level in _in_order(confidence):
        if name not in RULES and name != "format":
            shown = settings.get("columns", {}).get(name) or settings.get(name, "")
            lines.append(f"  {name.replace('_', ' ')}: {shown} ({level})")
    return lines
