"""How payroll's codes become values."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connectors.base import Dimension
from mappings.choosing import LedgerSelect, LedgerText
from mappings.models import ValueRule
from mappings.rules.dimensions import nearest


class ValuesForm(forms.Form):
    """
    How the codes of one dimension become values: a rule, and a table of code and value.

    The rows are plain inputs `code` and `value`, as many as the page shows.
    """

    rule = forms.ChoiceField(label=_("Rule"), choices=ValueRule.choices, widget=forms.RadioSelect)

    def __init__(
        self,
        *args: Any,
        choice: LedgerSelect | LedgerText,
        dimension: Dimension | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.dimension = dimension
        self.choice = choice
        self.table: dict[str, str] = {}

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows as they were chosen or typed."""
        if not hasattr(self.data, "getlist"):
            return []
        codes, values = self.data.getlist("code"), self.data.getlist("value")
        texts = self.data.getlist("value_text")
        if texts:
            pairs = zip(values, texts, strict=False)
            values = [self.choice.chosen(value, text) for value, text in pairs]
        return [(code.strip(), value.strip()) for code, value in zip(codes, values, strict=False)]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        for code, value in self.rows():
            if not value:
                continue  # an emptied row is a row taken away
            if not code:
                self.add_error(None, gettext("The value %(v)s has no payroll code.") % {"v": value})
            elif code in self.table:
                self.add_error(None, gettext("The code %(c)s appears twice.") % {"c": code})
            elif max(len(code), len(value)) > 40:
                self.add_error(None, gettext("The row %(c)s is too long.") % {"c": code[:40]})
            else:
                self._check(code, value)
                self.table[code] = value
        return values

    def _check(self, code: str, value: str) -> None:
        dimension = self.dimension
        if dimension is None:
            return
        known = {item.value: item for item in dimension.values}
        params = {"c": code, "v": value, "n": dimension.length}
        if dimension.length and len(value) > dimension.length:
            self.add_error(None, gettext("%(c)s: %(v)s is longer than %(n)s characters.") % params)
        elif value not in known and dimension.validated:
            choices = [(item.value, item.name) for item in dimension.values if item.active]
            near = ", ".join(f"{n.value} {n.name}" for n in nearest(value, choices)) or "–"
            self.add_error(
                None,
                gettext("%(c)s: there is no value %(v)s. Nearest: %(near)s.")
                % (params | {"near": near}),
            )
        elif value in known and not known[value].active:
            self.add_error(None, gettext("%(c)s: the value %(v)s is not active.") % params)
