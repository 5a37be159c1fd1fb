"""The frame of the API: who asks, and each failure as problem details (RFC 9457)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.security import HttpBearer

from api.models import ApiToken
from api.operations import token_of
from api.problems import CONTENT_TYPE, problem
from audit import trail
from background.operations import TooManyChecks
from connectors.errors import ConnectorError
from payments.queries.failures import failure_row_of
from payments.rules.refusals import NotAllowed

_LARGEST_BODY = 20_000
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class ProgramRequest(HttpRequest):
    """A request of a program that has shown a good token."""

    auth: ApiToken


class BadField(Exception):
    """A field names something that there is not."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class WrongMethod(Exception):
    """The address takes another method."""

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Use {allowed}.")
        self.allowed = allowed


class TokenAuth(HttpBearer):
    """Let in whoever shows a token that has one of these scopes."""

    def __init__(self, *scopes: ApiToken.Scope) -> None:
        super().__init__()
        self.scopes = frozenset(scopes)

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """
        Return the token, or None if it is not good.

        :raises AuthorizationError: if it may not do this
        """
        found = token_of(token.strip(), now=timezone.now())
        if found is None:
            return None
        structlog.contextvars.bind_contextvars(
            program=found.name, organisation=found.organisation_id
        )
        if not self.scopes & set(found.scopes):
            raise AuthorizationError
        return found


class _SmallObjects(Parser):
    """Read objects alone, and no more than what any request of a program takes."""

    def parse_body(self, request: HttpRequest) -> Any:
        if len(request.body) > _LARGEST_BODY:
            raise ValueError
        found = super().parse_body(request)
        if not isinstance(found, dict):
            raise ValueError  # ninja would look for the fields among its attributes
        return found


class HubAPI(NinjaAPI):
    """The API of the hub; its OpenAPI document stands beside its addresses, open to all."""

    def __init__(self) -> None:
        super().__init__(
            title="Integration Hub",
            version="1",
            description="Every failure is problem details (RFC 9457): read `code`, show `detail`.",
            urls_namespace="api",
            docs_url=None,
            docs_decorator=require_GET,
            parser=_SmallObjects(),
        )
        self.add_decorator(_by_its_token)
        for kind, answer in _ANSWERS.items():
            self.add_exception_handler(kind, answer)

    def other_methods_than(
        self, allowed: str, path: str, *, auth: TokenAuth, url_name: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Let a function refuse what the address does not take, of those who may use it."""
        others = sorted(_METHODS - {allowed})
        return self.api_operation(
            others, path, auth=auth, url_name=url_name, include_in_schema=False
        )

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Name it as the function is."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **where: Any) -> Any:
        """Return the document, with failures in their own type of content."""
        schema = super().get_openapi_schema(**where)
        for methods in schema["paths"].values():
            for method in methods.values():
                for status, response in method["responses"].items():
                    if status >= 400:
                        response["content"] = {CONTENT_TYPE: response["content"].popitem()[1]}
        return schema


def _by_its_token(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let the audit trail name the token."""

    @wraps(view)
    def named(request: ProgramRequest, *args: Any, **kwargs: Any) -> Any:
        with trail.by_token(request.auth.name):
            return view(request, *args, **kwargs)

    return named


# --- Failures -------------------------------------------------------------------------------------


def _unauthorised(_request: HttpRequest, _failure: AuthenticationError) -> HttpResponse:
    response = problem(401, "unauthorised", "Send a valid token: Authorization: Bearer …")
    response["WWW-Authenticate"] = 'Bearer realm="Integration Hub"'
    return response


def _forbidden(_request: HttpRequest, _failure: AuthorizationError) -> HttpResponse:
    return problem(403, "forbidden", "The token may not do this.")


def _not_found(_request: HttpRequest, failure: Http404) -> HttpResponse:
    return problem(404, "not_found", str(failure))


def _wrong_method(_request: HttpRequest, failure: WrongMethod) -> HttpResponse:
    response = problem(405, "method_not_allowed", str(failure))
    response["Allow"] = failure.allowed
    return response


def _no_json(_request: HttpRequest, _failure: HttpError) -> HttpResponse:
    words = f"The body must be a JSON object of at most {_LARGEST_BODY} bytes."
    return problem(400, "bad_request", words, field="")


def _invalid(_request: HttpRequest, failure: ValidationError) -> HttpResponse:
    first = failure.errors[0]
    field = ".".join(str(part) for part in first["loc"][2:])
    words = f"{field}: {first['msg']}" if field else first["msg"]
    return problem(400, "bad_request", words, field=field)


def _bad_field(_request: HttpRequest, failure: BadField) -> HttpResponse:
    return problem(400, "bad_request", str(failure), field=failure.field)


def _too_many(_request: HttpRequest, failure: TooManyChecks) -> HttpResponse:
    words = f"Too many checks were started. Try again in {failure.seconds} seconds."
    response = problem(429, "too_many_checks", words)
    response["Retry-After"] = str(failure.seconds)
    return response


def _refused(_request: HttpRequest, failure: ConnectorError) -> HttpResponse:
    row = failure_row_of(failure)
    return problem(
        403 if isinstance(failure, NotAllowed) else 409,
        failure.code(),
        row.summary,
        remedy=row.remedy,
        params=dict(failure.params),
    )


_ANSWERS: dict[type[Exception], Any] = {
    AuthenticationError: _unauthorised,
    AuthorizationError: _forbidden,
    BadField: _bad_field,
    ConnectorError: _refused,
    Http404: _not_found,
    HttpError: _no_json,
    TooManyChecks: _too_many,
    ValidationError: _invalid,
    WrongMethod: _wrong_method,
}
