"""Which servers may be asked, and what is no address at all."""

import socket
from typing import Any

import pytest

from connectors.errors import NotConfigured
from connectors.visma_business_classic import errors
from connectors.visma_business_classic.addresses import (
    Place,
    address,
    allowed_places,
    check_allowed,
    check_resolved,
)


class TestAddress:
    def test_gives_the_database_of_the_company(self) -> None:
        found = address("mssql://hub:p%40ss@SQL.example:1533", company="7")

        assert (found.host, found.port, found.database) == ("sql.example", 1533, "F0007")
        assert (found.login, found.password) == ("hub", "p@ss")

    def test_takes_a_database_that_it_names(self) -> None:
        assert address("mssql://hub:x@sql.example/F9001", company="7").database == "F9001"

    def test_never_shows_the_password(self) -> None:
        assert "secret" not in repr(address("mssql://hub:secret@sql.example", company="7"))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "postgres://a:b@c",
            "mssql://sql.example",
            "mssql://hub@x",
            "mssql://a:b@c:x",
            "mssql://a:b@c:0",
            "mssql://a:b@c:65536",
            "mssql://a:b@sql.example.",
            "mssql://a:b@other@sql.example",
            "mssql://a:b@sql.example\\SQLEXPRESS",
            "mssql://a:b@sql.example,1434",
            "mssql://a:b@[::1]",
            "mssql://a:b@[::ffff:10.0.0.5]",
            "mssql://a:b@2130706433",
            "mssql://a:b@0x7f000001",
            "mssql://a:b@0x7f.0.0.0x1",
            "mssql://a:b@127.1",
            "mssql://a:b@010.0.0.5",
            "mssql://a:b@10.0.0.5.",
            "mssql://a:b@\uff53ql.example",
            "mssql://a:b@sql.ex\tample",
            "mssql://a:b%00@sql.example",
            "mssql://a:b@sql.example/F0007;master",
            "mssql://a:b@sql.example?encryption=off",
            "mssql://a:b@sql.example/F0007?encryption=request",
            "mssql://a:b@sql.example#other",
        ],
    )
    def test_refuses_anything_else(self, text: str) -> None:
        with pytest.raises(errors.AddressUnreadable):
            address(text, company="7")


class TestAllowedPlaces:
    def test_are_names_and_ports_in_one_form(self) -> None:
        assert allowed_places(" SQL1.office.example , 10.0.0.5:1533,") == {
            Place("sql1.office.example", 1433),
            Place("10.0.0.5", 1533),
        }

    @pytest.mark.parametrize("text", ["", " , ", "*", "sql.example.", "[::1]", "a b", "0x7f000001"])
    def test_are_none_where_the_setting_cannot_be_read(self, text: str) -> None:
        with pytest.raises(NotConfigured):
            allowed_places(text)

    @pytest.mark.parametrize(
        "place", ["sql.example:1434", "sql.example.evil", "evil.sql.example", "sql", "10.0.0.50"]
    )
    def test_are_compared_letter_for_letter(self, place: str) -> None:
        allowed = allowed_places("sql.example,10.0.0.5")

        check_allowed(address("mssql://a:b@Sql.Example", company="7"), allowed)
        with pytest.raises(errors.HostNotAllowed):
            check_allowed(address(f"mssql://a:b@{place}", company="7"), allowed)


class TestCheckResolved:
    @pytest.mark.parametrize(
        "found",
        [
            "169.254.169.254",
            "169.254.0.1",
            "fe80::1%eth0",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "224.0.0.1",
        ],
    )
    def test_refuses_a_name_that_leads_to_metadata(
        self, found: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def answers(*_asked: Any, **_how: Any) -> list[Any]:
            return [(0, 0, 0, "", ("10.0.0.5", 1433)), (0, 0, 0, "", (found, 1433))]

        monkeypatch.setattr(socket, "getaddrinfo", answers)

        with pytest.raises(errors.HostNotAllowed):
            check_resolved(address("mssql://a:b@sql.example", company="7"))

    def test_lets_a_server_of_the_office_be(self) -> None:
        check_resolved(address("mssql://a:b@127.0.0.1", company="7"))
