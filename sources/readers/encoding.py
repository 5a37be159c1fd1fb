"""Which encoding a text file is in, decided by counting, in one pass and little memory."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from sources.readers.problems import ProblemLog, Refused

CHUNK = 1 << 18
LONGEST_LINE = 1 << 20

UTF8, UTF8_BOM, UTF16 = "utf-8", "utf-8-sig", "utf-16"
CP437, CP865, CP1252 = "cp437", "cp865", "cp1252"

_UNICODE = (UTF8, UTF8_BOM, UTF16)
_NEVER_IN_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, lone surrogates and what is no character."""
_CONTROL = bytes(code for code in range(32) if code not in b"\t\r\n")
# DOS programs end a file with Ctrl-Z; that alone, as the last byte, is text.
_CTRL_Z = b"\x1a"
_SWEDISH_CP437 = b"\x86\x84\x94\x8f\x8e\x99\x82\x81"
_SWEDISH_CP1252 = "åäöÅÄÖéüøæØÆ".encode("cp1252")
_WINDOWS_THOUSANDS = re.compile(rb"[0-9]\xa0[0-9]{3}")
# ¢ and ¥ of CP437 are ø and Ø of CP865, which is the same otherwise.
_NORWEGIAN_DOS = re.compile(rb"[A-Za-z\x80-\xa5][\x9b\x9d]|[\x9b\x9d][A-Za-z\x80-\xa5]")
_NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"


@dataclass(frozen=True, slots=True)
class Survey:
    """
    What one pass over the bytes tells.

    :param encoding: best guess; only CP437 and cp1252 are guesses in the true sense
    :param control_byte: the first byte that no text holds, and its line
    """

    size: int
    encoding: str
    control_byte: tuple[int, int] | None
    long_line: int | None


def survey(stream: BinaryIO) -> Survey:
    """
    Return size, encoding and what speaks against being text, and rewind the stream.

    In order: a byte order mark; strict UTF-8; more letters of CP437 or of cp1252, where a
    tie is CP437 (the only one that SIE allows). CP437 and Latin-1 decode every byte, so that
    decoding without error proves nothing.
    """
    stream.seek(0)
    size, lines, carried = 0, 1, 0
    dos = windows = undefined = 0
    norwegian = False
    control: tuple[int, int] | None = None
    long_line: int | None = None
    bom = b""
    strict = codecs.getincrementaldecoder("utf-8")("strict")
    utf8 = True
    while chunk := stream.read(CHUNK):
        if not size:
            bom = chunk[:3]
        size += len(chunk)
        if control is None and len(chunk.translate(None, _CONTROL)) != len(chunk):
            control = _first_control(chunk, lines, at_end=not _more(stream))
        if utf8:
            try:
                strict.decode(chunk)
            except UnicodeDecodeError:
                utf8 = False
        if not chunk.isascii():
            length = len(chunk)
            dos += length - len(chunk.translate(None, _SWEDISH_CP437))
            windows += length - len(chunk.translate(None, _SWEDISH_CP1252))
            # A no-break space between thousands is often the only letter beyond ASCII.
            windows += len(_WINDOWS_THOUSANDS.findall(chunk))
            norwegian = norwegian or _NORWEGIAN_DOS.search(chunk) is not None
            undefined += length - len(chunk.translate(None, _NOT_IN_CP1252))
        pieces = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if long_line is None:
            lengths = [carried + len(pieces[0]), *map(len, pieces[1:])]
            if max(lengths) > LONGEST_LINE:
                long_line = lines + next(i for i, n in enumerate(lengths) if n > LONGEST_LINE)
        carried = len(pieces[-1]) + (carried if len(pieces) == 1 else 0)
        lines += len(pieces) - 1
    if utf8:
        try:
            strict.decode(b"", True)
        except UnicodeDecodeError:
            utf8 = False
    stream.seek(0)
    if bom.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, control, long_line = UTF16, None, None
    elif utf8 or bom == codecs.BOM_UTF8:
        encoding = UTF8_BOM if bom == codecs.BOM_UTF8 else UTF8
    else:
        dos_letters = CP865 if norwegian else CP437
        encoding = CP1252 if windows > dos and not undefined else dos_letters
    return Survey(size, encoding, control, long_line)


def find_encoding(stream: BinaryIO, *, override: str = "") -> str:
    """Return the encoding that a person chose, or else the one that the bytes speak for."""
    return override or survey(stream).encoding


def control_character(text: str) -> str:
    """Return the first character that no text holds, as ``U+0000``; empty if there is none."""
    found = _NEVER_IN_TEXT.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def text_lines(lines: Iterable[str], encoding: str, log: ProblemLog) -> Iterator[str]:
    """
    Return the lines of a decoded file, looking for what its bytes did not show.

    :raises Refused: at a line with a control character
    """
    if encoding not in _UNICODE:
        return iter(lines)  # one byte is one character there, and the bytes were looked at
    return _checked(lines, log, ascii_was_seen=encoding != UTF16)


def _checked(lines: Iterable[str], log: ProblemLog, *, ascii_was_seen: bool) -> Iterator[str]:
    search = _NEVER_IN_TEXT.search
    for number, line in enumerate(lines, 1):
        if not (ascii_was_seen and line.isascii()) and search(line.rstrip("\r\n\x1a")):
            log.add("not_text", line=number, value=control_character(line.rstrip("\r\n\x1a")))
            raise Refused
        yield line


@contextmanager
def decoded(
    stream: BinaryIO, encoding: str, *, newline: str | None, log: ProblemLog
) -> Iterator[io.TextIOWrapper]:
    """
    Give the file as text, from its start; the stream stays open.

    :raises Refused: at the first line that is not in that encoding
    """
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline=newline)
    try:
        try:
            yield text
        finally:
            text.detach()
    except UnicodeError as exc:
        line, value = _first_undecodable(stream, encoding)
        log.add("encoding_wrong", line=line, value=value, encoding=encoding)
        raise Refused from exc


def _first_undecodable(stream: BinaryIO, encoding: str) -> tuple[int, str]:
    """Return the first line that is not in that encoding, and the byte that is not."""
    stream.seek(0)
    number = 1
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        for line in stream:
            decoder.decode(line)
            number += 1
        decoder.decode(b"", True)
    except UnicodeDecodeError as exc:
        byte = exc.object[exc.start : exc.start + 1]
        return number, f"0x{byte.hex().upper()}"
    except UnicodeError:
        return 1, ""
    finally:
        stream.seek(0)
    return 1, ""


def _more(stream: BinaryIO) -> bool:
    here = stream.tell()
    more = bool(stream.read(1))
    stream.seek(here)
    return more


def _first_control(chunk: bytes, lines: int, *, at_end: bool) -> tuple[int, int] | None:
    text = chunk.rstrip(b"\r\n")
    if at_end and text.endswith(_CTRL_Z) and not text[:-1].endswith(_CTRL_Z):
        text = text[:-1]
    for place, byte in enumerate(text):
        if byte in _CONTROL:
            before = text[:place].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            return lines + before.count(b"\n"), byte
    return None
