"""
How the files of a company are read: what is proposed, what a person chose, and what applies.

A source is a proposal, learnt from one company. For another company it applies without a
question only where its files say the same by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext

from audit import trail
from organisations.models import Company, Organisation, User
from sources.models import CompanyReading, ImportedFile, Source
from sources.readers.detection import HEAD, detect
from sources.readers.evidence import CERTAIN, LIKELY, RULES, SIGN
from sources.readers.gbat10 import SETTINGS as GBAT10_SETTINGS
from sources.readers.lines import Limits
from sources.readers.settings import (
    CSV,
    EMPLOYEE_DIMENSION,
    GBAT10,
    SIE,
    SIGNED,
    SIGNED_CREDIT_POSITIVE,
    XLSX,
    SourceSettings,
)
from sources.readers.settling import Settled
from sources.readers.suggesting import MISSING, Suggestion, suggest_settings

NAME_LENGTH = 80
DIMENSION_LENGTH = 3
BOTH_SIDES = "both_sides"
"""Among what was chosen: a row with a debit and a credit is worth their difference."""
_SIGNED_RULES = (SIGNED, SIGNED_CREDIT_POSITIVE)


class ChoiceRefused(Exception):
    """What was chosen is not possible; the text says why, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Layout:
    """
    What a file is seen to be before it is read.

    :param suggestion: what the hub detects in a table; None for the other formats
    """

    file_format: str
    suggestion: Suggestion | None = None
    source: Source | None = None

    @property
    def is_table(self) -> bool:
        """Say whether the file has columns that a person maps."""
        return self.suggestion is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How a file is to be read.

    :param chosen: the rules that a person chose for this company's files
    :param confirmed: whether the columns hold for this company: confirmed, or seen in the file
    """

    settings: SourceSettings
    chosen: tuple[str, ...] = ()
    confirmed: bool = True


def layout_of(file: ImportedFile, stream: BinaryIO, *, limits: Limits) -> Layout:
    """Return what the file is, with the source that is known by its headings."""
    stream.seek(0)
    found = detect(stream.read(HEAD), file.name)
    if found not in (CSV, XLSX):
        return Layout(found, source=file.source)
    suggestion = suggest_settings(
        stream, name=file.name, limits=limits, encoding=file.head.get("wanted_encoding", "")
    )
    source = file.source
    if source is None and suggestion.fingerprint:
        source = Source.objects.filter(
            organisation=file.organisation, file_format=found, fingerprint=suggestion.fingerprint
        ).first()
    return Layout(found, suggestion, source)


def plan(file: ImportedFile, layout: Layout, company: Company | None) -> Plan:
    """Return how the file is to be read, if it is that company's."""
    made = _plan(file, layout, company)
    encoding = file.head.get("wanted_encoding", "")
    if layout.is_table and "answers" not in file.head:
        made = _with_rules_given(made, file.head.get("wanted_rules", {}))
    if encoding and layout.file_format != XLSX:
        return replace(made, settings=replace(made.settings, encoding=encoding))
    return made


def _plan(file: ImportedFile, layout: Layout, company: Company | None) -> Plan:
    if answers := file.head.get("answers"):
        return Plan(SourceSettings.from_json(answers["settings"]), tuple(answers["chosen"]))
    if layout.suggestion is None:
        if layout.source is not None:
            return Plan(SourceSettings.from_json(layout.source.settings))
        return Plan(settings_without_source(layout.file_format, company))
    suggestion, source = layout.suggestion, layout.source
    if source is None:
        return Plan(suggestion.settings, confirmed=False)
    own = CompanyReading.objects.filter(company=company, source=source).first() if company else None
    if own is not None:
        return Plan(SourceSettings.from_json(own.settings), tuple(own.chosen))
    proposed = SourceSettings.from_json(source.settings)
    named = bool(file.head.get("source_named"))
    return Plan(proposed, confirmed=named or _says_the_same(suggestion, proposed))


def _with_rules_given(made: Plan, rules: dict[str, Any]) -> Plan:
    """Return the plan with what a person gave together with the file."""
    if not rules:
        return made
    columns = dict(made.settings.columns) | dict(rules.get("columns", {}))
    settings = SourceSettings.from_json(made.settings.to_json() | rules | {"columns": columns})
    chosen = tuple(rule for rule in RULES if rule in rules or rule in made.chosen)
    return replace(made, settings=settings, chosen=chosen)


def settings_without_source(file_format: str, company: Company | None) -> SourceSettings:
    """Return how files of a format that needs no column map are read for a company."""
    if file_format == GBAT10:
        return GBAT10_SETTINGS
    own = None
    if company is not None:
        own = CompanyReading.objects.filter(company=company, source=None, file_format=SIE).first()
    # The reader refuses what is no SIE, and says better than this what is wrong.
    return SourceSettings.from_json(own.settings) if own else SourceSettings(format=SIE)


def _says_the_same(suggestion: Suggestion, proposed: SourceSettings) -> bool:
    """Say whether the file by itself makes sure that the proposed columns are right."""
    seen = suggestion.settings
    if not suggestion.complete or suggestion.problems:
        return False
    sure = all(
        suggestion.confidence.get(name) == CERTAIN for name in (*seen.columns, "period_rule")
    )
    signs = seen.sign_rule == proposed.sign_rule or {seen.sign_rule, proposed.sign_rule} <= {
        *_SIGNED_RULES
    }
    return (
        sure
        and signs
        and dict(seen.columns) == dict(proposed.columns)
        and seen.period_rule == proposed.period_rule
        and seen.separator == proposed.separator
        and seen.header_row == proposed.header_row
        and proposed.sheet in ("", seen.sheet)
    )


def confidence_of(
    file: ImportedFile, suggestion: Suggestion, made: Plan, settled: Settled
) -> dict[str, str]:
    """Return setting or field -> how sure it is, for what a person is asked to confirm."""
    given = file.head.get("wanted_rules", {})
    sure = _confidence(suggestion, made, settled)
    return sure | {
        name: CERTAIN for name in (*given, *given.get("columns", {})) if name != "columns"
    }


def _confidence(suggestion: Suggestion, made: Plan, settled: Settled) -> dict[str, str]:
    sure = dict(settled.confidence)
    if made.confirmed:
        return sure  # the columns are no question any more
    seen, proposed = suggestion.settings, settled.settings
    for name, level in suggestion.confidence.items():
        if name in RULES:
            sure.setdefault(name, level)
        elif level != MISSING or name not in proposed.columns:
            sure[name] = level
    for name, heading in proposed.columns.items():
        if seen.columns.get(name) != heading:
            sure[name] = LIKELY  # a person said so about another company's file
    if seen.period_rule != proposed.period_rule:
        sure["period_rule"] = LIKELY
    return sure


# --- What a person chose ------------------------------------------------------------------


def rules_chosen(suggestion: dict[str, Any], settings: SourceSettings) -> list[str]:
    """Return the rules that count as chosen when a person confirms what a page has shown."""
    shown = {
        found["rule"]
        for found in suggestion.get("findings", ())
        if found["value"] and (found["open"] or len(found["fits"]) == 1)
    }
    before = suggestion["settings"]
    changed = {rule for rule in RULES if before.get(rule) != getattr(settings, rule)}
    chosen = [rule for rule in RULES if rule in shown | changed]
    if settings.sign_rule not in _SIGNED_RULES and SIGN in chosen:
        chosen.remove(SIGN)  # the columns say it: nothing is left to choose
    return chosen


def answers(
    settings: SourceSettings, chosen: Sequence[str], *, by: User | None, now: datetime
) -> dict[str, Any]:
    """Return what a person answered about a file, as it is kept with the file until it is read."""
    return {
        "settings": settings.to_json(),
        "chosen": list(chosen),
        "by": by.pk if by else None,
        "at": now.isoformat(),
    }


def keep_answers(file: ImportedFile, *, company: Company) -> None:
    """Remember for the company what a person answered about this file, once it was read so."""
    answers = file.head.pop("answers", None)
    if answers is None or file.source is None:
        return
    CompanyReading.objects.update_or_create(
        company=company,
        source=file.source,
        defaults={
            "organisation": file.organisation,
            "file_format": answers["settings"]["format"],
            "settings": answers["settings"],
            "chosen": answers["chosen"],
            "confirmed_at": datetime.fromisoformat(answers["at"]),
            "confirmed_by": User.objects.filter(pk=answers["by"]).first(),
        },
    )
    trail.record(
        organisation=file.organisation,
        action="journal.reading_chosen",
        subject=company,
        user=User.objects.filter(pk=answers["by"]).first(),
        details={"source": file.source.name}
        | {rule: str(answers["settings"].get(rule, "")) for rule in answers["chosen"]},
        request_id=file.request_id,
    )


def keep_both_sides(file: ImportedFile, *, by: User | None, now: datetime) -> None:
    """Remember for company and source that a row with both sides is worth their difference."""
    if file.company is None or file.source is None:
        return
    reading, _ = CompanyReading.objects.get_or_create(
        company=file.company,
        source=file.source,
        defaults={
            "organisation": file.organisation,
            "file_format": file.file_format,
            "settings": file.head.get("read_by") or file.source.settings,
            "confirmed_at": now,
            "confirmed_by": by,
        },
    )
    if BOTH_SIDES not in reading.chosen:
        reading.chosen = [*reading.chosen, BOTH_SIDES]
        reading.save(update_fields=["chosen"])
        trail.record(
            organisation=file.organisation,
            action="journal.reading_chosen",
            subject=file.company,
            user=by,
            details={"source": file.source.name, BOTH_SIDES: "difference"},
            request_id=file.request_id,
        )


def nets_both_sides(file: ImportedFile) -> bool:
    """Say whether that was confirmed for the company and source of the file."""
    own = CompanyReading.objects.filter(company=file.company, source=file.source).first()
    return file.source is not None and own is not None and BOTH_SIDES in own.chosen


def changed_since(company: Company, content_at: datetime, file: ImportedFile | None) -> bool:
    """Say whether the company's files are read in another way than when a content was stored."""
    if file is None:
        return False
    mine = CompanyReading.objects.filter(company=company, confirmed_at__gt=content_at)
    if file.file_format in (CSV, XLSX):
        return mine.filter(source=file.source_id).exists() if file.source_id else False
    return mine.filter(source=None, file_format=file.file_format).exists()


def choose_dimensions(
    *, company: Company, cost_centre: str, cost_unit: str, by: User | None, now: datetime
) -> CompanyReading:
    """
    Say which dimensions of SIE are this company's cost centre and cost unit; empty means none.

    :raises ChoiceRefused: if a number is impossible, the employee's, or chosen twice
    """
    cost_centre, cost_unit = cost_centre.strip(), cost_unit.strip()
    for number in (cost_centre, cost_unit):
        if number == EMPLOYEE_DIMENSION:
            raise ChoiceRefused(gettext("Dimension 7 names employees and is never read."))
        if number and not (
            number.isascii()
            and number.isdigit()
            and int(number) > 0
            and len(number) <= DIMENSION_LENGTH
        ):
            raise ChoiceRefused(
                gettext("A dimension is a number from 1 to 999, such as 6 for project.")
            )
    if cost_centre and cost_centre == cost_unit:
        raise ChoiceRefused(gettext("Choose another dimension for each, or leave one empty."))
    settings = SourceSettings(
        format=SIE, cost_centre_dimension=cost_centre, cost_unit_dimension=cost_unit
    )
    reading, _ = CompanyReading.objects.update_or_create(
        company=company,
        source=None,
        file_format=SIE,
        defaults={
            "organisation": company.organisation,
            "settings": settings.to_json(),
            "confirmed_at": now,
            "confirmed_by": by,
        },
    )
    trail.record(
        organisation=company.organisation,
        action="journal.reading_chosen",
        subject=company,
        user=by,
        details={"cost_centre_dimension": cost_centre, "cost_unit_dimension": cost_unit},
    )
    return reading


def forget(reading: CompanyReading, *, by: User | None) -> None:
    """Forget what was chosen: the next file asks again."""
    trail.record(
        organisation=reading.organisation,
        action="journal.reading_forgotten",
        subject=reading.company,
        user=by,
        details={"source": str(reading.source or reading.file_format)},
    )
    reading.delete()


def free_name(organisation: Organisation, wanted: str) -> str:
    """Return the name for a new source, with a number behind it if another has it already."""
    wanted = " ".join(wanted.split())[: NAME_LENGTH - 10] or gettext("Payroll")
    names = set(Source.objects.filter(organisation=organisation).values_list("name", flat=True))
    name, number = wanted, 1
    while name in names:
        number += 1
        name = f"{wanted} {number}"
    return name
