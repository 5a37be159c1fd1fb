"""
Choosing one of what a ledger has: accounts, dimensions, values of a dimension.

They are no rows of the database but what was read of the ledger, so `ui.choosing`,
which looks like this on the page, cannot offer them. A short list is a select; a long one is a
field that searches (`parts/finder.html`), and without JavaScript a text that is resolved here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection
from connectors.base import LedgerFacts
from ui.choosing import FEW, SHOWN, Typed

ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that the ledger has, by the value that is stored."""

    value: str
    name: str = ""

    @property
    def label(self) -> str:
        """Return it in words."""
        return f"{self.value} {self.name}".strip()


def choices_of(facts: LedgerFacts, what: str) -> list[Choice]:
    """
    Return what may be chosen of the ledger's accounts, or of a dimension's values.

    :param what: `ACCOUNTS`, or the number of a segment
    """
    if what == ACCOUNTS:
        usable = (a for a in facts.accounts if a.active and a.takes_manual_entries)
        return [Choice(account.number, account.name) for account in usable]
    return [
        Choice(value.value, value.name)
        for dimension in facts.dimensions
        if str(dimension.segment_id) == what
        for value in dimension.values
        if value.active
    ]


def matching(choices: Sequence[Choice], text: str) -> list[Choice]:
    """Return the choices that hold every word of the text, those whose value begins so first."""
    words = text.casefold().split()
    found = [one for one in choices if all(word in one.label.casefold() for word in words)]
    first = words[0] if words else ""
    return sorted(found, key=lambda one: not one.value.casefold().startswith(first))


def resolve(choices: Sequence[Choice], text: str) -> str:
    """Return the value that a typed text names; the text itself if it names none or several."""
    wanted = " ".join(text.split()).casefold()
    if not wanted:
        return ""
    for said in ("value", "label", "name"):
        same = {one.value for one in choices if getattr(one, said).casefold() == wanted}
        if len(same) == 1:
            return same.pop()
    return text.strip()


class LedgerSelect(forms.Widget):
    """The choice of one of them; what the ledger does not have stays visible as it was stored."""

    def __init__(
        self,
        *,
        choices: Sequence[Choice],
        url: str = "",
        few: int = FEW,
        empty: Any = None,
        attrs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(attrs)
        self.choices, self.url, self.empty = list(choices), url, empty or _("Choose")
        self.searches = len(self.choices) > few and bool(url)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the value that was chosen, or what was typed."""
        text = data.get(f"{name}_text")
        return data.get(name) if text is None else self.chosen(data.get(name) or "", text)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Return whether the form that was sent had no such field."""
        return name not in data and f"{name}_text" not in data

    def chosen(self, value: str, text: str) -> str:
        """Return the value of a searching field: of the list, unless something else is typed."""
        known = next((one for one in self.choices if one.value == value), None)
        return value if known is not None and known.label == text else resolve(self.choices, text)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Print the one or the other."""
        attrs = self.build_attrs(self.attrs, attrs)
        value = str(value or "")
        known = next((one for one in self.choices if one.value == value), None)
        if not self.searches:
            options = [(one.value, one.label) for one in self.choices]
            if value and known is None:
                options.insert(0, (value, value))
            select = forms.Select(choices=[("", self.empty), *options])
            return select.render(name, value, attrs, renderer)
        context = {
            "name": name,
            "id": attrs.get("id", f"id_{name}"),
            "typed": Typed(text=known.label if known else value, pk=value),
            "url": self.url,
            "attrs": flatatt({k: v for k, v in attrs.items() if k != "id" and v is not False}),
        }
        return render_to_string("parts/finder.html", context)


class LedgerText(forms.TextInput):
    """A text, for a dimension whose values the ledger does not list."""

    def chosen(self, value: str, text: str) -> str:
        """Return what was written."""
        return text.strip()


def address_of(connection: Connection, what: str) -> str:
    """Return where the ledger's accounts, or the values of a dimension, are searched."""
    address = reverse("mappings:ledger_choices", args=[connection.pk])
    return f"{address}?{urlencode({'what': what})}"


def select_of(facts: LedgerFacts, what: str, connection: Connection, **more: Any) -> LedgerSelect:
    """Return the choice of one of the ledger's accounts, or of a dimension's values."""
    return LedgerSelect(choices=choices_of(facts, what), url=address_of(connection, what), **more)


def shown(choices: Sequence[Choice], text: str) -> tuple[list[tuple[str, str]], bool]:
    """Return what is listed below a searching field, and whether there is more."""
    found = matching(choices, text)
    return [(one.value, one.label) for one in found[:SHOWN]], len(found) > SHOWN
