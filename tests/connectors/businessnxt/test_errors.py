"""What the errors of an answer mean: code, path and data are read together."""

from typing import Any

import pytest

from connectors.businessnxt import errors
from connectors.errors import ConnectorError, Unavailable

COMPANY = ["useCompany"]
ROW = ["useCompany", "customerTransaction", "items", 3]


def failure(*found: dict[str, Any], data: Any = None) -> ConnectorError:
    return errors.from_errors(found, company="4110101", trace="t1", data=data)


def error(message: str = "refused", *, path: list[Any] | None = None, code: str = "") -> Any:
    made: dict[str, Any] = {"message": message}
    if path is not None:
        made["path"] = path
    return made | ({"extensions": {"code": code}} if code else {})


class TestAnErrorOfTheCompany:
    def test_without_data_says_that_the_hub_is_not_let_in(self):
        found = failure(error(path=COMPANY), data={"useCompany": None})

        assert type(found) is errors.CompanyNotOpened

    @pytest.mark.parametrize("code", ["FORBIDDEN", "ACCESS_DENIED", "AUTH_NOT_AUTHORIZED"])
    def test_whose_code_denies_access_says_so_too(self, code):
        found = failure(error(path=COMPANY, code=code))

        assert type(found) is errors.CompanyNotOpened

    def test_beside_partial_data_is_a_read_that_is_tried_again(self):
        part = {"useCompany": {"customerTransaction": {"items": [{"auditNo": 1}]}}}

        found = failure(error(path=COMPANY), data=part)

        assert type(found) is errors.ReadFailed
        assert isinstance(found, Unavailable)

    @pytest.mark.parametrize("code", ["TIMEOUT", "REQUEST_TIMED_OUT", "INTERNAL_SERVER_ERROR"])
    @pytest.mark.parametrize("data", [None, {"useCompany": None}, {"useCompany": {"a": 1}}])
    def test_whose_code_passes_by_itself_is_a_read_that_is_tried_again(self, code, data):
        assert type(failure(error(path=COMPANY, code=code), data=data)) is errors.ReadFailed

    def test_without_a_code_that_speaks_of_time_is_tried_again(self):
        found = failure(error("The operation timed out after 59 seconds.", path=COMPANY))

        assert type(found) is errors.ReadFailed

    def test_beside_one_of_a_row_is_no_closed_company(self):
        assert type(failure(error(path=COMPANY), error(path=ROW))) is errors.ReadFailed


class TestAnErrorWithoutAPath:
    def test_says_that_the_schema_differs(self):
        found = failure(error("Cannot query field 'cid' on type 'CustomerTransaction'."))

        assert type(found) is errors.SchemaDiffers

    @pytest.mark.parametrize("code", ["TIMEOUT", "SERVICE_UNAVAILABLE"])
    def test_whose_code_passes_by_itself_is_tried_again(self, code):
        assert type(failure(error(code=code))) is errors.ReadFailed


class TestAnErrorOfTheMarker:
    def test_leaves_the_marker_unread(self):
        found = failure(error(path=[*ROW, "extensions", "marker"]))

        assert type(found) is errors.MarkerNotReadable

    def test_that_passes_by_itself_is_a_read_that_is_tried_again(self):
        found = failure(error(path=[*ROW, "extensions", "marker"], code="TIMEOUT"))

        assert type(found) is errors.ReadFailed
