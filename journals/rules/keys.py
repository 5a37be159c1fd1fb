"""By what a batch is found again in a ledger: its key, and the description that ends with it."""

import hashlib

DESCRIPTION_LENGTH = 60
KEY_LENGTH = 7
MARK_LENGTH = 3
"""Characters behind the key that tell an installation's batches from those of another hub."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def batch_key(random: bytes) -> str:
    """
    Return a short key to find the batch by, of seven characters that are not mixed up by eye.

    :param random: at least five random bytes; the caller makes them, once per batch
    """
    if len(random) < 5:
        raise ValueError("a key needs five random bytes")
    return _letters(random, KEY_LENGTH)


def marked_key(key: str, *, installation: str) -> str:
    """
    Return the key with the mark of the installation that posts the batch.

    The mark follows from key and installation, so that a batch in a ledger can be recognised as
    this installation's own where its database has no row of it. A stranger's key passes once in
    32,768 times.

    :param key: of `batch_key`
    """
    mark = hashlib.sha256(f"installation {installation} {key}".encode()).digest()
    return key + _letters(mark, MARK_LENGTH)


def own_key_in(description: str, *, installation: str) -> str:
    """Return the key that a ledger's description ends with if it is ours, else nothing."""
    words = description.split()
    last = words[-1] if words else ""
    own = marked_key(last[:KEY_LENGTH], installation=installation)
    return last if len(last) == KEY_LENGTH + MARK_LENGTH and last == own else ""


def _letters(some: bytes, length: int) -> str:
    number = int.from_bytes(some[:5], "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(0, 5 * length, 5))


def batch_description(reference: str, period: str, key: str) -> str:
    """
    Return the description of a batch: reference, period and key, in 60 characters.

    A reference that is too long is cut; period and key never are, for the batch is looked up
    by this text.
    """
    ending = f"{period} {key}"
    room = DESCRIPTION_LENGTH - len(ending) - 1
    start = " ".join(reference.split())[: max(room, 0)].rstrip()
    return f"{start} {ending}" if start else ending
