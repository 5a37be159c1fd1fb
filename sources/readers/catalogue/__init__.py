"""
Every problem that a file can have, by its code; docs/failures.md is generated from it.
"""

from sources.readers.catalogue import fields, files, sie, tables, whose
from sources.readers.catalogue.kinds import ProblemKind


def _catalogue(*kinds: ProblemKind) -> dict[str, ProblemKind]:
    catalogue = {kind.code: kind for kind in kinds}
    if len(catalogue) != len(kinds):
        raise ValueError("a problem code stands twice in the catalogue")
    return catalogue


PROBLEMS: dict[str, ProblemKind] = _catalogue(
    *files.KINDS,
    *sie.KINDS,
    *fields.KINDS,
    *tables.KINDS,
    *whose.KINDS,
)
