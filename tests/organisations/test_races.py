"""Check and act are one: what two people do in the same moment leaves no rule broken."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Connection
from accounts.operations import connecting
from audit.models import AuditEntry
from organisations.models import Company, Invitation, Membership, Organisation, Role
from organisations.operations import invitations, people
from organisations.rules import ORGANISATION
from tests import factories

Act = Callable[[Membership, Membership, Role], None]


def demote(whom: Membership, by: Membership, to: Role) -> None:
    people.change_role(membership=whom, role=to, by=by.user)


def remove(whom: Membership, by: Membership, to: Role) -> None:
    people.remove_person(membership=whom, by=by.user)


def empty_the_role(whom: Membership, by: Membership, to: Role) -> None:
    people.change_rights(role=whom.role, rights={}, by=by.user)


@pytest.fixture(params=[demote, remove, empty_the_role])
def end(request: Any) -> Act:
    """Return one of the ways in which an administrator ends another one's rights."""
    act: Act = request.param
    return act


def two_administrators() -> tuple[Membership, Membership, Role]:
    of = factories.organisation()
    reader = factories.role(of, rights={ORGANISATION: "read"})
    return factories.member(of), factories.member(of), reader


def administrators(of: Organisation) -> int:
    members = Membership.objects.of(of).select_related("role")
    return sum(member.role.rights.get(ORGANISATION) == "write" for member in members)


def elsewhere(outcomes: list[str], act: Callable[[], None]) -> Thread:
    """Start a second person, with a connection to the database of his or her own."""

    def run() -> None:
        try:
            act()
            outcomes.append("done")
        except people.Refused as refused:
            outcomes.append(str(refused))
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
class TestTwoAdministratorsInTwoProcesses:
    def test_who_end_each_others_rights_leave_one(self, end: Act) -> None:
        ada, bo, reader = two_administrators()
        outcomes: list[str] = []

        with transaction.atomic():
            end(bo, ada, reader)
            other = elsewhere(outcomes, lambda: end(ada, bo, reader))
            other.join(timeout=1)
            waited = other.is_alive()
        other.join(timeout=60)

        assert waited
        assert outcomes == ["At least one user must be able to change people and roles."]
        assert administrators(ada.organisation) == 1

    def test_who_both_take_a_third_one_out_do_it_once(self) -> None:
        ada, bo, _reader = two_administrators()
        third = factories.member(ada.organisation)
        outcomes: list[str] = []

        with transaction.atomic():
            remove(third, ada, third.role)
            other = elsewhere(outcomes, lambda: remove(third, bo, third.role))
            other.join(timeout=1)
        other.join(timeout=60)

        assert outcomes == ["Someone else has already removed this user."]
        assert AuditEntry.objects.filter(action="person.removed").count() == 1


@pytest.mark.django_db
class TestWhatHappensBetweenReadingAndWriting:
    """The same, one after the other: what the second one knows is old."""

    @pytest.fixture
    def meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
        """Return a list of what somebody else does just before an organisation is held."""
        acts: list[Callable[[], None]] = []
        hold = people.hold

        def late(organisation: Organisation) -> None:
            while acts:
                acts.pop()()
            hold(organisation)

        monkeypatch.setattr(people, "hold", late)
        return acts

    def test_the_last_administrator_stays(
        self, end: Act, meanwhile: list[Callable[[], None]]
    ) -> None:
        ada, bo, reader = two_administrators()
        meanwhile.append(lambda: end(bo, ada, reader))

        with pytest.raises(people.Refused, match="At least one user must"):
            end(ada, bo, reader)

    def test_nobody_gets_a_role_who_was_removed(self, meanwhile: list[Callable[[], None]]) -> None:
        ada, bo, reader = two_administrators()
        meanwhile.append(lambda: remove(bo, ada, reader))

        with pytest.raises(people.Refused, match="removed this user"), transaction.atomic():
            demote(bo, ada, reader)

    def test_the_trail_says_which_rights_a_role_had_then(
        self, meanwhile: list[Callable[[], None]]
    ) -> None:
        ada, _bo, reader = two_administrators()
        stale = Role.objects.get(pk=reader.pk)
        meanwhile.append(
            lambda: people.change_rights(role=reader, rights={"audit": "read"}, by=ada.user)
        )

        people.change_rights(role=stale, rights={}, by=ada.user)

        newest = AuditEntry.objects.filter(action="role.changed").latest("pk")
        assert newest.details["from"] == {"audit": "read"}

    def test_an_account_that_was_authorised_is_not_removed(self) -> None:
        of = factories.organisation()
        member = factories.member(of)
        account = factories.connection(of)  # by a sign-in that ended after the page was shown
        account.state, account.refresh_token = Connection.State.NOT_AUTHORISED, ""

        with pytest.raises(connecting.StillInUse):
            connecting.remove_connection(connection=account, by=member.user)

        assert Connection.objects.filter(pk=account.pk).exists()


@pytest.mark.django_db(transaction=True)
class TestTwoPeopleWhoTypeTheSameNumber:
    def test_one_company_is_made_and_the_other_one_is_refused(self) -> None:
        of = factories.organisation()
        ada, bo, debtor = factories.member(of), factories.member(of), factories.debtor(of)
        answers: list[str] = []

        def post(person: Membership) -> None:
            client = Client()
            client.force_login(person.user, backend="organisations.backends.HubBackend")
            form = {"number": "77", "name": "Twice", "debtor": debtor.pk, "currency": "SEK"}
            answer = client.post(reverse("organisations:new_company"), form)
            answers.append(answer.content.decode() if answer.status_code == 200 else "made")

        with transaction.atomic():
            post(ada)
            other = elsewhere([], lambda: post(bo))
            other.join(timeout=1)
        other.join(timeout=60)

        assert answers[0] == "made"
        assert "Another company has this number." in answers[1]
        assert Company.objects.of(of).count() == 1


@pytest.mark.django_db(transaction=True)
class TestOneAddressInvitedTwiceAtOnce:
    def test_makes_one_invitation(self) -> None:
        ada, bo, _reader = two_administrators()
        outcomes: list[str] = []

        def invite(by: Membership) -> None:
            invitations.invite(
                organisation=by.organisation,
                role=by.role,
                email="eva@office.example",
                by=by.user,
                now=timezone.now(),
            )

        with transaction.atomic():
            invite(ada)
            other = elsewhere(outcomes, lambda: invite(bo))
            other.join(timeout=1)
            waited = other.is_alive()
        other.join(timeout=60)

        assert waited
        assert outcomes == [
            "This address has an open invitation. Send it again from the list of people."
        ]
        assert Invitation.objects.count() == 1
