"""Amounts as people type them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import formats
from django.utils.translation import gettext as _

from payments.rules.cells import TooLarge, TwoWays, amount_from
from ui.amounts import amount as shown


class AmountField(forms.CharField):
    """
    An amount with the decimal mark of any language, its thousands set apart or not.

    What can be read in two ways, such as 1,500, is asked about.
    """

    def __init__(
        self, *, at_least: Decimal | None = None, at_most: Decimal | None = None, **more: Any
    ) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(widget=forms.TextInput(attrs=attrs), **more)
        if at_least is not None:
            self.validators.append(MinValueValidator(at_least))
        if at_most is not None:
            self.validators.append(MaxValueValidator(at_most))

    def to_python(self, value: Any) -> Any:
        """Return the amount; None: nothing was typed."""
        if isinstance(value, Decimal):
            return value
        text = super().to_python(value)
        if not text:
            return None
        try:
            return amount_from(text)
        except TwoWays as two:
            whole, part = (shown(one) for one in two.readings())
            words = _("“%(text)s” can be read as %(whole)s and as %(part)s. Write two decimals.")
            raise ValidationError(
                words, params={"text": text, "whole": whole, "part": part}
            ) from None
        except TooLarge:
            raise ValidationError(_("The amount is larger than the hub can store.")) from None
        except ValueError:
            words = _("“%(text)s” is not an amount. Write it as %(example)s.")
            example = shown(Decimal("1234.50"))
            raise ValidationError(words, params={"text": text, "example": example}) from None

    def prepare_value(self, value: Any) -> Any:
        """Write an amount as the reader would type it."""
        if isinstance(value, Decimal):
            return formats.number_format(value, decimal_pos=2, use_l10n=True)
        return value
