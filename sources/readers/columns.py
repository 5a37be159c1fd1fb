"""Which column of a table holds what: the headings are looked for, and named where they are not."""

from collections.abc import Iterator, Mapping, Sequence

from sources.readers.cells import AMOUNTS, ONLY_SHOWN, Row, as_text
from sources.readers.headings import is_about_people, looks_like_data, normalised
from sources.readers.lines import CODE_LENGTH
from sources.readers.problems import ProblemLog, Refused
from sources.readers.settings import (
    DEBIT_CREDIT,
    DEBIT_CREDIT_NEGATIVE,
    NO_HEADINGS,
    PERIOD_COLUMN,
    PERIOD_FROM_DATE,
    SIGN_COLUMN,
    YEAR_AND_MONTH,
    SourceSettings,
)

HEADING_ROWS = 50
"""How far down the headings may stand, below a title."""


def required_fields(settings: SourceSettings) -> list[str]:
    """Return the fields without which no row can be read, by the rules chosen."""
    both = ["debit", "credit"]
    amounts = {
        DEBIT_CREDIT: both,
        DEBIT_CREDIT_NEGATIVE: both,
        SIGN_COLUMN: ["amount", "side"],
    }
    periods = {
        PERIOD_COLUMN: ["period"],
        PERIOD_FROM_DATE: ["date"],
        YEAR_AND_MONTH: ["year", "month"],
    }
    return ["account", *amounts.get(settings.sign_rule, ["amount"]), *periods[settings.period_rule]]


def find_columns(
    rows: Iterator[Row], *, settings: SourceSettings, log: ProblemLog
) -> tuple[dict[str, int], int]:
    """
    Return the place of each mapped column and the row of the headings; takes the rows up to it.

    :raises Refused: if a needed column is not there; each one is named with the headings found
    """
    faults = log.counts["error"]
    for name, heading in settings.columns.items():
        if is_about_people(heading):
            log.add("employee_column", column=name, value=heading)
    if log.counts["error"] > faults:
        raise Refused
    if settings.header_row == NO_HEADINGS:
        return _columns_by_place(settings, log), 0
    wanted = {name: normalised(heading) for name, heading in settings.columns.items() if heading}
    above: list[Row] = []
    best, best_row, names = _best_row(rows, above, wanted, settings=settings, log=log)
    places = _places_in(best, best_row, names, wanted, settings=settings, log=log)
    _refuse_rows_above(above, best_row, places, settings=settings, log=log)
    if log.counts["error"] > faults:
        raise Refused
    return places, best_row


def _best_row(
    rows: Iterator[Row],
    above: list[Row],
    wanted: Mapping[str, str],
    *,
    settings: SourceSettings,
    log: ProblemLog,
) -> tuple[list[str], int, list[str]]:
    """
    Return the row that holds most of the wanted headings: normalised, its number, as written.

    :param above: takes the rows that were looked at
    :raises Refused: if there is no row
    """
    best: list[str] = []
    names: list[str] = []
    best_row, best_score = 0, -1
    for number, cells in rows:
        headings = [normalised(as_text(cell)) for cell in cells]
        above.append((number, cells))
        if settings.header_row and number < settings.header_row:
            continue
        score = sum(heading in headings for heading in wanted.values())
        filled = sum(bool(heading) for heading in headings)
        if score > best_score or (score == best_score == 0 and filled > len(best)):
            best, best_row, best_score = headings, number, score
            names = [as_text(cell).strip() for cell in cells]
        needed = [wanted.get(field, "") for field in required_fields(settings)]
        if settings.header_row or all(heading and heading in headings for heading in needed):
            break
        if number >= HEADING_ROWS:
            break
    if best_score < 0:
        log.add("no_lines")
        raise Refused
    log.names_people = any(map(is_about_people, names))
    if not best_score and looks_like_data(names):
        names = ["–"]  # no headings but figures, which are not shown
    return best, best_row, names


def _places_in(
    best: Sequence[str],
    best_row: int,
    names: Sequence[str],
    wanted: Mapping[str, str],
    *,
    settings: SourceSettings,
    log: ProblemLog,
) -> dict[str, int]:
    """Return the place of each wanted heading; what is missing or stands twice is named."""
    found = ", ".join(name[:CODE_LENGTH] for name in names if name)
    places: dict[str, int] = {}
    required = required_fields(settings)
    for wanted_field in dict.fromkeys([*required, *wanted]):
        wanted_heading = wanted.get(wanted_field, "")
        shown = settings.columns.get(wanted_field, "")
        if wanted_heading and best.count(wanted_heading) == 1:
            places[wanted_field] = best.index(wanted_heading)
        elif wanted_heading and wanted_heading in best:
            log.add("column_twice", line=best_row, column=wanted_field, value=shown)
        elif wanted_field not in ONLY_SHOWN:
            log.add(
                "missing_column", line=best_row, column=wanted_field, value=shown, headings=found
            )
    return places


def _refuse_rows_above(
    above: Sequence[Row],
    headings: int,
    places: Mapping[str, int],
    *,
    settings: SourceSettings,
    log: ProblemLog,
) -> None:
    """Name what stands above the headings and would be a booking row below them."""
    needed = [places[name] for name in required_fields(settings) if name in places]
    one_of = [places[name] for name in AMOUNTS if name in places]
    needed = [place for place in needed if place not in one_of]
    for number, cells in above:
        texts = [as_text(cell).strip() for cell in cells]
        width = len(texts)
        if (
            number < headings
            and all(place < width and texts[place] for place in needed)
            and places.get("account", width) < width
            and texts[places["account"]][:1].isdigit()
            and any(place < width and texts[place][-1:].isdigit() for place in one_of)
        ):
            booked = [texts[place] for place in (places["account"], *one_of) if place < width]
            log.add("row_above_headings", line=number, value="; ".join(filter(None, booked)))


def _columns_by_place(settings: SourceSettings, log: ProblemLog) -> dict[str, int]:
    places = {
        name: int(heading[1:]) - 1
        for name, heading in settings.columns.items()
        if heading[:1] == "#"
        and heading[1:].isascii()
        and heading[1:].isdigit()
        and heading != "#0"
    }
    missing = [name for name in required_fields(settings) if name not in places]
    for name in missing:
        log.add(
            "missing_column", column=name, value=settings.columns.get(name, ""), headings="#1, #2 …"
        )
    if missing:
        raise Refused
    return places
