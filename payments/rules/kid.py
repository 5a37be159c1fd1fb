"""
KID: the payer's reference of Norwegian invoices, 2 to 25 figures with a check digit at the end.

The check digit is of modulus 10 (Luhn) or modulus 11; which one is agreed with the bank and not
seen in the number. Under modulus 11 the digit 10 is written as a dash.
https://www.bits.no/document/systemspesifikasjon-ocr-giro/
"""

import re

from stdnum import luhn

_KID = re.compile(r"\d{1,24}[\d-]")
_BLANKS = re.compile(r"[\s.]+")


def tidy(text: str) -> str:
    """Return a KID without the blanks and points that people write between its groups."""
    return _BLANKS.sub("", text) if text else ""


def key_of(text: str) -> str:
    """
    Return what two writings of the same KID have in common; banks fill up with leading zeros.

    Empty if the text is no KID at all.
    """
    kid = tidy(text)
    return kid.lstrip("0") if kid and _KID.fullmatch(kid) else ""


def is_valid(text: str) -> bool:
    """Return whether the check digit is right by modulus 10 or modulus 11."""
    kid = tidy(text)
    if not _KID.fullmatch(kid) or not kid.strip("0-"):
        return False
    return kid[-1] in (luhn.calc_check_digit(kid[:-1]), mod11_digit(kid[:-1]))


def mod11_digit(figures: str) -> str:
    """Return the check digit of modulus 11: weights 2 to 7 from the right, over and over."""
    total = sum(int(figure) * (2 + place % 6) for place, figure in enumerate(reversed(figures)))
    digit = -total % 11
    return "-" if digit == 10 else str(digit)
