"""What nobody comes back for is forgotten; and who is an operator of the installation."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import SignInAttempt
from accounts.operations.cleaning import forget_sign_ins
from accounts.tasks import forget_sign_ins as forget_sign_ins_task
from audit.models import AuditEntry
from background import cleaning
from background.models import BackgroundRequest
from background.tasks import forget_requests
from integrationhub.sweeping import periodic_tasks
from journals.models import Comparison
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class TestForgetSignIns:
    def test_deletes_those_older_than_the_setting_says(self, settings: Any) -> None:
        settings.HUB_KEEP_SIGN_INS_DAYS = 7
        member = factories.member()
        connection = factories.connection(member.organisation, authorised=False)
        for days in (8, 6):
            SignInAttempt.objects.create(
                organisation=member.organisation,
                connection=connection,
                user=member.user,
                created_at=NOW - timedelta(days=days),
            )

        assert forget_sign_ins(now=NOW) == 1
        assert SignInAttempt.objects.get().created_at == NOW - timedelta(days=6)

    def test_is_done_by_a_task_that_takes_newer_arguments(self) -> None:
        forget_sign_ins_task(of_a_newer_version=True)


class TestForgetBackgroundRequest:
    def test_deletes_those_that_ended_longer_ago_than_the_setting_says(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.HUB_KEEP_REQUESTS_DAYS = 30
        monkeypatch.setattr(cleaning, "_AT_ONCE", 1)
        organisation = factories.organisation()
        for kind, state, days in (
            ("old", "done", 31),
            ("old", "failed", 31),
            ("young", "done", 29),
            ("waits", "waiting", None),
            ("runs", "running", None),
        ):
            BackgroundRequest.objects.create(
                organisation=organisation,
                kind=kind,
                state=state,
                created_at=NOW - timedelta(days=90),
                finished_at=None if days is None else NOW - timedelta(days=days),
            )

        assert cleaning.forget_requests(now=NOW) == 2
        left = BackgroundRequest.objects.of(organisation).values_list("kind", flat=True)
        assert set(left) == {"young", "waits", "runs"}

    def test_leaves_a_comparison_that_an_background_request_made(self) -> None:
        member = factories.member()
        company = factories.company(member.organisation)
        background_request = BackgroundRequest.objects.create(
            organisation=member.organisation,
            kind="journals.compare",
            state=BackgroundRequest.State.DONE,
            finished_at=NOW - timedelta(days=400),
        )
        comparison = Comparison.objects.create(
            organisation=member.organisation,
            company=company,
            period="2026-03",
            background_request=background_request,
        )

        cleaning.forget_requests(now=NOW)

        comparison.refresh_from_db()
        assert comparison.background_request is None

    def test_is_done_every_day_by_a_task_that_takes_newer_arguments(self) -> None:
        forget_requests(of_a_newer_version=True)

        assert (forget_requests, timedelta(days=1)) in periodic_tasks()


class TestMakeOperator:
    def test_lets_a_person_see_the_figures_and_takes_it_away(self) -> None:
        member = factories.member(person=factories.user("ada@office.example"))
        out = StringIO()

        call_command("make_operator", "Ada@Office.example", "--json", stdout=out)
        member.user.refresh_from_db()
        made = member.user.is_superuser
        call_command("make_operator", "ada@office.example", "--take-away", stdout=out)
        member.user.refresh_from_db()

        assert json.loads(out.getvalue().splitlines()[0])["operator"] is True
        assert (made, member.user.is_superuser) == (True, False)
        actions = AuditEntry.objects.of(member.organisation).order_by("pk")
        assert [entry.action for entry in actions] == [
            "person.operator_made",
            "person.operator_ended",
        ]

    def test_refuses_who_is_not_there(self) -> None:
        with pytest.raises(CommandError, match="no such user"):
            call_command("make_operator", "nobody@office.example")
