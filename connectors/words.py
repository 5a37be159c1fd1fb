"""Marks texts for translation without Django: the page that shows them translates them."""


def gettext_noop(text: str) -> str:
    """Return the text unchanged; the name tells the translation tools to collect it."""
    return text
