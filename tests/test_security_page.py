"""The page of security says each number of the standard once, and names what there is."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from audit import queries
from background import operations
from connectors import bounds
from integrationhub import configuration
from integrationhub.middleware import BodySizeMiddleware
from journals.queries import uploads
from mappings.rules import account_patterns
from organisations import confirming
from organisations.operations import throttling
from organisations.rules import rights_in_order
from payments.operations import client_files, invoice_files

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "security.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
NUMBERS = (ROOT / "tests" / "asvs_5_0_level_2.txt").read_text(encoding="utf-8").split()
"""All of levels 1 and 2 of OWASP ASVS 5.0.0, in its order."""
STATES = ("held", "in part", "not applicable", "not")


@dataclass(frozen=True)
class Row:
    """One row of the list."""

    numbers: tuple[str, ...]
    asks: str
    state: str
    why: str
    where: tuple[str, ...]
    tests: tuple[str, ...]


def numbers_of(text: str) -> tuple[str, ...]:
    """Return the numbers of a cell such as `1.2.6–1.2.8, 1.3.1`."""
    found: list[str] = []
    for part in text.split(", "):
        first, _to, last = part.partition("–")
        begin = NUMBERS.index(first)
        found += NUMBERS[begin : NUMBERS.index(last or first) + 1]
    return tuple(found)


def rows() -> list[Row]:
    """Return the rows of the tables of the chapters."""
    found = []
    for line in PAGE.splitlines():
        if not re.match(r"\| \d+\.\d+\.\d+", line):
            continue
        numbers, asks, said, where, tests = (cell.strip() for cell in line.strip("|").split("|"))
        state = next(state for state in STATES if said.startswith(state))
        found.append(
            Row(
                numbers_of(numbers),
                asks,
                state,
                said.removeprefix(state).strip(" :,;"),
                tuple(re.findall(r"`([^`]+)`", where)),
                tuple(re.findall(r"`([^`]+)`", tests)),
            )
        )
    return found


ROWS = rows()


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return what a file of tests defines: functions, classes, and `Class::function`."""
    found = set()
    for one in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(one, ast.FunctionDef):
            found.add(one.name)
        if isinstance(one, ast.ClassDef):
            found.add(one.name)
            found |= {f"{one.name}::{x.name}" for x in one.body if isinstance(x, ast.FunctionDef)}
    return frozenset(found)


def is_there(test: str) -> bool:
    """Say whether a test such as `accounts/test_tokens.py::TestRefresh` is there."""
    name, _colons, within = test.partition("::")
    path = ROOT / "tests" / name
    return path.is_file() and (not within or within in names_in(path))


class TestTheList:
    def test_says_each_number_of_the_standard_once(self) -> None:
        said = Counter(number for row in ROWS for number in row.numbers)

        assert [number for number in NUMBERS if said[number] != 1] == []
        assert set(said) == set(NUMBERS)

    def test_counts_rightly(self) -> None:
        counted = Counter(dict.fromkeys(STATES, 0))
        for row in ROWS:
            counted[row.state] += len(row.numbers)
        said = {
            state: int(found[1]) if (found := re.search(rf"(\d+) \*?{state}\*?[,.; ]", PAGE)) else 0
            for state in STATES
        }

        assert said == dict(counted)
        assert f"**{len(NUMBERS)}**" in PAGE

    def test_names_a_place_and_a_test_of_what_is_held(self) -> None:
        assert [row.numbers for row in ROWS if row.state == "held" and not row.tests] == []
        assert [row.numbers for row in ROWS if row.state == "held" and not row.where] == []

    def test_says_what_is_missing_of_what_is_not_held(self) -> None:
        assert [
            row.numbers for row in ROWS if row.state in ("in part", "not") and not row.why
        ] == []

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row.numbers[0])
    def test_names_only_files_and_tests_that_there_are(self, row: Row) -> None:
        assert [place for place in row.where if not (ROOT / place).is_file()] == []
        assert [test for test in row.tests if not is_there(test)] == []

    def test_names_only_tests_that_there_are_anywhere_else(self) -> None:
        named = re.findall(r"`([\w/]+\.py(?:::\w+)+)`", PAGE)

        assert [test for test in named if not is_there(test)] == []


def part(heading: str, page: str = PAGE) -> str:
    """Return what stands below a heading."""
    return re.split(r"\n##+ ", page.split(f"## {heading}\n")[1])[0]


class TestTheRulesOfInput:
    RULES = part("Rules of input and limits")

    def test_are_those_of_the_code(self) -> None:
        assert f"{bounds.FIRST_YEAR}–{bounds.LAST_YEAR}" in self.RULES
        assert f"at most {bounds.AMOUNT_FIGURES} digits" in self.RULES
        assert f"sums {bounds.SUM_FIGURES}" in self.RULES
        assert f"at most {account_patterns.LONGEST} characters" in self.RULES

    def test_say_how_much_is_taken(self) -> None:
        defaults = {one.name: one.default for one in configuration.TABLE}
        for name in ("HUB_MAX_UPLOAD_MB", "HUB_MAX_ROWS", "HUB_MAX_UNZIPPED_MB"):
            assert f"`{name}` ({int(defaults[name]):,})" in self.RULES
        assert f"{uploads.MOST_FILES} files together" in self.RULES
        assert f"{invoice_files.MOST_ROWS:,} rows" in self.RULES
        assert f"{client_files.MOST_ROWS:,} rows" in self.RULES
        assert f"{BodySizeMiddleware.OF_A_STRANGER // 1024} KB before sign-in" in self.RULES
        assert f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} fields" in self.RULES
        assert f"{operations.OPEN_AT_MOST} checks at vendors open" in self.RULES
        assert f"{operations.A_MINUTE_AT_MOST} begun a minute" in self.RULES
        assert f"trail {queries.MOST_EXPORTED:,} rows" in self.RULES


class TestWaysIn:
    WAYS = part("Ways in and sessions")

    def test_name_each_with_what_it_shows(self) -> None:
        for way in ("password", "passkey", "invitation", "forgotten password", "API", "manage.py"):
            assert re.search(rf"^\| [^|]*{way}", self.WAYS, re.MULTILINE), way

    def test_say_when_guessing_and_sessions_end(self) -> None:
        defaults = {one.name: one.default for one in configuration.TABLE}
        assert f"for {settings.HUB_SIGN_IN_LOCK_SECONDS // 60} minutes" in self.WAYS
        for name in ("HUB_SIGN_IN_FAILURES", "HUB_SESSION_IDLE_MINUTES", "HUB_SESSION_HOURS"):
            assert f"`{name}` ({defaults[name]})" in self.WAYS
        assert f"{throttling.CODES_A_DAY} a day" in self.WAYS
        assert throttling.NETWORKS_SHARE == 10
        assert confirming.RECENT_SECONDS == 600


class TestWhoMayDoWhat:
    def test_names_every_right(self) -> None:
        rules = part("Who may do what")

        assert [right.key for right in rights_in_order() if f"`{right.key}`" not in rules] == []


class TestTheLevelsOfData:
    def test_say_of_each_how_it_is_kept(self) -> None:
        levels = part("Levels of data")

        for what in ("vendor tokens", "passwords", "payroll files", "customers", "audit trail"):
            assert what in levels
        table = [line for line in levels.splitlines() if line.startswith("|")]
        assert {line.count("|") for line in table} == {7}


class TestWhatIsExpensive:
    def test_says_what_keeps_it_from_stopping_the_rest(self) -> None:
        for what in ("reading a file", "workbook", "exports", "hashing a password", "vendors"):
            assert what in part("What is expensive")


class TestTheOperatorsPage:
    def test_names_every_address_that_the_hub_connects_to(self) -> None:
        table = part("9. Who talks to whom", OPERATING)
        places = [
            *("DATABASE_URL", "CELERY_BROKER_URL", "HUB_EMAIL_URL", "VISMA_BUSINESS_HOSTS"),
            *(one.name for one in configuration.vendor_table() if one.name.endswith("_URL")),
        ]

        assert [name for name in places if f"`{name}`" not in table] == []

    def test_names_events_that_there_are(self) -> None:
        said = part("10. Logs: what is written where", OPERATING)
        code = "".join(
            path.read_text(encoding="utf-8")
            for app in (*settings.HUB_APPS, "connectors", "integrationhub")
            for path in (ROOT / app).rglob("*.py")
        )

        for event in (
            "access_refused",
            "sign-in failed",
            "tls_failed",
            "background_request_failed",
        ):
            assert f"`{event}`" in said
            assert f'"{event}"' in code, event

    def test_names_every_key(self) -> None:
        table = part("11. Keys and secrets", OPERATING)
        secret = [one.name for one in configuration.TABLE if one.secret and "URL" not in one.name]

        assert [name for name in secret if f"`{name}`" not in table] == []

    def test_says_within_which_time_weaknesses_are_mended(self) -> None:
        assert re.findall(r"\*\*(\d+) days\*\*", part("12. Updates", OPERATING)) == [
            "3",
            "14",
            "60",
        ]
