"""
RF: the creditor reference of ISO 11649, "RF", two check digits and up to 21 letters and figures.

The check is that of an IBAN: the first four characters go to the end, letters count 10 to 35,
and the whole leaves 1 when it is divided by 97.
"""

import re

_RF = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")


def looks_like_one(text: str) -> bool:
    """Say whether a text is written as an RF reference, its check digits right or not."""
    return bool(_RF.fullmatch(_tidy(text)))


def is_valid(text: str) -> bool:
    """Say whether it is an RF reference and its check digits are right."""
    tidy = _tidy(text)
    if not _RF.fullmatch(tidy):
        return False
    turned = tidy[4:] + tidy[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def _tidy(text: str) -> str:
    return "".join(text.split()).upper()
