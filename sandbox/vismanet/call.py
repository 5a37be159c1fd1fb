"""One call of the ERP: who asks, for which company, with what."""

from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request

from sandbox.company import Company
from sandbox.faults import Fault
from sandbox.requestlog import LoggedRequest
from sandbox.store import Store
from sandbox.vismanet.errors import Invalid


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
