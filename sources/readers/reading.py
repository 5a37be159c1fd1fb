"""One door for all formats."""

from collections.abc import Callable
from typing import BinaryIO

from sources.readers import csv, sie, xlsx
from sources.readers.detection import HEAD, REFUSALS, detect
from sources.readers.encoding import Survey, survey
from sources.readers.lines import FileHead, Limits, Reading
from sources.readers.problems import ProblemLog
from sources.readers.settings import SIE, XLSX, SourceSettings

Progress = Callable[[int, int | None], None]


def no_progress(done: int, total: int | None) -> None:
    """Tell nobody."""


def read(
    stream: BinaryIO,
    *,
    settings: SourceSettings,
    limits: Limits | None = None,
    on_progress: Progress = no_progress,
) -> Reading:
    """
    Return what stands in the file; never raises for what a file may hold.

    The stream is read from its start, more than once, so it must be seekable. `on_progress`
    is called with how much is done of how much (bytes, for a workbook rows), the latter None
    where it is not known.
    """
    limits = limits or Limits()
    log = ProblemLog()
    stream.seek(0)
    found = detect(stream.read(HEAD))
    if settings.format == SIE and found in ("csv", "unknown"):
        found = SIE  # its reader says better what is wrong
    surveyed = None if found == XLSX else survey(stream)
    _check_file(stream, found, surveyed, settings=settings, limits=limits, log=log)
    if log.counts["error"]:
        head = FileHead(format=found, encoding=surveyed.encoding if surveyed else "")
        return Reading(head, problems=log.shown(), problem_counts=dict(log.counts))
    if surveyed is None:
        return xlsx.read(stream, settings=settings, limits=limits, on_progress=on_progress)
    reader = sie.read if found == SIE else csv.read
    return reader(
        stream, survey=surveyed, settings=settings, limits=limits, on_progress=on_progress
    )


def _check_file(
    stream: BinaryIO,
    found: str,
    surveyed: Survey | None,
    *,
    settings: SourceSettings,
    limits: Limits,
    log: ProblemLog,
) -> None:
    """Note everything that speaks against reading the file at all."""
    size = surveyed.size if surveyed else stream.seek(0, 2)
    if size > limits.max_bytes:
        log.add("file_too_large", value=size, limit=limits.max_bytes)
        return
    if found in REFUSALS:
        log.add(REFUSALS[found])
        return
    if faults := settings.faults():
        log.add("settings_impossible", value=", ".join(faults))
    elif settings.format and settings.format != found:
        log.add("wrong_format", value=found, expected_format=settings.format, found_format=found)
    if surveyed is None:
        return
    if surveyed.control_byte:
        line, byte = surveyed.control_byte
        log.add("not_text", line=line, value=f"0x{byte:02X}")
    if surveyed.long_line:
        log.add("line_too_long", line=surveyed.long_line)
    elif found == SIE and log.counts["error"] and (opened := sie.checksum_left_open(stream)):
        log.add("cut_off", line=opened, column="#KSUMMA")
