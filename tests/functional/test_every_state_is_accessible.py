"""Pages in each state that people meet: axe-core in both themes, and a telephone's width."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from background import operations
from journals.models import Attempt, Batch, Journal
from organisations.models import Invitation, Membership, User
from organisations.operations import forgotten, people
from tests import factories
from tests.functional.desk import findings_at
from tests.journals.pages import rows
from tests.organisations import inviting
from tests.sent import sent_by

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

FAILED = {
    "failure_code": "Rejected",
    "failure_params": {"vendor": "Visma.net"},
    "failure_detail": "VismaId: 5f2c\n" + "a long answer without a blank " * 8,
    "failure_at": rows.NOW,
}
POSTED = {"state": "posted", "proven_at": rows.NOW}
BATCH: dict[str, dict[str, Any]] = {
    "draft": {"state": "draft"},
    "ready": {"state": "ready"},
    "sending": {"state": "sending", "claim_owner": "worker", "lease_until": rows.NOW},
    "unknown": {"state": "unknown", "not_before": rows.NOW, **FAILED},
    "postponed": {"state": "postponed", "not_before": rows.NOW, **FAILED},
    "held": {"state": "held", "not_before": rows.NOW, **FAILED},
    "accepted": {"state": "accepted"},
    "posted": POSTED,
    "released": {**POSTED, "state": "released"},
    "rejected": {"state": "rejected", **FAILED},
    "needs_person": {"state": "needs_person", "candidates": ["100", "101"], **FAILED},
    "reversed": {**POSTED, "state": "reversed"},
    "closed": {"state": "closed", "reason": "Booked by hand"},
}
# The state of the journal, and those of its batches.
JOURNALS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unsent": ("imported", ("draft", "draft")),
    "running": ("sending", ("accepted", "sending", "ready")),
    "sent": ("sent", ("posted", "released")),
    "rejected": ("stopped", ("posted", "rejected", "postponed", "held")),
    "unknown": ("unknown", ("posted", "unknown")),
    "needs a decision": ("needs_person", ("posted", "needs_person")),
    "undone": ("reversed", ("reversed", "closed")),
}


@pytest.fixture
def me() -> Membership:
    return factories.member()


@pytest.fixture
def client(me: Membership) -> Client:
    client = Client()
    client.force_login(me.user, backend="organisations.backends.HubBackend")
    return client


def journal_in(me: Membership, name: str, **more: object) -> Journal:
    """Make a journal in that state, with batches, attempts and a history."""
    state, batch_states = JOURNALS[name]
    periods = tuple(f"2026-{month:02d}" for month in range(1, len(batch_states) + 1))
    made = rows.journal(me.organisation, periods=periods, pairs=2, state=state, **more)
    mapped = rows.mapping(made.company)
    for number, (batch, batch_state) in enumerate(
        zip(made.batches.order_by("period"), batch_states, strict=True)
    ):
        values = dict(BATCH[batch_state])
        if batch_state in ("accepted", "posted", "released", "reversed"):
            values["vendor_number"] = f"00041{number}"
        if batch_state == "draft":
            Batch.objects.filter(pk=batch.pk).update(**values)
        else:
            rows.freeze(batch, connection=mapped.connection, **values)
        Attempt.objects.create(
            organisation=me.organisation,
            batch=batch,
            kind="post",
            owner="worker",
            started_at=rows.NOW,
            ended_at=rows.NOW,
            outcome="ok",
            status=201,
            milliseconds=412,
            trace_id="5f2c" * 8,
        )
    return made


class TestJournal:
    @pytest.mark.parametrize("name", JOURNALS)
    def test_page_is_accessible(
        self, name: str, me: Membership, client: Client, browser: Browser
    ) -> None:
        journal = journal_in(me, name)

        assert findings_at(browser, client, f"/journals/{journal.pk}/") == []

    def test_history_and_lists_are_accessible_with_every_state_in_them(
        self, me: Membership, client: Client, browser: Browser
    ) -> None:
        company = factories.company(me.organisation, name="Bolaget med ett ovanligt långt namn AB")
        made = [journal_in(me, name) for name in JOURNALS]
        Journal.objects.filter(pk=made[0].pk).update(company=company)

        paths = ["/overview/", "/journals/", f"/journals/{made[3].pk}/history/"]
        paths += [f"/companies/{made[0].company_id}/journals/", "/journals/?q=nothing+has+this"]
        found = [one for path in paths for one in findings_at(browser, client, path)]

        assert found == []


class TestUndoing:
    def test_pages_of_deciding_and_reversing_are_accessible(
        self, me: Membership, client: Client, browser: Browser
    ) -> None:
        right = {**me.role.rights, "undo": "write"}
        type(me.role).objects.filter(pk=me.role.pk).update(rights=right)
        sent, open_one = journal_in(me, "sent"), journal_in(me, "needs a decision")
        undecided = open_one.batches.get(state="needs_person")

        paths = [f"/journals/{sent.pk}/", f"/journals/{sent.pk}/reverse/"]
        paths += [f"/journals/batches/{undecided.pk}/close/", "/journals/read-back/", "/audit/"]
        found = [one for path in paths for one in findings_at(browser, client, path)]

        assert found == []


class TestPeople:
    def test_own_pages_and_the_organisations_are_accessible(
        self, me: Membership, client: Client, browser: Browser
    ) -> None:
        paths = ["/profile/", "/profile/password/", "/profile/second-factor/"]
        paths += ["/profile/second-factor/app/", "/profile/second-factor/passkeys/new/"]
        paths += ["/organisation/", "/people/", "/people/invite/", "/roles/"]
        found = [one for path in paths for one in findings_at(browser, client, path)]
        found += findings_at(
            browser, client, "/profile/password/", present="no", new_password="a", repeated="b"
        )

        assert found == []

    def test_second_factor_is_accessible_when_it_is_on(
        self, me: Membership, client: Client, browser: Browser
    ) -> None:
        factories.second_factor(me.user)

        found = findings_at(browser, client, "/people/")
        found += findings_at(browser, client, "/profile/second-factor/")
        found += findings_at(browser, client, "/profile/second-factor/app/remove/")
        found += findings_at(browser, client, "/profile/second-factor/codes/", again="1")

        assert found == []

    def test_the_question_who_one_is_is_accessible(
        self, me: Membership, client: Client, browser: Browser
    ) -> None:
        session = client.session
        session["confirmed_at"] = 0
        session.save()
        found = findings_at(browser, client, "/organisation/", status=403, name="x")
        factories.second_factor(me.user)
        found += findings_at(browser, client, "/organisation/", status=403, name="x")

        assert found == []

    def test_the_door_is_accessible_with_its_refusals(
        self, me: Membership, browser: Browser
    ) -> None:
        factories.second_factor(me.user)
        client = Client()
        wrong = {"login": me.user.email, "password": "no"}
        found = findings_at(browser, client, "/sign-in/", **wrong)
        client.post("/sign-in/", wrong | {"password": factories.PASSWORD})

        found += findings_at(browser, client, "/sign-in/code/", code="000000")

        assert found == []

    def test_a_forgotten_password_is_accessible_with_and_without_a_mail_server(
        self, me: Membership, browser: Browser, settings: Any
    ) -> None:
        found = findings_at(browser, Client(), "/sign-in/forgotten/")
        settings.HUB_SENDS_MAIL = True
        found += findings_at(browser, Client(), "/sign-in/forgotten/", email="nobody")
        link = forgotten.link_for(me.user).removeprefix(settings.HUB_BASE_URL)
        client = Client()
        page = client.get(link)["Location"]
        found += findings_at(browser, client, page, new_password="a", repeated="b")
        found += findings_at(browser, Client(), page)

        assert found == []


class TestInvitations:
    def test_are_accessible_to_who_invites(
        self, me: Membership, client: Client, browser: Browser
    ) -> None:
        values = {"email": inviting.ADDRESS, "role": str(me.role_id)}
        found = findings_at(browser, client, "/people/invite/", email="nobody", role="0")
        found += findings_at(browser, client, "/people/invite/", **values)
        Invitation.objects.update(expires_at=rows.NOW)
        inviting.invite(me, "an.unusually.long.address.of.somebody@an-office.example")
        found += findings_at(browser, client, "/people/")

        assert found == []

    def test_are_accessible_to_who_is_invited(self, me: Membership, browser: Browser) -> None:
        link = inviting.link_shown(inviting.invite(me))
        page, wrong = "/invitation/", {"name": "Ada", "new_password": "a", "repeated": "b"}
        found = findings_at(browser, inviting.opened(link), page)
        found += findings_at(browser, inviting.opened(link), f"{page}new/", **wrong)
        found += findings_at(browser, inviting.opened(link, me.user), page)
        ada = factories.user(inviting.ADDRESS)
        found += findings_at(browser, inviting.opened(link, ada), page)
        User.objects.filter(pk=ada.pk).update(handed_over=True)
        found += findings_at(browser, inviting.opened(link, ada), f"{page}accept/", **wrong)

        assert found == []

    def test_and_a_password_for_one_sign_in_are_accessible(
        self, me: Membership, client: Client, browser: Browser
    ) -> None:
        people.make_temporary(me.user)

        found = findings_at(browser, client, "/profile/password/")
        found += findings_at(
            browser, client, "/profile/password/", present="no", new_password="a", repeated="b"
        )

        assert found == []

    def test_that_are_not_open_are_accessible(self, browser: Browser) -> None:
        assert findings_at(browser, Client(), "/invitation/", status=410) == []


class TestCompanies:
    def test_pages_are_accessible(self, me: Membership, client: Client, browser: Browser) -> None:
        debtor = factories.debtor(me.organisation, blocked=True)
        company = factories.company(me.organisation, owner=debtor, is_test=True)
        factories.connection(me.organisation, authorised=False)
        factories.connection(me.organisation)

        paths = ["/companies/", "/companies/new/", f"/companies/{company.pk}/", "/debtors/"]
        paths += [f"/debtors/{debtor.pk}/", f"/companies/{company.pk}/journals/"]
        paths += ["/connections/", "/connections/new/", "/journals/import/", "/mappings/"]
        found = [one for path in paths for one in findings_at(browser, client, path)]

        assert found == []


def test_the_page_of_too_many_checks_is_accessible(
    me: Membership, client: Client, browser: Browser
) -> None:
    mapping = factories.mapping(me.organisation)
    for _ in range(operations.OPEN_AT_MOST):
        operations.request_in_background(
            organisation=me.organisation, kind="mappings.read_ledger", by=me.user
        )

    assert findings_at(browser, client, f"/mappings/{mapping.pk}/edit/", status=429) == []


def test_the_page_of_what_another_person_changed_meanwhile_is_accessible(
    me: Membership, client: Client, browser: Browser
) -> None:
    company = factories.company(me.organisation, name="Åkeriet")
    page = f"/companies/{company.pk}/"
    typed = {**sent_by(client.get(page)), "name": "Åkeriet AB"}
    type(company).objects.filter(pk=company.pk).update(name="Åkeriet Nord", is_test=True)

    assert findings_at(browser, client, page, status=409, **typed) == []
