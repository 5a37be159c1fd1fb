"""
The smallest thing that is sent exactly once: letters, to a post office that speaks HTTP.

Imported by the fixtures only: the tables are made when the first test asks for them.
"""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import requests
from django.db import connection as database
from django.db import models

from connectors.errors import BadAnswer, ConnectorError, OutcomeUnknown, Rejected, Unavailable
from outbox.delivery import Delivery, Found
from outbox.models import OutboxAttempt, OutboxItem, OutboxQuerySet
from outbox.recovery import Work
from outbox.states import Machine, State, machine

DELIVERED = "delivered"


class Letter(OutboxItem):
    """A letter that is to arrive once."""

    TRANSITIONS: ClassVar[Machine] = machine(
        {State.SENDING: {DELIVERED}, State.UNKNOWN: {DELIVERED}, DELIVERED: ()}
    )
    text = models.CharField(max_length=40)
    number = models.CharField(max_length=10, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        app_label = "letters"


class LetterAttempt(OutboxAttempt):
    """One call about a letter."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="attempts")

    class Meta:
        app_label = "letters"


class Letters(Work[None, str]):
    """Letters where a worker died; nothing else can have gone wrong with them."""

    items = Letter
    asked_first = is_asked = Rejected
    may_be_there = ()

    def enqueued(self, connection_id: int) -> Any:
        raise NotImplementedError

    def list_ours(self, *_args: Any, **_more: Any) -> list[str]:
        raise NotImplementedError

    def never_sent(self, *_args: Any, **_more: Any) -> dict[str, str]:
        raise NotImplementedError

    def sent_after_all(self, *_args: Any, **_more: Any) -> list[Any]:
        raise NotImplementedError

    def number_of(self, there: str) -> str:
        return there


@dataclass
class PostOffice:
    """What arrived, and what goes wrong with the next calls."""

    arrived: list[str] = field(default_factory=list)
    posts: int = 0
    trouble: deque[str] = field(default_factory=deque)
    url: str = ""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return the class that answers for this office."""
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
                office.posts += 1
                trouble = office.trouble.popleft() if office.trouble else ""
                if trouble in ("", "lose the answer"):
                    office.arrived.append(text)
                if trouble in ("lose the answer", "cut"):
                    self.connection.close()
                    return
                self.answer(int(trouble) if trouble else 201, {"number": len(office.arrived)})

            def do_GET(self) -> None:
                trouble = office.trouble.popleft() if office.trouble else ""
                self.answer(int(trouble or 200), office.arrived)

            def answer(self, status: int, body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "60")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words: Any) -> None:
                """Say nothing."""

        return Handler

    def open(self) -> ThreadingHTTPServer:
        """Begin to serve on a free port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{server.server_address[1]}/letters"
        return server


class Mail(Delivery[Letter, str, str]):
    """How letters are sent, and asked for."""

    SEND = "send"
    office: PostOffice
    refusal: ConnectorError | None = None
    in_transaction = False

    def load(self, item: Letter) -> str:
        return item.text

    def refuse(self, item: Letter) -> ConnectorError | None:
        return self.refusal

    def send(self, item: Letter, payload: str) -> str:
        self.in_transaction = bool(database.savepoint_ids)  # inside the test's own
        return str(self._call("POST", json={"text": payload})["number"])

    def find(self, item: Letter, payload: str) -> Found[str]:
        there = self._call("GET").count(payload)
        if there > 1:
            return Found("several", question=Rejected(vendor="Post", detail="several"))
        return Found("found", "9") if there else Found("not_found")

    def _call(self, method: str, **more: Any) -> Any:
        try:
            answer = requests.request(method, self.office.url, timeout=5, **more)
        except requests.ConnectionError as lost:
            raise OutcomeUnknown(vendor="Post", detail="cut") from lost
        if answer.status_code in (429, 503):
            wait = int(answer.headers.get("Retry-After", 0)) or None
            raise Unavailable(vendor="Post", retry_after=wait)
        if answer.status_code == 422:
            raise Rejected(vendor="Post")
        if not answer.ok:
            raise BadAnswer(vendor="Post", detail=str(answer.status_code))
        return answer.json()

    def store(self, item: Letter, there: str, *, is_sure: bool, now: datetime) -> bool:
        return item.become(DELIVERED, now=now, number=there)

    def unanswerable(self, item: Letter, failure: ConnectorError) -> ConnectorError:
        return Rejected(vendor="Post", detail="nobody knows")


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        return self.now
