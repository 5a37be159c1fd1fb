"""Ways in which a file goes wrong on its way: by bytes, by fields, by rows, by numbers."""

import random
import re

_BYTES = b",.;\"{}#-+0123456789 \t\r\n\x00\x1a\xa0\xff\x84\xe5'()/kKdD"
_NUMBERS = (
    "1.234", "1,234", "1 234", "1 234.50", "1.234,50", "1,234.50", "12,34,5", "-5", "5-", "(5)",
    "0", "", "--1", "1e3", "1.005", "1.5", "1,5", "99999999999999", "1'234", "\u22125", "+7",
    "1.234.567", "1,234,567", "0,500", "100,0000", "NaN", "²", "1_000",
)  # fmt: skip
_NUMBER = re.compile(rb"-?[0-9]+(?:[.,][0-9]+)?")
_FIELD = re.compile(rb"[^;,\t|\r\n ]+")


def mutated(content: bytes, dice: random.Random) -> bytes:
    """
    Return the content with one to four faults in it.

    Half of them are the same throughout the file: what differs in one row only is found by its
    balance already.
    """
    ways = dice.choice((_ONCE, _THROUGHOUT))
    for _ in range(dice.randint(1, 4 if ways is _ONCE else 2)):
        content = dice.choice(ways)(content, dice)
    return content


def _one_byte(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    new = bytes([dice.choice(_BYTES)])
    return content[:at] + new + content[at + dice.randint(0, 1) :]


def _gone(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    return content[:at] + content[at + dice.randint(1, 12) :]


def _cut_off(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)] if dice.random() < 0.2 else content


def _rows(content: bytes, dice: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return content
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    way = dice.randrange(4)
    if way == 0:
        del lines[one]
    elif way == 1:
        lines.insert(two, lines[one])
    elif way == 2:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines[one] = lines[one].rstrip(b"\r\n")
    return b"".join(lines)


def _number(content: bytes, dice: random.Random) -> bytes:
    found = list(_NUMBER.finditer(content))
    if not found:
        return content
    where = dice.choice(found)
    new = dice.choice(_NUMBERS).encode("utf-8")
    return content[: where.start()] + new + content[where.end() :]


def _field(content: bytes, dice: random.Random) -> bytes:
    found = list(_FIELD.finditer(content))
    if len(found) < 2:
        return content
    one, two = dice.choice(found), dice.choice(found)
    return content[: one.start()] + two[0] + content[one.end() :]


def _number_everywhere(content: bytes, dice: random.Random) -> bytes:
    """Change a number wherever it stands: debit and credit still balance."""
    found = _NUMBER.findall(content)
    if not found:
        return content
    old = dice.choice(found).lstrip(b"-")
    new = old[:-1] + b"7" if dice.random() < 0.2 else dice.choice(_NUMBERS).encode("utf-8")
    return content.replace(old, new.lstrip(b"-"))


def _each_line(content: bytes, dice: random.Random) -> bytes:
    """Do the same to every line, so that what is read wrongly is wrong in all of them."""
    separator = dice.choice((b";", b",", b"\t", b"|"))
    at = dice.randint(0, 7)
    way = dice.randrange(5)
    out = []
    for line in content.splitlines(keepends=True):
        body = line.rstrip(b"\r\n")
        end = line[len(body) :]
        if way == 0:
            fields = body.split(separator)
            if at + 1 < len(fields):
                fields[at : at + 2] = [fields[at] + fields[at + 1]]
            body = separator.join(fields)
        elif way == 1:
            body += separator + dice.choice((b"", b"50", b"x"))
        elif way == 2:
            body = body.rpartition(separator)[0] or body
        elif way == 3:
            fields = body.split(separator)
            fields.insert(at, b"")
            body = separator.join(fields)
        else:
            body = body.replace(b'"', b"")
        out.append(body + end)
    return b"".join(out)


def _marks(content: bytes, dice: random.Random) -> bytes:
    """Write every amount in another way."""
    mark, between = dice.sample((b".", b",", b" ", b"'"), 2)
    way = dice.randrange(4)
    if way == 0:
        return re.sub(rb"([0-9])[.,]([0-9]{2})(?![0-9])", rb"\1" + mark + rb"\2", content)
    if way == 1:
        return re.sub(rb"([0-9])([0-9]{3})(?=[.,][0-9])", rb"\1" + between + rb"\2", content)
    if way == 2:
        return re.sub(rb"([.,][0-9]{1,2})(?![0-9])", rb"\g<1>0", content)
    return re.sub(rb"[.,]00(?![0-9])", b"", content)


_ONCE = (_one_byte, _one_byte, _gone, _cut_off, _rows, _rows, _number, _number, _field)
_THROUGHOUT = (_number_everywhere, _number_everywhere, _each_line, _marks)
