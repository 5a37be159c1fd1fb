"""
Every answer and every silence of Visma.net, at the one door: what it is, and what happens next.

One table for `reference/visma-net.md` section 11. Each line is tried with a post of a batch and
with a read, over a connection that answers or fails as the line says.
"""

import json
import ssl
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import responses
import urllib3

from connectors import errors as ours
from connectors.errors import ConnectorError
from connectors.http.answers import OUTCOMES, Answer
from connectors.vismanet import errors, refusals
from connectors.vismanet.client import Client
from tests.connectors.conftest import FixedTokens
from tests.connectors.vismanet.shapes import batch
from tests.connectors.vismanet.test_errors import WORDS

BASE = "https://api.example"
GUID = "9b2e4c1a-1111-4222-8333-444455556666"

# What happens next is decided by the class alone, in `journals.operations.delivery`.
NEXT = {
    ours.OutcomeUnknown: "unknown",
    ours.Unavailable: "postponed",
    ours.NotAuthorized: "sign in again",
    ours.BadAnswer: "the operator looks",
    ours.Rejected: "rejected",
}


def what_next(kind: type[ConnectorError]) -> str:
    return next(word for parent, word in NEXT.items() if issubclass(kind, parent))


@dataclass(frozen=True)
class Line:
    """A situation, what it is on a post and on a read, and how it looks on the wire."""

    situation: str
    post: type[ConnectorError]
    read: type[ConnectorError]
    status: int = 0
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: Exception | None = None

    def __str__(self) -> str:
        return self.situation


def erp(text: str) -> dict[str, str]:
    """A message of the ERP itself: shape 1."""
    return {"message": f"VismaId: {GUID}. {text}"}


def gateway(status: int, text: str) -> dict[str, Any]:
    """A message of what stands before the ERP: shape 3."""
    return {"statusCode": status, "message": text}


LICENCE = {
    "ExceptionType": "IPPException",
    "ExceptionMessage": "No license for this company.",
    "ExceptionFaultCode": "12027",
    "ExceptionMessageID": f"12027_{GUID}",
    "ExceptionDetails": "",
}
PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
REFUSED = requests.ConnectionError(urllib3.exceptions.NewConnectionError(None, "refused"))
U, P, R = ours.OutcomeUnknown, ours.Unavailable, ours.Rejected

SITUATIONS = [
    # --- by status ---
    Line("400 in a language we cannot read", R, R, 400, erp("Ett fel har uppstått.")),
    Line("400 without a body", R, R, 400),
    Line("401", ours.NotAuthorized, ours.NotAuthorized, 401, gateway(401, "Unauthorized.")),
    Line("403", ours.Forbidden, ours.Forbidden, 403, gateway(403, "Forbidden.")),
    Line("404", ours.NotFound, ours.NotFound, 404, gateway(404, "Resource not found")),
    Line("408", U, P, 408),
    Line("409", errors.DuplicateNumber, P, 409),
    Line("410", ours.NotFound, ours.NotFound, 410),
    Line("412, which has no body", ours.ChangedMeanwhile, ours.ChangedMeanwhile, 412),
    Line("413", R, R, 413, PAGE),
    Line("422", R, R, 422, erp("Ett fel.")),
    Line(
        "429",
        ours.RateLimited,
        ours.RateLimited,
        429,
        gateway(429, "Rate limit is exceeded."),
        {"Retry-After": "17"},
    ),
    Line("500 without a body", U, P, 500),
    Line("500 of the ERP that names nothing", U, P, 500, erp("Ett fel har uppstått.")),
    Line("500 of somebody else", U, P, 500, gateway(500, "Account is inactive.")),
    Line("501", U, P, 501),
    Line("502 with a page", U, P, 502, PAGE),
    Line("502 with the ERP's words", U, P, 502, erp("Account is inactive.")),
    Line("503 with a wait", U, P, 503, headers={"Retry-After": "60"}),
    Line("504 with the ERP's words", U, P, 504, erp("FinPeriodID '202699' is wrong.")),
    Line("302 to somewhere", U, ours.BadAnswer, 302, headers={"Location": "https://else.example"}),
    Line("201 without a number", ours.NoAnswerToFollow, ours.BadAnswer, 201),
    Line("202, although nobody asked for it", U, ours.BadAnswer, 202, {"id": "1"}),
    Line("200 with a page", U, ours.BadAnswer, 200, PAGE),
    Line("200 with errorInfo", U, ours.BadAnswer, 200, {"errorInfo": "Failed."}),
    # --- by the gateway's code, whatever the language ---
    *(
        Line(f"licence, {status}", errors.NoLicence, errors.NoLicence, status, LICENCE)
        for status in (400, 401, 403, 500)
    ),
    Line("licence words with a 502", U, P, 502, LICENCE),
    # --- the ERP's own words: a 400 or a 500 that names what it refused ---
    *(
        Line(f"{status} {text[:60]}", kind, P if status == 500 else R, status, erp(text))
        for text, kind, _params in WORDS
        for status in (400, 500)
    ),
    Line("500 that names a field in any language", R, P, 500, erp("TaxID '01' finns inte.")),
    # --- no answer ---
    Line("no connection was made", P, P, cut=REFUSED),
    Line("connecting took too long", P, P, cut=requests.ConnectTimeout("t")),
    Line(
        "a certificate that is not good",
        P,
        P,
        cut=requests.exceptions.SSLError(ssl.SSLCertVerificationError("expired")),
    ),
    Line("no answer in time", U, P, cut=requests.ReadTimeout("t")),
    Line("cut without an answer", U, P, cut=requests.ConnectionError("reset by peer")),
    Line("cut half way", U, P, cut=requests.exceptions.ChunkedEncodingError("half")),
    Line(
        "not what it says it is", U, ours.BadAnswer, cut=requests.exceptions.ContentDecodingError()
    ),
]


def answer_with(line: Line) -> None:
    for method in (responses.POST, responses.GET):
        responses.add(
            method,
            url=f"{BASE}/v2/journaltransaction"
            if method == responses.POST
            else f"{BASE}/v1/organization",
            status=line.status or 200,
            body=line.cut or (line.body if isinstance(line.body, str) else json.dumps(line.body)),
            headers=line.headers,
        )


def client() -> Client:
    return Client(base_url=BASE, tokens=FixedTokens())


@pytest.mark.parametrize("line", SITUATIONS, ids=str)
@responses.activate
def test_each_situation_is_what_the_table_says(line: Line) -> None:
    answer_with(line)

    with pytest.raises(ConnectorError) as posted:
        client().post_journal(batch())
    with pytest.raises(ConnectorError) as asked:
        client().read_administration()

    assert issubclass(type(posted.value), line.post)
    assert what_next(type(posted.value)) == what_next(line.post)
    assert issubclass(type(asked.value), line.read)
    assert what_next(type(asked.value)) == what_next(line.read)
    assert posted.value.params["vendor"]


@responses.activate
def test_the_wait_that_is_asked_for_goes_along() -> None:
    answer_with(next(line for line in SITUATIONS if line.situation == "429"))

    with pytest.raises(ours.RateLimited) as caught:
        client().post_journal(batch())

    assert caught.value.retry_after == 17


def test_no_line_of_the_tables_is_untried() -> None:
    tried: set[object] = set()
    for line in SITUATIONS:
        if not line.status:
            continue
        body = line.body if isinstance(line.body, str) else json.dumps(line.body)
        said = refusals.read_failure(Answer(line.status, line.headers, body.encode()))
        exact = (row for row in refusals.ANSWERS if row.fits(line.status, said, True, batch()))
        tried.add(next(exact, None))
        tried.add(next(row for row in OUTCOMES if row.first <= line.status <= row.last))

    assert tried >= set(refusals.ANSWERS) | set(OUTCOMES)


def test_a_post_is_never_called_failed_for_a_reason_that_leaves_it_open() -> None:
    for line in SITUATIONS:
        named = line.status == 500 and issubclass(line.post, ours.Rejected | ours.NotAuthorized)
        if (line.status >= 500 and not named) or 200 <= line.status < 400:
            assert what_next(line.post) == "unknown", line
