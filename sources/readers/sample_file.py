"""The payroll file of the demo company: one run with corrections of the months before it."""

from decimal import Decimal

NAME = "lon-{period}.si"
ORGANISATION_NUMBER = "555555-5555"
"""Whose file it is: the demo company that the sandbox knows as well."""
PERIOD = "2026-03"
"""The month of the run where no mapping says another one."""

_Rows = tuple[tuple[str, str, str], ...]
_RUN: _Rows = (
    ("7010", '1 "0100" 2 "K10"', "82000.00"),
    ("7010", '1 "0200" 2 "K20"', "41500.00"),
    ("7510", '1 "0100" 2 "K10"', "25764.40"),
    ("7510", '1 "0200" 2 "K20"', "13039.30"),
    ("2710", "", "-37050.00"),
    ("2731", "", "-38803.70"),
    ("2821", "", "-86450.00"),
)
_CORRECTION: _Rows = (
    ("7010", '1 "0100" 2 "K10"', "3200.00"),
    ("7510", '1 "0100" 2 "K10"', "1005.44"),
    ("7010", '1 "0200" 2 "K20"', "-3200.00"),
    ("7510", '1 "0200" 2 "K20"', "-1005.44"),
)
_CORRECTED_MONTHS = 2


def sample_file(period: str = PERIOD) -> bytes:
    """
    Return a SIE 4 file of the month, YYYY-MM, with corrections for up to two months before it.

    Corrections stay within the year, whose months are open in the sandbox's ledger.
    """
    year, month = (int(part) for part in period.split("-"))
    lines = ["#FLAGGA 0", "#FORMAT PC8", "#SIETYP 4", f'#ORGNR "{ORGANISATION_NUMBER}"']
    lines += ["#VALUTA SEK", *_voucher(f"{year}{month:02}25", f"Lönekörning {period}", _RUN)]
    for earlier in range(max(1, month - _CORRECTED_MONTHS), month):
        text = f"Lönekörning {period}, korrigering {year}-{earlier:02}"
        lines += _voucher(f"{year}{earlier:02}28", text, _CORRECTION)
    return "\r\n".join([*lines, ""]).encode("cp437")


def _voucher(day: str, text: str, rows: _Rows) -> list[str]:
    if sum(Decimal(amount) for _account, _dimensions, amount in rows):
        raise ValueError(f"{text} does not balance")
    booked = [f"   #TRANS {account} {{{objects}}} {amount}" for account, objects, amount in rows]
    return [f'#VER "" "" {day} "{text}"', "{", *booked, "}"]
