"""The set-up check reports what an installation has, and changes nothing."""

import pytest

from connectors.receivables.shared import FindingLevel
from connectors.receivables.source import SetupReport
from sandbox import receivables_story as story
from sandbox.businessnxt import ledger
from tests.connectors.businessnxt.conftest import MARKER, Nxt


def codes(report: SetupReport) -> set[str]:
    return {one.code for one in report.findings}


class TestCheckSetup:
    def test_of_a_company_that_has_everything_finds_no_trouble(self, nxt: Nxt) -> None:
        report = nxt.make().check_setup(marker=MARKER)

        assert {one.level for one in report.findings} == {FindingLevel.OK}
        assert report.company is not None
        assert report.company.organisation_number == story.NORDVIK.organisation_number
        assert (report.marker_readable, report.marker_writable) == (True, True)
        assert report.credit_block_readable is True

    def test_proposes_payment_types_from_the_turnover_flag(self, nxt: Nxt) -> None:
        report = nxt.make().check_setup(marker="")

        assert {one.number for one in report.voucher_types if one.affects_turnover is False} == {
            one.number for one in story.VOUCHER_TYPES if not one.affects_turnover
        }
        (found,) = [one for one in report.findings if one.code == "payment_types_proposed"]
        assert "3 OCR-innbetaling" in found.params["types"]

    def test_finds_the_flag_under_another_likely_name(self, nxt: Nxt) -> None:
        nxt.store.set(nxt_turnover_flag="affTurn")

        report = nxt.make().check_setup(marker="")

        assert "payment_types_proposed" in codes(report)

    def test_guesses_nothing_where_there_is_no_flag(self, nxt: Nxt) -> None:
        nxt.store.set(nxt_turnover_flag="")

        report = nxt.make().check_setup(marker="")

        assert {one.affects_turnover for one in report.voucher_types} == {None}
        assert "turnover_flag_missing" in codes(report)

    def test_says_what_is_missing(self, nxt: Nxt) -> None:
        nxt.store.set(
            nxt_hidden_columns="cid origin currencyNo", nxt_aggregates=False, nxt_credit_denied=""
        )

        report = nxt.make().check_setup(marker="")

        assert codes(report) >= {
            "kid_missing",
            "origin_missing",
            "currency_missing",
            "no_control_sum",
            "credit_block_missing",
        }
        assert report.credit_block_readable is False

    @pytest.mark.parametrize(
        ("marker", "readable", "writable", "code"),
        [
            ("additionalText", None, False, "marker_is_used_by_visma"),
            ("cid", None, False, "marker_is_used_by_visma"),
            ("amountDomestic", None, False, "marker_is_used_by_visma"),
            ("orderNo:integer", None, False, "marker_is_used_by_visma"),
            ("Hub read", None, False, "marker_is_no_column"),
            ("Hub_Read:date", None, False, "marker_is_no_column"),
            ("NoSuchColumn", False, False, "marker_not_readable"),
            (f"{MARKER}:integer", False, False, "marker_not_readable"),
        ],
    )
    def test_says_why_a_marker_does_not_work(
        self, nxt: Nxt, marker: str, readable: bool | None, writable: bool | None, code: str
    ) -> None:
        report = nxt.make().check_setup(marker=marker)

        assert (report.marker_readable, report.marker_writable) == (readable, writable)
        assert code in codes(report)

    def test_says_that_the_schema_knows_no_updates(self, nxt: Nxt) -> None:
        nxt.store.set(nxt_writes=False)

        report = nxt.make().check_setup(marker=MARKER)

        assert (report.marker_readable, report.marker_writable) == (True, False)
        assert "no_updates" in codes(report)

    def test_says_that_the_company_is_closed_to_the_hub(self, nxt: Nxt) -> None:
        report = nxt.make("4119999").check_setup(marker=MARKER)

        assert report.company is None
        assert codes(report) == {"company_not_opened"}

    def test_changes_nothing(self, nxt: Nxt) -> None:
        before = ledger.transactions(nxt.store, story.NORDVIK.company_no)

        nxt.make().check_setup(marker=MARKER)

        assert ledger.transactions(nxt.store, story.NORDVIK.company_no) == before
