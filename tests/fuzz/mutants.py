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
    """Return the content with one to four faults in it."""
    for _ in range(dice.randint(1, 4)):
        content = dice.choice(_WAYS)(content, dice)
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


_WAYS = (_one_byte, _one_byte, _gone, _cut_off, _rows, _rows, _number, _number, _number, _field)
