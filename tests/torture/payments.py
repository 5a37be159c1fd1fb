"""
Fetch payments from Business NXT and register them in PowerOffice Go while everything goes wrong.

Real workers, killed and started again; cut connections, 429, 401 as a page, partial answers,
answers lost after the payment was stored, payments and reversals refused. Meanwhile people take
payments off their invoices, match them again, and try again or decide what was refused. Ends
with 1, and what is wrong, unless every payment stands once in the hub and once in PowerOffice,
each company's sums are those that Visma adds up itself, exactly what is registered is marked
there, and nothing of a payment was sent before its earlier sending was undone.

    python -m tests.torture.payments --payments 5000
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox import receivables_story as story
from sandbox.businessnxt import ledger as visma
from sandbox.powerofficego import story as go
from sandbox.store import Store
from tests.torture import totals
from tests.torture.desk import DONE, Desk, sent_too_early
from tests.torture.rig import EMBEDDED, SERVICES, Rig, rig, sandbox
from tests.torture.servers import NotInstalled
from tests.torture.surroundings import OURS, machine, start_django

MARKER = "IntegrationHub_PaymentRead"
COMPANIES = tuple(
    story.Client(
        key=f"torture{number}",
        name=f"Torture {number} AS",
        organisation_number=story.organisation_number(98000100 + number),
        company_no=4110200 + number,
        client_key=f"00000000-0000-4000-8000-00000000020{number}",
    )
    for number in range(1, 5)
)
"""One is four times as large as another. What is generated into them bears the same numbers."""
LAST = 0.9
CALLS_PER_SECOND = 500
# kind, call, measure
FAULTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("lose_answer", "go_create", {}),
    ("bad_gateway_after", "go_create", {}),
    ("server_error_after", "go_create", {}),
    ("cut_before", "go_create", {}),
    ("server_error", "go_create", {}),
    ("bad_gateway", "go_create", {}),
    ("rate_limited", "go_create", {"retry_after": 1}),
    ("unauthorized", "go_create", {}),
    ("garbled", "go_create", {}),
    ("slow_after", "go_create", {"milliseconds": 1500}),
    ("refused", "go_create", {}),
    ("bad_gateway", "go_reverse", {}),
    ("forbidden", "go_reverse", {}),
    ("refused", "go_reverse", {}),
    ("lose_answer", "go_reverse", {}),
    ("cut_before", "go_reverse", {}),
    ("hidden", "go_statement", {}),
    ("cut_before", "go_statement", {}),
    ("cut_before", "ReadPayments", {}),
    ("partial_errors", "ReadPayments", {}),
    ("unauthorized", "ReadPayments", {}),
    ("rate_limited", "ReadPayments", {"retry_after": 1}),
    ("lose_answer", "MarkPayments", {}),
)
DOOMS = (
    *(
        "fetch.read",
        "fetch.stored",
        "deliver.after_claim",
        "deliver.after_call",
        "deliver.after_failure",
    ),
    *(
        "deliver.after_unknown",
        "look_up.after_claim",
        "look_up.asked",
        "look_up.recorded",
        "deliver.stored",
    ),
    *("deliver.after_claim:5", "deliver.after_call:5", "deliver.stored:5"),
    *("mark.after_call", "mark.stored", "recover.found", "recover.marked"),
)
"""Crash points at which a worker that starts dies, one each, besides those killed at any time."""
_UNKNOWN_SECONDS = 8
_QUIET_SECONDS = 4.0


def main() -> int:
    """Run it on one tier; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.payments")
    parser.add_argument("--payments", type=int, default=5000, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what goes wrong (%(default)s)")
    parser.add_argument("--tier", choices=(EMBEDDED, SERVICES), default=EMBEDDED)
    parser.add_argument("--within", type=float, default=0, help="seconds (by the size)")
    options = parser.parse_args()
    try:
        workers = 1 if options.tier == EMBEDDED else 3
        with rig(tier=options.tier, workers=workers, webs=0) as hub:
            return _tier(hub, options)
    except NotInstalled as missing:
        print(f"The tier {options.tier} cannot run: {missing}", file=sys.stderr)
        return 2


def _tier(hub: Rig, options: argparse.Namespace) -> int:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    hub.environment["POWEROFFICE_GO_CALLS_PER_SECOND"] = str(CALLS_PER_SECOND)
    os.environ.update(hub.environment)
    start_django()
    data = hub.folder / "sandbox.sqlite3"
    _make_sandbox_file(data, payments=options.payments)
    with sandbox(hub.sandbox_url, data=data):
        print(f"\nPayments, {options.tier}: {machine(hub.environment)}", flush=True)
        clients = _make_office()
        took, faults = _run(hub, clients, options)
        time.sleep(_QUIET_SECONDS)
        hub.control("DELETE", "faults")
        visma = totals.ask_visma([_fresh(client) for client in clients])
    # The sandbox's process is gone; what it kept is read from its file.
    found = Store(data)
    try:
        return _verdict(found, hub, visma, faults=faults, took=took, options=options)
    finally:
        found.close()


def _shares(payments: int) -> list[int]:
    """Return how many payments each company has: so many, and twice, and three times as many."""
    parts = sum(range(len(COMPANIES) + 1))
    shares = [payments * number // parts for number in range(1, len(COMPANIES) + 1)]
    shares[-1] += payments - sum(shares)
    return shares


def _make_sandbox_file(path: Path, *, payments: int) -> None:
    store = Store(path)
    with store.writing():
        for company, share in zip(COMPANIES, _shares(payments), strict=True):
            visma.add_company(store, company)
            visma.generate(store, company.company_no, payments=share)
            go.add_client(store.powerofficego, company)
            store.go_setup.fill(company.key, invoices=share)
    store.set(go_rate_limit=CALLS_PER_SECOND)
    store.close()


def _make_office() -> list[Any]:
    """Make an office with its clients, connected on both sides."""
    from organisations.models import Organisation
    from payments.models import Integration

    organisation = Organisation.objects.create(name="Torture")
    Integration.objects.create(
        organisation=organisation,
        activated_at=datetime.now(UTC),
        fetch_from=date(2026, 1, 1),
        marker=MARKER,
        marker_value="1",
    )
    return [_make_client(organisation, company) for company in COMPANIES]


def _make_client(organisation: Any, company: story.Client) -> Any:
    from accounts.models import Connection
    from accounts.operations import connecting
    from payments.models import InvoiceClient

    accounts = {}
    sides = (
        ("businessnxt", str(company.company_no), ""),
        ("powerofficego", "", company.client_key),
    )
    for vendor, tenant_id, own_key in sides:
        account = connecting.create_connection(
            organisation=organisation,
            vendor=vendor,
            kind=Connection.Kind.SERVICE,
            name=f"{vendor} {company.key}",
            tenant_id=tenant_id,
            by=None,
        )
        Connection.objects.filter(pk=account.pk).update(own_key=own_key)
        connecting.authorise_service(connection=account, by=None)
        accounts[vendor] = account
    return InvoiceClient.objects.create(
        organisation=organisation,
        number=company.key,
        name=company.name,
        organisation_number=company.organisation_number,
        currency=story.OWN_CURRENCY,
        voucher_types=sorted(story.PAYMENT_TYPES),
        clearing_account="1579",
        source=accounts["businessnxt"],
        target=accounts["powerofficego"],
    )


def _run(
    hub: Rig, clients: list[Any], options: argparse.Namespace
) -> tuple[float | None, Counter[str]]:
    """Let things go wrong until all is registered and marked; return after how long."""
    from accounts.models import Connection
    from payments.operations import fetching

    choose, faults = random.Random(options.seed), Counter[str]()
    within = options.within or 300 + options.payments * 0.3
    # One call in eight goes wrong, spread over the work; each kind comes at least twice.
    budget = max(len(FAULTS), options.payments // 8)
    kills = [LAST * (place + 1) / 6 for place in range(5)]
    drawn = choose.sample(DOOMS, k=min(len(DOOMS), max(4, options.payments // 100)))
    dooms = sorted(drawn, key=DOOMS.index, reverse=True)  # popped in the order of the work
    hub.next_doom = lambda: dooms.pop() if dooms else ""
    hub.start()
    desk = Desk(choose, moves=max(6, options.payments // 20))
    began = printed_at = time.monotonic()
    asked = False
    while time.monotonic() - began < within:
        hub.look_after()
        ready = not Connection.objects.exclude(state=Connection.State.AUTHORISED).exists()
        if ready and not asked:
            for client in clients:
                fetching.request_fetch(client=_fresh(client), by=None, now=datetime.now(UTC))
            asked, began = True, time.monotonic()
        done = _done(options.payments)
        if asked and faults.total() < budget * min(done / LAST, 1) + len(FAULTS):
            _break_something(hub, choose, faults)
        if asked and done < LAST:
            desk.move_one(now=datetime.now(UTC))
        desk.answer(clients, now=datetime.now(UTC))
        if kills and done >= kills[0]:
            kills.pop(0)
            hub.kill(choose.choice(hub.workers), doom=hub.next_doom())
        if asked and done >= 1:
            hub.control("DELETE", "faults")
            faults["(a person moved a payment)"] = desk.moved
            return time.monotonic() - began, faults
        if done >= LAST:
            hub.control("DELETE", "faults")
        _let_time_pass()
        if time.monotonic() - printed_at > 20:
            printed_at = time.monotonic()
            print(f"  {printed_at - began:4.0f} s: {done:4.0%} registered and marked", flush=True)
        time.sleep(0.5)
    return None, faults


def _fresh(client: Any) -> Any:
    """Return the client with its connections as they are stored now."""
    return type(client).objects.select_related("organisation", "source", "target").get(pk=client.pk)


def _done(payments: int) -> float:
    """Return which share of what can be registered is registered and marked."""
    from payments.models import FetchRun, Payment, Registration

    if Payment.objects.count() < payments:
        return 0.0
    if FetchRun.objects.filter(state__in=(FetchRun.State.WAITING, FetchRun.State.RUNNING)).exists():
        return 0.0
    registrations = Registration.objects.all()
    marked = Payment.objects.filter(mark=Payment.Mark.MARKED).count()
    settled = registrations.values("payment").distinct().count()
    ready = registrations.filter(state__in=DONE).count()
    return (ready + marked) / (registrations.count() + settled) if settled else 0.0


def _break_something(hub: Rig, choose: random.Random, faults: Counter[str]) -> None:
    """Switch on a fault for the next call, one of a kind at a time, the rarest ones first."""
    on = {(each["kind"], each["on"]) for each in hub.control("GET", "faults")["faults"]}
    free = [one for one in FAULTS if one[:2] not in on]
    if not free:
        return
    fewest = min(faults[f"{kind} ({call})"] for kind, call, _measure in free)
    rarest = [one for one in free if faults[f"{one[0]} ({one[1]})"] == fewest]
    kind, call, measure = choose.choice(rarest)
    hub.control("POST", "faults", {"kind": kind, "on": call, **measure})
    faults[f"{kind} ({call})"] += 1


def _let_time_pass() -> None:
    """Let the minutes between two look-ups pass in seconds: nothing else is hurried."""
    from payments.models import Registration

    now = datetime.now(UTC)
    soon = now + timedelta(seconds=_UNKNOWN_SECONDS)
    Registration.objects.filter(state="unknown", not_before__gt=soon).update(not_before=soon)


# --- What must be so at the end -------------------------------------------------------------


def _verdict(
    store: Store,
    hub: Rig,
    visma: dict[str, totals.Sum],
    *,
    faults: Counter[str],
    took: float | None,
    options: argparse.Namespace,
) -> int:
    sums = totals.compare(store, COMPANIES, visma)
    wrong = [words for one in sums for words in one.wrong()]
    for company, share in zip(COMPANIES, _shares(options.payments), strict=True):
        wrong += [f"{company.name}: {words}" for words in _violations(store, company, share)]
    if took is None:
        wrong.append("not all of it was registered and marked within the time")
    rows = [
        ("payments", f"{options.payments:,}"),
        ("registered in PowerOffice", f"{sum(one.there.count for one in sums):,}"),
        ("faults asked for", f"{faults.total()}"),
        *((f"  {name}", str(times)) for name, times in sorted(faults.items())),
        ("processes killed (SIGKILL)", f"{hub.kills.total()}"),
        *((f"  {name}", str(times)) for name, times in sorted(hub.kills.items())),
        ("time to all marked", "not within the time" if took is None else f"{took:.1f} s"),
    ]
    for name, words in rows:
        print(f"{name:36} {words}")
    totals.print_totals(sums)
    if not wrong:
        print("Every payment stands once in the hub and once in PowerOffice; sums and marks agree.")
        return 0
    print("\n".join([f"\n{len(wrong)} violations:", *(f"  {words}" for words in wrong[:50])]))
    print("\n".join(["", "From the logs:", *hub.complaints()]))
    return 1


def _violations(store: Store, company: story.Client, payments: int) -> Iterator[str]:
    """Yield in words what must not be of one company, besides its sums."""
    from payments.models import Payment, Registration

    mine = Registration.objects.filter(client__number=company.key)
    here = Payment.objects.filter(client__number=company.key)
    ours = totals.Sum.of(here.values_list("amount", flat=True))
    made = totals.Sum.of(Decimal(story.bulk_payment(at).amount) for at in range(payments))
    if ours != made:
        yield f"the hub has {ours}, and {made} were made"
    states = Counter(mine.values_list("state", flat=True))
    if not set(states) <= set(DONE):
        yield f"registrations are {dict(states)}"
    vouchers = store.powerofficego.client(company.key).payments()
    there = Counter(one["reference"] for one in vouchers)
    registered = mine.filter(state="registered")
    known = dict(registered.values_list("reference", "amount"))
    yield from sent_too_early(mine)
    yield from (f"{one} stands {times} times" for one, times in there.items() if times > 1)
    yield from (f"{one} is registered and not there" for one in known.keys() - there.keys())
    yield from (f"{one} is there and not known" for one in there.keys() - known.keys())
    paid = totals.paid_there(store, company)
    for voucher in vouchers:
        if known.get(voucher["reference"]) != paid[voucher["number"]]:
            yield f"voucher {voucher['number']} has another amount than the hub says"
    marked = {
        (row["voucherJournalNo"], row["auditNo"])
        for row in visma.transactions(store, company.company_no)
        if row["extra"].get(MARKER)
    }
    expected = set(registered.values_list("payment__journal_number", "payment__audit_number"))
    yield from (f"{key} is marked and not registered" for key in sorted(marked - expected)[:10])
    yield from (f"{key} is registered and not marked" for key in sorted(expected - marked)[:10])


if __name__ == "__main__":
    sys.exit(main())
