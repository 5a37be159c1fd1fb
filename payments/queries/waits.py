"""What payments wait for, and remedies that are true in the place where they stand."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Connection
from connectors.errors import FINANCE, NOBODY
from organisations.rules import ORGANISATION
from payments.models import Customer, FetchRun, Payment, Registration
from payments.operations import trying
from payments.queries.failures import failure_row
from payments.queries.wording import REGISTRATIONS
from payments.rights import BUSINESS
from payments.rules.states import RegistrationState
from payments.rules.trying import NEEDS_ACCESS, SAYS_LESS
from ui.failures import WHO_WORDS, FailureRow, asked_once, until_sign_in

_S = RegistrationState


@dataclass(frozen=True, slots=True)
class Wait:
    """
    What something waits for.

    :param sign_in_for: the account that somebody must sign in to first
    :param try_now_url: where a press ends the wait; empty: a rule asks for it
    """

    sign_in_for: str = ""
    next_at: datetime | None = None
    try_now_url: str = ""


def locked_out(account: Connection | None) -> bool:
    """Return whether nothing goes through an account until somebody signs in to it."""
    return account is not None and not account.is_authorised


def state_words(state: str, *, needs_sign_in: bool, held_back: bool = False) -> tuple[str, str]:
    """Return word and look of a registration's state, or that somebody must sign in first."""
    if needs_sign_in and state in SAYS_LESS:
        return _("Waiting for a sign-in"), "waits_for_sign_in"
    word, look = REGISTRATIONS["held_back" if held_back else state]
    return str(word), look


def wait_of(registration: Registration, *, now: datetime) -> Wait | None:
    """Return what a registration waits for; its client and target come along."""
    target, state = registration.client.target, RegistrationState(registration.state)
    if target is None or state not in NEEDS_ACCESS:
        return None
    if locked_out(target):
        return Wait(sign_in_for=target.name)
    paused = target.not_before if target.is_paused(now=now) else None
    next_at = max(registration.not_before, paused or registration.not_before)
    if next_at <= now:
        return None
    url = reverse("payments:try_registration", args=[registration.pk])
    may = trying.may_try_now(registration, now=now)
    return Wait(next_at=next_at, try_now_url=url if may else "")


def failure_of(registration: Registration) -> FailureRow | None:
    """Return why a registration is not there, with a remedy that is true in its state."""
    row = failure_row(
        code=registration.failure_code,
        params=registration.failure_params,
        detail=registration.failure_detail,
        at=registration.failure_at,
    )
    if registration.state in NEEDS_ACCESS and locked_out(registration.client.target):
        return with_way_out(until_sign_in(row))
    if registration.state == _S.NEEDS_PERSON:
        return _for_a_person(row)
    return with_way_out(row)


def _for_a_person(row: FailureRow | None) -> FailureRow | None:
    """What was tried long enough is not tried again by itself: a person looks and answers."""
    if row is None or row.who != NOBODY:
        return with_way_out(row)
    return replace(
        row,
        remedy=_("Check in PowerOffice whether it is there, then answer here."),
        who=FINANCE,
        who_text=_(WHO_WORDS[FINANCE]),
        tone="bad",
    )


def with_way_out(row: FailureRow | None) -> FailureRow | None:
    """Return a failure with the way to the accounts, for who may sign in there."""
    if row is None or row.action != "reconnect":
        return row
    return replace(
        row,
        action_url=reverse("payments:settings"),
        action_label=_("Open the accounts"),
        action_rights=(BUSINESS, ORGANISATION),
    )


def mark_wait(payment: Payment, *, now: datetime) -> Wait | None:
    """Return what the mark of a payment in Visma waits for."""
    source = payment.client.source
    if payment.mark or payment.mark_at is None or source is None:
        return None
    if locked_out(source):
        return Wait(sign_in_for=source.name)
    if payment.mark_at <= now:
        return None
    url = reverse("payments:try_mark", args=[payment.pk])
    may = trying.mark_may_be_tried(payment, now=now)
    return Wait(next_at=payment.mark_at, try_now_url=url if may else "")


def push_wait(customer: Customer, *, now: datetime) -> Wait | None:
    """Return what a block waits for that did not get through to PowerOffice."""
    target = customer.client.target
    if customer.push_at is None or target is None:
        return None
    if locked_out(target):
        return Wait(sign_in_for=target.name)
    if not customer.push_failures or customer.push_at <= now:
        return None
    url = reverse("payments:try_push", args=[customer.pk])
    may = trying.push_may_be_tried(customer, now=now)
    return Wait(next_at=customer.push_at, try_now_url=url if may else "")


def push_failure(customer: Customer) -> FailureRow | None:
    """Return why a block did not get through."""
    row = failure_row(
        code=customer.push_failure_code,
        params=customer.push_failure_params,
        detail=customer.push_failure_detail,
    )
    if locked_out(customer.client.target):
        row = until_sign_in(row)
    return with_way_out(row)


def run_wait(run: FetchRun, *, now: datetime) -> Wait | None:
    """Return when a run that was put off goes on."""
    if run.state != FetchRun.State.WAITING or not run.failures or run.not_before <= now:
        return None
    url = reverse("payments:try_run", args=[run.pk])
    may = trying.run_may_be_tried(run, now=now)
    return Wait(next_at=run.not_before, try_now_url=url if may else "")


def run_failure(run: FetchRun) -> FailureRow | None:
    """Return why a run waits or has failed; one that is over is not tried again by itself."""
    row = failure_row(
        code=run.failure_code,
        params=run.failure_params,
        detail=run.failure_detail,
        at=run.failure_at,
    )
    if run.state == FetchRun.State.FAILED:
        row = asked_once(row)
    return with_way_out(row)
