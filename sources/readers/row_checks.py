"""What only shows beside the other rows of a table: totals among them, sides, people in codes."""

import re
from collections.abc import Mapping

from sources.readers.amounts import to_decimal
from sources.readers.problems import ProblemLog

Sides = tuple[int, int]
"""Debit and credit of a row, in minor units."""

_TOTAL = (
    r"(?:grand |sub[- ]?|del|slut|mellan|mellom|eind|väli|loppu|konto|kontroll?|gesamt)?"
    r"(?:total|totals|totalt|totaalt?|totalsumma|totalsum|sum|summa|summe|summer|summen|yhteensä)"
    r"|i alt|ialt|sammanlagt|sammenlagt|gesamt"
)
_STARTS_AS_TOTAL = re.compile(rf"\W{{0,3}}(?:{_TOTAL})\b.*", re.IGNORECASE | re.DOTALL)
_ENDS_AS_TOTAL = re.compile(rf"[\w.:-]{{1,40}}\s{{1,3}}(?:{_TOTAL})\W{{0,3}}", re.IGNORECASE)
_BALANCE = re.compile(
    r"\W{0,3}(?:(?:ingående|inngående|utgående|opening|closing|begin|eind|alku|loppu|start|slut|"
    r"primo|ultimo|indgående|avaava)[ -]?(?:balans|balanse|balance|saldo|saldi)\b.*"
    r"|(?:balance )?(?:brought|carried) forward\b.*"
    r"|(?:ib|ub|primo|ultimo|saldo|balans|balanse|balance|ack\.?|ackumulerat|akkumulert)"
    r"(?: [0-9][\w.-]{0,19})?)\W{0,3}",
    re.IGNORECASE | re.DOTALL,
)


def names_a_balance(text: str) -> bool:
    """Say whether a cell calls its row a balance that is brought or carried forward."""
    return bool(_BALANCE.fullmatch(text.strip()))


def names_a_total(text: str) -> bool:
    """Say whether a cell calls its row a total."""
    text = text.strip()
    return bool(_STARTS_AS_TOTAL.fullmatch(text) or _ENDS_AS_TOTAL.fullmatch(text))


class RowChecks:
    """Sees each booking row, and notes what a person must look at."""

    def __init__(self, log: ProblemLog) -> None:
        self._log = log
        self._so_far = {"amount": 0, "debit": 0, "credit": 0}
        self._since_total = dict(self._so_far)
        self._of_account: dict[str, int] = {}
        self._balances: dict[str, int] = {}
        self._credits_of: dict[str, int] = {}
        self._credit_signs: set[bool] = set()
        self._first_credit: tuple[int, int] | None = None
        self._both_sides: tuple[int, Sides] | None = None
        self._both_sides_rows = self._notes = self._first_note = 0
        self._people_in_texts = self._first_person = 0
        self._people_as_codes: dict[str, list[int]] = {}
        self._headings_again = self._first_headings = 0
        self._signs: set[bool] = set()
        self._one_sided: tuple[int, int] | None = None
        self._total_texts: dict[str, bool] = {}

    def see(
        self, number: int, account: str, period: str, minor: int, sides: Sides | None, text: str
    ) -> None:
        """Take in a row that is booked."""
        if self._is_total_text(text):
            self._total_with_account(number, account, minor, text)
        else:
            self._of_account[account] = self._of_account.get(account, 0) + minor
        for sums in (self._so_far, self._since_total):
            sums["amount"] += minor
            sums["debit"] += sides[0] if sides else max(minor, 0)
            sums["credit"] += sides[1] if sides else max(-minor, 0)
        self._balances[period] = self._balances.get(period, 0) + minor
        if sides is None:
            if minor:
                self._signs.add(minor > 0)
                self._one_sided = self._one_sided or (number, minor)
            return
        debit, credit = sides
        if debit and credit:
            self._both_sides = self._both_sides or (number, sides)
            self._both_sides_rows += 1
        if credit:
            self._credit_signs.add(credit > 0)
            self._first_credit = self._first_credit or (number, credit)
            self._credits_of[period] = self._credits_of.get(period, 0) + credit

    def _is_total_text(self, text: str) -> bool:
        found = self._total_texts.get(text)
        if found is None:
            found = names_a_total(text) or names_a_balance(text)
            if len(self._total_texts) < 20_000:
                self._total_texts[text] = found
        return found

    def _total_with_account(self, number: int, account: str, minor: int, text: str) -> None:
        repeats = minor and minor == self._of_account.get(account)
        self._log.add(
            "subtotal_row" if repeats else "subtotal_suspected",
            line=number,
            column="text",
            value=f"{text}: {to_decimal(minor)}",
            account=account,
        )
        if repeats:
            self._of_account[account] = 0

    def total(self, number: int, values: Mapping[str, int], shown: str, *, readable: bool) -> None:
        """Take in a row of totals without account, which is left out; its amounts are checked."""
        right = readable and all(
            abs(value) in (abs(self._so_far[name]), abs(self._since_total[name]))
            or (name == "amount" and abs(value) == self._so_far["debit"])
            for name, value in values.items()
        )
        if right:
            self._log.add("total_row_left_out", line=number, value=shown)
        else:
            self._log.add("total_row_differs", line=number, value=shown)
        self._since_total = dict.fromkeys(self._since_total, 0)

    def headings_again(self, number: int) -> None:
        """Take in a row that repeats the headings."""
        self._first_headings = self._first_headings or number
        self._headings_again += 1

    def note(self, number: int) -> None:
        """Take in a row that has neither account nor amount."""
        self._first_note = self._first_note or number
        self._notes += 1

    def person_in_text(self, number: int) -> None:
        """Take in that a personal number was left out of a text."""
        self._first_person = self._first_person or number
        self._people_in_texts += 1

    def person_as_code(self, number: int, column: str) -> None:
        """Take in that a personal number stood where a code was expected."""
        self._people_as_codes.setdefault(column, [number, 0])[1] += 1

    def finish(self, credit_column: str, amount_column: str) -> None:
        """Note what only the whole table tells."""
        log = self._log
        all_were_read = not log.counts["error"]
        if len(self._signs) == 1 and self._one_sided and all_were_read:
            number, minor = self._one_sided
            log.add("one_sided", line=number, column=amount_column, value=to_decimal(minor))
        if self._headings_again:
            log.add("headings_again", line=self._first_headings, count=self._headings_again)
        if self._both_sides:
            number, (debit, credit) = self._both_sides
            log.add(
                "both_sides",
                line=number,
                column=credit_column,
                debit=to_decimal(debit),
                credit=to_decimal(credit),
                count=self._both_sides_rows,
            )
        if self._credit_signs == {False} and self._first_credit and self._turning_balances():
            number, credit = self._first_credit
            log.add("credits_negative", line=number, column=credit_column, value=to_decimal(credit))
        for column, (number, count) in self._people_as_codes.items():
            log.add("person_as_code", line=number, column=column, count=count)
        if self._people_in_texts:
            log.add(
                "personal_number_left_out", line=self._first_person, count=self._people_in_texts
            )
        if self._notes:
            log.add("notes_left_out", line=self._first_note, count=self._notes)

    def _turning_balances(self) -> bool:
        """Say whether the periods balance with the sign of the credits turned, and only then."""
        turned = (
            minor + 2 * self._credits_of.get(period, 0) for period, minor in self._balances.items()
        )
        return any(self._balances.values()) and not any(turned)
