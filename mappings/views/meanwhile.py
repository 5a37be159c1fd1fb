"""What others have saved of a mapping while a person was changing it."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import Connection
from mappings.forms.values import ValuesForm
from mappings.models import Mapping, ValueRule
from mappings.operations.saving import MappingSettings
from mappings.queries import ValuesTable, setting_pairs
from organisations.meanwhile import (
    SHOWN,
    Difference,
    Meanwhile,
    Shown,
    compare,
    who_changed,
)
from organisations.models import Company

# --- The settings: a draft in the session -----------------------------------------------------


def shown_in_draft(settings: MappingSettings) -> dict[str, Any]:
    """Return what a change begins with, and when, to be kept in the draft."""
    return {"shown": asdict(settings), "shown_at": timezone.now().isoformat()}


def take_in(draft: dict[str, Any], mapping: Mapping, mine: MappingSettings) -> Meanwhile:
    """Take what somebody else has saved into the draft where nothing was chosen, and say it."""
    shown = MappingSettings.from_draft(draft["shown"])
    stored = MappingSettings.of(Mapping.objects.get(pk=mapping.pk))
    since = parse_datetime(draft["shown_at"]) or timezone.now()
    before, now, chosen = (
        pairs_of(one, mapping.company, mapping.connection) for one in (shown, stored, mine)
    )
    differences = [
        Difference(label, was, is_now, typed=own if own not in (was, is_now) else "")
        for (label, was), (_same, is_now), (_too, own) in zip(before, now, chosen, strict=True)
        if was != is_now
    ]
    draft["settings"] = {
        name: value if getattr(mine, name) == getattr(shown, name) else getattr(mine, name)
        for name, value in asdict(stored).items()
    }
    draft |= shown_in_draft(stored)
    return Meanwhile(who_changed(mapping.organisation, [mapping], since), differences)


def pairs_of(
    settings: MappingSettings, company: Company, connection: Connection
) -> list[tuple[str, str]]:
    """Return settings that are not stored yet as names and words."""
    shown = Mapping(company=company, connection=connection, target=connection.vendor)
    for name in settings.__slots__:
        setattr(shown, name, getattr(settings, name))
    return setting_pairs(shown)


# --- The values: a table in the page ----------------------------------------------------------

_CODE = "code:"


def shown_of(table: ValuesTable) -> dict[str, str]:
    """Return rule and table of one dimension as they are stored."""
    return {"rule": table.rule} | {
        f"{_CODE}{row.code}": row.value for row in table.rows if row.value
    }


def values_meanwhile(mapping: Mapping, table: ValuesTable, form: ValuesForm) -> Meanwhile | None:
    """
    Return what somebody else changed of a dimension, and take it in where nothing was typed.

    Call it in the transaction that saves, with the mapping held and the table read after that.
    """
    sent: Any = form.data
    shown = Shown.from_text(sent.get(SHOWN, ""))
    if shown is None:
        return None
    rows = form.rows()
    typed = {"rule": sent.get("rule", "")}
    typed |= {f"{_CODE}{code}": value for code, value in rows if code}
    stored = shown_of(table)
    theirs, merged = compare(shown.values, stored, typed)
    if not theirs:
        return None
    words = {"": "–"} | {str(value): str(label) for value, label in ValueRule.choices}
    differences = []
    for name in theirs:
        before, now = shown.values.get(name, ""), stored.get(name, "")
        own = typed.get(name, "") if merged.get(name) == typed.get(name) else ""
        if name == "rule":
            before, now, own = words[before], words[now], words[own] if own else ""
        label = _("Rule") if name == "rule" else name.removeprefix(_CODE)
        differences.append(Difference(label, before or "–", now or "–", own))
    form.data = data = sent.copy()
    data["rule"] = merged["rule"]
    there = [(code, merged.get(f"{_CODE}{code}", value)) for code, value in rows]
    added = [
        (name.removeprefix(_CODE), merged[name])
        for name in theirs
        if name.startswith(_CODE) and name not in typed and merged.get(name)
    ]
    data.setlist("code", [code for code, _value in (*there, *added)])
    data.setlist("value", [value for _code, value in (*there, *added)])
    data.setlist("value_text", [])  # what was written was found among the values already
    return Meanwhile(who_changed(mapping.organisation, [mapping], shown.at), differences)
