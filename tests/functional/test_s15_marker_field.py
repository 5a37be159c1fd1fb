"""S15: which field of the Visma table marks a payment as read and registered."""

import pytest

from payments.models import Payment
from payments.operations import clients, setup_checks
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office
from tests.payments.vendors import billed, paid

SETTINGS = "/invoices/settings/"


def fetch_one(office: Office) -> None:
    office.target.invoices = [billed("1001", "1000.00")]
    office.source.payments = [paid(1, "1000.00", invoice_number="1001"), paid(2, "5.00")]
    office.fetch()


def choose(office: Office, marker: str) -> None:
    values = {"marker": marker, "marker_value": "PO", "fetch_from": "2026-01-01"}
    answer = rows.signed_in(office.member).post(SETTINGS, values)
    assert answer.status_code == 302


def test_the_chosen_field_is_written_when_the_payment_is_registered(office):
    choose(office, "Hub_read")

    fetch_one(office)

    assert [(key.journal_number, value) for key, value in office.source.marked.items()] == [
        (1, "PO")
    ]
    assert office.source.queries[-1].marker == "Hub_read"


def test_without_a_field_nothing_is_written(office):
    choose(office, "")

    fetch_one(office)

    assert office.source.marked == {}


def test_chosen_later_what_was_registered_before_is_marked_too(office):
    choose(office, "")
    fetch_one(office)

    choose(office, "Hub_read")
    office.run_due_work()

    assert len(office.source.marked) == 1


def test_a_client_may_have_its_own(office):
    choose(office, "Hub_read")
    office.client.own_marker = "Own_read"
    office.client.save()

    fetch_one(office)

    assert office.source.queries[-1].marker == "Own_read"


def test_a_refused_mark_is_shown_and_stops_nothing(office):
    choose(office, "Hub_read")
    office.source.refuses_marks = True

    fetch_one(office)

    payment = Payment.objects.get(journal_number=1)
    html = rows.signed_in(office.member).get(f"/invoices/payments/{payment.pk}/").content.decode()
    assert "Mark refused" in html
    assert "no write access" in html
    assert len(office.target.registered) == 1


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every test here stores something."""


def refuse_once(office: Office) -> Payment:
    """Fetch while Visma refuses marks, and let it take them afterwards."""
    choose(office, "Hub_read")
    office.source.refuses_marks = True
    fetch_one(office)
    office.source.refuses_marks = False
    office.work(3600)
    payment = Payment.objects.get(journal_number=1)
    assert payment.mark == "refused"
    return payment


def test_a_refused_mark_is_tried_again_alone_when_a_person_asks_for_it(office):
    payment = refuse_once(office)
    me = rows.signed_in(office.member)
    run = payment.first_run_id
    html = me.get(f"/invoices/runs/{run}/mark_refused/").content.decode()
    assert "Try the marks again" in html
    posts, pages = len(office.target.posts), len(office.source.pages_read)

    me.post(f"/invoices/runs/{run}/mark-again/")
    office.run_due_work()

    payment.refresh_from_db()
    assert (payment.mark, len(office.source.marked)) == ("marked", 1)
    assert (len(office.target.posts), len(office.source.pages_read)) == (posts, pages)


def test_a_refused_mark_is_tried_again_with_another_field(office):
    payment = refuse_once(office)

    choose(office, "Other_read")
    office.run_due_work()

    payment.refresh_from_db()
    assert payment.mark == "marked"


def test_a_refused_mark_is_tried_again_with_a_field_of_the_clients_own(office):
    payment = refuse_once(office)

    clients.save_client(
        organisation=office.organisation,
        client=office.fresh(),
        values={"own_marker": "Own_read"},
        by=office.member.user,
    )
    office.run_due_work()

    payment.refresh_from_db()
    assert payment.mark == "marked"


def test_a_refused_mark_is_tried_again_when_the_check_finds_that_it_can_be_written(office):
    payment = refuse_once(office)

    setup_checks.check_client(office.fresh(), now=office.now)
    office.run_due_work()

    payment.refresh_from_db()
    assert payment.mark == "marked"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"marker": "additionalText"}, "is used by Visma itself"),
        ({"marker": "invoiceNo"}, "is used by Visma itself"),
        ({"marker": "Hub read"}, "is not a column name"),
        ({"marker": "Hub_read", "marker_value": ""}, "needs a value"),
        ({"marker": "Hub_flag:integer", "marker_value": "ja"}, "contains whole numbers"),
    ],
)
def test_s15_a_column_that_cannot_hold_the_mark_is_refused_when_it_is_chosen(
    office: Office, values: dict[str, str], words: str
) -> None:
    given = {"marker_value": "PO", "fetch_from": "2026-01-01"} | values

    answer = rows.signed_in(office.member).post(SETTINGS, given)

    office.integration.refresh_from_db()
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert office.integration.marker == "Hub_read"
