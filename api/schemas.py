"""What programs send and are answered; OpenAPI and the reference are made from this."""

import datetime as dt
from typing import Annotated, Any

from ninja import Field, Schema
from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from connectors.bounds import FIRST_YEAR, LAST_YEAR, is_day, no_text_in


def _text(value: Any) -> Any:
    """Take numbers for what they are called; refuse characters that no text holds."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and (character := no_text_in(value)):
        raise PydanticCustomError("no_text", f"It holds the character {character}, which is none.")
    return value


def _day(value: Any) -> Any:
    try:
        day = dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise PydanticCustomError("no_day", "It must be written as 2026-01-31.") from None
    if not is_day(day):
        words = f"It must lie within {FIRST_YEAR} and {LAST_YEAR}."
        raise PydanticCustomError("no_day", words)
    return day


_AsText = BeforeValidator(_text)
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), _AsText]
Needed = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _AsText
]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60), _AsText]
Day = Annotated[dt.date, BeforeValidator(_day)]
Minutes = Annotated[int, Field(strict=True, ge=1, le=1440)]


class Time(Schema):
    """Time that somebody worked for a customer."""

    client: Needed = Field(description="number of the invoice client")
    customer: Needed = Field(description="number of the customer")
    date: Day
    minutes: Minutes
    text: Text = ""
    employee: Text = Field("", description="who worked; the token's name if empty")
    reference: Reference = Field(
        "", description="the program's own name of the entry: the same one twice is one entry"
    )


class TimeRegistered(Schema):
    """The entry as it is stored."""

    id: int
    client: str
    customer: str
    date: dt.date
    minutes: int


class Fetch(Schema):
    """Whose payments to fetch: one client's, or everybody's."""

    client: Text = Field("", description="number of the invoice client; needed unless `all`")
    all: Annotated[bool, Field(strict=True)] = False


class Run(Schema):
    """Where fetching for one invoice client stands."""

    id: int
    client: str
    state: str = Field(description="waiting, running, done, failed or cancelled")
    fetched: int = Field(description="payments that are new to the hub")
    known: int = Field(description="payments that the hub had already")
    agrees: bool | None = Field(description="whether the sums agree with the ledger's, once known")
    failure: str = Field(description="code of the failure, empty without one")


class Skipped(Schema):
    """An invoice client that nothing is fetched for."""

    client: str
    code: str = Field(description="code of the reason")


class Fetches(Schema):
    """What was begun."""

    runs: list[Run]
    skipped: list[Skipped]


class Problem(Schema):
    """A failure (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="what is wrong, in words")
    code: str = Field(description="what is wrong, for the program: the same in every language")
    request_id: str = Field(description="the number under which it stands in the log")
    field: str = Field("", description="400: the field that is wrong")
    remedy: str = Field("", description="what to do about it, in words")
    params: dict[str, Any] = Field({}, description="the values within the words")
