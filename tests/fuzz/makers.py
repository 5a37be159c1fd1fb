"""Valid files in random dialects, each with what it holds."""

import random
from dataclasses import dataclass, field
from decimal import Decimal

from tests.fuzz.oracle import Place, Totals, add, without_zeros

ACCOUNTS = ("7010", "7210", "7510", "2710", "2731", "1930")
CENTRES, UNITS = ("", "", "0100", "0200", "A1"), ("", "", "", "K1", "P7")
PERSON = "811218-9876"
NAME = "Anna Änglund"
_TEXTS = ("Lön", "Skatt", 'Lager "Väst"', "Påslag; mars", "Avgifter, övriga", "", "Netto")


@dataclass
class Made:
    """
    A file and what it holds.

    :param asks: whether it holds something that a person must be asked about
    """

    content: bytes
    totals: Totals
    asks: bool = False
    dialect: dict[str, object] = field(default_factory=dict)


def money(dice: random.Random) -> Decimal:
    """Return an amount, most often a small one."""
    cents = dice.choice((dice.randrange(1, 999), dice.randrange(1, 99_999_999), 100_000))
    return Decimal(cents) / 100


def bookings(dice: random.Random, *, most: int = 6) -> list[tuple[Place, Decimal]]:
    """Return rows that balance in each of their periods."""
    found: list[tuple[Place, Decimal]] = []
    for period in dice.sample(("2026-01", "2026-02", "2026-03"), dice.randint(1, 2)):
        left = Decimal(0)
        for _ in range(dice.randint(1, most)):
            value = money(dice) * dice.choice((1, 1, -1))
            place = period, dice.choice(ACCOUNTS), dice.choice(CENTRES), dice.choice(UNITS)
            found.append((place, value))
            if dice.random() < 0.5:
                found.append(((period, dice.choice(ACCOUNTS), "", ""), -value))
            else:
                left -= value
        if left:
            found.append(((period, "2821", "", ""), left))
    return found


def totals_of(booked: list[tuple[Place, Decimal]]) -> Totals:
    """Return what rows add up to."""
    totals: Totals = {}
    for place, value in booked:
        add(totals, place, value)
    return without_zeros(totals)


# --- SIE ------------------------------------------------------------------------------------


def _sie_amount(value: Decimal, dice: random.Random) -> str:
    text = f"{value:.2f}"
    if dice.random() < 0.4 and text.endswith(".00"):
        return text[:-3]
    if dice.random() < 0.3 and text.endswith("0"):
        return text[:-1]
    return text.replace(".", ",") if dice.random() < 0.03 else text


def _objects(place: Place, dice: random.Random) -> str:
    pairs = [(number, code) for number, code in (("1", place[2]), ("2", place[3])) if code]
    if dice.random() < 0.1:
        pairs.append(("7", PERSON))
    if dice.random() < 0.05:
        pairs.append(("6", "X"))
    dice.shuffle(pairs)
    style = dice.choice(('{} "{}"', '"{}" "{}"', "{} {}"))
    return "{" + " ".join(style.format(*pair) for pair in pairs) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def sie(dice: random.Random) -> Made:
    """Return a SIE 4I file as some payroll system might write it."""
    booked = bookings(dice)
    gap = dice.choice((" ", " ", "\t", "  "))
    lines = ["#FLAGGA 0", "#FORMAT PC8", "#SIETYP 4", '#PROGRAM "Påhittad lön" 1.0']
    lines += dice.sample(
        (
            "#ORGNR 555555-5555", '#FNAMN "Åkeriet AB"', "#RAR 0 20260101 20261231",
            '#KONTO 7010 "Löner till tjänstemän"', '#DIM 1 "Kostnadsställe"', '#DIM 7 "Anställd"',
            f'#OBJEKT 7 "{PERSON}" "{NAME}"', '#OBJEKT 1 "0100" "Södra"', '#KONTO 1684 "12" skärm"',
            "#ADRESS", "#NYTT 1 2",
        ),
        dice.randint(0, 6),
    )  # fmt: skip
    for period in dict.fromkeys(place[0] for place, _ in booked):
        number = dice.choice(('"" ""', "A 1", "L 77"))
        month = f"{period[:4]}{period[5:]}{dice.randint(1, 28):02d}"
        lines += [f"#VER {number} {month} {_quoted(dice.choice(_TEXTS))}", "{"]
        for place, value in booked:
            if place[0] != period:
                continue
            row = gap.join(("", place[1], _objects(place, dice), _sie_amount(value, dice)))
            if dice.random() < 0.4:
                row += f" {dice.choice((chr(34) * 2, month))} {_quoted(dice.choice(_TEXTS))}"
                row += dice.choice(("", " 160.00"))
            if dice.random() < 0.05:
                lines += [f"#BTRANS 1910 {{}} {money(dice)}", f"#RTRANS{row}"]
            lines.append(dice.choice(("", "   ")) + f"#TRANS{row}")
        lines.append("}")
    end = dice.choice(("\r\n", "\r\n", "\n", "\r"))
    text = end.join(lines) + dice.choice((end, ""))
    encoding = dice.choice(("cp437", "cp437", "cp1252", "utf-8", "utf-8-sig", "utf-16"))
    return Made(text.encode(encoding), totals_of(booked))


# --- Tables ---------------------------------------------------------------------------------


def _grouped(value: Decimal, mark: str, dice: random.Random, *, open_to_two: bool) -> str:
    whole, decimals = f"{abs(value):.2f}".split(".")
    between = dice.choice(("", "", "", "\u00a0", " ", "." if mark == "," else ","))
    groups = []
    while len(whole) > 3:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    text = between.join([whole, *groups])
    if decimals != "00" or dice.random() < 0.7:
        text += mark + decimals
    elif between in (".", ",") and not open_to_two:
        text += mark + "00"
    minus = value < 0
    if not minus:
        return text
    return dice.choice((f"-{text}", f"-{text}", f"{text}-", f"({text})", f"\u2212{text}"))


def _dated(period: str, order: str, dice: random.Random, *, open_to_two: bool) -> str:
    year, month, of_month = period[:4], period[5:], f"{dice.randint(13, 28)}"
    if open_to_two:
        of_month, year = f"{dice.randint(1, 28):02d}", dice.choice((year, year[2:]))
    between = dice.choice(("-", ".", "/"))
    parts = {"ymd": (year, month, of_month), "dmy": (of_month, month, year)}
    return between.join(parts.get(order, (month, of_month, year)))


_HEADINGS = {
    "account": ("account", "konto", "kontonr", "rekeningnummer", "tili"),
    "cost_centre": ("cost centre", "kostnadsställe", "avdeling", "kostenplaats"),
    "cost_unit": ("cost unit", "projekt", "prosjekt"),
    "amount": ("amount", "belopp", "beløp", "bedrag"),
    "debit": ("debit", "debet"),
    "credit": ("credit", "kredit"),
    "side": ("d/k", "side"),
    "date": ("date", "datum", "dato", "bokföringsdatum"),
    "period": ("period", "periode"),
    "text": ("text", "tekst", "omschrijving"),
}


def csv(dice: random.Random, *, open_to_two: bool = False) -> Made:
    """
    Return a table as some payroll system might write it.

    :param open_to_two: with values that can be read in two ways: 1,200 and 03/04/26
    """
    booked = bookings(dice)
    separator = dice.choice((";", ";", ",", "\t", "|"))
    mark, order = dice.choice((",", ".")), dice.choice(("ymd", "dmy", "mdy"))
    signs = dice.choice(("signed", "sides", "sides", "letters", "credit_positive"))
    when = dice.choice(("date", "period"))
    names = ["account", "cost_centre", "cost_unit", when, "text"]
    names += {"sides": ["debit", "credit"], "letters": ["amount", "side"]}.get(signs, ["amount"])
    dice.shuffle(names)
    columns = {name: dice.choice(_HEADINGS[name]) for name in names}
    with_person = dice.random() < 0.2

    def written(value: Decimal) -> str:
        return _grouped(value, mark, dice, open_to_two=open_to_two)

    out: list[list[str]] = []
    if dice.random() < 0.1:
        out.append(["Lönejournal", *[""] * dice.randint(0, 2)])
    out.append([columns[name] for name in names] + (["Medarbetare"] if with_person else []))
    for place, value in booked:
        at = dict(zip(("account", "cost_centre", "cost_unit"), place[1:], strict=True))
        at["date"] = _dated(place[0], order, dice, open_to_two=open_to_two)
        at["period"] = dice.choice((place[0], place[0].replace("-", ""), f"{place[0][5:]}/2026"))
        at["text"] = dice.choice(_TEXTS)
        if signs == "sides":
            zero = dice.choice(("", "", "0", f"0{mark}00"))
            at["debit"] = written(value) if value > 0 else zero
            at["credit"] = written(-value) if value < 0 else zero
        elif signs == "letters":
            at["amount"] = written(abs(value))
            at["side"] = "D" if value > 0 else dice.choice(("K", "C"))
        else:
            at["amount"] = written(-value if signs == "credit_positive" else value)
        out.append([at[name] for name in names] + ([NAME] if with_person else []))
    quoting = dice.choice(("needed", "all"))
    end = dice.choice(("\r\n", "\n"))
    lines = [separator.join(_cell(cell, separator, quoting) for cell in row) for row in out]
    text = end.join(lines) + dice.choice((end, ""))
    encoding = dice.choice(("utf-8", "utf-8-sig", "cp1252", "utf-16"))
    dialect: dict[str, object] = {
        "separator": separator, "mark": mark, "order": order, "signs": signs, "columns": columns,
    }  # fmt: skip
    if encoding == "cp1252":
        text = text.replace("\u2212", "-")
    return Made(text.encode(encoding), totals_of(booked), dialect=dialect)


def _cell(text: str, separator: str, quoting: str) -> str:
    if quoting == "all" or separator in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def gbat10(dice: random.Random) -> Made:
    """Return a GBAT10 file as some Norwegian system might write it."""
    booked = bookings(dice)
    with_period, gross = dice.random() < 0.7, dice.random() < 0.3
    lines = []
    for place, value in booked:
        cells = ["GBAT10", "1", place[0].replace("-", "") + "25", "9", "", "", place[1], "0", ""]
        cells += ["0", "0", *[""] * 9, "Lønn", "Lønn", "0", "0", "0", "0", "T", "", "", ""]
        if with_period:
            cells[4], cells[5] = str(int(place[0][5:])), place[0][:4]
        cells[27 if gross else 8] = f"{value:.2f}"
        cells[23], cells[24] = place[3] or dice.choice(("0", "")), place[2] or "0"
        lines.append(";".join(cells))
    end = dice.choice(("\r\n", "\n"))
    text = end.join(lines) + dice.choice((end, ""))
    return Made(text.encode(dice.choice(("cp1252", "utf-8", "utf-16"))), totals_of(booked))


def invoices(dice: random.Random) -> tuple[bytes, dict[str, Decimal], tuple[str, str, str]]:
    """Return a list of invoices, the amount of each, and separator and headings."""
    number = dice.choice(("fakturanr", "invoice number", "fakturanummer"))
    total = dice.choice(("beløp", "belopp", "total amount"))
    names = [number, "kundenr", "fakturadato", total, "valuta", "kid"]
    dice.shuffle(names)
    separator, mark = dice.choice((";", "\t", ",")), dice.choice((",", "."))
    out, amounts = [names], {}
    for count in range(dice.randint(1, 8)):
        value = money(dice) * dice.choice((1, 1, -1))
        amounts[str(2000 + count)] = value
        at = {
            number: str(2000 + count),
            "kundenr": "100",
            "fakturadato": "2026-03-01",
            total: f"{value:.2f}".replace(".", mark),
            "valuta": "NOK",
            "kid": "",
        }
        out.append([at[name] for name in names])
    lines = [separator.join(_cell(cell, separator, "needed") for cell in row) for row in out]
    text = dice.choice(("\r\n", "\n")).join(lines)
    tidy = [heading.replace(" ", "") for heading in (number, total)]
    return text.encode(dice.choice(("utf-8", "cp1252"))), amounts, (separator, *tidy)
