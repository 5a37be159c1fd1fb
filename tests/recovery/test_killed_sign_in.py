"""A worker is killed (SIGKILL) while it finishes a person's sign-in; the code works only once."""

import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import SignInAttempt
from accounts.operations import signing_in
from background.models import BackgroundRequest
from tests.conftest import Worker
from tests.functional.connecting import Office
from tests.recovery.doomed import Doomed

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    "crash_at",
    ["background_request.after_claim", "background_request.done", "background_request.stored"],
)
def test_s03_the_account_is_authorised_and_the_page_says_so(
    transactional_db: None, sandbox: Any, worker: Worker, doomed: Doomed, crash_at: str
) -> None:
    office = Office(worker.run_due_work)
    account = office.account()
    back = office.sign_in(account)
    waiting = office.client.get("/" + back.split("/", 3)[3])["Location"]
    background_request = BackgroundRequest.objects.get(kind=signing_in.FINISH)
    worker.published.clear()

    status = doomed.run(part="request_runner", row=background_request.pk, crash_at=crash_at)
    worker.run_due_work(now=datetime.now(UTC) + timedelta(seconds=40))

    assert status == -signal.SIGKILL
    account.refresh_from_db()
    background_request.refresh_from_db()
    assert account.is_authorised
    assert (background_request.state, background_request.failure_code) == ("done", "")
    page = office.client.get(waiting, follow=True).content.decode()
    assert account.administration_name in page
    assert "What to do" not in page


def test_s05_a_code_whose_tokens_were_not_stored_is_not_called_an_authorised_account(
    transactional_db: None, sandbox: Any, worker: Worker
) -> None:
    office = Office(worker.run_due_work)
    account = office.account()
    back = office.sign_in(account)
    waiting = office.client.get("/" + back.split("/", 3)[3])["Location"]
    SignInAttempt.objects.update(secret="")

    worker.run_due_work()

    assert BackgroundRequest.objects.get(kind=signing_in.FINISH).failure_code == "oauth.CodeExpired"
    account.refresh_from_db()
    assert not account.is_authorised
    assert "What to do" in office.client.get(waiting, follow=True).content.decode()
