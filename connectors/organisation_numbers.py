"""Organisation numbers, compared by digits only. Pure, for readers of files and apps alike."""

_CENTURY = "16"
_WITH_CENTURY = 12


def digits_of(organisation_number: str) -> str:
    """
    Return an organisation number as bare digits, e.g. ``5555555555`` for ``16555555-5555``.

    Hyphens, spaces and country letters vary between programs, and Swedish ones put ``16`` before
    the ten digits.
    """
    digits = "".join(one for one in organisation_number if one.isascii() and one.isdigit())
    if len(digits) == _WITH_CENTURY and digits.startswith(_CENTURY):
        return digits[len(_CENTURY) :]
    return digits
