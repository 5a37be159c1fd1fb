"""A file comes in."""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import IO, Any, BinaryIO

from django.conf import settings as django_settings
from django.db import transaction
from django.utils.translation import gettext

from audit import trail
from background.enqueueing import enqueue
from connectors.bounds import as_text
from organisations.models import Company, Organisation, User
from sources.destinations import destination
from sources.models import FilePiece, ImportedFile, Source
from sources.operations.files import ImportRefused, State, clean_run, set_problems
from sources.readers.lines import Limits
from sources.readers.problems import problem

PIECE_BYTES = 1_000_000


def limits() -> Limits:
    """Return how large a file may be in this installation."""
    return Limits(
        max_bytes=django_settings.HUB_MAX_UPLOAD_MB * 1_000_000,
        max_rows=django_settings.HUB_MAX_ROWS,
        max_unzipped_bytes=django_settings.HUB_MAX_UNZIPPED_MB * 1_000_000,
    )


def receive(
    *,
    organisation: Organisation,
    name: str,
    chunks: Iterable[bytes],
    by: User | None,
    now: datetime,
    company: Company | None = None,
    run: str = "",
    encoding: str = "",
    source: Source | None = None,
    rules: Mapping[str, Any] | None = None,
    together: str = "",
) -> ImportedFile:
    """
    Store a file for a worker to read.

    Bytes that are those of a present content are not stored: the file's row says so.

    :param rules: settings of a table that a person gives with the file, for its company
    :param together: what the files share that are uploaded together
    :param encoding: chosen by a person who saw wrong letters; empty = by the file itself
    :raises ImportRefused: if the file is larger than may be, or the run's name is too long
    """
    run = clean_run(run) if run else ""
    with tempfile.TemporaryFile() as spool:
        size, sha256 = _spool(chunks, spool, name=name)
        file = ImportedFile(
            organisation=organisation,
            company=company,
            source=source,
            name=as_text(name)[-255:],
            size=size,
            sha256=sha256,
            state_at=now,
            run=as_text(run),
            head=({"wanted_encoding": encoding} if encoding else {})
            | ({"source_named": True} if source else {})
            | ({"wanted_rules": dict(rules)} if rules else {}),
            uploaded_by=by,
            uploaded_at=now,
            request_id=trail.origin().request_id,
            together=together,
        )
        with transaction.atomic():
            file.save()
            if not encoding and not rules and destination().take_known(file, now=now):
                return file
            _store_pieces(file, spool)
            enqueue("sources.tasks.read_file", file_id=file.pk)
    return file


def _spool(chunks: Iterable[bytes], spool: IO[bytes], *, name: str) -> tuple[int, str]:
    """Write what comes in to a file on the disk, and return its size and SHA-256."""
    most = limits().max_bytes
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise ImportRefused(
                gettext(
                    "{name} is larger than {limit} MB. Export one payroll run per file, "
                    "or ask for a higher limit (HUB_MAX_UPLOAD_MB)."
                ).format(name=name, limit=most // 1_000_000)
            )
        digest.update(chunk)
        spool.write(chunk)
    spool.seek(0)
    return size, digest.hexdigest()


def turn_away(
    *,
    organisation: Organisation,
    name: str,
    size: int,
    by: User | None,
    now: datetime,
    together: str = "",
) -> ImportedFile:
    """Keep the row of a file that is larger than may be, so that it is seen beside the others."""
    file = ImportedFile(
        organisation=organisation,
        name=as_text(name)[-255:],
        size=size,
        state=State.REFUSED,
        state_at=now,
        uploaded_by=by,
        uploaded_at=now,
        request_id=trail.origin().request_id,
        together=together,
    )
    set_problems(file, [problem("file_too_large", value=size, limit=limits().max_bytes)])
    file.save()
    return file


def _store_pieces(file: ImportedFile, spool: BinaryIO) -> None:
    number = 0
    while piece := spool.read(PIECE_BYTES):
        FilePiece.objects.create(file=file, number=number, content=piece)
        number += 1
