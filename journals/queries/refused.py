"""One notice for all journals that were refused at one press."""

from collections.abc import Sequence

from django.utils.translation import gettext, ngettext

from ui.failures import FailureRow

_NAMED = 5
"""So many references are written out for one reason; of the others, how many there are."""


def notice_of(refused: Sequence[tuple[str, FailureRow]]) -> str:
    """
    Return what is said of journals that were not sent: each reason once, with its journals.

    :param refused: the reference of each, and why
    """
    by_remedy: dict[str, list[tuple[str, str]]] = {}
    for reference, why in refused:
        by_remedy.setdefault(why.remedy, []).append((reference, why.summary))
    count = len(refused)
    head = ngettext("%(n)d journal was not sent.", "%(n)d journals were not sent.", count)
    parts = [head % {"n": count}]
    for remedy, journals in by_remedy.items():
        by_summary: dict[str, list[str]] = {}
        for reference, summary in journals:
            by_summary.setdefault(summary, []).append(reference)
        named = list(by_summary.items())[:_NAMED]
        parts += [f"{summary} ({_listed(references)})" for summary, references in named]
        left = sum(len(references) for references in list(by_summary.values())[_NAMED:])
        if left:
            parts.append(gettext("The same applies to %(n)d more.") % {"n": left})
        parts.append(remedy)
    return " ".join(part for part in parts if part)


def _listed(references: Sequence[str]) -> str:
    more = len(references) - _NAMED
    named = ", ".join(references[:_NAMED])
    return gettext("%(named)s and %(n)d more") % {"named": named, "n": more} if more > 0 else named
