"""Which columns can hold the mark, by name, value, type and width."""

import pytest

from connectors.visma_markers import USED_BY_CLASSIC, USED_BY_NXT, trouble, trouble_of_type


class TestAColumnByItsName:
    @pytest.mark.parametrize(
        "name",
        [
            *("additionalText", "AdditionalText", "invoiceNo", "reference", "crossReference"),
            *("text", "cid", "origin", "currencyNo", "orderNo:integer", "paidStatus:integer"),
        ],
    )
    def test_that_nxt_uses_is_refused(self, name):
        assert trouble(name, "1", used=USED_BY_NXT) == "marker_is_used_by_visma"

    @pytest.mark.parametrize("name", ["Txt2", "InvoNo", "JNo", "R5:integer", "St:integer"])
    def test_that_classic_uses_is_refused(self, name):
        assert trouble(name, "1", used=USED_BY_CLASSIC) == "marker_is_used_by_visma"

    @pytest.mark.parametrize("name", ["Hub read", "1st", "a-b", "Hub_Read:date", "x" * 61, "a;b"])
    def test_that_is_none_is_refused(self, name):
        assert trouble(name, "1", used=USED_BY_NXT) == "marker_is_no_column"

    @pytest.mark.parametrize("name", ["", "Office_PaymentRead", "information1", "Free1:integer"])
    def test_that_was_made_for_it_is_not(self, name):
        assert trouble(name, "1", used=USED_BY_NXT) == ""


class TestTheValue:
    @pytest.mark.parametrize("value", ["ja", "1.5", "-1", "0", "2147483648", "²"])
    def test_of_a_column_of_numbers_is_one(self, value):
        assert trouble("A_Read:integer", value, used=USED_BY_NXT) == "marker_value_is_no_number"

    @pytest.mark.parametrize("name", ["A_Read", "A_Read:integer"])
    def test_is_something(self, name):
        assert trouble(name, " ", used=USED_BY_NXT) == "marker_value_missing"


class TestTheType:
    @pytest.mark.parametrize(
        ("marker", "kind", "width", "why"),
        [
            ("A", "String", None, ""),
            ("A", "nvarchar", 2, ""),
            ("A", "nvarchar", -1, ""),
            ("A", "nvarchar", 1, "marker_value_too_long"),
            ("A", "Int", None, "marker_holds_numbers"),
            ("A:integer", "Int", None, ""),
            ("A:integer", "String", None, "marker_holds_text"),
            ("A", "Decimal", None, "marker_wrong_type"),
            ("A:integer", "DateTime", None, "marker_wrong_type"),
            ("A", "", None, ""),
        ],
    )
    def test_fits_what_is_written(self, marker, kind, width, why):
        assert trouble_of_type(marker, "PO", kind=kind, width=width) == why
