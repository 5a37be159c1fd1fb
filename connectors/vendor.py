"""A line of the registry: all that the hub knows of a vendor before it talks to it."""

from collections.abc import Callable
from dataclasses import dataclass

from connectors.base import Capabilities, MakeConnector
from connectors.receivables.source import MakeSource
from connectors.receivables.target import MakeTarget
from connectors.settings import Settings
from connectors.sign_in import MakeSignIn


@dataclass(frozen=True, slots=True)
class Vendor:
    """
    One line of the registry: all that the hub knows of a vendor before it talks to it.

    :param settings: the class of its environment variables, each with its description
    :param make_connector: called with ``settings=, tokens=, observer=, limiter=``
    :param make_sign_in: called with ``settings=, kind=, own_key=``
    :param kinds: ways to authorise, of ``interactive`` and ``service``
    """

    key: str
    name: str
    account_name: str
    capabilities: Capabilities
    kinds: tuple[str, ...]
    settings: type[Settings]
    make_connector: MakeConnector | None
    """Makes a target of journals; None: this vendor is none."""
    make_sign_in: MakeSignIn
    make_source: MakeSource | None = None
    """Makes a source of payments; None: this vendor is none."""
    make_target: MakeTarget | None = None
    """Makes a target of payments; None: this vendor is none."""
    control_accounts: frozenset[str] = frozenset()
    """Accounts that its documentation names as control accounts; a company may have others."""
    marker_trouble: Callable[[str, str], str] | None = None
    """Tells as a code why a column of that name cannot hold a mark of that value."""
    own_key_label: str = ""
    """What the vendor calls the secret that each connection has of its own; empty: none."""
