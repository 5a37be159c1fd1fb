"""Small payroll files and what is done with them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from organisations.models import Company, Organisation
from sources.models import ImportedFile
from sources.operations import deciding, files, reading, receiving
from tests import factories

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples" / "journals"
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
NUMBER = "5555555555"

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the sample files are not beside this checkout"
)


class TickingClock:
    """Each look at it is one second later."""

    def __init__(self, start: datetime = NOW) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def sie(
    rows: Iterable[tuple[str, str]] = (("7010", "1000.00"), ("2821", "-1000.00")),
    *,
    number: str = "555555-5555",
    text: str = "Payroll run 3",
    flag: int = 0,
    name: str = "Office AB",
) -> bytes:
    """Return a small SIE file of March 2026."""
    orgnr = f"#ORGNR {number}\r\n" if number else ""
    booked = "".join(f"#TRANS {account} {{}} {amount}\r\n" for account, amount in rows)
    return (
        f"#FLAGGA {flag}\r\n#FORMAT PC8\r\n#SIETYP 4\r\n#PROGRAM Pay 1\r\n#GEN 20260325\r\n"
        f'#FNAMN "{name}"\r\n{orgnr}#VALUTA SEK\r\n'
        f'#VER L 1 20260325 "{text}"\r\n{{\r\n{booked}}}\r\n'
    ).encode("cp437")


def csv(
    rows: Iterable[tuple[str, str, str]] = (("7010", "1000,00", ""), ("2821", "", "1000,00")),
    *,
    company: str = "555555-5555",
    run: str = "3",
    headings: str = "company;run;period;date;account;debit;credit;text",
) -> bytes:
    """Return a small CSV file of March 2026."""
    lines = [f"{company};{run};2026-03;2026-03-25;{a};{d};{c};Pay" for a, d, c in rows]
    return "\r\n".join([headings, *lines, ""]).encode()


def receive(
    organisation: Organisation,
    content: bytes,
    name: str = "payroll.si",
    *,
    now: datetime = NOW,
    **more: Any,
) -> ImportedFile:
    """Let a file come in, in small chunks."""
    chunks = (content[at : at + 1000] for at in range(0, len(content), 1000))
    return receiving.receive(
        organisation=organisation, name=name, chunks=chunks, now=now, **{"by": None} | more
    )


def read(file: ImportedFile, clock: Callable[[], datetime] | None = None) -> ImportedFile:
    """Let a worker read it, and return it as it is then."""
    reading.read_file(file_id=file.pk, clock=clock or TickingClock())
    file.refresh_from_db()
    return file


def imported(organisation: Organisation, content: bytes, **more: Any) -> ImportedFile:
    """Let a file come in and be read."""
    return read(receive(organisation, content, **more))


def company(organisation: Organisation, **more: Any) -> Company:
    """Make the company that the small files are for."""
    return factories.company(organisation, **{"organisation_number": NUMBER} | more)


def accept_columns(file: ImportedFile, name: str = "Payroll") -> ImportedFile:
    """Say yes to the suggested columns and let the file be read again."""
    from sources.readers.settings import SourceSettings

    settings = SourceSettings.from_json(file.head["suggestion"]["settings"])
    deciding.confirm_columns(file=file, settings=settings, name=name, by=None, now=NOW)
    return read(file)


def codes(file: ImportedFile) -> list[str]:
    """Return the codes of the errors and of what must be confirmed."""
    return [found.code for found in files.errors_of(file)]
