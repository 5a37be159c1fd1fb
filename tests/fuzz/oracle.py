"""
A second reading of the same bytes, as simple as can be and without any code of the readers.

It is slow and knows little. What it cannot read with certainty is `Unclear`; a file that the hub
reads although it is unclear here is a difference to look at.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal


class NoHeadings(Exception):
    """The headings are not those that the list was written with."""


Place = tuple[str, str, str, str]
"""Period, account, cost centre, cost unit."""
Totals = dict[Place, Decimal]

BLANKS = " \t\u00a0\u202f\u2009"
_EDGES = " \t\r\n\ufeff"
_GAPS = set(" \u00a0\u202f\u2009'\u2019")
_MONTHS = {"mars": 3, "januari": 1, "februari": 2, "april": 4, "maj": 5, "mar": 3, "maj.": 5}


class Unclear(Exception):
    """It is not certain what stands there."""


def lines_of(text: str) -> list[str]:
    """Return the lines, whichever way each one ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def amount(text: str) -> Decimal:
    """Return an amount whose marks allow one reading only."""
    body, sign = text.strip(BLANKS + "\r\n"), 1
    if body[:1] == "(" and body[-1:] == ")":
        body, sign = body[1:-1].strip(BLANKS), -1
    elif body[:1] in ("-", "\u2212", "\u2013") and body:
        body, sign = body[1:].strip(BLANKS), -1
    elif body[-1:] in ("-", "\u2212", "\u2013") and body:
        body, sign = body[:-1].strip(BLANKS), -1
    elif body[:1] == "+":
        body = body[1:].strip(BLANKS)
    groups, marks = [""], []
    for letter in body:
        if letter in "0123456789":
            groups[-1] += letter
        elif letter in ".," or letter in _GAPS:
            marks.append(letter)
            groups.append("")
        else:
            raise Unclear(text)
    if marks and marks[-1] in ".," and len(groups[-1]) in (1, 2):
        decimals, groups, last = groups[-1], groups[:-1], marks.pop()
        if marks and (last in marks or len(set(marks)) > 1):
            raise Unclear(text)
        if not marks and groups == [""]:
            groups = ["0"]
    else:
        decimals = ""
        if len(set(marks)) > 1 or (len(marks) == 1 and marks[0] in ".,"):
            raise Unclear(text)
    first, *others = groups
    if not first or (others and (len(first) > 3 or any(len(group) != 3 for group in others))):
        raise Unclear(text)
    return sign * Decimal(f"{''.join(groups)}.{decimals or '0'}")


def amount_in(text: str, mark: str) -> Decimal:
    """Return an amount where a person said which mark stands before decimals."""
    other = "." if mark == "," else ","
    body = text.strip(BLANKS + "\r\n")
    whole, _, decimals = body.partition(mark)
    tail = ""
    while decimals and decimals[-1] not in "0123456789":
        decimals, tail = decimals[:-1], decimals[-1] + tail
    if mark in decimals or other in decimals or any(gap in decimals for gap in _GAPS):
        raise Unclear(text)
    if decimals[2:].strip("0"):
        raise Unclear(text)
    if mark not in body:
        # One mark before three figures: it can only be the other one.
        groups = re.split(rf"[{re.escape(other)}]", body)
        if len(groups) == 2 and len(groups[1].rstrip("-)\u2212\u2013 ")) != 3:
            raise Unclear(text)
        return amount(body.replace(other, "\u00a0"))
    kept = (decimals + "00")[:2]
    return amount(whole.replace(other, "\u00a0") + "." + kept + tail)


def day(text: str, order: str = "ymd") -> tuple[int, int]:
    """Return year and month of a date whose order a person chose."""
    text = re.sub(r"T[0-9:.]+Z?$| [0-9:]{5,}$", "", text.strip())
    if len(text) == 8 and text.isdigit() and text.isascii():
        year_first = order == "ymd" or text[:2] in ("19", "20")
        parts = [text[:4], text[4:6], text[6:]] if year_first else [text[:2], text[2:4], text[4:]]
    else:
        parts = re.split(r"[\s./-]+", text)
    if len(parts) != 3 or not all(part.isdigit() and part.isascii() for part in parts):
        raise Unclear(text)
    if len(parts[0]) == 4:
        year, month, of_month = (int(part) for part in parts)
    elif order == "dmy":
        of_month, month, year = (int(part) for part in parts)
    elif order == "mdy":
        month, of_month, year = (int(part) for part in parts)
    else:
        raise Unclear(text)
    year += 2000 if year < 100 else 0
    if not (1990 <= year <= 2099 and 1 <= month <= 12 and 1 <= of_month <= 31):
        raise Unclear(text)
    return year, month


def period(text: str) -> str:
    """Return the period of a column that names it."""
    text = text.strip().lower()
    if found := re.fullmatch(r"(\d{4})[\s./-]*[mp]?[\s./-]*(\d{1,2})", text):
        year, month = int(found[1]), int(found[2])
    elif found := re.fullmatch(r"[mp]?(\d{1,2})[\s./-]?(\d{4})", text):
        year, month = int(found[2]), int(found[1])
    elif found := re.fullmatch(r"(\D+?)[\s./-]*(\d{4})", text):
        year, month = int(found[2]), _MONTHS.get(found[1].strip(), 0)
    else:
        year, month = day(text)
    if not (1990 <= year <= 2099 and 1 <= month <= 12):
        raise Unclear(text)
    return f"{year}-{month:02d}"


def add(totals: Totals, place: Place, value: Decimal) -> None:
    """Add an amount to its place."""
    totals[place] = totals.get(place, Decimal(0)) + value


def without_zeros(totals: Mapping[Place, Decimal]) -> Totals:
    """Return the places with an amount."""
    return {place: value for place, value in totals.items() if value}


# --- SIE ------------------------------------------------------------------------------------


def _fields(line: str) -> list[object]:
    """Return the fields of a line of SIE; an object list is a list."""
    out: list[object] = []
    into: list[object] = out
    place = 0
    while place < len(line):
        letter = line[place]
        if letter.isspace():
            place += 1
        elif letter == "{":
            if into is not out:
                raise Unclear(line)
            into = []
            place += 1
        elif letter == "}":
            if into is out:
                raise Unclear(line)
            out.append(into)
            into = out
            place += 1
        elif letter == '"':
            value, place = "", place + 1
            while True:
                if place >= len(line):
                    raise Unclear(line)
                if line[place] == "\\" and line[place + 1 : place + 2] == '"':
                    # A backslash before the last quote of a line closes the field.
                    if '"' not in line[place + 2 :]:
                        value += "\\"
                        place += 2
                        break
                    value += '"'
                    place += 2
                elif line[place] == '"':
                    place += 1
                    break
                else:
                    value += line[place]
                    place += 1
            into.append(value)
        else:
            value = ""
            while place < len(line) and not line[place].isspace() and line[place] not in '{}"':
                value += line[place]
                place += 1
            into.append(value)
    if into is not out:
        raise Unclear(line)
    return out


def sie(text: str) -> Totals:
    """Return what the #TRANS rows of a SIE file add up to."""
    totals: Totals = {}
    dated = ""
    for line in lines_of(text):
        line = line.strip()
        label = line.split()[0].upper() if line.startswith("#") else ""
        if label == "#VER":
            fields = _fields(line.rstrip("{"))
            year, month = day(str(fields[3]))
            dated = f"{year}-{month:02d}"
        elif label == "#TRANS":
            _, account, *rest = _fields(line)
            objects = rest.pop(0) if rest and isinstance(rest[0], list) else []
            assert isinstance(objects, list)
            chosen = dict(
                zip(
                    (str(one).strip() for one in objects[::2]), map(str, objects[1::2]), strict=True
                )
            )
            if not rest or not dated:
                raise Unclear(line)
            value = amount(str(rest[0]))
            place = (dated, str(account), chosen.get("1", "").strip(), chosen.get("2", "").strip())
            add(totals, place, value)
    return without_zeros(totals)


# --- Tables ---------------------------------------------------------------------------------


def rows(text: str, separator: str) -> Iterator[list[str]]:
    """Cut a text table into fields, letter by letter."""
    row: list[str] = []
    cell, quoted, place = "", False, 0
    fresh = True
    while place < len(text):
        letter = text[place]
        place += 1
        if quoted:
            if letter != '"':
                cell += letter
            elif text[place : place + 1] == '"':
                cell += '"'
                place += 1
            else:
                quoted = False
                if text[place : place + 1] not in (separator, "\r", "\n", ""):
                    raise Unclear("a quote inside a field")
        elif letter == '"' and fresh:
            quoted, fresh = True, False
        elif letter == separator:
            row.append(cell)
            cell, fresh = "", True
        elif letter in "\r\n":
            if letter == "\r" and text[place : place + 1] == "\n":
                place += 1
            row.append(cell)
            yield row
            row, cell, fresh = [], "", True
        else:
            cell += letter
            fresh = False
    if quoted:
        raise Unclear("a quote is not closed")
    if cell or row:
        yield [*row, cell]


_TOTAL = re.compile(r"\W{0,3}(sum|summa|total|totalt|delsumma|subtotal)\b", re.IGNORECASE)


def table(
    cells: Iterator[list[str]],
    columns: Mapping[str, str],
    *,
    mark: str,
    order: str,
    signs: str,
) -> Totals:
    """
    Return what the rows of a table add up to.

    :param columns: what it holds for us -> its heading
    :param signs: signed, credit_positive, sides, sides_negative or letters
    """
    amounts = [name for name in ("amount", "debit", "credit") if name in columns]
    when = "period" if "period" in columns else "date"
    needed = {columns[name] for name in ("account", when, *amounts)} | (
        {columns["side"]} if "side" in columns else set()
    )
    places: dict[str, int] = {}
    width = 0
    totals: Totals = {}
    for row in cells:
        plain = [" ".join(re.split(r"[\s_-]+", cell.strip(_EDGES).lower())).strip() for cell in row]
        if not places:
            if needed <= set(plain):
                places = {
                    name: plain.index(heading)
                    for name, heading in columns.items()
                    if heading in plain
                }
                width = max(place for place, cell in enumerate(plain, 1) if cell)
            continue
        if not any(row):
            continue
        at = {
            name: row[place].strip() if place < len(row) else "" for name, place in places.items()
        }
        if any(row[width:]):
            raise Unclear("fields without heading")
        is_total = _TOTAL.match(at["account"]) or (
            not at["account"] and any(_TOTAL.match(cell.strip()) for cell in row)
        )
        if is_total or not (at["account"] or any(at[name] for name in amounts)):
            continue
        account = re.sub(r"^([0-9]+)\.0+$", r"\1", at["account"])
        values = {name: amount_in(at[name], mark) for name in amounts if at[name]}
        if not values or not account:
            raise Unclear("no amount or account")
        if signs in ("sides", "sides_negative"):
            credit = values.get("credit", Decimal(0))
            value = values.get("debit", Decimal(0)) - (credit if signs == "sides" else -credit)
        else:
            value = values["amount"]
            if signs == "credit_positive" or (signs == "letters" and at["side"].lower() in "kc-"):
                value = -value
        if when == "period":
            in_period = period(at["period"])
        else:
            in_period = "{}-{:02d}".format(*day(at["date"], order))
        place = (in_period, account, at.get("cost_centre", ""), at.get("cost_unit", ""))
        add(totals, place, value)
    if not places:
        raise Unclear("no headings")
    return without_zeros(totals)


def gbat10(text: str) -> Totals:
    """Return what the rows of a GBAT10 file add up to."""
    totals: Totals = {}
    for row in rows(text, ";"):
        if not any(cell.strip() for cell in row):
            continue
        at = [cell.strip() for cell in row] + [""] * 30
        if at[0] != "GBAT10":
            raise Unclear("no GBAT10")
        if at[5] in ("", "0") and at[4] in ("", "0"):
            in_period = "{}-{:02d}".format(*day(at[2]))
        else:
            in_period = period(f"{at[5]}-{at[4]}")
        value = amount(at[8] or at[27])
        cost_unit, cost_centre = ("" if code == "0" else code for code in (at[23], at[24]))
        account = re.sub(r"^([0-9]+)\.0+$", r"\1", at[6])
        add(totals, (in_period, account, cost_centre, cost_unit), value)
    return without_zeros(totals)


def invoices(text: str, separator: str, number: str, total: str) -> dict[str, Decimal]:
    """Return the amount of each invoice of a list; the headings of both columns are given."""
    found: dict[str, Decimal] = {}
    places: list[int] = []
    for row in rows(text, separator):
        if not any(cell.strip() for cell in row):
            continue
        if not places:
            plain = [re.sub(r"[\s._\-:/]", "", cell.strip().lower()) for cell in row]
            if number not in plain or total not in plain:
                raise NoHeadings
            places = [plain.index(number), plain.index(total)]
            continue
        key, value = (row[place].strip() if place < len(row) else "" for place in places)
        if key in found:
            raise Unclear("twice")
        found[key] = amount(value)
    return found
