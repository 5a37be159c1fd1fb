"""The object lists of SIE rows: cost centre and cost unit, and what is left out of them."""

from sources.readers.lines import CODE_LENGTH
from sources.readers.people import MASK, is_personal_number
from sources.readers.problems import ProblemLog
from sources.readers.sie_head import REMEMBERED, SieHead
from sources.readers.sie_syntax import SieSyntaxError, tokenise


class SieObjects:
    """Reads object lists; employees never leave them."""

    def __init__(self, *, about: SieHead, log: ProblemLog) -> None:
        self.about, self.log = about, log
        self.left_out_dimensions: dict[str, int] = {}
        self.employees_seen = False
        self.people_as_codes: list[int] = []
        self._objects: dict[str, tuple[str, str]] = {}

    def known(self, objects: str) -> tuple[str, str] | None:
        """Return the dimensions of an object list that was read before."""
        return self._objects.get(objects)

    def remembered(self, number: int, objects: str) -> tuple[str, str] | None:
        """Return the dimensions of an object list without fault, else None."""
        try:
            (parts,) = tokenise(objects)
        except SieSyntaxError:
            return None
        if not isinstance(parts, list) or _faulty(parts):
            return None
        dimensions = self.read(number, parts)
        if dimensions is not None:
            if len(self._objects) > REMEMBERED:
                self._objects.clear()
            self._objects[objects] = dimensions
        return dimensions

    def read(self, number: int, objects: list[str]) -> tuple[str, str] | None:
        """Return cost centre and cost unit of an object list; None if a problem was noted."""
        shown = self._without_people(objects)
        if len(objects) % 2:
            self.log.add("object_count_odd", line=number, column="objects", value=shown)
            return None
        found: dict[str, str] = {}
        for dimension, code in zip(objects[::2], objects[1::2], strict=True):
            dimension = dimension.strip()
            if not (dimension.isascii() and dimension.isdigit()):
                self.log.add("dimension_unreadable", line=number, column="objects", value=dimension)
                return None
            if dimension in found:
                self.log.add(
                    "object_twice", line=number, column="objects", value=shown, dimension=dimension
                )
                return None
            found[dimension] = code.strip()
        chosen = (
            self.about.settings.cost_centre_dimension,
            self.about.settings.cost_unit_dimension,
        )
        for dimension, code in found.items():
            if dimension in self.about.employee_dimensions:
                self.employees_seen = True
            elif dimension not in chosen:
                self.left_out_dimensions.setdefault(dimension, number)
            elif is_personal_number(code):
                self.people_as_codes.append(number)
                found[dimension] = ""
        codes = [
            found.get(dimension, "") if dimension not in self.about.employee_dimensions else ""
            for dimension in chosen
        ]
        for code in codes:
            if len(code) > CODE_LENGTH:
                self.log.add(
                    "code_too_long", line=number, column="objects", value=code, limit=CODE_LENGTH
                )
                return None
        return codes[0], codes[1]

    def _without_people(self, objects: list[str]) -> str:
        before = ["", *objects]
        shown = (
            MASK if dimension.strip() in self.about.employee_dimensions else part
            for dimension, part in zip(before, objects, strict=False)
        )
        return "{" + " ".join(f'"{part}"' for part in shown) + "}"


def _faulty(objects: list[str]) -> bool:
    dimensions = [part.strip() for part in objects[::2]]
    strange = any(len(code) > CODE_LENGTH or is_personal_number(code) for code in objects)
    strange = strange or not all(part.isascii() and part.isdigit() for part in dimensions)
    return bool(len(objects) % 2 or len(set(dimensions)) != len(dimensions) or strange)
