"""Send is pressed with the keyboard: the focus stays beside what was sent, and it is said."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from journals.models import Batch, Journal
from organisations.models import Company, Membership
from tests import factories
from tests.functional.desk import PATIENCE, mark
from tests.journals.pages import rows


@pytest.fixture
def member(transactional_db: None) -> Membership:
    return factories.member()


@pytest.fixture
def company(member: Membership) -> Company:
    made = factories.company(member.organisation)
    rows.mapping(made)
    return made


@pytest.fixture
def desk(browser: Browser, live_server, member: Membership):
    client = Client()
    client.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    context = browser.new_context(base_url=live_server.url, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    yield context.new_page()
    context.close()


def posted(journal: Journal) -> None:
    """Let the ledger take it, as a worker would leave it."""
    made = journal.batches.get()
    rows.freeze(
        made,
        connection=made.connection,
        state="posted",
        vendor_number="000417",
        proven_at=rows.NOW,
    )
    journal.refresh_state(now=timezone.now())


@pytest.mark.browser
class TestInTheList:
    def test_the_row_that_was_sent_has_the_focus_and_says_what_became_of_it(
        self, desk: Page, member: Membership, company: Company
    ) -> None:
        rows.journal(member.organisation, company=company)
        chosen = rows.journal(member.organisation, company=company)
        desk.goto("/journals/")
        loaded_once = mark(desk)
        desk.get_by_label(f"Choose {chosen.reference}").focus()
        desk.keyboard.press("Space")

        desk.get_by_role("button", name="Send", exact=True).focus()
        desk.keyboard.press("Enter")

        expect(desk.locator("#messages")).to_contain_text(
            "1 journal is on its way.", timeout=PATIENCE
        )
        expect(desk.locator("#announcer[role=status]")).to_contain_text(
            "1 journal is on its way.", timeout=PATIENCE
        )
        expect(desk.locator(f"#journal-{chosen.pk}")).to_be_focused(timeout=PATIENCE)
        expect(desk.locator(f"#pick-{chosen.pk}")).not_to_be_checked(timeout=PATIENCE)
        posted(chosen)
        row = desk.get_by_role("row").filter(has_text=chosen.reference)
        expect(row).to_contain_text("1 of 1 posted", timeout=PATIENCE)
        expect(desk.locator(f"#journal-{chosen.pk}")).to_be_focused(timeout=PATIENCE)
        assert loaded_once()

    def test_what_is_chosen_stays_chosen_while_the_rows_follow_themselves(
        self, desk: Page, member: Membership, company: Company
    ) -> None:
        under_way = rows.journal(member.organisation, company=company, state="sending")
        other = rows.journal(member.organisation, company=company)
        desk.goto("/journals/")
        desk.get_by_label(f"Choose {other.reference}").check()

        Batch.objects.filter(journal=under_way).update(state="closed", reason="By hand")
        Journal.objects.filter(pk=under_way.pk).update(state="closed")

        row = desk.get_by_role("row").filter(has_text=under_way.reference)
        expect(row).to_contain_text("Closed by hand", timeout=PATIENCE)
        expect(desk.locator(f"#pick-{other.pk}")).to_be_checked(timeout=PATIENCE)
        expect(desk.locator(".bulk-count")).to_have_text("1 chosen", timeout=PATIENCE)


@pytest.mark.browser
class TestOnTheJournalsPage:
    def test_the_state_has_the_focus_and_what_was_posted_comes_by_itself(
        self, desk: Page, member: Membership, company: Company
    ) -> None:
        journal = rows.journal(member.organisation, company=company)
        desk.goto(reverse("journals:detail", args=[journal.pk]))
        loaded_once = mark(desk)

        desk.get_by_role("button", name="Send", exact=True).focus()
        desk.keyboard.press("Enter")

        expect(desk.locator("#journal-state")).to_be_focused(timeout=PATIENCE)
        expect(desk.locator("#journal-state")).to_contain_text("Checking", timeout=PATIENCE)
        expect(desk.locator("#announcer[role=status]")).to_contain_text(
            "Checking", timeout=PATIENCE
        )
        posted(journal)
        expect(desk.locator("#journal-posting")).to_contain_text("As posted", timeout=PATIENCE)
        expect(desk.locator("#journal-state")).to_contain_text("Sent", timeout=PATIENCE)
        expect(desk.locator("#announcer")).to_contain_text("Sent", timeout=PATIENCE)
        expect(desk.locator("#journal-state")).to_be_focused(timeout=PATIENCE)
        assert loaded_once()

    def test_a_refusal_stands_on_the_same_page(self, desk: Page, member: Membership) -> None:
        journal = rows.journal(member.organisation)
        desk.goto(reverse("journals:detail", args=[journal.pk]))
        loaded_once = mark(desk)

        desk.get_by_role("button", name="Send", exact=True).click()

        expect(desk.locator("#journal .failure")).to_contain_text("is not mapped", timeout=PATIENCE)
        assert loaded_once()
