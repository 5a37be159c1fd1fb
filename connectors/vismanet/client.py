"""
Visma.net ERP, as a target of journals. https://api.finance.visma.net/API-index/index.html
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

from connectors.base import (
    Administration,
    BatchStatus,
    BatchToPost,
    Capabilities,
    Dimension,
    LedgerBatch,
    LedgerFacts,
    Observer,
)
from connectors.errors import (
    Forbidden,
    NoAnswerToFollow,
    NotFound,
    Unavailable,
)
from connectors.http.answers import Answer
from connectors.http.client import Http, Timeouts
from connectors.http.sessions import BearerToken
from connectors.limits import Limiter
from connectors.sign_in import Tokens
from connectors.vismanet import payloads, refusals
from connectors.vismanet.errors import VENDOR, WrongState

CAPABILITIES = Capabilities(own_numbers=True, search=True, release=True, hold=True, dimensions=True)
PAGE_SIZE = 1000
MOST_PAGES = 1000
SINCE_MARGIN = timedelta(days=1)
"""The time zone of `lastModifiedDateTime` is not stated; a day covers them all."""

T = TypeVar("T")


class Client:
    """
    One company of Visma.net ERP: the one that the tokens are for.

    :param base_url: e.g. ``https://api.finance.visma.net``
    :param tokens: gives the access token, and a newer one when it was refused
    :param observer: receives every exchange
    :param limiter: knows how many calls the company and this client have left
    """

    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        base_url: str,
        tokens: Tokens,
        observer: Observer | None = None,
        timeouts: Timeouts | None = None,
        page_size: int = PAGE_SIZE,
        limiter: Limiter | None = None,
    ) -> None:
        self._http = Http(
            vendor=VENDOR,
            base_url=base_url,
            auth=BearerToken(tokens, vendor=VENDOR),
            timeouts=timeouts,
            observer=observer,
            limiter=limiter,
        )
        self._page_size = page_size

    # --- What the administration knows ------------------------------------------------------

    # https://api.finance.visma.net/API-index/ : Organization_GetAll
    def read_administration(self) -> Administration:
        """Return the company that the tokens reach."""
        return payloads.administration(self._get("/v1/organization"))

    # https://api.finance.visma.net/API-index/ : Account, FinancialPeriod, Dimension, Branch,
    # Ledger, Currency, NumberSequence. None of these lists has pages.
    def read_facts(self) -> LedgerFacts:
        """Return all that a preflight needs to know."""
        return LedgerFacts(
            administration=self.read_administration(),
            accounts=payloads.accounts(self._get("/v1/account")),
            periods=payloads.periods(self._get("/v1/financialPeriod")),
            dimensions=self._dimensions(),
            branches=payloads.branches(self._get("/v1/branch", {"expandLedger": "true"})),
            ledgers=payloads.ledgers(self._get("/v1/ledger")),
            currencies=payloads.currencies(self._get("/v1/currency")),
            # Only a hint on own numbers; a user who may not see it can post all the same.
            number_series=self._if_shown(
                lambda: payloads.number_series(self._get("/v1/numberSequence")), otherwise=()
            ),
        )

    def _dimensions(self) -> tuple[Dimension, ...]:
        """Return the segments of the subaccount; none where the company has no subaccounts."""
        off = self._if_shown(
            lambda: payloads.subaccounts_are_off(self._get("/v1/featuresset")), otherwise=False
        )
        if off:
            return ()
        try:
            return payloads.dimensions(self._get("/v1/dimension/SUBACCOUNT"))
        except NotFound:
            return ()

    def _if_shown(self, read: Callable[[], T], *, otherwise: T) -> T:
        try:
            return read()
        except (NotFound, Forbidden):
            return otherwise

    # --- Posting ----------------------------------------------------------------------------

    # https://api.finance.visma.net/API-index/ : JournalTransactionV2_Post
    def post_journal(self, batch: BatchToPost, *, facts: LedgerFacts | None = None) -> str:
        """
        Post the batch and return its number. There is no idempotency key: never repeat it.

        :param facts: what was read before, to name the cause of a refusal
        :raises NotSendable: before anything is sent, if the batch breaks a rule
        :raises OutcomeUnknown: if it may have been stored, also when it surely was and its
            number did not come back
        """
        answer = self._http.send(
            "POST", "/v2/journaltransaction", writes=True, json=payloads.journal(batch)
        )
        if not 200 <= answer.status < 300:
            raise refusals.failure(answer, writes=True, batch=batch, facts=facts)
        number = number_in_location(answer)
        if answer.status != 201 or not number:
            raise NoAnswerToFollow(
                vendor=VENDOR,
                status=answer.status,
                trace_id=answer.trace_id,
                detail=f"Location: {answer.headers.get('Location', 'missing')}",
            )
        return number

    # https://api.finance.visma.net/API-index/ :
    # JournalTransactionV2_ReleaseJournalTransactionByjournalTransactionNumber
    def release_journal(self, number: str) -> None:
        """
        Ask for the release of the batch; it happens later, so read the batch to see it.

        :raises WrongState: if it cannot be released and is not released already
        """
        answer = self._http.send(
            "POST", f"/v2/journaltransaction/{segment(number)}/action/release", writes=True
        )
        if 200 <= answer.status < 300:
            self._check_action(answer)
            return
        said = refusals.read_failure(answer)
        if answer.status in (400, 500) and "Status invalid for processing" in said.text:
            existing = self.read_journal(number)
            if existing is not None and existing.status is BatchStatus.RELEASED:
                return
            raise WrongState(
                vendor=VENDOR, status=answer.status, trace_id=said.visma_id, detail=said.text
            )
        raise refusals.failure(answer, writes=True)

    def _check_action(self, answer: Answer) -> None:
        """Refuse an accepted release whose result, which only some answers have, says failed."""
        if not answer.body.strip():
            return
        result = self._http.read_json(answer, writes=True)
        if isinstance(result, Mapping) and (
            result.get("errorInfo") or result.get("actionResult") == "Failed"
        ):
            detail = str(result.get("errorInfo") or "actionResult: Failed")
            raise WrongState(
                vendor=VENDOR, status=answer.status, trace_id=answer.trace_id, detail=detail
            )

    # --- Reading back -----------------------------------------------------------------------

    # https://api.finance.visma.net/API-index/ :
    # JournalTransactionV2_GetSpecificJournalTransactionsByjournalTransactionNumber
    def read_journal(self, number: str) -> LedgerBatch | None:
        """
        Return the batch with that number, or None if there is none.

        :raises BadAnswer: also if the number belongs to another module than the general
            ledger: ours may lie behind it, so "none" would be a guess
        """
        answer = self._http.send("GET", f"/v2/journaltransaction/{segment(number)}", writes=False)
        if _means_unknown_number(answer):
            return None
        return payloads.ledger_batch([_welcome(answer).body])

    # https://api.finance.visma.net/API-index/ : JournalTransactionV2_GetAllJournalTransactions
    def find_journals(self, *, description: str, since: datetime) -> list[LedgerBatch]:
        """
        Return the batches changed since then, less a day, whose description is equal.

        Neither status nor branch narrows the search: a person may have released or moved it.
        """
        return [
            payloads.ledger_batch([piece.body for piece in pieces])
            for pieces in self._pieces(_changed(since))
            if pieces[0].description == description.strip()
        ]

    # https://api.finance.visma.net/API-index/ : JournalTransactionV2_GetAllJournalTransactions
    def list_changed(self, *, since: datetime) -> Iterator[LedgerBatch]:
        """Yield the batches of the general ledger changed since then, less a day."""
        for pieces in self._pieces(_changed(since)):
            yield payloads.ledger_batch([piece.body for piece in pieces])

    # https://api.finance.visma.net/API-index/ : JournalTransactionV2_GetAllJournalTransactions
    def list_journals(self, *, period: str) -> Iterator[LedgerBatch]:
        """Yield the batches of the general ledger in that period."""
        for pieces in self._pieces({"periodId": period}):
            yield payloads.ledger_batch([piece.body for piece in pieces])

    def _pieces(self, query: Mapping[str, str]) -> list[list[payloads.Piece]]:
        """
        Return the pieces of each batch that the query finds.

        The list has no snapshot: if its length changes while its pages are read, a batch may
        have moved from an unread page to a read one, so all is read again.
        """
        for _attempt in range(3):
            pieces = self._walk(query)
            if pieces is not None:
                return pieces
        raise Unavailable(vendor=VENDOR, detail="the list of journals changes while it is read")

    def _walk(self, query: Mapping[str, str]) -> list[list[payloads.Piece]] | None:
        """Return the pieces by batch number, or None if the list changed meanwhile."""
        batches: dict[str, list[payloads.Piece]] = {}
        total, rows = None, 0
        before = b""
        for page in range(1, MOST_PAGES + 1):
            query_of_page: dict[str, str | int] = {
                **query,
                "module": "GL",
                "pageNumber": page,
                "pageSize": self._page_size,
            }
            body = self._read("/v2/journaltransaction", query_of_page).body
            pieces = payloads.pieces(body)
            if not pieces or body == before:
                if total is not None and rows < total:
                    raise payloads.bad("journal list", f"page {page}", f"{rows} of {total}")
                return list(batches.values())
            before, here = body, 0
            for piece in pieces:
                if total is not None and piece.total != total:
                    return None
                total = piece.total
                here += piece.rows
                if piece.is_ours:
                    batches.setdefault(piece.number, []).append(piece)
            rows += here
            # Rows are lines: https://docs.vismasoftware.no/vismanetapi/how-tos/pagination
            # Whether the total counts them too is not said. If it counts batches, it is reached
            # on the first page, and "not found" would be said of what stands on the second: so
            # a page that is full is never taken for the last one.
            full = here >= min(self._page_size, pieces[0].most or self._page_size)
            if total is not None and rows >= total and not full:
                return list(batches.values())
        raise payloads.bad("journal list", "totalCount", total)

    # --- Sending ----------------------------------------------------------------------------

    def _get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        return self._http.read_json(self._read(path, params))

    def _read(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        return _welcome(self._http.send("GET", path, writes=False, params=params))


def _welcome(answer: Answer) -> Answer:
    if answer.status != 200:
        raise refusals.failure(answer, writes=False)
    return answer


def _changed(since: datetime) -> dict[str, str]:
    from_time = since.astimezone(UTC) - SINCE_MARGIN
    return {"lastModifiedDateTime": from_time.strftime("%Y-%m-%dT%H:%M:%S")}


def _means_unknown_number(answer: Answer) -> bool:
    """
    Return whether the ERP says that it has no batch of the number.

    A web page from something in between says nothing about the batch; and "there is none" is
    what allows us to post a second time. The status for an unknown number is not documented.
    """
    if answer.status not in (400, 404):
        return False
    said = refusals.read_failure(answer)
    if answer.status == 404:
        return not said.is_page
    return "cannot be found" in said.text.lower() or "not found" in said.text.lower()


_RESERVED = frozenset(":/?#[]@&*+;")


def segment(value: str) -> str:
    """
    Return the value as one segment of a path.

    Reserved characters are not percent-encoded but sent as ``b64(…)``:
    https://community.visma.com (knowledge base: base64url in path parameters)
    """
    if _RESERVED.intersection(value):
        return f"b64({base64.urlsafe_b64encode(value.encode()).decode()})"
    return quote(value, safe="")


def number_in_location(answer: Answer) -> str:
    """Return the batch number that the `Location` header ends in; empty if there is none."""
    path = urlsplit(answer.headers.get("Location", "")).path.rstrip("/")
    before, _slash, last = path.rpartition("/")
    if not before.lower().endswith("/journaltransaction"):
        return ""
    number = unquote(last)
    if number.startswith("b64(") and number.endswith(")"):
        try:
            return base64.urlsafe_b64decode(number[4:-1]).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return number
