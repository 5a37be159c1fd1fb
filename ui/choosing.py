"""
Choosing one row: a plain list while it is short, a field that searches once it is long.

A form has a `RowField` of a `Kind` and lets it offer the rows of an organisation. Up to `FEW` of
them are a select. Of more, the person writes a number or a part of a name: with JavaScript those
that match are listed below (`static/js/choosing.js`, `views/choosing.py`), without it the text is
resolved when the form is sent. What is sent tells the two apart, however many rows there were
when the page was opened: `debtor` is an id, `debtor_text` a text.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.bounds import row_number

FEW = 200
SHOWN = 20
_NAMED = 3
_LONGEST = 200
_MOST_WORDS = 8
_WORD = re.compile(r"[^\s·()]+")
_HINT = gettext_lazy("Type the number or part of the name.")


@dataclass(frozen=True, slots=True)
class Kind:
    """
    Rows that a person chooses one of: which they are, how they are found, who may see them.

    :param rows: the rows of an organisation; where they hang on another row, that row's id comes
        along, and None is returned if the organisation has no such row
    :param number: the field whose value names one row
    :param names: the fields that hold what people remember, the most recognisable one first
    :param hint: how the rows are found
    :param first: what to say while the row that these hang on is not chosen
    """

    key: str
    rows: Callable[[Any, int | None], QuerySet[Any] | None]
    rights: tuple[tuple[str, str], ...]
    number: str = "number"
    names: tuple[str, ...] = ("name",)
    label: Callable[[Any], str] = str
    hint: Any = _HINT
    first: Any = ""


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Let rows of that kind be searched."""
    KINDS[kind.key] = kind
    return kind


def matches(rows: QuerySet[Any], kind: Kind, text: str) -> list[Any]:
    """Return the first rows that match every word of the text, and one more if there are more."""
    for word in _WORD.findall(_clean(text))[:_MOST_WORDS]:
        wanted = Q(**{f"{kind.number}__istartswith": word})
        for name in kind.names:
            wanted |= Q(**{f"{name}__icontains": word})
        rows = rows.filter(wanted)
    return list(rows.order_by(kind.number, "pk")[: SHOWN + 1])


def resolve(rows: QuerySet[Any], kind: Kind, text: str) -> tuple[Any | None, list[Any]]:
    """Return the one row that the text names, or None and those that it may mean."""
    text = _clean(text)
    first, _blank, _rest = text.partition(" ")
    for wanted in ({kind.number: text}, {f"{kind.names[0]}__iexact": text}):
        if len(same := rows.filter(**wanted)[:2]) == 1:
            return same[0], []
    near = matches(rows, kind, text)
    by_label = {
        row.pk: row
        for row in (*rows.filter(**{kind.number: first})[:1], *near)
        if kind.label(row).casefold() == text.casefold()
    }
    return (next(iter(by_label.values())), []) if len(by_label) == 1 else (None, near)


def _clean(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


@dataclass(frozen=True, slots=True)
class Typed:
    """What was written into a searching field, and the id that was chosen below it, if any."""

    text: str
    pk: str


class RowSelect(forms.Select):
    """A select, or with too many rows a field that searches."""

    kind: Kind
    rows: QuerySet[Any] | None = None
    searches = False
    of: int | None = None
    within = ""
    """The field of the form in which the row is chosen that these hang on."""
    found: Any | None = None
    """The row that the text named, or that stands there at first."""
    near: Iterable[str] = ()
    """What the text may have meant, offered to browsers without JavaScript."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return an id, or what was typed."""
        text = data.get(f"{name}_text")
        return data.get(name) if text is None else Typed(text=text, pk=data.get(name) or "")

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Return whether the form that was sent had no such field."""
        return name not in data and f"{name}_text" not in data

    def use_required_attribute(self, initial: Any) -> bool:
        """Return whether the browser may insist; asking the choices would read them all."""
        return self.searches or super().use_required_attribute(initial)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Print the one or the other."""
        typed = value if isinstance(value, Typed) else None
        if not self.searches:
            return super().render(name, typed.pk if typed else value, attrs, renderer)
        attrs = self.build_attrs(self.attrs, attrs)
        row = self.found
        if typed is None and (row is None or row.pk != value):
            row = self.row("" if value is None else str(value))
        if row is not None:
            typed = Typed(text=self.kind.label(row), pk=str(row.pk))
        asked = {"kind": self.kind.key} | ({"of": self.of} if self.of is not None else {})
        context = {
            "name": name,
            "id": attrs.get("id", f"id_{name}"),
            "typed": typed or Typed(text="", pk=""),
            "near": list(self.near),
            "url": f"{reverse('organisations:choices')}?{urlencode(asked)}",
            "within": self.within,
            "attrs": flatatt({k: v for k, v in attrs.items() if k != "id" and v is not False}),
        }
        return render_to_string("parts/finder.html", context)

    def row(self, pk: str) -> Any | None:
        """Return the offered row with that id."""
        found = row_number(pk)
        return None if found is None or self.rows is None else self.rows.filter(pk=found).first()


class RowField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """The choice of one row of a kind. Nothing is offered before `offer`."""

    widget: Any = RowSelect
    rows: QuerySet[Any]
    has_rows = False
    """Whether there is anything to choose."""

    def __init__(self, kind: Kind, **more: Any) -> None:
        more.setdefault("empty_label", gettext_lazy("Choose"))
        super().__init__(queryset=None, **more)
        self.kind = self.widget.kind = kind

    def prepare_value(self, value: Any) -> Any:
        """Return what is shown; a row that the page has at hand need not be looked for again."""
        if hasattr(value, "_meta"):
            self.widget.found = value
        return super().prepare_value(value)

    def label_from_instance(self, obj: Any) -> str:
        """Return the row in words."""
        return self.kind.label(obj)

    def offer(
        self,
        organisation: Any,
        *,
        of: int | None = None,
        within: str = "",
        hint: bool = True,
    ) -> None:
        """
        Offer the organisation's rows, with a hint how they are found if they are many.

        :param of: the row that they hang on
        :param within: the field of this form in which that row is chosen: these are searched then
        """
        rows = self.kind.rows(organisation, of)
        if rows is None:
            raise LookupError(f"the organisation has no {self.kind.key} of {of}")
        self.queryset = self.rows = rows
        self.choices = choices = [] if within else self._few(rows)
        self.has_rows = len(choices) != 1
        widget: Any = self.widget
        widget.rows, widget.searches, widget.of, widget.within = rows, not choices, of, within
        if widget.searches:
            if not self.required:
                widget.attrs["placeholder"] = self.empty_label
            if hint:
                words = (str(self.help_text), str(self.kind.hint))
                self.help_text = " ".join(filter(None, words))

    def _few(self, rows: QuerySet[Any]) -> list[tuple[Any, Any]]:
        first = list(rows[: FEW + 1])
        if len(first) > FEW:
            return []
        return [("", self.empty_label), *((row.pk, self.kind.label(row)) for row in first)]

    def clean(self, value: Any) -> Any:
        """
        Return the row that was chosen or named.

        :raises ValidationError: naming those that the text may mean
        """
        if not isinstance(value, Typed):
            return super().clean(value)
        text = _clean(value.text)
        if not text:
            return super().clean("")
        near: list[Any] = []
        found = self.widget.row(value.pk)
        if found is None or _clean(self.kind.label(found)) != text:
            found, near = resolve(self.rows, self.kind, text)
        if found is None:
            self.widget.near = [self.kind.label(row) for row in near]
            raise ValidationError(_unresolved(text, self.widget.near))
        self.widget.found = found
        return found


def _unresolved(text: str, near: list[str]) -> str:
    if not near:
        return _("Nothing matches “{text}”.").format(text=text)
    if len(near) == 1:
        return _("Do you mean “{row}”? Type its number or the whole name.").format(row=near[0])
    return _("Several match “{text}”, such as {rows}. Type the number or the whole name.").format(
        text=text, rows="; ".join(near[:_NAMED])
    )
