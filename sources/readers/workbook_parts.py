"""
The parts of a workbook, unpacked and parsed within bounds that are counted, never timed.

A workbook is a zip of XML parts that anybody may have written. What it says of itself is not
believed: bytes are counted as they are unpacked, elements as they are met, and a document type
declaration is refused by the parser that would have obeyed it. The reasons stand in
docs/decisions/0013-workbooks-read-by-the-hub.md.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from xml.parsers import expat

from sources.readers.lines import Limits

PORTION = 1 << 16
MOST_PARTS = 2_000
MOST_DEPTH = 100
LONGEST_TOKEN = 1 << 20
"""A tag or comment of this size stands in no honest workbook, and is held whole by the parser."""
LONGEST_PROLOG = 1 << 20
MOST_TIMES_LARGER = 100
"""How many times larger than packed a part may be; sheets of payroll are 5 to 30 times larger."""
_SMALL = 10_000_000
"""Parts of this size may be packed as tightly as they like."""
_ENTRY = b"PK\x01\x02"


class WorkbookRefused(Exception):
    """The workbook is not read on; `code` is the problem to report, the rest fills its words."""

    def __init__(
        self, code: str, *, value: object = "", limit: int = 0, line: int | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.value, self.limit, self.line = code, value, limit, line


def damaged(what: object) -> WorkbookRefused:
    """Return the refusal of a workbook that cannot be read as one."""
    return WorkbookRefused("workbook_unreadable", value=what)


class Elements:
    """
    Hears what the parser meets, and counts it.

    A part without a prefix of its own may still name its elements with one (x:row); `named`
    takes it off, as the root has it.
    """

    def __init__(self) -> None:
        self.count = self.depth = 0
        self.prefix = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Hear of an element that begins."""
        self.count += 1
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise damaged(name[:40])
        if self.count == 1:
            before, colon, _ = name.rpartition(":")
            self.prefix = before + colon
        self.begin(name.removeprefix(self.prefix), attributes)

    def end(self, name: str) -> None:
        """Hear of an element that ends."""
        self.depth -= 1
        self.finish(name.removeprefix(self.prefix))

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take what an element says; `name` without its prefix."""

    def finish(self, name: str) -> None:
        """Take that an element is over."""

    def text(self, data: str) -> None:
        """Take text between elements."""


class Parts:
    """
    The parts of one workbook.

    :raises WorkbookRefused: if it is no zip, or holds what no honest workbook has
    """

    def __init__(self, stream: BinaryIO, *, limits: Limits) -> None:
        self._limits = limits
        self._bytes_left = limits.max_unzipped_bytes
        self._elements_left = 3 * limits.max_cells
        _check_number_of_entries(stream)
        stream.seek(0)
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as exc:
            raise damaged(type(exc).__name__) from exc
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            name = _name_of(entry.filename)
            if name in self._entries:
                raise damaged(entry.filename)
            self._entries[name] = entry
        for name in self._entries:
            if name.endswith((".xml", ".rels")):
                self._check_prolog(name)

    def close(self) -> None:
        """Let go of the zip; the stream stays open."""
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return _name_of(name) in self._entries

    def parse(self, name: str, elements: Elements) -> Iterator[None]:
        """
        Let `elements` hear the whole part, portion by portion; yields after each of them.

        :raises WorkbookRefused: if it is damaged, too large, or declares a document type
        """
        parser = _parser()
        parser.StartElementHandler = elements.start
        parser.EndElementHandler = elements.end
        parser.CharacterDataHandler = elements.text
        fed = counted = 0
        for portion in self._portions(name):
            try:
                parser.Parse(portion, not portion)
            except (expat.ExpatError, LookupError, ValueError) as exc:
                raise damaged(f"{name}: {exc}") from exc
            fed += len(portion)
            self._elements_left -= elements.count - counted
            counted = elements.count
            if self._elements_left < 0:
                raise WorkbookRefused("too_many_cells", limit=self._limits.max_cells)
            if portion and fed - parser.CurrentByteIndex > LONGEST_TOKEN + PORTION:
                raise damaged(f"{name}: byte {parser.CurrentByteIndex}")
            yield

    def read(self, name: str, elements: Elements) -> None:
        """
        Let `elements` hear the whole part.

        :raises WorkbookRefused: as `parse` does
        """
        for _ in self.parse(name, elements):
            pass

    def _portions(self, name: str) -> Iterator[bytes]:
        """Yield what the part really holds, and nothing at its end."""
        entry = self._entries.get(_name_of(name))
        if entry is None:
            raise damaged(name)
        if entry.file_size > max(_SMALL, MOST_TIMES_LARGER * entry.compress_size):
            raise self._too_large(entry.file_size)
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(name)
        unpacked = 0
        try:
            with self._zip.open(entry) as content:
                while portion := content.read(PORTION):
                    unpacked += len(portion)
                    self._bytes_left -= len(portion)
                    if self._bytes_left < 0:
                        raise self._too_large(unpacked)
                    yield portion
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            RuntimeError,
            NotImplementedError,
            ValueError,
        ) as exc:
            # A password is a RuntimeError; the rest is what a damaged zip brings forth.
            raise damaged(type(exc).__name__) from exc
        yield b""

    def _too_large(self, size: int) -> WorkbookRefused:
        limit = self._limits.max_unzipped_bytes
        return WorkbookRefused("unzipped_too_large", value=size, limit=limit)

    def _check_prolog(self, name: str) -> None:
        """
        Refuse a document type declaration, which can only stand before the first element.

        In every part, also in those that are not read: an honest workbook has none anywhere.
        """
        parser = _parser()
        parser.StartElementHandler = _stop_at_root
        read = 0
        try:
            for portion in self._portions(name):
                parser.Parse(portion, not portion)
                read += len(portion)
                if read > LONGEST_PROLOG:
                    raise damaged(name)
        except _AtRoot:
            return
        except (expat.ExpatError, LookupError, ValueError) as exc:
            raise damaged(f"{name}: {exc}") from exc


class _AtRoot(Exception):
    """The first element was met."""


def _stop_at_root(name: str, attributes: Mapping[str, str]) -> None:
    raise _AtRoot


def _refuse_declaration(*_about: object) -> None:
    raise WorkbookRefused("workbook_unsafe")


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.EntityDeclHandler = _refuse_declaration
    return parser


def _check_number_of_entries(stream: BinaryIO) -> None:
    """Refuse a directory of so many parts that listing them would be the attack."""
    stream.seek(0)
    found, carried = 0, b""
    while portion := stream.read(1 << 20):
        portion = carried + portion
        found += portion.count(_ENTRY)
        carried = portion[1 - len(_ENTRY) :]
        if found > MOST_PARTS:
            raise WorkbookRefused("too_many_parts", limit=MOST_PARTS)


def _name_of(name: str) -> str:
    """Return a part's name as they are compared: without case, from the root of the zip."""
    return name.replace("\\", "/").lstrip("/").casefold()
