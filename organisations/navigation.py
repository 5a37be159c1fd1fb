"""The main navigation: each app registers the pages of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from background.registry import Registry
from organisations.models import Membership


@dataclass(frozen=True, slots=True)
class Item:
    """
    One link of the main navigation, for those who may read what it leads to.

    :ivar right: the right that it takes to read
    :ivar address: the name of the page
    :ivar prefix: with what the addresses of the pages begin that belong to it
    :ivar is_set_up_once: nobody goes there every day; such links stand apart
    """

    right: str
    address: str
    label: str | Promise
    icon: str
    prefix: str
    order: int
    is_set_up_once: bool = False


FIRST_PAGES = Registry[Callable[[Membership], str]]()
"""Each returns the address where a member's day begins, or nothing; the first one counts."""

_items: dict[str, Item] = {}
_menu: list[Item] = []


def register(item: Item) -> None:
    """Show this link too."""
    _items[item.address] = item


def register_in_menu(item: Item) -> None:
    """
    Show this link in the menu of those who may write what it leads to and edit the organisation.
    """
    if item not in _menu:
        _menu.append(item)


def menu() -> list[Item]:
    """Return the links of the person's menu that apps have added."""
    return sorted(_menu, key=lambda item: item.order)


def first_page(membership: Membership) -> str:
    """Return where the member's day begins; nothing: the overview."""
    return next((address for of in FIRST_PAGES if (address := of(membership))), "")


def items() -> list[Item]:
    """Return the links in the order in which pages show them."""
    return sorted(_items.values(), key=lambda item: item.order)
