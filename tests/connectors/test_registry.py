"""The registry: what the hub knows of a vendor before it talks to it."""

from typing import Any

import pytest
from pydantic import SecretStr

from connectors import base
from connectors.errors import NotConfigured
from connectors.receivables.source import PaymentSource
from connectors.receivables.target import PaymentTarget
from connectors.registry import CONNECTORS, all_errors
from connectors.vendor import Vendor

_TEXTS = ("_URL", "_ID", "_SECRET", "_KEY")


def names(vendor: Vendor) -> list[str]:
    return [name.upper() for name in vendor.settings.model_fields]


SETTINGS = dict.fromkeys(names(CONNECTORS["vismanet"]), "https://x.example")


def filled(vendor: Vendor) -> dict[str, str]:
    """Return settings of the vendor with something in each that is not a number by nature."""
    return {name: "https://x.example" for name in names(vendor) if name.endswith(_TEXTS)}


def makes(vendor: Vendor, *, settings: Any, tokens: Any) -> list[tuple[Any, Any]]:
    """Return everything that the vendor makes, each beside what it promises."""
    made: list[tuple[Any, Any]] = []
    more = {"settings": settings, "tokens": tokens, "company": "1", "own_key": "key"}
    if vendor.make_connector is not None:
        connector = vendor.make_connector(settings=settings, tokens=tokens)
        made.append((base.AccountingConnector, connector))
    if vendor.make_source is not None:
        made.append((PaymentSource, vendor.make_source(**more)))
    if vendor.make_target is not None:
        made.append((PaymentTarget, vendor.make_target(**more)))
    return made


@pytest.mark.parametrize("vendor", CONNECTORS.values(), ids=lambda vendor: vendor.key)
class TestEveryVendor:
    def test_explains_each_of_its_settings(self, vendor):
        assert all(field.description for field in vendor.settings.model_fields.values())

    def test_knows_its_secrets(self, vendor):
        secret = {
            name.upper()
            for name, field in vendor.settings.model_fields.items()
            if field.annotation is SecretStr
        }

        assert secret == {name for name in names(vendor) if name.endswith(("_SECRET", "_KEY"))}

    def test_makes_what_keeps_the_promise_of_its_part(self, vendor, tokens):
        made = makes(vendor, settings=filled(vendor), tokens=tokens)

        assert made
        assert all(isinstance(one, promise) for promise, one in made)

    def test_tells_the_same_capabilities_before_it_is_made(self, vendor, tokens):
        if vendor.make_connector is not None:
            made = vendor.make_connector(settings=filled(vendor), tokens=tokens)

            assert made.capabilities == vendor.capabilities

    def test_makes_a_sign_in_of_each_kind_without_calling_anyone(self, vendor):
        for kind in vendor.kinds:
            assert vendor.make_sign_in(settings=filled(vendor), kind=kind, own_key="key")

    def test_names_the_setting_that_is_missing(self, vendor, tokens):
        missing = ""
        try:
            makes(vendor, settings={}, tokens=tokens)
        except NotConfigured as refused:
            missing = refused.params["setting"]

        # Where none is missing, each account brings all that is needed.
        assert missing in names(vendor) if missing else vendor.own_key_label

    def test_keeps_its_failures_in_the_catalogue(self, vendor):
        folder = vendor.make_sign_in.__module__
        mine = [one for one in all_errors() if one.__module__.startswith(f"{folder}.")]
        assert len(mine) > 5


class TestVismaNet:
    @pytest.mark.parametrize(
        ("kind", "missing"),
        [
            ("interactive", "VISMA_CONNECT_CLIENT_SECRET"),
            ("service", "VISMA_CONNECT_SERVICE_CLIENT_ID"),
        ],
    )
    def test_needs_the_client_of_the_kind_only(self, kind, missing):
        settings = {**SETTINGS, missing: " "}
        other = "service" if kind == "interactive" else "interactive"

        with pytest.raises(NotConfigured, match=r"^NotConfigured") as caught:
            CONNECTORS["vismanet"].make_sign_in(settings=settings, kind=kind)

        assert caught.value.params["setting"] == missing
        assert CONNECTORS["vismanet"].make_sign_in(settings=settings, kind=other)
