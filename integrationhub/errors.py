"""What is answered where no view does: pages for people, problem details for programs."""

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from api.problems import problem
from integrationhub import logs


def _is_a_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be read."""
    if _is_a_program(request):
        return problem(400, "bad_request", "The request cannot be read.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what is not allowed."""
    if _is_a_program(request):
        return problem(403, "forbidden", "This is not allowed.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for an address that there is not."""
    if _is_a_program(request):
        return problem(404, "not_found", "There is no such address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """
    Answer for a defect of ours, with the number under which it stands in the log.

    Nothing is asked for that could fail again: no database, no session.
    """
    if _is_a_program(request):
        return problem(500, "internal_error", "Something went wrong on our side.")
    number = logs.current_request_id()
    return HttpResponse(loader.render_to_string("500.html", {"request_id": number}), status=500)
