"""The number of the payroll run, where only a voucher text tells it."""

import re
from datetime import date

from sources.readers.lines import CODE_LENGTH

PLACEHOLDER = "{run}"
_LONGEST_PATTERN = 100
_VOUCHERS_KEPT = 20
_RUN = r"([0-9A-Za-z](?:[0-9A-Za-z_/-]{0,38}[0-9A-Za-z])?)"
_WORDS = [
    "lönekörning",
    "lönkörning",
    "löneutbetalning",
    "lønnskjøring",
    "lønskjøring",
    "lønnskøyring",
    "lønkørsel",
    "lønskørsel",
    "körning",
    "kjøring",
    "loonrun",
    "verloning",
    "salarisrun",
    "palkka-ajo",
    "palkanlaskenta",
]
_USUAL = re.compile(
    r"\b(?:" + "|".join(map(re.escape, _WORDS)) + r"|(?:payroll |pay |salary )?run)"
    r"\s{0,3}(?:nr|no|nummer|number)?[\s.:#]{0,4}([0-9](?:[0-9A-Za-z/-]{0,38}[0-9A-Za-z])?)",
    re.IGNORECASE,
)


def compile_run_pattern(pattern: str) -> re.Pattern[str]:
    """
    Return what finds the run by a person's pattern, such as ``Payroll {run} of``.

    Everything but the placeholder is taken literally; blanks match any number of blanks.

    :raises ValueError: if the placeholder does not stand in it exactly once
    """
    if not pattern:
        return _USUAL
    if pattern.count(PLACEHOLDER) != 1 or len(pattern) > _LONGEST_PATTERN:
        raise ValueError(pattern)
    before, after = (
        r"\s+".join(re.escape(word) for word in part.split()) for part in pattern.split(PLACEHOLDER)
    )
    gap_before = r"\s+" if before and pattern.split(PLACEHOLDER)[0][-1:].isspace() else ""
    gap_after = r"\s+" if after and pattern.split(PLACEHOLDER)[1][:1].isspace() else ""
    return re.compile(before + gap_before + _RUN + gap_after + after, re.IGNORECASE)


class RunFinder:
    """Remembers the run that the newest voucher names, and the first numbers of vouchers."""

    def __init__(self, pattern: str = "") -> None:
        self._pattern = compile_run_pattern(pattern)
        self._newest = date.min
        self.run = ""
        self.vouchers: dict[str, None] = {}

    def see(self, dated: date, text: str) -> None:
        """Take the run from a voucher text, unless a newer voucher gave one."""
        if dated > self._newest and (found := self._pattern.search(text)):
            self._newest, self.run = dated, found[1][:CODE_LENGTH]

    def number(self, series: str, number: str) -> None:
        """Remember a voucher's series and number; without a number there is nothing to know."""
        if number.strip() and len(self.vouchers) < _VOUCHERS_KEPT:
            self.vouchers[f"{series} {number}".strip()[:CODE_LENGTH]] = None
