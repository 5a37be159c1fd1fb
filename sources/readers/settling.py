"""What of a table's reading is settled, by the file or by a person, and what must be asked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sources.readers.evidence import CERTAIN, DECIMAL_MARK, Finding
from sources.readers.problems import Problem, problem
from sources.readers.settings import DMY, MDY, YMD, SourceSettings

PATTERNS = {YMD: "YYYY-MM-DD", DMY: "DD-MM-YYYY", MDY: "MM-DD-YYYY"}
"""Orders of a date, in letters that need no translation."""


@dataclass(frozen=True, slots=True)
class Settled:
    """
    How a table is read as far as that is known.

    :param settings: with what the file settles in place of what was supposed
    :param confidence: rule -> certain · likely · guess
    :param questions: the findings that a person must decide
    :param contradictions: of two values of the file, or of one with what was chosen before
    """

    settings: SourceSettings
    confidence: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[Finding, ...] = ()
    contradictions: tuple[Problem, ...] = ()


def settle(
    settings: SourceSettings, findings: Iterable[Finding], *, chosen: Collection[str] = ()
) -> Settled:
    """
    Return how to read a file, by what was found in it.

    :param chosen: the rules whose value in `settings` a person chose for this company's files
    """
    confidence: dict[str, str] = {}
    questions, contradictions = [], []
    for found in findings:
        value = getattr(settings, found.rule)
        confidence[found.rule] = CERTAIN
        if not found.fits:
            contradictions.append(_clash(found))
        elif found.rule in chosen:
            if value in found.ruled_out:
                contradictions.append(_contradiction(found, value))
        elif len(found.fits) == 1:
            settings = _with(settings, found.rule, found.fits[0])
        elif found.is_open:
            confidence[found.rule] = found.confidence
            questions.append(found)
        elif value not in found.fits:
            # No value of this file means anything else by the readings left.
            settings = _with(settings, found.rule, found.fits[0])
    return Settled(settings, confidence, tuple(questions), tuple(contradictions))


def _with(settings: SourceSettings, rule: str, value: str) -> SourceSettings:
    return SourceSettings.from_json(settings.to_json() | {rule: value})


def _clash(found: Finding) -> Problem:
    first, *_, last = found.ruled_out.values()
    return problem(
        "marks_clash" if found.rule == DECIMAL_MARK else "dates_clash",
        line=last.line,
        column=last.column,
        value=last.value,
        other=first.value,
        other_line=first.line,
    )


def _contradiction(found: Finding, chosen: str) -> Problem:
    sighting = found.ruled_out[chosen]
    if found.rule == DECIMAL_MARK:
        return problem(
            "mark_contradicts",
            line=sighting.line,
            column=sighting.column,
            value=sighting.value,
            mark=chosen,
        )
    return problem(
        "date_contradicts",
        line=sighting.line,
        column=sighting.column,
        value=sighting.value,
        order=PATTERNS[chosen],
    )
