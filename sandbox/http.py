"""Answers, the cut connection, and the pages' template environment."""

import json
import socket
import struct
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Request, Response

FOLDER = Path(__file__).parent


class CutConnection(Exception):
    """The connection is to be reset instead of answered."""


def cut(environ: dict[str, Any]) -> None:
    """Reset the connection of the request: the client sees no answer at all."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is None:
        return
    # Linger of zero seconds makes close() send a reset instead of an orderly end.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def happen_before(faults: Mapping[str, Any]) -> None:
    """Let the faults happen that every vendor may have before anything is done."""
    if "slow" in faults:
        time.sleep(faults["slow"].milliseconds / 1000)
    if "cut_before" in faults:
        raise CutConnection


def happen_after(
    response: Response, faults: Mapping[str, Any], *, bad_gateway: Response
) -> Response:
    """Let the faults happen that come after the call was carried out."""
    if "slow_after" in faults:
        time.sleep(faults["slow_after"].milliseconds / 1000)
    if "lose_answer" in faults:
        raise CutConnection
    if "bad_gateway_after" in faults:
        return bad_gateway
    if "server_error_after" in faults:
        return Response(status=500)
    return response


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer with a JSON body."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json_text(body, status, headers)


def json_text(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer whose body is finished JSON."""
    return Response(body, status, headers, content_type="application/json; charset=utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, *, status: int = 200, **values: Any) -> Response:
    """Return an HTML page for people."""
    html = _templates().get_template(template).render(**values)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    # With no-referrer a browser would send "Origin: null" with our own forms.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def is_same_origin(request: Request) -> bool:
    """Return whether a form came from our own page: other sites cannot press our switches."""
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")
