"""One call of the API: who asks, for which client, with what, and how lists are answered."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from sandbox.faults import Fault
from sandbox.http import json_answer
from sandbox.powerofficego.books import ClientLedger, Refused, moment
from sandbox.requestlog import LoggedRequest

if TYPE_CHECKING:
    from sandbox.store import Store

Json = dict[str, Any]

DEFAULT_PAGE_SIZE = 5000
MAX_PAGE_SIZE = 20_000


@dataclass
class Call:
    """What a handler needs to answer."""

    store: "Store"
    request: Request
    books: ClientLedger
    base_url: str
    logged: LoggedRequest
    faults: dict[str, Fault]
    args: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Names of query parameters are not case-sensitive (ASP.NET).
        self.args = {name.lower(): value for name, value in self.request.args.items()}

    def text(self, name: str) -> str:
        """Return a query parameter; empty when it is not there."""
        return self.args.get(name.lower(), "").strip()

    def flag(self, name: str) -> bool:
        """Return a true/false query parameter; false when it is not there."""
        text = self.text(name).lower()
        if text not in ("", "true", "false"):
            raise Refused(f"The value '{text}' is not valid for {name}.")
        return text == "true"

    def day(self, name: str, *, needed: bool = True) -> str:
        """Return a date parameter as ISO text."""
        text = self.text(name)
        if not text and not needed:
            return ""
        try:
            return date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            raise Refused(f"The value '{text}' is not valid for {name}.") from None

    def since(self, name: str) -> datetime | None:
        """Return a time parameter."""
        text = self.text(name)
        if not text:
            return None
        try:
            return moment(text)
        except ValueError:
            raise Refused(f"The value '{text}' is not valid for {name}.") from None

    def words(self, name: str) -> set[str]:
        """Return the texts that commas separate."""
        return {word.strip() for word in self.text(name).split(",") if word.strip()}

    def numbers(self, name: str) -> Callable[[int | None], bool] | None:
        """
        Return whether a number is wanted, from a list of numbers and ranges.

        ``10000-11000, 12000, 13000-`` (developer.poweroffice.net/documentation/requests).
        """
        parts = self.words(name)
        if not parts:
            return None
        ranges = []
        for part in parts:
            first, dash, last = part.partition("-")
            if not first.strip().isdecimal() or (last.strip() and not last.strip().isdecimal()):
                raise Refused(f"The value '{part}' is not valid for {name}.")
            highest = int(last) if last.strip() else None
            ranges.append((int(first), highest if dash else int(first)))
        return lambda number: (
            number is not None
            and any(low <= number and (high is None or number <= high) for low, high in ranges)
        )

    # --- Answers ------------------------------------------------------------------------

    def list_answer(self, rows: Iterable[Any], shape: Callable[[Any], Json]) -> Response:
        """Answer one page of rows; nothing at all is 204, and the header leads to the next."""
        found = list(rows)
        if "empty_list" in self.faults:
            found = []
        number = self._whole("PageNumber", 1)
        size = self._whole("PageSize", DEFAULT_PAGE_SIZE)
        if size > MAX_PAGE_SIZE:
            raise Refused(f"PageSize can not be larger than {MAX_PAGE_SIZE}.")
        shown = found[(number - 1) * size : number * size]
        if not shown:
            return Response(status=204)
        wanted = {word.lower() for word in self.words("Fields")}
        items = [shape(row) for row in shown]
        if wanted:
            items = [{k: v for k, v in one.items() if k.lower() in wanted} for one in items]
        pages = -(-len(found) // size)
        about = {
            "totalCount": len(found),
            "pageSize": size,
            "currentPage": number,
            "totalPages": pages,
            "previousPageLink": self._link(number - 1) if number > 1 else "",
            "nextPageLink": self._link(number + 1) if number < pages else "",
        }
        return self.answer(items, headers={"X-Pagination": json.dumps(about)})

    def _link(self, number: int) -> str:
        query = {
            name: value for name, value in self.request.args.items() if name.lower() != "pagenumber"
        } | {"PageNumber": str(number)}
        return f"{self.base_url}{self.logged.path}?{urlencode(query)}"

    def _whole(self, name: str, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not text.isdecimal() or int(text) < 1:
            raise Refused(f"The value '{text}' is not valid for {name}.")
        return int(text)

    def answer(self, value: Any, status: int = 200, headers: Json | None = None) -> Response:
        """Answer with JSON, in the case of letters that the setting `go_case` says."""
        if self.store.setting("go_case") == "camel":
            value = camel(value)
        return json_answer(value, status, headers)

    def body(self, *kinds: str) -> Any:
        """Return the body's JSON, which must come with one of the content types."""
        if self.request.mimetype not in kinds:
            raise Refused(
                f"The media type {self.request.mimetype!r} is not supported.",
                status=415,
                title="Unsupported Media Type",
            )
        try:
            return json.loads(self.request.get_data())
        except ValueError:
            raise Refused("The body is not valid JSON.") from None


def camel(value: Any) -> Any:
    """Return the value with its keys beginning in lower case."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(member) for key, member in value.items()}
    if isinstance(value, list):
        return [camel(member) for member in value]
    return value


def problem(refused: Refused, *, lower: bool) -> Response:
    """
    Answer with problem details; the schema has PascalCase, the published examples lower case.
    """
    content = {
        "Type": f"https://httpstatuses.io/{refused.status}",
        "Title": refused.title,
        "Status": refused.status,
        "Detail": refused.detail,
        "Instance": "",
    }
    if lower:
        content = {key.lower(): value for key, value in content.items()}
    response = json_answer(content, refused.status)
    response.headers["Content-Type"] = "application/problem+json; charset=utf-8"
    return response


def money(cents: int) -> float:
    """Return an amount as the API writes it: a number with two decimals at most."""
    return cents / 100
