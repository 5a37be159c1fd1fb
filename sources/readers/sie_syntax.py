"""The grammar of a line of SIE: fields, object lists and the checksum over them."""

import re
import zlib

# A quoted text, a brace, a bare word, or a quote that nothing closes. Inside quotes \" is a
# quote and any other backslash is a backslash ("C:\temp"); two quotes are one, as in CSV.
_TOKEN = re.compile(r'"((?:[^"\\]++|\\"|\\|"")*)"|([{}])|([^\s"{}]++)|(")')
_BYTES_TOKEN = re.compile(rb'"((?:[^"\\]++|\\"|\\)*)"|[{}]|([^\s"{}]++)|"')


class SieSyntaxError(ValueError):
    """The line cannot be cut into fields. `code` is the code of the problem to report."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


Field = str | list[str]


def tokenise(text: str) -> list[Field]:
    """
    Return the fields of a line; an object list is a list of its own.

    :raises SieSyntaxError: if a quote or a brace is not closed
    """
    fields: list[Field] = []
    objects: list[str] | None = None
    for found in _TOKEN.finditer(text):
        kind = found.lastindex
        if kind == 2:
            if found[2] == "{" and objects is None:
                objects = []
                continue
            if found[2] == "}" and objects is not None:
                fields.append(objects)
                objects = None
                continue
            raise SieSyntaxError(
                "object_list_not_closed" if found[2] == "{" else "brace_unexpected"
            )
        if kind == 4:
            raise SieSyntaxError("quote_not_closed")
        value = found[1].replace('\\"', '"').replace('""', '"') if kind == 1 else found[3]
        if objects is None:
            fields.append(value)
        else:
            objects.append(value)
    if objects is not None:
        raise SieSyntaxError("object_list_not_closed")
    return fields


def checksum(line: bytes, so_far: int) -> int:
    """Return the CRC-32 continued over label and field contents of a line, in file bytes."""
    parts = [quoted.replace(b'\\"', b'"') or bare for quoted, bare in _BYTES_TOKEN.findall(line)]
    return zlib.crc32(b"".join(parts), so_far)


class Checksum:
    """
    The ``#KSUMMA`` of a file while it is being read.

    The format counts the values of the characters in CP437, whatever encoding the file is in;
    older programs counted the bytes of the file. Either is right.
    """

    def __init__(self, encoding: str) -> None:
        self._encodings = dict.fromkeys(("cp437", encoding.removesuffix("-sig")))
        self._sums = dict.fromkeys(self._encodings, 0)
        self.opened_in: int | None = None

    def open(self, number: int) -> None:
        """Begin to count with the line after this one."""
        self.opened_in = number
        self._sums = dict.fromkeys(self._encodings, 0)

    def add(self, line: str) -> None:
        """Count a line."""
        for encoding, so_far in self._sums.items():
            self._sums[encoding] = checksum(line.encode(encoding, "replace"), so_far)

    def close(self, value: str) -> str:
        """Return the checksum computed, which is the file's own where one of them agrees."""
        self.opened_in = None
        computed = [str(so_far) for so_far in self._sums.values()]
        return value if value in computed else computed[0]
