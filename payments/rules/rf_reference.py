"""RF, the creditor reference of ISO 11649: two check digits and up to 21 letters and figures."""

import re

from stdnum import iso11649

_RF = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")


def looks_like_one(text: str) -> bool:
    """Say whether a text is written as an RF reference, its check digits right or not."""
    return bool(_RF.fullmatch("".join(text.split()).upper()))


def is_valid(text: str) -> bool:
    """Say whether it is an RF reference and its check digits are right."""
    return looks_like_one(text) and iso11649.is_valid("".join(text.split()))
