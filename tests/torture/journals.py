"""The story of the journals: pressed by people, sent by workers, compared with the ledger."""

import contextlib
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from tests.torture import offices
from tests.torture.offices import Office, Place
from tests.torture.person import LedNowhere, Person
from tests.torture.rig import LOOK_UP_SECONDS, Rig

_TIME_PASSES = timedelta(seconds=3)
_LOOK_UP_AGAIN = timedelta(seconds=LOOK_UP_SECONDS + 2)
_PRESS_AGAIN_AFTER = 3.0
_PRESSERS = 4
_TRIES = 5
_DELETED = ("NumberGivenAgain", "NumberNotFound", "ReadBackDiffers")
"""What a person finds when a batch was deleted in the ledger, by when the hub noticed it."""
_PROVEN = ("posted", "released")
_UNKNOWN = {"OutcomeUnknown", "BadAnswer", "AlreadyThere", ""}


class Journals:
    """Journals of three months to companies of every kind (design 4 and 5)."""

    name = "journals"

    def __init__(self, rig: Rig, places: list[Place], *, batches: int, choose: Any) -> None:
        self.rig, self.places, self.batches, self.choose = rig, places, batches, choose
        self.offices: list[Office] = []
        self.people: dict[int, Person] = {}
        self.tenants: dict[int, Place] = {}
        self.pressed_at: dict[int, float] = {}
        self.presses: Counter[str] = Counter()
        self.decided: Counter[str] = Counter()
        self.signed_in_again = 0
        self.led_nowhere: Counter[str] = Counter()
        self.journals = 0

    # --- Before --------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the offices and their journals; press those that are forbidden a moment later."""
        from journals.operations import sending

        self.offices = offices.make_offices(self.places)
        by_key = {place.key: place for place in self.places}
        companies = [company for office in self.offices for company in office.companies]
        self.tenants = {company.pk: by_key[company.number] for company in companies}
        self.add_journals(self.batches)
        for company in companies:
            kind = self.tenants[company.pk].kind
            if not kind.forbidden:
                continue
            for run in ("pressed before", "pressed after"):
                journal = offices.make_journal(company, run=run, periods=3, choose=self.choose)
                if run == "pressed before":
                    sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
            if kind is offices.TEST_COMPANY:
                type(company).objects.filter(pk=company.pk).update(is_test=True)
            else:
                type(company.debtor).objects.filter(pk=company.debtor_id).update(
                    blocked_at=datetime.now(UTC), blocked_reason="Unpaid invoices"
                )

    def add_journals(self, batches: int) -> None:
        """Make journals of that many batches for the companies that may send, in turn."""
        allowed = [
            company
            for office in self.offices
            for company in office.companies
            if not self.tenants[company.pk].kind.forbidden
        ]
        while batches > 0:
            company = allowed[self.journals % len(allowed)]
            self.add_journal(company, periods=min(3, batches))
            batches -= 3

    def add_journal(self, company: Any, *, periods: int = 3) -> Any:
        """Make one journal for a company, and return it."""
        self.journals += 1
        return offices.make_journal(
            company, run=str(self.journals), periods=periods, choose=self.choose
        )

    def begin(self) -> None:
        """Sign in, authorise what a person must authorise, and press Send for every journal."""
        self.sign_in()
        self.press_all()
        # The forbidden ones too: what the page answers is a refusal.
        for journal_id, organisation_id in self._forbidden():
            self.presses[f"forbidden: {self.people[organisation_id].press_send(journal_id)}"] += 1

    def sign_in(self) -> None:
        """Sign everybody in, and authorise what a person must authorise."""
        for number, office in enumerate(self.offices):
            person = Person(self.rig.web_urls, office.email, meanwhile=self.rig.look_after)
            person.sign_in(person.next_web())
            self.people[office.organisation.pk] = person
            for connection in self._to_sign_in(office.organisation.pk):
                self._sign_in(person, connection, at=number)

    def press_all(self) -> None:
        """Press Send for every journal that waits for it, several people at once."""
        waiting = list(self._to_press())
        threads = [
            threading.Thread(target=self._press_all, args=(waiting[number::_PRESSERS],))
            for number in range(_PRESSERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # --- Meanwhile -----------------------------------------------------------------------

    def help(self) -> None:
        """Do what people do meanwhile, and let the minutes of the retry times pass quickly."""
        from journals.models import Batch

        now = datetime.now(UTC)
        waiting = Batch.objects.filter(
            state__in=["ready", "postponed", "accepted", "posted", "held"]
        )
        waiting.filter(not_before__gt=now + _TIME_PASSES).update(not_before=now)
        # A unknown one is asked for as often as the interval says, and no oftener.
        unknown = Batch.objects.filter(state="unknown")
        unknown.filter(not_before__gt=now + _LOOK_UP_AGAIN).update(not_before=now)
        self._decide()
        for office in self.offices:
            person = self.people[office.organisation.pk]
            for connection in self._to_sign_in(office.organisation.pk):
                self._sign_in(person, connection, at=self.signed_in_again)
                self.signed_in_again += 1
        again = [
            each
            for each in self._to_press()
            if time.monotonic() - self.pressed_at.get(each[0], 0) > _PRESS_AGAIN_AFTER
        ]
        self._press_all(again[:20])

    def _decide(self) -> None:
        """Look in the ledger for what was deleted there, and let it be sent again if it is gone."""
        from journals.models import Batch
        from journals.operations import deciding

        asked = list(Batch.objects.filter(state="needs_person", failure_code__in=_DELETED))
        if not asked:
            return
        there = {
            each["description"]: each["number"]
            for each in self.rig.control("GET", "ledger?lines=false")["batches"]
        }
        for batch in asked:
            number = there.get(batch.description, "")
            with contextlib.suppress(deciding.NoLongerOpen, deciding.NumberTaken):
                deciding.decide(
                    batch=batch,
                    choice=deciding.THIS_ONE if number else deciding.NOT_THERE,
                    number=number,
                    by=None,
                    now=datetime.now(UTC),
                )
                self.decided[batch.failure_code] += 1

    def proven(self) -> int:
        """Return how many batches are proven."""
        count: int = self._rows().filter(state__in=_PROVEN).count()
        return count

    def unfinished(self) -> int:
        """Return how many batches are not yet what they shall be in the end."""
        from django.db.models import Q

        done = Q(state="released") | Q(state="posted", release_wanted=False)
        count: int = self._rows().exclude(done).count()
        return count

    def _rows(self) -> Any:
        from journals.models import Batch

        return Batch.objects.exclude(journal__company_id__in=self.forbidden_companies())

    def forbidden_companies(self) -> list[int]:
        """Return the companies of which nothing may be sent."""
        return [pk for pk, place in self.tenants.items() if place.kind.forbidden]

    def _to_press(self) -> Iterator[tuple[int, int]]:
        from journals.models import Journal

        yield from (
            Journal.objects.filter(batches__state__in=["draft", "rejected", "held"])
            .exclude(company_id__in=self.forbidden_companies())
            .distinct()
            .order_by("pk")
            .values_list("pk", "organisation_id")
        )

    def _forbidden(self) -> list[tuple[int, int]]:
        from journals.models import Journal

        found = Journal.objects.filter(company_id__in=self.forbidden_companies())
        return list(found.values_list("pk", "organisation_id"))

    def _press_all(self, waiting: list[tuple[int, int]]) -> None:
        from django.db import connections

        for journal_id, organisation_id in waiting:
            self.pressed_at[journal_id] = time.monotonic()
            status = self.people[organisation_id].press_send(journal_id)
            self.presses[str(status)] += 1
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()

    def _to_sign_in(self, organisation_id: int) -> list[Any]:
        from accounts.models import Connection

        return list(
            Connection.objects.filter(organisation_id=organisation_id).exclude(
                state=Connection.State.AUTHORISED
            )
        )

    def _sign_in(self, person: Person, connection: Any, *, at: int) -> None:
        """Begin at one web process and come back to the other."""
        webs = self.rig.web_urls
        begin, back = webs[at % len(webs)], webs[(at + 1) % len(webs)]
        where = {"tenant_id": connection.tenant_id, "begin": begin, "back": back}
        for _ in range(_TRIES):
            try:
                person.authorise(connection.pk, **where)
            except (LedNowhere, requests.RequestException) as error:
                self.led_nowhere[re.sub(r"\d+", "N", str(error))[:160]] += 1
            else:
                return
            # A worker was killed with the one-time code in its hands, or the web process was.
            self.rig.look_after()
            time.sleep(1)

    # --- Afterwards ----------------------------------------------------------------------

    def violations(self) -> list[str]:
        """Return in words, row by row, what must not be."""
        from journals.models import Batch

        found: list[str] = []
        ledger: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for there in self.rig.control("GET", "ledger?lines=false")["batches"]:
            ledger.setdefault((there["tenant_id"], there["description"]), []).append(there)
        batches = list(Batch.objects.select_related("journal", "connection"))
        for batch in batches:
            place = self.tenants[batch.journal.company_id]
            held = ledger.pop((place.tenant_id, batch.description), []) if batch.description else []
            row = (
                f"batch {batch.pk} ({place.kind.name}, {place.key}, {batch.period}, "
                f"{batch.state} {batch.failure_code}, number {batch.vendor_number or '-'})"
            )
            said = self.people[batch.journal.organisation_id].refusals.get(batch.journal_id, "")
            if batch.state == "draft":
                row += f"; Send was last answered with {said or 'nothing: it was not pressed'}"
            found += [f"{row}: {words}" for words in _wrong(batch, held, place)]
        for (tenant_id, description), held in ledger.items():
            numbers = ", ".join(there["number"] for there in held)
            found.append(f"{tenant_id} holds {description!r} ({numbers}), which nobody sent")
        return found

    def table(self) -> list[tuple[str, str]]:
        """Return what happened to the batches."""
        from journals.models import Attempt, Batch

        posts: dict[int, list[str]] = {}
        look_ups: Counter[str] = Counter()
        for batch_id, kind, outcome in Attempt.objects.order_by("pk").values_list(
            "batch_id", "kind", "outcome"
        ):
            if kind == Attempt.Kind.POST:
                posts.setdefault(batch_id, []).append(outcome)
            elif kind == Attempt.Kind.LOOK_UP:
                look_ups[outcome or "killed"] += 1
        again = [before for outcomes in posts.values() for before in outcomes[:-1]]
        after_unknown = sum(outcome in _UNKNOWN for outcome in again)
        states = Counter(self._rows().values_list("state", flat=True))
        forbidden = Counter(
            Batch.objects.filter(journal__company_id__in=self.forbidden_companies()).values_list(
                "state", flat=True
            )
        )
        return [
            ("batches", _listed(states)),
            ("batches of the forbidden", _listed(forbidden)),
            ("presses of Send, by answer", _listed(self.presses)),
            ("look-ups, by what they found", f"{look_ups.total()}: {_listed(look_ups)}"),
            ("posts", f"{sum(len(each) for each in posts.values())}"),
            ("sent again", f"{len(again)}, of them after an unknown outcome {after_unknown}"),
            ("signed in again", str(self.signed_in_again)),
            ("led nowhere", _listed(self.led_nowhere)),
            ("decided by a person", _listed(self.decided)),
        ]


def _wrong(batch: Any, held: list[dict[str, Any]], place: Place) -> Iterator[str]:
    """Yield what must not be about one batch and what the ledger holds of its description."""
    numbers = ", ".join(there["number"] for there in held)
    if len(held) > 1:
        yield f"is in the ledger {len(held)} times ({numbers})"
    if place.kind.forbidden:
        if held:
            yield f"must never be sent and is in the ledger ({numbers})"
        return
    if batch.state not in _PROVEN:
        yield "is not posted" + (f", and the ledger holds it ({numbers})" if held else "")
        return
    if not batch.vendor_number or batch.proven_at is None:
        yield "is called posted without a number or a proof"
    if not held:
        yield "is called posted and the ledger does not hold it"
        return
    there = held[0]
    if there["number"] != batch.vendor_number:
        yield f"is number {there['number']} in the ledger"
    if there["period"] != batch.period.replace("-", ""):
        yield f"is in period {there['period']} in the ledger"
    if Decimal(there["debit"]) != batch.total or Decimal(there["credit"]) != batch.total:
        yield f"has the total {there['debit']} in the ledger, not {batch.total}"
    if there["line_count"] != batch.line_count:
        yield f"has {there['line_count']} lines in the ledger, not {batch.line_count}"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "none"
