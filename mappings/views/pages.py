"""The list, the page of one mapping, its values, and its removal."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.rights import CONNECTIONS
from background.queries import asked
from mappings.forms.values import ValuesForm
from mappings.models import Mapping
from mappings.operations.checking import CHECK, request_check
from mappings.operations.saving import delete_mapping, hold_mapping, save_values
from mappings.queries import (
    ValueRow,
    ValuesTable,
    mapping_rows,
    problem_rows,
    setting_pairs,
    value_choice,
    values_tables,
)
from mappings.views.meanwhile import shown_of, values_meanwhile
from organisations.guards import needs
from organisations.meanwhile import Meanwhile, shown_text
from organisations.middleware import HubRequest
from organisations.rules import Level

_EMPTY_ROWS = 3


def _mapping(request: HubRequest, pk: int) -> Mapping:
    mappings = Mapping.objects.of(request.organisation).select_related(
        "company", "connection", "organisation"
    )
    found: Mapping = get_object_or_404(mappings, pk=pk)
    return found


def _may_change(request: HubRequest) -> bool:
    return request.membership.role.allows(CONNECTIONS, Level.WRITE)


@require_GET
@needs(CONNECTIONS, Level.READ)
def mapping_list(request: HubRequest) -> HttpResponse:
    """Show which company goes to which administration."""
    search = request.GET.get("q", "").strip()
    context = {
        "rows": mapping_rows(request.organisation, search=search, page=request.GET.get("page")),
        "search": search,
        "may_change": _may_change(request),
    }
    return render(request, "mappings/list.html", context)


@require_GET
@needs(CONNECTIONS, Level.READ)
def detail(request: HubRequest, pk: int) -> HttpResponse:
    """Show the settings of a mapping and what the last check found; wait for a running one."""
    mapping = _mapping(request, pk)
    seen = asked(
        request.organisation, request.GET.get("background_request"), kind=CHECK, mapping_id=pk
    )
    may_change = _may_change(request)
    context = {
        "mapping": mapping,
        "pairs": setting_pairs(mapping),
        "problem_rows": problem_rows(mapping, may_change=may_change),
        "asked": seen,
        "progress_url": request.get_full_path(),
        "may_change": may_change,
    }
    part = "HX-Request" in request.headers
    return render(request, "mappings/_check.html" if part else "mappings/detail.html", context)


@require_POST
@needs(CONNECTIONS, Level.WRITE)
def check(request: HubRequest, pk: int) -> HttpResponse:
    """Ask for a live check, and wait for it on the mapping's page."""
    mapping = _mapping(request, pk)
    background_request = request_check(mapping=mapping, by=request.membership.user)
    page = reverse("mappings:detail", args=[mapping.pk])
    return redirect(f"{page}?background_request={background_request.pk}")


@require_http_methods(["GET", "POST"])
@needs(CONNECTIONS, Level.WRITE)
def delete(request: HubRequest, pk: int) -> HttpResponse:
    """Ask once more, then remove the mapping."""
    mapping = _mapping(request, pk)
    if request.method == "POST":
        delete_mapping(mapping=mapping, by=request.membership.user)
        messages.success(request, _("The mapping was deleted."))
        return redirect("mappings:list")
    return render(request, "mappings/delete.html", {"mapping": mapping})


@require_http_methods(["GET", "POST"])
@needs(CONNECTIONS, Level.READ)
def values(request: HubRequest, pk: int) -> HttpResponse:
    """Show how payroll's codes become values, per dimension; change one dimension at a time."""
    mapping = _mapping(request, pk)
    if request.method == "POST":
        if not _may_change(request):
            raise PermissionDenied
        return _change_values(request, mapping)
    return _values_page(request, mapping, values_tables(mapping))


@transaction.atomic
def _change_values(request: HubRequest, mapping: Mapping) -> HttpResponse:
    try:
        tables = values_tables(hold_mapping(mapping))
    except Mapping.DoesNotExist:
        raise Http404 from None
    chosen = request.POST.get("dimension", "")
    table = next((item for item in tables if item.key == chosen), None)
    if table is None:
        raise Http404
    bound = ValuesForm(request.POST, choice=value_choice(mapping, table), dimension=table.dimension)
    if meanwhile := values_meanwhile(mapping, table, bound):
        return _values_page(request, mapping, tables, bound=bound, meanwhile=meanwhile)
    if not bound.is_valid():
        return _values_page(request, mapping, tables, bound=bound)
    save_values(
        mapping=mapping,
        dimension=chosen,
        rule=bound.cleaned_data["rule"],
        table=bound.table,
        now=timezone.now(),
        by=request.membership.user,
    )
    messages.success(request, _("The values are saved."))
    return redirect("mappings:values", pk=mapping.pk)


def _values_page(
    request: HubRequest,
    mapping: Mapping,
    tables: list[ValuesTable],
    *,
    bound: ValuesForm | None = None,
    meanwhile: Meanwhile | None = None,
) -> HttpResponse:
    chosen = request.POST.get("dimension", "")
    may_change = _may_change(request)
    shown = [
        _shown(mapping, table, bound if table.key == chosen else None, may_change=may_change)
        | {"meanwhile": meanwhile if table.key == chosen else None}
        for table in tables
    ]
    context = {"mapping": mapping, "shown": shown, "may_change": may_change}
    status = 409 if meanwhile else 200
    return render(request, "mappings/values.html", context, status=status)


def _shown(
    mapping: Mapping, table: ValuesTable, bound: ValuesForm | None, *, may_change: bool
) -> dict[str, Any]:
    """Return one table as it is printed, with a choice of the ledger's values in each row."""
    choice = value_choice(mapping, table)
    form = bound or ValuesForm(
        choice=choice, initial={"rule": table.rule}, auto_id=f"id_{table.key}_%s"
    )
    rows = list(table.rows)
    if bound is not None:
        rows = [ValueRow.typed(code, value) for code, value in bound.rows()]
    elif may_change:
        rows += [ValueRow.typed("", "")] * _EMPTY_ROWS
    return {
        "table": table,
        "form": form,
        "shown": shown_text(shown_of(table)),
        "rows": [
            (row, choice.render("value", row.value, _attrs(table, number, row)))
            for number, row in enumerate(rows, start=1)
        ],
    }


def _attrs(table: ValuesTable, number: int, row: ValueRow) -> dict[str, str]:
    label = _("Value for %(code)s") % {"code": row.code} if row.code else _("Value")
    return {"id": f"{table.key}_value_{number}", "aria-label": label}
