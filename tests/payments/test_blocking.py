"""Blocks: reasons kept apart, mirrored both ways, refused by the database itself."""

import pytest
from django.db import Error, transaction
from django.utils import timezone

from accounts.operations import claims
from background.models import Lease
from connectors.errors import Unavailable
from connectors.receivables.shared import SourceCompany
from connectors.receivables.source import SourceCustomer
from connectors.receivables.target import TargetProject
from payments.models import Customer, DeniedProject, TimeBlock, TimeEntry
from payments.operations import activating, blocking, denying_time, time_registration
from payments.rules.refusals import CustomerBlocked, ReferenceOfOtherTime, WrongCompany
from tests.payments.conftest import Office


def credit(office: Office, blocked: bool) -> None:
    """Let Visma say so at the next fetch."""
    office.source.customers = [SourceCustomer(10001, "Kunde AS", "987654321", blocked)]


def project(code: str, *, denies: bool = False) -> TargetProject:
    return TargetProject(id=f"id-{code}", code=code, name=code, denies_time=denies)


def denied(office: Office) -> set[str]:
    return {p.code for p in office.target.projects["10001"] if p.denies_time}


@pytest.fixture
def blocked(office: Office) -> Office:
    """Return an office with a customer that Visma blocked; one of three projects was closed."""
    office.target.projects = {"10001": [project("P1"), project("P1.1"), project("P2", denies=True)]}
    credit(office, True)
    office.fetch()
    return office


class TestMirror:
    def test_blocks_the_customer_and_its_projects(self, blocked):
        block = TimeBlock.objects.get()

        assert (block.reason, block.lifted_at) == ("visma", None)
        assert denied(blocked) == {"P1", "P1.1", "P2"}
        assert set(DeniedProject.objects.values_list("code", flat=True)) == {"P1", "P1.1"}

    def test_lifts_only_what_the_hub_set(self, blocked):
        credit(blocked, False)
        blocked.fetch()

        assert TimeBlock.objects.get().lifted_at is not None
        assert denied(blocked) == {"P2"}

    def test_never_lifts_a_persons_block(self, blocked):
        customer = Customer.objects.get()
        by = blocked.member.user
        blocking.block_by_hand(customer=customer, note="Dispute", by=by, now=blocked.now)
        credit(blocked, False)
        blocked.fetch()

        (left,) = TimeBlock.objects.filter(lifted_at=None)
        assert left.reason == "person"
        assert denied(blocked) == {"P1", "P1.1", "P2"}

        blocking.unblock_by_hand(customer=customer, by=by, now=blocked.now)
        blocked.work()
        assert denied(blocked) == {"P2"}

    def test_a_person_never_lifts_vismas_block(self, blocked):
        customer = Customer.objects.get()

        assert not blocking.unblock_by_hand(
            customer=customer, by=blocked.member.user, now=blocked.now
        )
        assert TimeBlock.objects.filter(lifted_at=None).exists()

    def test_lifts_what_the_hub_set_from_a_project_that_went_to_another_customer(self, blocked):
        (moved,) = [p for p in blocked.target.projects["10001"] if p.code == "P1"]
        blocked.target.projects["10001"].remove(moved)
        blocked.target.projects["10002"] = [moved]

        blocked.work(3700)

        assert not blocked.target.projects["10002"][0].denies_time
        assert denied(blocked) == {"P1.1", "P2"}

    def test_lifts_what_the_hub_set_when_all_is_lifted_wherever_the_project_is(self, blocked):
        blocked.target.projects["10002"] = blocked.target.projects.pop("10001")

        credit(blocked, False)
        blocked.fetch()

        found = {p.code: p.denies_time for p in blocked.target.projects["10002"]}
        assert found == {"P1": False, "P1.1": False, "P2": True}

    def test_nothing_of_another_company_is_mirrored(self, office):
        office.source.company = SourceCompany("4110102", "Other AS", "888888888", "NOK")
        credit(office, True)

        with pytest.raises(WrongCompany):
            blocking.sync_now(office.fresh(), now=office.now)

        assert not Customer.objects.exists()

    def test_one_at_a_time_writes_to_the_target(self, blocked):
        blocked.target.projects["10001"].append(project("P3"))
        key = claims.writer_key(blocked.fresh().target)
        Lease.objects.take(key=key, owner="a worker", now=timezone.now(), seconds=60)

        done = blocking.sync_now(blocked.fresh(), now=blocked.now)

        assert (done["pushed"], done["failed"]) == (0, 0)
        assert "P3" not in denied(blocked)
        Lease.objects.give_back(key=key, owner="a worker")
        assert blocking.sync_now(blocked.fresh(), now=blocked.now)["pushed"] == 1
        assert "P3" in denied(blocked)

    def test_finds_projects_that_are_new(self, blocked):
        blocked.target.projects["10001"].append(project("P3"))

        blocked.work(seconds=denying_time.LOOK_FOR_NEW_PROJECTS.total_seconds() + 1)

        assert "P3" in denied(blocked)

    def test_twice_the_same_news_changes_nothing(self, blocked):
        blocked.fetch()
        blocked.fetch(full=True)

        assert TimeBlock.objects.count() == 1

    def test_is_off_unless_it_is_set(self, office):
        office.integration.mirrors_blocks = False
        office.integration.save()
        credit(office, True)

        office.fetch()

        assert Customer.objects.get().credit_blocked
        assert not TimeBlock.objects.exists()

    def test_switched_off_and_on_again_lifts_and_sets(self, blocked):
        def mirror(on: bool) -> None:
            activating.change_settings(
                organisation=blocked.organisation,
                marker="",
                marker_value="1",
                fetch_from=blocked.integration.fetch_from,
                mirrors_blocks=on,
                by=blocked.member.user,
                now=blocked.now,
            )

        mirror(False)
        assert not TimeBlock.objects.filter(lifted_at=None).exists()
        mirror(True)
        assert TimeBlock.objects.filter(lifted_at=None).count() == 1

    def test_an_outage_is_tried_again_and_shown(self, office):
        office.target.projects = {"10001": [project("P1")]}
        real = office.target.read_projects

        def fail(*, customer_number: str):
            raise Unavailable(vendor="PowerOffice")

        office.target.read_projects = fail
        credit(office, True)
        office.fetch()
        assert Customer.objects.get().push_failure_code == "Unavailable"
        office.target.read_projects = real

        office.work(seconds=120)

        assert denied(office) == {"P1"}
        assert Customer.objects.get().push_failure_code == ""

    def test_of_one_customer_is_asked_on_demand(self, blocked):
        credit(blocked, False)
        blocking.request_recheck(customer=Customer.objects.get(), by=blocked.member.user)

        blocked.run_due_work()

        assert not TimeBlock.objects.filter(lifted_at=None).exists()


class TestTime:
    def register(self, office: Office, **more):
        values = {"minutes": 60, "worked_on": office.now.date(), "who": "Somebody", "by": None}
        return time_registration.register(
            organisation=office.organisation,
            customer=Customer.objects.get(),
            now=office.now,
            **(values | more),
        )

    def test_on_a_blocked_customer_is_refused_with_reason_and_since_when(self, blocked):
        with pytest.raises(CustomerBlocked) as refused:
            self.register(blocked)

        assert "Visma" in refused.value.params["reason"]
        assert refused.value.params["since"].startswith("2026-04-08")

    def test_the_database_itself_refuses(self, blocked):
        with pytest.raises(Error, match="customer_is_temporarily_blocked"), transaction.atomic():
            TimeEntry.objects.create(
                organisation=blocked.organisation,
                customer=Customer.objects.get(),
                worked_on=blocked.now.date(),
                minutes=60,
                who="Somebody",
            )
        assert not TimeEntry.objects.exists()

    def test_the_database_refuses_to_move_time_onto_a_blocked_customer(self, blocked):
        other = Customer.objects.create(
            organisation=blocked.organisation, client=blocked.client, number="1", name="Other"
        )
        entry = TimeEntry.objects.create(
            organisation=blocked.organisation,
            customer=other,
            worked_on=blocked.now.date(),
            minutes=60,
            who="Somebody",
        )
        with pytest.raises(Error, match="customer_is_temporarily_blocked"), transaction.atomic():
            TimeEntry.objects.filter(pk=entry.pk).update(
                customer=Customer.objects.get(number="10001")
            )

    def test_is_taken_when_the_block_is_lifted(self, blocked):
        credit(blocked, False)
        blocked.fetch()

        assert self.register(blocked)[1]

    def test_other_time_under_the_same_reference_is_refused(self, office):
        credit(office, False)
        office.fetch()
        self.register(office, reference="r1")

        with pytest.raises(ReferenceOfOtherTime):
            self.register(office, reference="r1", minutes=90)

        assert TimeEntry.objects.count() == 1

    def test_with_the_same_reference_is_one_entry(self, office):
        credit(office, False)
        office.fetch()

        first = self.register(office, reference="r1")
        again = self.register(office, reference="r1")

        assert (first[1], again[1]) == (True, False)
        assert first[0] == again[0]
