"""Payroll files of any length, make-believe and balanced; no two lines can be added up."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NUMBER = "555555-5555"
CENTRES = [f"{number:04d}" for number in range(100, 500, 10)]
UNITS = [f"K{number:02d}" for number in range(10, 60)]
COSTS = ["7010", "7081", "7082", "7210", "7281", "7285", "7321", "7331", "7510", "7690"]
DEBT = "2821"
_DAYS = ["2026-01-31", "2026-02-28", "2026-03-25"]
_LINES_OF_A_VOUCHER = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One line; the amount is signed, in hundredths."""

    day: str
    account: str
    centre: str
    unit: str
    cents: int
    text: str


def vouchers(lines: int) -> Iterator[list[Row]]:
    """Yield vouchers of twenty lines, the last of which balances the others."""
    for number in range(lines // _LINES_OF_A_VOUCHER):
        day = _DAYS[number % 3]
        rows = [
            Row(
                day,
                COSTS[(number + place) % len(COSTS)],
                CENTRES[(number * 7 + place) % len(CENTRES)],
                UNITS[(number + place * 3) % len(UNITS)],
                100_00 + (number * 31 + place * 977) % 90_000_00,
                f"Löneart {place + 1}, grupp {number + 1}",
            )
            for place in range(_LINES_OF_A_VOUCHER - 1)
        ]
        total = sum(row.cents for row in rows)
        yield [*rows, Row(day, DEBT, "", "", -total, f"Nettolön, grupp {number + 1}")]


def write_sie(path: Path, lines: int) -> None:
    """Write a SIE 4 file."""
    with path.open("w", encoding="cp437", newline="\r\n") as file:
        file.write("#FLAGGA 0\n#FORMAT PC8\n#SIETYP 4\n#PROGRAM Pay 1\n#GEN 20260325\n")
        file.write(f'#FNAMN "Påhittade Åkeriet AB"\n#ORGNR {NUMBER}\n#VALUTA SEK\n')
        for number, rows in enumerate(vouchers(lines), start=1):
            day = rows[0].day.replace("-", "")
            file.write(f'#VER L {number} {day} "Payroll run 3"\n{{\n')
            for row in rows:
                objects = f'1 "{row.centre}" 2 "{row.unit}"' if row.centre else ""
                amount = f"{row.cents / 100:.2f}"
                file.write(f'#TRANS {row.account} {{{objects}}} {amount} {day} "{row.text}"\n')
            file.write("}\n")


def write_csv(path: Path, lines: int) -> None:
    """Write a CSV file with debit and credit columns."""
    with path.open("w", encoding="utf-8", newline="\r\n") as file:
        file.write("company;run;period;date;account;cost_center;cost_unit;debit;credit;text\n")
        for rows in vouchers(lines):
            for row in rows:
                amount = f"{abs(row.cents) / 100:.2f}".replace(".", ",")
                sides = f"{amount};" if row.cents > 0 else f";{amount}"
                file.write(
                    f"{NUMBER};3;{row.day[:7]};{row.day};{row.account};{row.centre};{row.unit};"
                    f"{sides};{row.text}\n"
                )


WRITERS = {"sie": write_sie, "csv": write_csv}
