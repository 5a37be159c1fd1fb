"""The column of a payment that says that it was read: tried, read and written."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.businessnxt import discovery, documents, payloads
from connectors.businessnxt.door import Door
from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import MarkOutcome

MARKS_PER_CALL = 20


class Marks:
    """The markers of one company's postings."""

    def __init__(self, door: Door, *, company: int) -> None:
        self._door, self._company = door, company

    def try_reading(self, marker: str) -> str:
        """Return why the marker cannot be read, or nothing; reads it on one posting."""
        column, is_number = discovery.marker_column(marker)
        _answer, failed = self._door.by_alias(
            documents.ANY_MARK_NUMBER if is_number else documents.ANY_MARK,
            "ReadAnyMark",
            {"company": self._company, "marker": column},
            writes=False,
        )
        return next(iter(failed.values()), "")

    def try_writing(self, change: Mapping[str, Any]) -> str:
        """Return why the marker cannot be written, or nothing; changes no posting."""
        _answer, failed = self._door.by_alias(
            documents.write_marks(1),
            "MarkPayments",
            {
                "company": self._company,
                "marker": change,
                **_filters([discovery.NO_SUCH_POSTING]),
            },
            writes=False,
        )
        return next(iter(failed.values()), "")

    # https://docs.vismasoftware.no/businessnxtapi/schema/mutations/updates
    def mark(self, keys: Sequence[PaymentKey], *, marker: str, value: str) -> list[MarkOutcome]:
        """
        Write the marker on those payments that do not have it yet; harmless to repeat.

        :param value: a text; or a whole number where the marker's column holds numbers
        :raises OutcomeUnknown: marking again is harmless, for it reads first
        """
        column, is_number = discovery.marker_column(marker)
        reason = discovery.marker_trouble(marker, value) if column else "no_marker"
        if reason:
            return [MarkOutcome(key, marked=False, reason=reason) for key in keys]
        change = discovery.change_of(marker, value)
        outcomes: dict[PaymentKey, MarkOutcome] = {}
        for start in range(0, len(keys), MARKS_PER_CALL):
            some = keys[start : start + MARKS_PER_CALL]
            outcomes |= self._read_marks(some, column=column, is_number=is_number)
            open_ = [key for key in some if key not in outcomes]
            if open_:
                outcomes |= self._write_marks(open_, change=change)
        return [outcomes[key] for key in keys]

    def _read_marks(
        self, keys: Sequence[PaymentKey], *, column: str, is_number: bool
    ) -> dict[PaymentKey, MarkOutcome]:
        """Return the outcomes that are settled before anything is written."""
        answer, failed = self._door.by_alias(
            documents.read_marks(len(keys), number=is_number),
            "ReadMarks",
            {"company": self._company, "marker": column, **_filters(keys)},
            writes=False,
        )
        outcomes = {}
        for at, key in enumerate(keys):
            if (reason := failed.get(f"m{at}", failed.get(""))) is not None:
                outcomes[key] = MarkOutcome(key, marked=False, reason=reason)
                continue
            rows = payloads.rows(answer.get(f"m{at}") or {}, where="marks")
            if len(rows) != 1:
                reason = "not_found" if not rows else "not_unique"
                outcomes[key] = MarkOutcome(key, marked=False, reason=reason)
            elif (rows[0].get("extensions") or {}).get("marker"):
                outcomes[key] = MarkOutcome(key, marked=True)
        return outcomes

    def _write_marks(
        self, keys: Sequence[PaymentKey], *, change: Mapping[str, Any]
    ) -> dict[PaymentKey, MarkOutcome]:
        """Write one column of each posting; exactly one row of each must change."""
        answer, failed = self._door.by_alias(
            documents.write_marks(len(keys)),
            "MarkPayments",
            {"company": self._company, "marker": change, **_filters(keys)},
            writes=True,
        )
        outcomes = {}
        for at, key in enumerate(keys):
            reason = failed.get(f"m{at}", failed.get(""))
            affected = (answer.get(f"m{at}") or {}).get("affectedRows")
            if reason is None and affected != 1:
                reason = f"affected_rows_{affected}"
            outcomes[key] = MarkOutcome(key, marked=reason is None, reason=reason or "")
        return outcomes


def _filters(keys: Sequence[PaymentKey]) -> dict[str, Any]:
    return {f"f{at}": payloads.key_filter(key) for at, key in enumerate(keys)}
