"""
Where payroll codes are known from. Higher layers register; mapping only asks.

    from mappings.sources import code_sources
    code_sources.append(codes_of_imported_journals)     # in AppConfig.ready
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mappings.models import Mapping


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """
    A payroll code that some journal has brought.

    :param dimension: ``cost_centre`` or ``cost_unit``
    """

    dimension: str
    code: str
    name: str = ""


code_sources: list[Callable[[Mapping], Iterable[CodeSeen]]] = []


def codes_seen(mapping: Mapping) -> dict[str, dict[str, str]]:
    """Return, per dimension, the payroll codes seen for the mapping's company, with names."""
    found: dict[str, dict[str, str]] = {}
    for source in code_sources:
        for seen in source(mapping):
            names = found.setdefault(seen.dimension, {})
            names[seen.code] = seen.name or names.get(seen.code, "")
    return found
