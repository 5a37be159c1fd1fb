"""
What makes a password too weak, besides being short: breached ones, and words of this place.

Rules of composition are left out on purpose (NIST SP 800-63B, ASVS 6.2.5): any character is good.
Breached ones are in `data/breached_passwords.txt.gz`, which Django's own validator reads.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST = 128
_SHORTEST_WORD = 3
_LETTERS_OF_ONES_OWN = 4
"""So many letters must be left when the words of this place are taken away."""

_DATA = Path(__file__).parent / "data"
_INSTEAD_OF_LETTERS = str.maketrans("013457@$!|", "oieastasil")
_NO_DECOMPOSITION = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "đ": "d", "ł": "l"})


class ShortestValidator(MinimumLengthValidator):
    """Django's rule in our words: Django's own are not in all of our languages."""

    def get_error_message(self) -> str:
        """Return what is wrong, in the reader's language."""
        words = _("This password is too short: at least %(n)d characters.")
        return words % {"n": self.min_length}


class MaximumLengthValidator:
    """Refuse what is longer than anybody types: 128 characters are enough for any sentence."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise :class:`ValidationError` for a password that is too long."""
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("A password has at most %(n)d characters.") % {"n": LONGEST}


class ContextWordValidator:
    """Refuse a password that is little more than words which anybody here would guess."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise :class:`ValidationError` where hardly a letter is left without those words."""
        words = context_words() | words_in(names_around(user))
        if is_little_more_than(words, password):
            raise ValidationError(self.get_help_text(), code="password_of_context_words")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _(
            "Choose something that nobody here would guess: not the name of the hub, the "
            "organisation, a person or a month, and not a common word, with or without digits."
        )


@cache
def context_words() -> frozenset[str]:
    """Return the words that belong to the product, its field and its time of the year."""
    lines = (_DATA / "context_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def names_around(user: Any) -> list[str]:
    """Return the person's names and address, and the names of the person's organisations."""
    if user is None:
        return []
    names = [getattr(user, "name", ""), getattr(user, "email", "")]
    names += [organisation.name for organisation in getattr(user, "joining", ())]
    if getattr(user, "pk", None):
        names += user.memberships.values_list("organisation__name", flat=True)
    return [str(name) for name in names]


def words_in(names: Iterable[str]) -> set[str]:
    """Return the words of the names, and those of each name written together, as letters alone."""
    words = set()
    for name in names:
        parts = [_letters(part) for part in re.split(r"[\W\d_]+", name)]
        parts = [part for part in parts if len(part) >= _SHORTEST_WORD]
        words |= {*parts, *map("".join, pairwise(parts)), "".join(parts)}
    return words - {""}


def is_little_more_than(words: Iterable[str], password: str) -> bool:
    """Return whether nearly all letters of the password are of these words."""
    by_length = sorted(words, key=len, reverse=True)
    plain = password.casefold()
    return any(
        _is_made_of(by_length, _letters(text))
        for text in (plain, plain.translate(_INSTEAD_OF_LETTERS))
    )


def _is_made_of(by_length: list[str], letters: str) -> bool:
    left = letters
    for word in by_length:
        left = left.replace(word, " ")
    return left != letters and len(left.replace(" ", "")) < _LETTERS_OF_ONES_OWN


def _letters(text: str) -> str:
    """Return the letters of a text: lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_NO_DECOMPOSITION))
    return "".join(each for each in plain if each.isalpha())
