"""The rows that a searching field lists below it."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from connectors.bounds import row_number
from organisations.guards import members_only
from organisations.middleware import HubRequest
from organisations.rules import Level
from ui import choosing


@require_GET
@members_only
def choices(request: HubRequest) -> HttpResponse:
    """List the organisation's rows of a kind that match; whoever may not choose finds no page."""
    kind = choosing.KINDS.get(request.GET.get("kind", ""))
    allows = request.membership.role.allows
    if kind is None or not all(allows(key, Level(level)) for key, level in kind.rights):
        raise Http404
    of = row_number(request.GET.get("of"))
    rows = kind.rows(request.organisation, of)
    if rows is None:
        raise Http404
    text = request.GET.get("q", "")
    found = [] if kind.first and of is None else choosing.matches(rows, kind, text)
    context = {
        "rows": [(row.pk, kind.label(row)) for row in found[: choosing.SHOWN]],
        "note": _note(kind, of, found),
    }
    return render(request, "parts/finder_matches.html", context)


def _note(kind: choosing.Kind, of: int | None, found: list[object]) -> str:
    if kind.first and of is None:
        return str(kind.first)
    if not found:
        return _("Nothing matches.")
    if len(found) > choosing.SHOWN:
        return _("The first %(n)s. Type more to narrow the list.") % {"n": choosing.SHOWN}
    return ""
