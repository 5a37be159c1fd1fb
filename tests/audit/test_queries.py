"""The page of the audit trail, and its export."""

import ast
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from audit import actions, queries
from audit.models import AuditEntry
from organisations.models import Membership, Organisation
from tests import factories

pytestmark = pytest.mark.django_db
URL = reverse("organisations:audit")
ROOT = Path(__file__).resolve().parents[2]
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


@pytest.fixture
def member() -> Membership:
    return factories.member(rights={"audit": "read"})


@pytest.fixture
def client(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    return client


def entry(of: Organisation, **values: object) -> AuditEntry:
    known = {
        "at": datetime(2026, 3, 25, 9, 14, tzinfo=UTC),
        "who": "Ada Ek",
        "action": "journal.send",
        "object_type": "journals.journal",
        "object_id": "7",
        "object_text": "PAYROLL 2026-03",
        "details": {"batches": 3},
        "address": "192.0.2.7",
        "request_id": "request-1",
    }
    return AuditEntry.objects.create(organisation=of, **known | values)


def recorded_actions() -> set[str]:
    """Return every action that the code records, wherever it stands."""
    found: set[str] = set()
    for app in ("organisations", "accounts", "mappings", "journals", "payments", "api"):
        for file in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                named = [word.value for word in node.keywords if word.arg == "action"]
                if "record" in name or name in {"_audit", "change"}:
                    named += node.args
                found |= {
                    text.value
                    for text in named
                    if isinstance(text, ast.Constant)
                    and isinstance(text.value, str)
                    and ACTION.fullmatch(text.value)
                }
    return found


class TestWords:
    def test_are_there_for_every_action_that_the_code_records(self) -> None:
        assert sorted(recorded_actions() - set(actions.ACTIONS)) == []

    def test_every_action_belongs_to_an_area(self) -> None:
        prefixes = {prefix for area in actions.AREAS for prefix in actions.prefixes_of(area)}

        assert {action.partition(".")[0] for action in actions.ACTIONS} <= prefixes


class TestThePage:
    def test_says_who_did_what_from_which_address(self, client: Client, member: Membership) -> None:
        entry(member.organisation)

        html = client.get(URL).content.decode()

        for words in ("Ada Ek", "Send pressed", "PAYROLL 2026-03", "192.0.2.7", "request-1"):
            assert words in html
        assert "batches: 3" in html

    def test_shows_nothing_of_another_organisation(self, client: Client) -> None:
        entry(factories.organisation())

        assert "Ada Ek" not in client.get(URL).content.decode()

    def test_needs_the_right(self) -> None:
        client = Client()
        payroll = factories.member(rights={"journals": "write", "organisation": "write"})
        client.force_login(payroll.user, backend="organisations.backends.HubBackend")

        for name in ("audit", "audit_csv", "audit_xlsx"):
            assert client.get(reverse(f"organisations:{name}")).status_code == 404

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"q": "ada"}, {"journal.send"}),
            ({"q": "192.0.2.9"}, {"debtor.blocked"}),
            ({"q": "request-2"}, {"debtor.blocked"}),
            ({"area": "debtor"}, {"debtor.blocked"}),
            ({"since": "2026-03-26"}, {"debtor.blocked"}),
            ({"until": "2026-03-25"}, {"journal.send"}),
            ({"area": "nonsense", "since": "2026-02-31"}, {"journal.send", "debtor.blocked"}),
        ],
    )
    def test_is_filtered(self, member: Membership, query: dict[str, str], found: set[str]) -> None:
        entry(member.organisation)
        entry(
            member.organisation,
            at=datetime(2026, 3, 26, 8, 0, tzinfo=UTC),
            who="Bo Alm",
            action="debtor.blocked",
            object_text="Nord AB",
            address="192.0.2.9",
            request_id="request-2",
        )

        rows = queries.exported(member.organisation, filters=queries.Filters.from_query(query))

        assert {row[2] for row in rows} == found

    def test_is_paged_with_the_same_number_of_statements(
        self, client: Client, member: Membership
    ) -> None:
        client.get(URL)
        entry(member.organisation)
        with CaptureQueriesContext(connection) as few:
            client.get(URL)
        for number in range(queries.PAGE_SIZE + 5):
            entry(member.organisation, object_text=f"Run {number}")
        with CaptureQueriesContext(connection) as many:
            first = client.get(URL).content.decode()
        second = client.get(URL, {"page": "2"}).content.decode()

        assert len(few) == len(many)
        assert "Run 54" in first
        assert "Run 0<" in second


class TestTheExport:
    def test_as_csv_holds_no_formula(self, client: Client, member: Membership) -> None:
        entry(member.organisation, who="=HYPERLINK(1)")

        answer = client.get(reverse("organisations:audit_csv"), {"area": "journal"})

        lines = answer.content.decode("utf-8-sig").splitlines()
        assert lines[0].split(";") == list(queries.HEADINGS)
        assert lines[1].split(";")[:3] == ["2026-03-25 09:14:00", "'=HYPERLINK(1)", "journal.send"]
        assert "attachment" in answer["Content-Disposition"]

    def test_as_workbook_holds_texts(self, client: Client, member: Membership) -> None:
        entry(member.organisation, who="=HYPERLINK(1)")

        answer = client.get(reverse("organisations:audit_xlsx"), {"area": "journal"})

        sheet = load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None
        assert sheet["B2"].value == "=HYPERLINK(1)"
        assert sheet["B2"].data_type == "s"

    def test_is_an_entry_itself(self, client: Client, member: Membership) -> None:
        client.get(reverse("organisations:audit_csv"), {"area": "journal"})

        made = AuditEntry.objects.of(member.organisation).get()
        assert (made.action, made.details) == (
            "audit.exported",
            {"format": "csv", "area": "journal"},
        )
