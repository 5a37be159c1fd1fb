"""What a mapping said at a moment, as one value that can be compared later."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from mappings.models import MappedValue, Mapping, ValueRule
from mappings.operations.saving import MappingSettings

_SAYS_NOTHING_OF_A_BATCH = frozenset({"first_period"})
"""Settings that decide which runs are sent, not what is posted for one, nor where."""


def digest_of_mapping(mapping: Mapping) -> str:
    """Return a value that is the same as long as the same would be posted to the same place."""
    settings = MappingSettings.of(mapping)
    content: dict[str, Any] = {
        name: value
        for name, value in asdict(settings).items()
        if name not in _SAYS_NOTHING_OF_A_BATCH
    }
    content["connection"] = mapping.connection_id
    rules = {"cost_centre": mapping.cost_centre_rule, "cost_unit": mapping.cost_unit_rule}
    content["rules"] = rules
    if ValueRule.TABLE in rules.values():
        values = MappedValue.objects.filter(mapping=mapping).order_by("dimension", "payroll_code")
        content["table"] = list(values.values_list("dimension", "payroll_code", "target_value"))
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
