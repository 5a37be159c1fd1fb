"""The month board: ten people who reload it every five seconds, at 500 companies and at 5,000."""

import statistics
import sys
import threading
import time

import django

PEOPLE, EVERY_SECONDS, FLOOR_MS, MOST_QUERIES = 10, 5.0, 150, 8


def main(*, quick: bool) -> None:
    """Print the server time of a reload and its number of queries, beside what is allowed."""
    django.setup()
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    for companies in (50,) if quick else (500, 5_000):
        name = f"Board {companies}"
        call_command(
            "seed_office", companies=companies, months=3 if quick else 24, organisation=name
        )
        _measure(name, companies, reloads=1 if quick else 4)


def _measure(name: str, companies: int, *, reloads: int) -> None:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from office.queries.boards import expected_now
    from organisations.models import Membership, Organisation

    organisation = Organisation.objects.get(name=name)
    member = Membership.objects.of(organisation).filter(role__name="Administrator").get()
    page = f"/month/{expected_now(organisation, today=timezone.localdate())}/"
    host = settings.ALLOWED_HOSTS[0]
    clients = [Client(headers={"HX-Target": "board"}) for _ in range(PEOPLE)]
    for client in clients:
        client.force_login(member.user, backend="organisations.backends.HubBackend")
        client.get(page, SERVER_NAME=host)
    with CaptureQueriesContext(connection) as seen:
        answer = clients[0].get(page, SERVER_NAME=host)
    assert answer.status_code == 200, answer.status_code
    took: list[float] = []

    def reload(place: int) -> None:
        time.sleep(EVERY_SECONDS * place / PEOPLE)
        for _ in range(reloads):
            began = time.perf_counter()
            clients[place].get(page, SERVER_NAME=host)
            took.append(1_000 * (time.perf_counter() - began))
            time.sleep(max(0, EVERY_SECONDS - took[-1] / 1_000))

    people = [threading.Thread(target=reload, args=(place,)) for place in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    p95 = statistics.quantiles(took, n=20)[-1]
    print(
        f"board, {companies:,} companies: p95 {p95:.0f} ms (at most {FLOOR_MS} at 500), median "
        f"{statistics.median(took):.0f} ms, {len(seen)} queries (at most {MOST_QUERIES})",
        flush=True,
    )


if __name__ == "__main__":
    main(quick=sys.argv[1] == "True")
