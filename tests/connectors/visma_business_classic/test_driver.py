"""
What SQL Server's driver does with options and statements. Skipped where it is not installed.

The driver is pymssql with FreeTDS; the servers are as much of one as a login sees.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.visma_business_classic import database, errors
from connectors.visma_business_classic.addresses import address
from connectors.visma_business_classic.database import Database, sql_server
from tests.connectors.visma_business_classic.sql_server import SqlServer

pytest.importorskip("pymssql", reason="the optional driver: requirements-mssql.txt")
TDS_7_4 = 0x74000004


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FREETDSCONF", "")
    database._let_the_driver_check.cache_clear()
    yield
    database._let_the_driver_check.cache_clear()


def certificate(folder: Path, name: str) -> str:
    """Return a file with a certificate for that name, which signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(path)


def asked(port: int, *, authorities: str = "") -> str:
    """Ask a server on this machine, and return the reason that the log has."""
    where = address(f"mssql://hub:x@localhost:{port}", company="7")
    with structlog.testing.capture_logs() as logged, pytest.raises(errors.NotConnected):
        Database(lambda: sql_server(where, authorities=authorities)).rows("SELECT 1")
    return str(logged[0]["reason"])


class TestTheLogin:
    def test_is_sent_encrypted_to_a_server_that_is_known(self, tmp_path: Path) -> None:
        known = certificate(tmp_path, "localhost")

        with SqlServer(known) as server:
            asked(server.port, authorities=known)

        assert server.logins == [("TLSv1.2", TDS_7_4)]

    def test_is_not_sent_to_a_server_that_cannot_encrypt(self, tmp_path: Path) -> None:
        with SqlServer() as server:
            asked(server.port, authorities=certificate(tmp_path, "localhost"))

        assert server.logins == []

    def test_is_not_sent_to_a_server_that_nobody_knows(self, tmp_path: Path) -> None:
        with SqlServer(certificate(tmp_path, "localhost")) as server:
            asked(server.port)

        assert server.logins == []

    def test_is_not_sent_to_a_server_of_another_name(self, tmp_path: Path) -> None:
        other = certificate(tmp_path, "sql.example")

        with SqlServer(other) as server:
            asked(server.port, authorities=other)

        assert server.logins == []

    def test_goes_by_the_hubs_configuration_and_not_by_one_that_lies_around(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lying = tmp_path / "freetds.conf"
        lying.write_text("[global]\n\tencryption = off\n\ttds version = 7.1\n")
        monkeypatch.setenv("FREETDSCONF", str(lying))

        with SqlServer() as server:
            asked(server.port, authorities=certificate(tmp_path, "localhost"))

        assert server.logins == []
        assert os.environ["FREETDSCONF"] != str(lying)


class TestAServerThatIsNotThere:
    def test_is_refused_with_its_reason_in_the_log(self, tmp_path: Path) -> None:
        with SqlServer() as server:
            port = server.port

        assert "unavailable" in asked(port)
