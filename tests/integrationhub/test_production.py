"""What production refuses to start with."""

import pytest

from integrationhub import production

SAFE = {
    "base_url": "https://hub.example",
    "allowed_hosts": ["hub.example"],
    "secret_key": "k7-Zr0_Wq" * 6,
    "metrics_token": "",
    "vendors": {"VISMA_NET_API_URL": "https://api.finance.visma.net", "X_CLIENT_ID": "http"},
}


def found(**changes: object) -> list[tuple[str, bool]]:
    return [(one.name, one.refuses) for one in production.weaknesses(**(SAFE | changes))]


class TestWeaknesses:
    def test_are_none_where_all_is_safe(self):
        assert found() == []

    def test_are_not_what_is_not_set_at_all(self):
        assert found(base_url="", secret_key="", vendors={"POWEROFFICE_URL": ""}) == []

    @pytest.mark.parametrize("key", ["x" * 49, "short", "ab" * 40])
    def test_name_a_key_that_can_be_guessed(self, key):
        assert found(secret_key=key) == [("HUB_SECRET_KEY", True)]

    def test_name_a_short_token_of_the_figures(self):
        assert found(metrics_token="prometheus") == [("HUB_METRICS_TOKEN", True)]

    @pytest.mark.parametrize("host", ["*", ".example", "*.hub.example"])
    def test_name_a_wildcard(self, host):
        assert found(allowed_hosts=["hub.example", host]) == [("HUB_ALLOWED_HOSTS", True)]

    @pytest.mark.parametrize(
        "address",
        [
            *("http://hub.example", "HTTP://hub.example", "http://localhost:8000", "hub.example"),
            *("http://127.0.0.1.evil.example", "http://0.0.0.0:1", "https://", "http://[::1"),
            "ftp://127.0.0.1",
        ],
    )
    def test_name_an_address_that_is_not_encrypted_our_own_or_a_vendors(self, address):
        assert found(base_url=address) == [("HUB_BASE_URL", True)]
        assert found(vendors={"VISMA_CONNECT_URL": address}) == [("VISMA_CONNECT_URL", True)]

    def test_find_an_address_by_its_value_too(self):
        assert found(vendors={"X_ENDPOINT": "http://x.example"}) == [("X_ENDPOINT", True)]

    @pytest.mark.parametrize(
        "address", ["http://127.0.0.1:8000", "http://127.9.9.9", "http://[::1]"]
    )
    def test_only_report_one_on_this_machine(self, address):
        assert found(base_url=address) == [("HUB_BASE_URL", False)]

    @pytest.mark.parametrize(
        ("name", "address", "remedy"),
        [
            ("DATABASE_URL", "postgres://hub:x@db.example/hub", "sslmode=verify-full"),
            ("DATABASE_URL", "postgres://db.example/hub?sslmode=require", "sslmode=verify-full"),
            ("CELERY_BROKER_URL", "redis://10.0.0.5:6379/0", "rediss://"),
            ("HUB_EMAIL_URL", "smtp://mail.example:587", "tls=1"),
        ],
    )
    def test_report_a_server_elsewhere_to_which_nothing_is_encrypted(self, name, address, remedy):
        (one,) = production.weaknesses(**SAFE, servers={name: address})

        assert (one.name, one.refuses) == (name, False)
        assert remedy in one.text
        assert "hub:x" not in one.text

    @pytest.mark.parametrize(
        "address",
        [
            *("postgres://hub:x@127.0.0.1/hub", "postgres:///hub?host=/run/postgresql", ""),
            "postgres://db.example/hub?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem",
            *("redis://localhost:6379/0", "rediss://10.0.0.5:6379/0", "memory://localhost/"),
            *("smtp://mail.example:587?tls=1", "smtp://mail.example:465?ssl=1", "smtp://[::1"),
        ],
    )
    def test_do_not_report_one_on_this_machine_or_with_encryption(self, address):
        assert production.weaknesses(**SAFE, servers={"X": address}) == []
