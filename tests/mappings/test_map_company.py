"""The wizard without a browser."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Connection
from mappings.models import Mapping
from organisations.models import Company
from tests import factories
from tests.mappings.targets import connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(sandbox: Any) -> Company:
    office = factories.organisation()
    connected(office, sandbox.url)
    return factories.company(office, number="1001")


def run(*more: str) -> tuple[int, dict[str, Any]]:
    printed = io.StringIO()
    name = Connection.objects.get().name
    words = ["--company", "1001", "--connection", name, "--closed-period", "refuse"]
    words += ["--first-period", "2026-03", "--json"]
    try:
        call_command("map_company", *words, *more, stdout=printed)
    except SystemExit as end:
        return int(end.code or 0), json.loads(printed.getvalue())
    return 0, json.loads(printed.getvalue())


class TestMapCompany:
    def test_saves_and_checks(self, company: Company) -> None:
        code, report = run(
            "--cost-centre",
            "kostnadsställe ",
            "--balance-sheet-format",
            "[0-2][0-9][0-9][0-9]",
        )

        mapping = Mapping.objects.get()
        assert (code, report["ok"], report["problems"]) == (0, True, [])
        assert report["mapping"] == mapping.pk
        assert (mapping.company, mapping.cost_centre_segment) == (company, 1)
        assert (mapping.hold, mapping.closed_period_rule) == (True, "refuse")
        assert mapping.checked_at is not None

    def test_fails_when_something_would_stop_a_journal(self, company: Company) -> None:
        code, report = run("--balancing-account", "7699")

        assert code == 1
        assert (report["saved"], report["ok"]) == (True, False)
        assert report["problems"][0]["code"] == "balancing_account_inactive"
        assert report["problems"][0]["remedy"]

    def test_refuses_a_wrong_dimension_with_the_nearest(self, company: Company) -> None:
        code, report = run("--cost-centre", "Kostnadställe")

        assert code == 1
        assert "Did you mean Kostnadsställe" in report["error"]
        assert not Mapping.objects.exists()

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            (["--company", "9"], "no company with the number 9"),
            (["--connection", "nobody"], "no account nobody"),
            (["--release"], "--release needs --no-hold"),
            (["--balance-sheet-format", "[0-"], "cannot be read at position 1"),
        ],
    )
    def test_refuses_with_words(self, company: Company, more: list[str], said: str) -> None:
        code, report = run(*more)

        assert code == 1
        assert said in report["error"]
        assert not Mapping.objects.exists()

    def test_refuses_a_second_mapping(self, company: Company) -> None:
        run()

        code, report = run()

        assert code == 1
        assert "is already mapped to this target" in report["error"]

    def test_refuses_an_account_that_is_not_authorised(self, company: Company) -> None:
        Connection.objects.update(state=Connection.State.SIGN_IN_AGAIN)

        code, report = run()

        assert code == 1
        assert "not authorised" in report["error"]

    def test_shows_an_example(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as end:
            call_command("map_company", "--help")

        assert end.value.code == 0
        assert "Example:" in capsys.readouterr().out
