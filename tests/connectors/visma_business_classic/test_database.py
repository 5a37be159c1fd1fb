"""Address, driver and refusals of SQL Server; no SQL Server was there to try it on."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from connectors import visma_business_classic as classic
from connectors.errors import BadAnswer, NotConfigured, Unavailable
from connectors.visma_business_classic import errors
from connectors.visma_business_classic.database import address, quoted, sql_server


class TestAddress:
    def test_gives_the_database_of_the_company(self) -> None:
        found = address("mssql://hub:p%40ss@sql.example:1533", company="7")

        assert (found.host, found.port, found.database) == ("sql.example", 1533, "F0007")
        assert (found.login, found.password) == ("hub", "p@ss")

    def test_takes_a_database_that_it_names(self) -> None:
        assert address("mssql://hub:x@sql.example/F9001", company="7").database == "F9001"

    def test_never_shows_the_password(self) -> None:
        assert "secret" not in repr(address("mssql://hub:secret@sql.example", company="7"))

    @pytest.mark.parametrize(
        "text", ["", "postgres://a:b@c", "mssql://sql.example", "mssql://hub@x", "mssql://a:b@c:x"]
    )
    def test_refuses_anything_else(self, text: str) -> None:
        with pytest.raises(errors.AddressUnreadable):
            address(text, company="7")


class TestQuoted:
    @pytest.mark.parametrize("name", ['a"; DROP', "", "a b", "1a", "a.b"])
    def test_refuses_what_is_no_name(self, name: str) -> None:
        with pytest.raises(errors.ColumnsDiffer):
            quoted(name)


class TestSqlServer:
    def test_says_that_the_driver_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pymssql", None)

        with pytest.raises(errors.DriverMissing) as missing:
            sql_server(address("mssql://hub:x@sql.example", company="7"))

        assert "requirements-mssql.txt" in missing.value.remedy

    def test_opens_encrypted_and_for_reading_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: dict[str, Any] = {}
        driver = ModuleType("pymssql")
        driver.connect = lambda **how: asked.update(how)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pymssql", driver)

        dialect = sql_server(address("mssql://hub:x@sql.example", company="7"))
        dialect.open()

        assert (asked["server"], asked["port"], asked["database"]) == (
            "sql.example",
            "1433",
            "F0007",
        )
        assert asked["read_only"]
        assert asked["encryption"] == "require"
        assert asked["login_timeout"]
        assert asked["timeout"]
        assert dialect.on_open == ("SET LOCK_TIMEOUT 5000",)


class _Error(Exception):
    pass


class _ProgrammingError(_Error):
    pass


class _DataError(_Error):
    pass


DRIVER = SimpleNamespace(
    Error=_Error,
    ProgrammingError=_ProgrammingError,
    DataError=_DataError,
    IntegrityError=_DataError,
    NotSupportedError=_DataError,
)


class TestTranslated:
    @pytest.mark.parametrize(
        ("exc", "kind"),
        [
            (_Error((18456, b"Login failed for user 'hub'.")), errors.LoginRefused),
            (_Error(4060, b"Cannot open database"), errors.DatabaseClosed),
            (_Error((229, b"The SELECT permission was denied")), errors.ReadNotAllowed),
            (_Error((208, b"Invalid object name")), errors.ColumnsDiffer),
            (_Error((1222, b"Lock request time out period exceeded.")), Unavailable),
            (_Error("connection reset"), Unavailable),
            (_ProgrammingError("no such table"), errors.ColumnsDiffer),
            (_DataError("out of range"), BadAnswer),
        ],
    )
    def test_goes_by_number_first_and_then_by_kind(
        self, exc: Exception, kind: type[Exception]
    ) -> None:
        assert type(errors.translated(exc, driver=DRIVER)) is kind


class TestVendor:
    def test_needs_no_person(self) -> None:
        sign_in = classic.make_sign_in(settings={}, kind="database", own_key="mssql://a:b@c")

        grant = sign_in.service_grant(tenant_id="7", now=None)  # type: ignore[arg-type]

        assert (grant.tenant_id, grant.refresh_token) == ("7", "")

    def test_refuses_an_address_that_cannot_be_one(self) -> None:
        sign_in = classic.make_sign_in(settings={}, kind="database", own_key="nonsense")

        with pytest.raises(errors.AddressUnreadable):
            sign_in.service_grant(tenant_id="7", now=None)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("VISMA_BUSINESS_COLUMNS", "nonsense"),
            ("VISMA_BUSINESS_SIGN", "perhaps"),
            ("VISMA_BUSINESS_PAGE_SIZE", "many"),
        ],
    )
    def test_names_the_setting_that_cannot_be_used(self, name: str, value: str) -> None:
        with pytest.raises(NotConfigured) as refused:
            classic.make_source(settings={name: value}, tokens=None, company="7")  # type: ignore[arg-type]

        assert refused.value.params["setting"] == name

    def test_refuses_a_company_that_is_no_number(self) -> None:
        with pytest.raises(errors.AddressUnreadable):
            classic.make_source(settings={}, tokens=None, company="nordvik")  # type: ignore[arg-type]
