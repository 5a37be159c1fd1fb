"""send_month, list_companies and list_connections: the plan first, JSON and exit codes."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from journals.models import Batch, Journal
from organisations.models import Organisation
from tests import factories
from tests.journals.pages import rows


def run(name: str, *args: str) -> str:
    out = io.StringIO()
    call_command(name, *args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def office(db) -> Organisation:
    made = factories.organisation()
    for _number in range(2):
        rows.mapping(rows.journal(made).company)
    return made


def states() -> set[str]:
    return set(Batch.objects.values_list("state", flat=True))


class TestSendMonth:
    def test_prints_the_plan_and_sends_nothing_without_yes(self, office):
        said = run("send_month", "2026-03")

        assert said.count("  goes") == 2
        assert "2 would be sent; send them with --yes, 0 left out." in said
        assert states() == {"draft"}

    def test_queues_all_of_the_month_with_yes(self, office):
        said = json.loads(run("send_month", "2026-03", "--yes", "--json"))

        assert [row["queued"] for row in said["journals"]] == [True, True]
        assert states() == {"ready"}

    def test_finds_nothing_the_second_time(self, office):
        run("send_month", "2026-03", "--yes")

        said = json.loads(run("send_month", "2026-03", "--yes", "--json"))

        assert said["journals"] == []

    def test_leaves_other_months_alone(self, office):
        said = json.loads(run("send_month", "2026-02", "--yes", "--json"))

        assert said["journals"] == []
        assert states() == {"draft"}

    def test_says_what_is_left_out_and_why_and_fails(self, office):
        unmapped = rows.journal(office)

        with pytest.raises(CommandError, match="1 of 3 journals of 2026-03 were left out"):
            run("send_month", "2026-03", "--yes")

        left = Journal.objects.get(pk=unmapped.pk)
        assert left.state == "imported"
        assert Journal.objects.filter(state="imported").count() == 1

    def test_refuses_what_is_no_month(self, office):
        with pytest.raises(CommandError, match="is no month"):
            run("send_month", "2026-13")

    def test_keeps_to_one_company(self, office):
        number = Journal.objects.order_by("pk").first().company.number

        said = json.loads(run("send_month", "2026-03", "--company", number, "--yes", "--json"))

        assert [row["company"] for row in said["journals"]] == [number]


class TestLists:
    def test_name_the_companies(self, office):
        said = json.loads(run("list_companies", "--json"))

        assert len(said["companies"]) == 2
        assert said["companies"][0]["number"] in run("list_companies")

    def test_name_the_accounts_and_never_their_secrets(self, office):
        said = run("list_connections", "--json")

        assert len(json.loads(said)["connections"]) == 2
        assert "token" not in said

    def test_refuse_an_unknown_state_and_name_the_known_ones(self, office):
        with pytest.raises(CommandError, match="authorised"):
            run("list_connections", "--state", "fine")


@pytest.mark.parametrize(
    "name", ["map_company", "send_month", "list_companies", "list_connections"]
)
def test_the_help_shows_an_example(name, capsys):
    with pytest.raises(SystemExit):
        call_command(name, "--help")

    assert f"manage.py {name}" in capsys.readouterr().out
