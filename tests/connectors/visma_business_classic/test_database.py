"""Address, driver and refusals of SQL Server; no SQL Server was there to try it on."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import structlog

from connectors import visma_business_classic as classic
from connectors.errors import BadAnswer, NotConfigured, Unavailable
from connectors.visma_business_classic import errors
from connectors.visma_business_classic.addresses import address
from connectors.visma_business_classic.database import Database, Dialect, quoted, sql_server


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

        dialect = sql_server(address("mssql://hub:x@127.0.0.1", company="7"))
        dialect.open()

        assert (asked["server"], asked["port"], asked["database"]) == (
            "127.0.0.1",
            "1433",
            "F0007",
        )
        assert asked["read_only"]
        assert (asked["encryption"], asked["tds_version"]) == ("require", "7.4")
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


class TestAConnectionThatFails:
    @pytest.mark.parametrize(
        "reason",
        [
            _Error((18456, b"Login failed for user 'hub'.")),
            _Error((4060, b"Cannot open database")),
            _Error((20009, b"Unable to connect: server is unavailable")),
            _Error((20002, b"TDS server connection failed")),
            OSError("no such name"),
        ],
    )
    def test_looks_the_same_whatever_the_reason_which_the_log_has(self, reason: Exception) -> None:
        def refuse() -> Any:
            raise reason

        database = Database(lambda: Dialect(driver=DRIVER, open=refuse, place="sql.example:1433"))

        with (
            structlog.testing.capture_logs() as logged,
            structlog.contextvars.bound_contextvars(request_id="4711"),
            pytest.raises(errors.NotConnected) as failure,
        ):
            database.rows("SELECT 1")

        said = failure.value
        assert (said.detail, said.params) == (
            "",
            {"vendor": "Visma Business", "request_id": "4711"},
        )
        (line,) = logged
        assert (line["place"], line["request_id"]) == ("sql.example:1433", "4711")
        assert type(reason).__name__ in line["reason"]


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
        ],
    )
    def test_names_the_setting_that_cannot_be_used(self, name: str, value: str) -> None:
        with pytest.raises(NotConfigured) as refused:
            classic.make_source(settings={name: value}, tokens=None, company="7")  # type: ignore[arg-type]

        assert refused.value.params["setting"] == name

    def test_asks_no_server_that_the_operator_does_not_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(classic, "sql_server", lambda *_: pytest.fail("asked"))
        source = classic.make_source(
            settings={"VISMA_BUSINESS_HOSTS": "sql.example"},
            tokens=None,  # type: ignore[arg-type]
            company="7",
            own_key="mssql://hub:x@sql.example:1434",
        )

        with pytest.raises(errors.HostNotAllowed):
            source.read_company()

    def test_asks_no_server_at_all_without_a_list(self) -> None:
        source = classic.make_source(
            settings={},
            tokens=None,  # type: ignore[arg-type]
            company="7",
            own_key="mssql://hub:x@sql.example",
        )

        with pytest.raises(NotConfigured) as refused:
            source.read_company()

        assert refused.value.params["setting"] == "VISMA_BUSINESS_HOSTS"

    def test_asks_no_server_without_the_certificates_that_it_is_checked_against(self) -> None:
        source = classic.make_source(
            settings={
                "VISMA_BUSINESS_HOSTS": "sql.example",
                "VISMA_BUSINESS_CA_FILE": "/nowhere.pem",
            },
            tokens=None,  # type: ignore[arg-type]
            company="7",
            own_key="mssql://hub:x@sql.example",
        )

        with pytest.raises(NotConfigured) as refused:
            source.read_company()

        assert refused.value.params["setting"] == "VISMA_BUSINESS_CA_FILE"

    def test_refuses_a_company_that_is_no_number(self) -> None:
        with pytest.raises(errors.AddressUnreadable):
            classic.make_source(settings={}, tokens=None, company="nordvik")  # type: ignore[arg-type]
