"""Organisation numbers, compared by digits only."""

_CENTURY = "16"
_WITH_CENTURY = 12


def organisation_number(text: str) -> str:
    """
    Return the digits of an organisation number, e.g. ``5555555555`` for ``16555555-5555``.

    Hyphens, spaces and country letters vary between programs, and Swedish authorities put
    ``16`` before the ten digits.
    """
    digits = "".join(letter for letter in text if letter.isascii() and letter.isdigit())
    if len(digits) == _WITH_CENTURY and digits.startswith(_CENTURY):
        return digits[len(_CENTURY) :]
    return digits
