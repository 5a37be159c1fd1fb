"""An auditor sees all of payments, and finds nothing that changes them."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from organisations.models import Membership, Organisation
from organisations.rules import BUILT_IN_ROLES
from payments.models import FetchRun, Payment, Settlement
from payments.operations import matching_by_hand
from payments.rules.refusals import NotAllowed
from tests import factories
from tests.payments import rows
from tests.payments.test_pages import addresses
from tests.payments.test_pages import full as full  # the fixture

READ = {
    *("overview", "client", "invoice", "export_invoices"),
    *("group", "run", "run_list", "unmatched", "not_there", "payment"),
    *("customers", "customer", "time"),
    *("reconciliation", "export_reconciliation"),
    *("settings", "client_settings", "export_clients"),
}
FORMS = {"import", "new_client", "new_account", "earlier_count"}
"""Pages that are nothing but a form, or what it waits for."""


def auditor(of: Organisation) -> Membership:
    rights = {key: level.value for key, level in BUILT_IN_ROLES["Auditor"].items()}
    return factories.member(of, rights)


@pytest.fixture
def me(full) -> Client:
    return rows.signed_in(auditor(full.organisation))


def test_reads_every_page_of_payments(me):
    seen = {name: me.get(url).status_code for name, url in addresses()}

    assert {name for name, status in seen.items() if status == 200} == READ
    assert {seen[name] for name in FORMS} <= {403, 404}
    assert {status for name, status in seen.items() if name not in READ | FORMS} == {405}


def test_finds_no_button_that_writes(me):
    for name, url in addresses():
        answer = me.get(url)
        if answer.status_code == 200 and not answer.has_header("Content-Disposition"):
            main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
            assert 'method="post"' not in main, name
            assert "hx-post" not in main, name


def test_has_no_link_that_is_refused(me):
    for _name, url in addresses():
        answer = me.get(url)
        if answer.status_code != 200 or answer.has_header("Content-Disposition"):
            continue
        main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
        for link in set(re.findall(r'href="(/invoices/[^"#?]*)', main)):
            assert me.get(link).status_code == 200, (url, link)


def test_is_refused_whatever_is_sent(me, full):
    entries = AuditEntry.objects.count()
    before = (Settlement.objects.count(), FetchRun.objects.count())

    for name, url in addresses():
        assert me.post(url).status_code in (403, 404, 405), name

    assert (Settlement.objects.count(), FetchRun.objects.count()) == before
    assert AuditEntry.objects.count() == entries


def test_is_refused_by_what_the_pages_call_too(full):
    payment, invoice = Payment.objects.latest("pk"), rows.invoice(full.client)

    with pytest.raises(NotAllowed):
        matching_by_hand.match_by_hand(
            payment=payment,
            invoice=invoice,
            amount=None,
            reason="",
            by=auditor(full.organisation).user,
            now=full.now,
        )


def test_opens_no_row_of_the_queue(me):
    waiting = Payment.objects.latest("pk")

    html = me.get(f"/invoices/unmatched/?open={waiting.pk}").content.decode()

    assert f'id="p-{waiting.pk}"' in html
    assert "data-split" not in html


def test_has_the_menu_and_the_tiles(me):
    html = me.get("/overview/").content.decode()

    assert 'href="/invoices/"' in html
    assert "Payments to match" in html


def test_sees_who_did_what_with_payments(me, full):
    rows.signed_in(full.member).post(
        reverse("payments:undo_match", args=[Settlement.objects.earliest("pk").pk]),
        {"reason": "Wrong invoice"},
    )

    assert "Wrong invoice" in me.get("/audit/").content.decode()


def test_lists_payments_by_command_and_matches_none(full):
    person = auditor(full.organisation).user.email
    more = ["--as", person, "--organisation", full.organisation.name]
    out = StringIO()

    call_command("list_payments", "--waiting", "unmatched", *more, stdout=out)
    with pytest.raises(CommandError, match="is missing"):
        call_command(
            "match_payment",
            "3/1",
            "--invoice",
            "1002",
            "--client",
            full.client.number,
            "--reason",
            "x",
            *more,
        )

    assert "3/1" in out.getvalue()
