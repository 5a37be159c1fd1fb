"""Amounts as people write them."""

from decimal import Decimal

from django.utils import formats

MINUS = "\N{MINUS SIGN}"
NO_VALUE = "\N{EN DASH}"
NBSP = "\N{NO-BREAK SPACE}"


def amount(value: Decimal | int | None) -> str:
    """
    Write an amount in the reader's language, with two decimals or as many as it has.

    :raises TypeError: for a float or a text, because money is never guessed
    """
    if value is None:
        return NO_VALUE
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"an amount is a Decimal, not {type(value).__name__}")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise TypeError(f"an amount is a finite number, not {value}")
    text = formats.number_format(
        abs(number), decimal_pos=max(2, -exponent), use_l10n=True, force_grouping=True
    )
    return f"{MINUS}{text}" if number < 0 else text
