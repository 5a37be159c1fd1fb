"""
One GraphQL operation of Business NXT at a time: sent, and its errors looked at before its data.

A read that was cut off is made once more, a write never. Partial data of a read is not used; of
marks, which are not one transaction, each alias has its own outcome.
https://docs.vismasoftware.no/businessnxtapi/apireference/errors
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.businessnxt import errors, payloads
from connectors.businessnxt.errors import VENDOR
from connectors.errors import BadAnswer, ConnectorError, OutcomeUnknown, Unavailable
from connectors.http.answers import Answer
from connectors.http.client import Http

MOST_PAGES = 20_000


class Door:
    """
    The GraphQL endpoint, for one company.

    :param path: of the service context or the user context
    """

    def __init__(self, http: Http, *, path: str, company: int, page_size: int) -> None:
        self._http, self._path = http, path
        self._company, self._page_size = company, page_size

    def all_rows(
        self, document: str, name: str, table: str, variables: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of all pages."""
        cursor = ""
        for _page in range(MOST_PAGES):
            paged = {**variables, "first": self._page_size, "after": cursor or None}
            found = self.page(document, name, table, paged)
            yield from payloads.rows(found, where=table)
            following = payloads.next_cursor(found, where=table)
            if not following:
                return
            if following == cursor:
                break
            cursor = following
        raise BadAnswer(vendor=VENDOR, detail=f"{table}: the pages do not end")

    def page(
        self, document: str, name: str, table: str, variables: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        data = self.read(document, name, {"company": self._company, **variables})
        return payloads.connection(data, table)

    def read(self, document: str, name: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """
        Return the data of a read that held no errors; partial data is not used.

        :raises CompanyNotOpened: and the other failures that its errors stand for
        """
        content = self._ask(document, name, variables, writes=False)
        if found := content.get("errors"):
            raise errors.from_errors(
                found,
                company=str(self._company),
                trace=str((content.get("extensions") or {}).get("vbnxt-trace-id") or ""),
                data=content.get("data"),
            )
        data = content.get("data")
        if not isinstance(data, Mapping):
            raise BadAnswer(vendor=VENDOR, detail=f"{name}: no data")
        return data

    def _ask(
        self, document: str, name: str, variables: Mapping[str, Any], *, writes: bool
    ) -> Mapping[str, Any]:
        """Send one operation and return the whole of its answer, errors included."""
        body = {"query": document, "operationName": name, "variables": variables}
        answer = self._send(body, writes=writes)
        if answer.status != 200:
            raise errors.failure(answer, writes=writes)
        content = self._http.read_json(answer, writes=writes)
        if not isinstance(content, Mapping):
            raise BadAnswer(vendor=VENDOR, detail=f"{name}: not an object")
        found = content.get("errors")
        if found is not None and not _is_list_of_objects(found):
            raise BadAnswer(vendor=VENDOR, detail=f"{name}: errors")
        if found and errors.is_too_many(found):
            raise errors.from_errors(
                found, company=str(self._company), trace=errors.trace_id(answer.body)
            )
        return content

    def _send(self, body: Mapping[str, Any], *, writes: bool) -> Answer:
        try:
            return self._http.send("POST", self._path, writes=writes, json=body)
        except Unavailable as cut:
            # A read changes nothing, so it is made once more, at once: a kept connection may
            # have been closed in the moment that it was used. Not where it was the token that
            # could not be had: a refresh must never be repeated here.
            of_the_call = type(cut) is Unavailable and not isinstance(cut.__cause__, ConnectorError)
            if writes or not of_the_call or cut.status is not None:
                raise
            return self._http.send("POST", self._path, writes=False, json=body)

    def by_alias(
        self, document: str, name: str, variables: Mapping[str, Any], *, writes: bool
    ) -> tuple[Mapping[str, Any], dict[str, str]]:
        """
        Return what came back by alias, and the reasons of those that failed.

        An error that belongs to no alias is the reason of all of them, under an empty name.
        """
        content = self._ask(document, name, variables, writes=writes)
        failed: dict[str, str] = {}
        for error in content.get("errors") or ():
            path: Sequence[Any] = error.get("path") or ()
            alias = str(path[1]) if len(path) > 1 else ""
            failed.setdefault(alias, str(error.get("message") or "refused")[:200])
        data = content.get("data") or {}
        company = data.get("useCompany") if isinstance(data, Mapping) else None
        found = content.get("errors") or ()
        if any(errors.passes_by_itself(error) for error in found) or not (found or company):
            # Time was up, or nothing came: no reason that lasts. A read is made again, a write
            # is looked at first.
            unclear = OutcomeUnknown if writes else errors.ReadFailed
            raise unclear(
                vendor=VENDOR,
                detail=errors.words(found) or "nothing came back",
                trace_id=str((content.get("extensions") or {}).get("vbnxt-trace-id") or ""),
                status=200,
            )
        if not isinstance(company, Mapping):
            failed.setdefault("", "nothing_came_back")
            return {}, failed
        return company, failed


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)
