"""S6: New mapping: only administrations of authorised accounts; one mapping to a target."""

from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import reverse

from audit.models import AuditEntry
from mappings.models import Mapping
from mappings.operations.checking import READ_LEDGER
from tests import factories
from tests.mappings.targets import connected
from tests.mappings.wizard import answer, signed_in, walk_to_dimensions

pytestmark = pytest.mark.django_db


class TestNewMapping:
    def test_offers_only_administrations_of_authorised_accounts(self) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        good = factories.connection(me.organisation)
        factories.connection(me.organisation, authorised=False, administration_name="Grey AB")
        factories.connection(factories.organisation(), administration_name="Stranger AB")
        client = signed_in(me)

        client.get(f"{reverse('mappings:new')}?company={company.pk}")
        page = client.get(reverse("mappings:step", args=["administration"]))

        assert list(page.context["form"].fields["connection"].queryset) == [good]
        assert good.administration_name in page.text
        assert "Grey AB" not in page.text
        assert "Stranger AB" not in page.text

    def test_refuses_an_account_that_was_not_offered(self) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        grey = factories.connection(me.organisation, authorised=False)
        client = signed_in(me)
        client.get(f"{reverse('mappings:new')}?company={company.pk}")

        page = answer(client, "administration", connection=grey.pk)

        assert page.status_code == 200
        assert "connection" in page.context["form"].errors

    def test_says_what_to_do_without_an_authorised_account(self) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        client = signed_in(me)
        client.get(f"{reverse('mappings:new')}?company={company.pk}")

        page = client.get(reverse("mappings:step", args=["administration"]))

        assert "Authorise a Visma.net account first" in page.text

    def test_does_not_offer_a_company_that_is_mapped(self) -> None:
        me = factories.member()
        mapped = factories.mapping(me.organisation).company
        free = factories.company(me.organisation)
        client = signed_in(me)
        client.get(reverse("mappings:new"))

        page = client.get(reverse("mappings:step", args=["company"]))
        refused = answer(client, "company", company=mapped.pk)

        assert list(page.context["form"].fields["company"].queryset) == [free]
        assert "company" in refused.context["form"].errors

    def test_is_saved_at_the_end_and_checked_live(self, sandbox: Any, run_due_work: Any) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        connection = connected(me.organisation, sandbox.url)
        client = signed_in(me)

        walk_to_dimensions(client, company, connection, run_due_work)
        answer(
            client,
            "dimensions",
            use_cost_centre="on",
            cost_centre_description="Kostnadsställe",
        )
        answer(client, "patterns", balance_sheet_format="[0-2][0-9][0-9][0-9]")
        answer(client, "policy", posting="hold", closed_period_rule="hold", first_period="2026-03")
        saved = client.post(reverse("mappings:step", args=["review"]))
        waiting = client.get(saved.url)
        run_due_work()
        page = client.get(saved.url)

        mapping = Mapping.objects.get()
        assert (mapping.company, mapping.connection) == (company, connection)
        assert (mapping.cost_centre_segment, mapping.use_cost_unit) == (1, False)
        assert (mapping.hold, mapping.closed_period_rule) == (True, "hold")
        assert mapping.created_by == me.user
        assert "Checking the ledger" in waiting.text
        assert "Nothing prevents sending" in page.text
        assert AuditEntry.objects.filter(action="mapping.created", user=me.user).count() == 1

    def test_has_no_rule_for_closed_periods_until_one_is_chosen(
        self, sandbox: Any, run_due_work: Any
    ) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        client = signed_in(me)
        connection = connected(me.organisation, sandbox.url)
        walk_to_dimensions(client, company, connection, run_due_work)

        shown = client.get(reverse("mappings:step", args=["policy"]))
        page = answer(client, "policy", posting="hold")
        jumped = client.post(reverse("mappings:step", args=["review"]))

        assert shown.context["form"]["closed_period_rule"].value() is None
        assert "Choose what happens when a period is closed." in page.text
        assert jumped.url == reverse("mappings:step", args=["policy"])
        assert not Mapping.objects.exists()

    def test_calls_nobody_from_the_page(self, sandbox: Any, run_due_work: Any) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        connection = connected(me.organisation, sandbox.url)
        client = signed_in(me)
        before = len(sandbox.store.requests(vendor="visma-net"))
        client.get(f"{reverse('mappings:new')}?company={company.pk}")

        answer(client, "administration", connection=connection.pk)
        page = client.get(reverse("mappings:reading"))

        assert len(sandbox.store.requests(vendor="visma-net")) == before
        assert me.organisation.background_requests.get().kind == READ_LEDGER
        assert "is being read" in page.text or "are being read" in page.text

    def test_tells_why_the_ledger_could_not_be_read(self, sandbox: Any, run_due_work: Any) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        connection = connected(me.organisation, sandbox.url)
        sandbox.store.add_fault("forbidden", times=None)
        client = signed_in(me)
        client.get(f"{reverse('mappings:new')}?company={company.pk}")

        answer(client, "administration", connection=connection.pk)
        run_due_work()
        page = client.get(reverse("mappings:reading"))

        assert "API User" in page.text
        assert "Try again" in page.text


class TestSecondMapping:
    def test_to_the_same_target_is_refused_when_it_is_saved(
        self, sandbox: Any, run_due_work: Any
    ) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        connection = connected(me.organisation, sandbox.url)
        client = signed_in(me)
        walk_to_dimensions(client, company, connection, run_due_work)
        answer(
            client, "policy", posting="hold", closed_period_rule="refuse", first_period="2026-03"
        )
        factories.mapping(me.organisation, to=company, through=connection)

        page = client.post(reverse("mappings:step", args=["review"]))

        assert "is already mapped to this target" in page.text
        assert Mapping.objects.count() == 1

    def test_to_the_same_target_is_refused_by_the_database(self) -> None:
        first = factories.mapping(factories.organisation())

        with pytest.raises(IntegrityError):
            factories.mapping(
                first.organisation,
                to=first.company,
                through=factories.connection(first.organisation),
            )
