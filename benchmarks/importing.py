"""
A payroll file to a journal that is stored, split and checked; beside it, parsing alone.

Each case runs in a process of its own, so that its peak memory is its own.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks import files
from tests.torture.surroundings import run, start_django

_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Case:
    """What one process measured; the best of its rounds."""

    format: str
    what: str
    seconds: float
    steps: dict[str, float]
    peak_mb: float
    idle_mb: float


def measure(
    *, lines: int, rounds: int, folder: Path, environment: dict[str, str]
) -> Iterator[Case]:
    """Yield the cases: for each format, parsing alone and then everything."""
    for name, write in files.WRITERS.items():
        path = folder / f"payroll.{name}"
        write(path, lines)
        for what in ("floor", "import"):
            words = [
                sys.executable,
                "-m",
                "benchmarks.importing",
                what,
                name,
                str(path),
                str(lines),
            ]
            found = [json.loads(run(words, environment)) for _round in range(rounds)]
            yield Case(**min(found, key=lambda case: float(case["seconds"])))


# --- In the measured process --------------------------------------------------------------


def _main(what: str, name: str, path: Path, lines: int) -> None:
    start_django()
    from sources.readers.reading import read

    how = _settings(name, path)
    prepared = _prepare_office(name, how) if what == "import" else None
    idle = _peak_mb()
    started = time.perf_counter()
    if prepared is None:
        with path.open("rb") as stream:
            reading = read(stream, settings=how)
        steps = {"parsed": time.perf_counter() - started}
        if not reading.ok or len(reading.lines) != lines:
            raise SystemExit(f"{len(reading.lines)} of {lines} lines were read")
    else:
        steps = _import(path, lines=lines, prepared=prepared)
    print(
        json.dumps(
            {
                "format": name,
                "what": what,
                "seconds": time.perf_counter() - started,
                "steps": steps,
                "peak_mb": _peak_mb(),
                "idle_mb": idle,
            }
        )
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _settings(name: str, path: Path) -> Any:
    from sources.readers.settings import SIE, SourceSettings
    from sources.readers.suggesting import suggest_settings

    if name == "sie":
        return SourceSettings(format=SIE)
    with path.open("rb") as stream:
        return suggest_settings(stream, name=path.name).settings


def _prepare_office(name: str, how: Any) -> dict[str, Any]:
    from accounts.models import Connection
    from mappings.models import Mapping
    from organisations.models import Company, Debtor, Organisation
    from sources.models import Source

    unique = f"{time.time_ns()}"
    office = Organisation.objects.create(name=f"Office {unique}")
    debtor = Debtor.objects.create(organisation=office, number="1", name="Debtor")
    company = Company.objects.create(
        organisation=office,
        debtor=debtor,
        number="1",
        name="Påhittade Åkeriet AB",
        currency="SEK",
        organisation_number=files.NUMBER.replace("-", ""),
    )
    connection = Connection.objects.create(
        organisation=office,
        vendor="vismanet",
        name="bench@office.example",
        state=Connection.State.AUTHORISED,
        tenant_id=unique,
    )
    Mapping.objects.create(
        organisation=office,
        company=company,
        connection=connection,
        target="vismanet",
        use_cost_centre=True,
        cost_centre_description="Kostnadsställe",
        cost_centre_segment=1,
        use_cost_unit=True,
        cost_unit_description="Kostnadsbärare",
        cost_unit_segment=2,
        balance_sheet_format="[1-2][0-9][0-9][0-9]",
        closed_period_rule="refuse",
    )
    source = None
    if name != "sie":
        source = Source.objects.create(
            organisation=office, name="Payroll", file_format=name, settings=how.to_json()
        )
    return {"office": office, "source": source, "facts": _facts()}


def _facts() -> Any:
    from connectors.base import (
        Account,
        Administration,
        Dimension,
        DimensionValue,
        LedgerFacts,
        Period,
    )

    return LedgerFacts(
        administration=Administration("1", "Påhittade Åkeriet AB", currency="SEK"),
        accounts=tuple(Account(number, number) for number in [*files.COSTS, files.DEBT]),
        periods=tuple(Period(f"2026{m:02d}", date(2026, m, 1), open=True) for m in range(1, 13)),
        dimensions=(
            Dimension(1, "Kostnadsställe", 4, tuple(DimensionValue(v, v) for v in files.CENTRES)),
            Dimension(2, "Kostnadsbärare", 3, tuple(DimensionValue(v, v) for v in files.UNITS)),
        ),
        currencies=("SEK",),
    )


def _import(path: Path, *, lines: int, prepared: dict[str, Any]) -> dict[str, float]:
    from journals.models import journal_of
    from journals.operations import preparing
    from sources.operations import reading, receiving

    def now() -> datetime:
        return datetime.now(UTC)

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece

    marks = [time.perf_counter()]
    file = receiving.receive(
        organisation=prepared["office"],
        name=path.name,
        chunks=pieces(),
        by=None,
        now=now(),
        source=prepared["source"],
    )
    marks.append(time.perf_counter())
    reading.read_file(file_id=file.pk, clock=now)
    marks.append(time.perf_counter())
    file.refresh_from_db()
    if (journal := journal_of(file)) is None:
        raise SystemExit(f"not imported: {file.state} {file.problems[:3]}")
    seen = preparing.preview(journal=journal, now=now(), facts=prepared["facts"])
    marks.append(time.perf_counter())
    planned = sum(len(batch.lines) for batch in seen.batches)
    if seen.refusal or seen.problems or planned != lines or len(seen.batches) != 3:
        raise SystemExit(f"{planned} of {lines} lines, {seen.refusal} {seen.problems[:3]}")
    names = ("received", "read and stored", "split and checked")
    return {name: marks[at + 1] - marks[at] for at, name in enumerate(names)}


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
