"""The vendors that the hub can talk to. A new one is its folder and a line here."""

from collections.abc import Iterator

from connectors import businessnxt, powerofficego, visma_business_classic, vismanet
from connectors.errors import ConnectorError
from connectors.vendor import Vendor

CONNECTORS: dict[str, Vendor] = {
    vendor.key: vendor
    for vendor in (
        vismanet.VENDOR,
        businessnxt.VENDOR,
        visma_business_classic.VENDOR,
        powerofficego.VENDOR,
    )
}


def targets_of_journals() -> set[str]:
    """Return the keys of the vendors that journals can be posted to."""
    return {key for key, vendor in CONNECTORS.items() if vendor.make_connector is not None}


def all_errors() -> list[type[ConnectorError]]:
    """
    Return every failure that there is, each parent before its children.

    The hub's own refusals, which higher layers derive from these, are among them once the
    modules that hold them are imported.
    """
    return list(dict.fromkeys(_tree(ConnectorError)))


def _tree(kind: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    for child in kind.__subclasses__():
        # A failure that a test makes up is none that can be stored.
        if not child.__module__.startswith("tests"):
            yield child
            yield from _tree(child)


def error_class(code: str) -> type[ConnectorError]:
    """
    Return the failure with that stored code, so that its words can be shown.

    :raises LookupError: if no failure has it (any more)
    """
    for kind in all_errors():
        if kind.code() == code:
            return kind
    raise LookupError(code)
