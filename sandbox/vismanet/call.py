"""One call of the ERP: who asks, for which company, with what."""

import base64
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.company import Company
from sandbox.faults import Fault
from sandbox.http import json_answer
from sandbox.memory import Json
from sandbox.requestlog import LoggedRequest
from sandbox.store import Store
from sandbox.vismanet.errors import Invalid, gateway_error

CHANGED = "2026-01-02T08:00:00.000"
STAMP = base64.b64encode(b"\0\0\0\0\0\x0f\x42\x40").decode()


@dataclass
class Call:
    """What a handler needs to answer."""

    store: Store
    request: Request
    company: Company
    claims: dict[str, Any]
    base_url: str
    logged: LoggedRequest
    faults: dict[str, Fault]

    def flag(self, name: str, *, default: bool | None = None) -> bool | None:
        """Return a true/false query parameter."""
        text = self.request.args.get(name)
        if text is None:
            return default
        if text.lower() not in ("true", "false"):
            raise Invalid(f"The value '{text}' is not valid for {name}.")
        return text.lower() == "true"

    def number(self, name: str, *, default: int) -> int:
        """Return a whole, positive query parameter."""
        text = self.request.args.get(name)
        if text is None:
            return default
        if not text.isdecimal() or int(text) < 1:
            raise Invalid(f"The value '{text}' is not valid for {name}.")
        return int(text)

    def page(self) -> tuple[int, int]:
        """
        Return the page number and size asked for.

        A size above the maximum is cut down silently (docs.vismasoftware.no, pagination).
        """
        most = int(self.store.setting("max_page_size"))
        return self.number("pageNumber", default=1), min(
            self.number("pageSize", default=most), most
        )


def one_answer(value: Json | None, *, etag: bool = False) -> Response:
    """Answer one thing, or that it is not there."""
    if value is None:
        # The status for an unknown number is not documented; 404 is expected.
        return gateway_error(404, "Resource not found")
    return json_answer(value, 200, {"ETag": f'"{STAMP}"'} if etag else None)
