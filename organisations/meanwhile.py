"""
Two people who change one thing at once: the later one is shown what the other has changed.

A form carries what it showed. When it is sent and something else is stored by then, nothing is
saved: the page comes back with all that was typed, with the other's changes where nothing was
typed, and with who changed what. Sent once more, it is saved.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from audit.models import AuditEntry
from organisations.models import Organisation
from ui.choosing import RowField

SHOWN = "shown"
"""The field of a form that holds what it showed."""
_LOOKED_BACK = timedelta(days=7)
_CLOCKS_DIFFER_BY = timedelta(seconds=5)

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that somebody else changed; `typed` is one's own, empty where nothing was typed."""

    label: str
    before: str
    now: str
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What was changed while a person had the page open, and by whom."""

    who: str
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form showed, and when."""

    values: Values
    at: datetime

    @classmethod
    def from_text(cls, text: str) -> "Shown | None":
        """Return what a form that was sent had shown; None if it does not say."""
        try:
            said = json.loads(text)
            at = parse_datetime(said["at"])
            values = {str(name): str(value) for name, value in said["values"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return None if at is None or at.tzinfo is None else cls(values, at)


def shown_text(values: Values) -> str:
    """Return what a form shows now, to be sent along with it."""
    return json.dumps({"at": timezone.now().isoformat(), "values": dict(values)})


def compare(shown: Values, stored: Values, typed: Values) -> tuple[list[str], dict[str, str]]:
    """
    Return what somebody else changed, and what is typed with those changes taken in.

    What both changed in the same way is no difference. Where both changed it in two ways, one's
    own stays.
    """
    names = dict.fromkeys([*stored, *shown])
    theirs = [
        name for name in names if shown.get(name, "") != stored.get(name, "") != typed.get(name, "")
    ]
    taken = {
        name: stored.get(name, "") for name in theirs if typed.get(name, "") == shown.get(name, "")
    }
    return theirs, {**typed, **taken}


def who_changed(
    organisation: Organisation, subjects: Iterable[models.Model], since: datetime
) -> str:
    """Return who changed one of these since then, by the audit trail."""
    wanted = list(subjects)
    found = AuditEntry.objects.of(organisation).filter(
        at__gte=max(since - _CLOCKS_DIFFER_BY, timezone.now() - _LOOKED_BACK),
        object_type__in={one._meta.label_lower for one in wanted},
        object_id__in=[str(one.pk) for one in wanted],
    )
    names = dict.fromkeys(found.order_by("-at", "-pk").values_list("who", flat=True)[:20])
    return ", ".join(names) or _("Somebody")


class WarnsOfChanges(forms.BaseForm):
    """A form over a stored row, which says what was changed while it was open."""

    meanwhile: Meanwhile | None = None

    @cached_property
    def stored(self) -> Values:
        """Return what is stored, as the form would send it."""
        return {
            name: _as_sent(field, self.get_initial_for_field(field, name))
            for name, field in self.fields.items()
            if not field.widget.is_hidden
        }

    @property
    def shown(self) -> str:
        """Return what the page is to send along."""
        return shown_text(self.stored)

    def changed_meanwhile(self, subject: models.Model, organisation: Organisation) -> bool:
        """
        Return whether somebody else has changed what was shown, and prepare the page for it.

        Call it in the transaction that saves, with the row held.
        """
        shown = Shown.from_text(self.data.get(SHOWN, "")) if self.is_bound else None
        if shown is None:
            return False
        stored = {name: text for name, text in self.stored.items() if name in shown.values}
        typed = {name: self._sent(name) for name in stored}
        theirs, merged = compare({name: shown.values[name] for name in stored}, stored, typed)
        if not theirs:
            return False
        sent: Any = self.data
        data = sent.copy()
        for name in theirs:
            if merged[name] != typed[name]:
                self._put(data, name, merged[name])
        self.data = data
        self.meanwhile = Meanwhile(
            who=who_changed(organisation, [subject], shown.at),
            differences=[
                Difference(
                    label=str(self.fields[name].label),
                    before=self._words(name, shown.values[name]),
                    now=self._words(name, stored[name]),
                    typed=self._words(name, typed[name]) if merged[name] == typed[name] else "",
                )
                for name in theirs
            ],
        )
        return True

    def _sent(self, name: str) -> str:
        field, key = self.fields[name], self.add_prefix(name)
        if isinstance(field.widget, forms.CheckboxInput):
            return "on" if key in self.data else ""
        if isinstance(field, RowField) and f"{key}_text" in self.data:
            try:
                row = field.clean(field.widget.value_from_datadict(self.data, {}, key))
            except forms.ValidationError:
                return str(self.data[f"{key}_text"])
            return str(row.pk) if row is not None else ""
        return str(self.data.get(key, "")).strip()

    def _put(self, data: Any, name: str, text: str) -> None:
        field, key = self.fields[name], self.add_prefix(name)
        data[key] = text
        if isinstance(field.widget, forms.CheckboxInput) and not text:
            del data[key]
        if isinstance(field, RowField) and f"{key}_text" in data:
            data[f"{key}_text"] = self._words(name, text) if text else ""

    def _words(self, name: str, text: str) -> str:
        field = self.fields[name]
        if isinstance(field.widget, forms.CheckboxInput):
            return _("Yes") if text else _("No")
        if isinstance(field, RowField):
            row = field.widget.row(text)
            return field.kind.label(row) if row is not None else text or "–"
        choices = {str(value): str(label) for value, label in getattr(field, "choices", ())}
        return choices.get(text, text) or "–"


def _as_sent(field: forms.Field, value: Any) -> str:
    if isinstance(field.widget, forms.CheckboxInput):
        return "on" if value else ""
    prepared = field.prepare_value(value)
    if isinstance(field, RowField):
        return "" if prepared is None else str(prepared)
    text = field.widget.format_value(prepared)
    if isinstance(text, list):
        text = text[0] if text else ""
    return "" if text is None else str(text).strip()
