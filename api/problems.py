"""Failures of the API as problem details (RFC 9457): the one shape that programs must read."""

from http import HTTPStatus
from typing import Any

import structlog
from django.http import JsonResponse

CONTENT_TYPE = "application/problem+json"


def problem(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """
    Return a failure for a program.

    :param code: what it is, for the program; it does not change with the language
    :param more: further members, such as the field that is wrong
    """
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": str(structlog.contextvars.get_contextvars().get("request_id", "")),
    }
    return JsonResponse(content | more, status=status, content_type=CONTENT_TYPE)
