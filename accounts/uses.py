"""What accounts are for: each app that works through some says it here."""

from collections.abc import Callable
from dataclasses import dataclass

from background.registry import Registry


@dataclass(frozen=True, slots=True)
class Use:
    """
    What an app does through the accounts at its vendors; its words are marked for translators.

    :param is_at: whether accounts at the vendor of that key are its
    :param page: name of the page that lists them
    :param rights: what it takes, all of it, to change them
    :param waits: what the owner is written to: what waits for a sign-in
    :param not_authorised: what the list says of an account that was never authorised
    """

    is_at: Callable[[str], bool]
    page: str
    rights: tuple[str, ...]
    waits: str
    sign_in_again: str
    disconnected: str
    in_use: str
    not_authorised: str = ""


USES = Registry[Use]()


def use_of(vendor: str) -> Use:
    """
    Return what accounts at that vendor are for.

    :raises LookupError: if no app works through them
    """
    for use in USES:
        if use.is_at(vendor):
            return use
    raise LookupError(vendor)
