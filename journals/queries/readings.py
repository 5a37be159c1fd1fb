"""The words in which a page or a command asks how a file is read, and says what is settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext, gettext_noop

from organisations.models import Company
from sources.models import CompanyReading, ImportedFile
from sources.operations import readings
from sources.readers.evidence import CERTAIN, DATE_ORDER, DECIMAL_MARK, GUESS, LIKELY, SIGN
from sources.readers.settings import (
    DMY,
    MDY,
    SIE,
    SIGNED,
    SIGNED_CREDIT_POSITIVE,
    YMD,
    SourceSettings,
)

CONFIDENCE_WORDS = {
    CERTAIN: gettext_noop("Certain"),
    LIKELY: gettext_noop("Likely; please check"),
    GUESS: gettext_noop("A guess; please check"),
}
_ORDER_WORDS = {
    YMD: gettext_noop("year, month, day"),
    DMY: gettext_noop("day, month, year"),
    MDY: gettext_noop("month, day, year"),
}
_SIGN_WORDS = {
    SIGNED: gettext_noop("positive amounts are debit"),
    SIGNED_CREDIT_POSITIVE: gettext_noop("positive amounts are credit"),
}
_MARK_WORDS = {",": gettext_noop("decimal comma"), ".": gettext_noop("decimal point")}
_RULE_WORDS = {
    DECIMAL_MARK: gettext_noop("Decimal mark"),
    DATE_ORDER: gettext_noop("Dates"),
    SIGN: gettext_noop("Debit and credit"),
}


def rule_words(rule: str) -> str:
    """Return the name of a rule."""
    return gettext(_RULE_WORDS[rule])


def reading_words(rule: str, reading: str) -> str:
    """Return what a reading of a rule means."""
    words = {DECIMAL_MARK: _MARK_WORDS, DATE_ORDER: _ORDER_WORDS, SIGN: _SIGN_WORDS}[rule]
    return gettext(words[reading]) if reading in words else reading


def question(found: Mapping[str, Any]) -> str:
    """Return the question that a value of the file leaves open."""
    asked = {
        DECIMAL_MARK: gettext("Which amount is {value} ({column}, line {line})?"),
        DATE_ORDER: gettext("Which day is {value} ({column}, line {line})?"),
        SIGN: gettext("Is {value} on account {account} ({column}, line {line}) debit or credit?"),
    }[found["rule"]]
    account = next(iter(found["meanings"].values()), "") if found["rule"] == SIGN else ""
    return asked.format(
        value=found["value"], column=found["column"], line=found["line"], account=account
    )


def question_help(found: Mapping[str, Any]) -> str:
    """Return what speaks for one of the answers, or why it is asked."""
    if found["rule"] == SIGN and found["leaning"]:
        lean = reading_words(SIGN, found["leaning"])
        return gettext("Judging by the accounts in the file, it is likely that {reading}.").format(
            reading=lean
        )
    return gettext(
        "No value in the file decides it. The question is asked once for this company and source."
    )


def choices(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the readings that are left, each with what the example is by it."""
    return [(reading, _choice(found, reading)) for reading in found["fits"]]


def _choice(found: Mapping[str, Any], reading: str) -> str:
    meaning = found["meanings"].get(reading, "")
    if found["rule"] == DECIMAL_MARK:
        amount = formats.number_format(Decimal(meaning), use_l10n=True, force_grouping=True)
        return gettext("{amount} ({reading})").format(
            amount=amount, reading=reading_words(DECIMAL_MARK, reading)
        )
    if found["rule"] == DATE_ORDER:
        day = formats.date_format(date.fromisoformat(meaning), "j F Y")
        return gettext("{day} ({reading})").format(
            day=day, reading=reading_words(DATE_ORDER, reading)
        )
    side = gettext("Debit") if reading == SIGNED else gettext("Credit")
    return f"{side}: {reading_words(SIGN, reading)}"


def settled_words(found: Mapping[str, Any]) -> str:
    """Return by which value of the file a rule is settled."""
    if len(found["fits"]) == 1 and found["value"]:
        return gettext("Certain: {value} in line {line} can only be read this way.").format(
            value=found["value"], line=found["line"]
        )
    return gettext("Certain: no value in this file depends on it.")


@dataclass(frozen=True, slots=True)
class ChosenRow:
    """How the files of one source are read for a company."""

    pk: int
    source: str
    rules: list[tuple[str, str]]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """Everything that the page about one company's files shows."""

    company: Company
    cost_centre: str
    cost_unit: str
    chosen_by: str
    chosen_at: datetime | None
    declared: list[tuple[str, str]]
    sources: list[ChosenRow]


def reading_page(company: Company) -> ReadingPage:
    """Return how the files of a company are read, and who chose it."""
    rows = list(
        CompanyReading.objects.filter(company=company)
        .select_related("source", "confirmed_by")
        .order_by("source__name", "pk")
    )
    sie = next((row for row in rows if row.source_id is None and row.file_format == SIE), None)
    how = SourceSettings.from_json(sie.settings) if sie else SourceSettings(format=SIE)
    last = (
        ImportedFile.objects.filter(company=company, file_format=SIE)
        .order_by("-uploaded_at", "-pk")
        .first()
    )
    declared = dict(last.head.get("dimensions", {})) if last else {}
    return ReadingPage(
        company=company,
        cost_centre=how.cost_centre_dimension,
        cost_unit=how.cost_unit_dimension,
        chosen_by=str(sie.confirmed_by or "") if sie else "",
        chosen_at=sie.confirmed_at if sie else None,
        declared=sorted(declared.items(), key=lambda item: item[0].rjust(5)),
        sources=[_chosen_row(row) for row in rows if row.source_id is not None],
    )


def _chosen_row(row: CompanyReading) -> ChosenRow:
    rules = [
        (rule_words(rule), reading_words(rule, str(row.settings.get(rule, ""))))
        for rule in row.chosen
        if rule in _RULE_WORDS
    ]
    if readings.BOTH_SIDES in row.chosen:
        rules.append((gettext("Debit and credit in one row"), gettext("their difference")))
    return ChosenRow(
        pk=row.pk,
        source=str(row.source),
        rules=rules,
        by=str(row.confirmed_by or ""),
        at=row.confirmed_at,
    )


def reading_url(company: Company | None) -> str:
    """Return the address of the page about one company's files."""
    return reverse("journals:reading", args=[company.pk]) if company else ""
