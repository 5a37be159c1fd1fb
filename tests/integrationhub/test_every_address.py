"""Every address that the URL configuration has, and every command: what each leaves and shows."""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import load_command_class
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Connection
from accounts.operations import signing_in
from api import endpoints
from api.models import ApiToken, digest_of
from audit import actions
from background.models import BackgroundRequest
from organisations.models import Membership, Organisation
from organisations.operations import invitations
from organisations.rules import rights_in_order
from payments.models import Integration
from tests import factories, lists
from tests.organisations.test_confirming import EVERY_CHANGE

APPS = (*settings.HUB_APPS, "integrationhub")
_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
_PARAMETERS: dict[str, Any] = {
    "file_format": "csv",
    "account": "7010",
    "step": "company",
    "name": "new",
    "uidb36": "x",
    "key": "y",
    "period": "2026-03",
}


def addresses() -> dict[str, URLPattern]:
    """Return every address by its full name."""

    def walk(patterns: list[Any], space: str) -> Iterator[tuple[str, URLPattern]]:
        for one in patterns:
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, one.namespace or space)
            else:
                yield (f"{space}:{one.name}" if space else str(one.name)), one

    return dict(walk(get_resolver().url_patterns, ""))


def address_of(name: str, pattern: URLPattern) -> str:
    """Return an address with the ids of nothing."""
    named = set(re.findall(r"<(?:\w+:)?(\w+)>", str(pattern.pattern)))
    return reverse(name, kwargs={each: _PARAMETERS.get(each, 0) for each in named})


ADDRESSES = addresses()


def what_answers(name: str) -> list[Any]:
    """Return the functions that answer at an address."""
    for at in endpoints.api.default_router.path_operations.values():
        if f"api:{at.url_name}" == name:
            return [operation.view_func for operation in at.operations]
    view = ADDRESSES[name].callback
    return [getattr(view, "view_class", view)]


def takes_a_post(name: str) -> bool:
    client = Client(raise_request_exception=False)
    client.force_login(factories.member().user, backend="organisations.backends.HubBackend")
    return client.post(address_of(name, ADDRESSES[name])).status_code != 405


# --- What leaves an entry in the audit trail ----------------------------------------------------


def actions_of(start: Any) -> set[str]:
    """Return the actions that the function, or what it calls of our code by name, can record."""
    found: set[str] = set()
    seen: set[Any] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if inspect.isclass(here):
            waiting += [each for each in vars(here).values() if inspect.isfunction(each)]
            continue
        here = inspect.unwrap(here)
        if not isinstance(here, FunctionType) or here in seen:
            continue
        seen.add(here)
        names, constants = _said_by(here.__code__)
        found |= {text for text in constants if text in actions.ACTIONS}
        for name in names:
            there = here.__globals__.get(name)
            if isinstance(there, ModuleType) and _is_ours(there.__name__):
                members = (vars(there).get(each) for each in names)
                waiting += [each for each in members if inspect.isfunction(each)]
            elif inspect.isfunction(there) and _is_ours(there.__module__):
                waiting.append(there)
    return found


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in APPS


def _said_by(code: CodeType) -> tuple[set[str], set[str]]:
    names, constants = set(code.co_names), set()
    for each in code.co_consts:
        if isinstance(each, CodeType):
            more_names, more_constants = _said_by(each)
            names |= more_names
            constants |= more_constants
        elif isinstance(each, str):
            constants.add(each)
        elif isinstance(each, tuple):
            constants |= {text for text in each if isinstance(text, str)}
    return names, constants


def commands() -> list[tuple[str, str]]:
    found = []
    for app in APPS:
        try:
            folder = import_module(f"{app}.management.commands")
        except ModuleNotFoundError:
            continue
        found += [(app, each.name) for each in iter_modules(folder.__path__)]
    return [(app, name) for app, name in found if not name.startswith("_")]


LEAVES_NO_ENTRY = {
    **dict.fromkeys(
        ("set_language", "organisations:theme", "organisations:switch_organisation"),
        "how pages look to one person",
    ),
    "mfa_edit_webauthn": "how one's own passkey is called",
    "journals:hide_first_steps": "how the home page looks to one person",
    "accounts:authorise": "begins a sign-in; the worker records connection.authorised",
    "accounts:sign_out_of_vendor": "leads to the vendor's own page, changes nothing here",
    **dict.fromkeys(
        ("accounts:begin_queue", "accounts:skip", "accounts:end_queue"),
        "leads one person from account to account; each sign-in is recorded",
    ),
    "mappings:reading": "reads the ledger for the page that is being filled in",
    "mappings:check": "reads the ledger",
    "journals:import": "stores a file that waits; journal.import is recorded when it becomes one",
    "journals:import_sample": "as journals:import, with the file of the demo company",
    "journals:check": "reads the ledger",
    "journals:new_bulk": "asks first; the confirmation records journal.send_together",
    "journals:compare": "reads the ledger; the comparison keeps who asked for it",
    "office:plan": "shows what would be done; journals.send_together and others are recorded then",
    "payments:compare": "asks a worker, who records payments.reconciled",
    "payments:recheck": "asks a worker, who records customer.blocked or customer.unblocked",
    "payments:check_client": "reads at both vendors",
    "api:fetch": "tells where a run stands; only GET is answered",
    "api:api-root": "there is nothing; the API's addresses begin with it",
}
"""Addresses that take a POST and record nothing themselves, each with its reason."""

RECORDED_BY_THE_ADAPTER = {
    **dict.fromkeys(
        ("account_login", "mfa_authenticate", "mfa_login_webauthn", "account_logout"),
        "tests/organisations/test_sign_ins.py",
    ),
    "account_reset_password": "tests/organisations/test_forgotten.py",
}
"""Addresses of django-allauth, which asks our adapter, and where it is seen to record."""

COMMANDS_LEAVE_NO_ENTRY = {
    **dict.fromkeys(
        (
            *("doctor", "list_settings", "list_failures", "list_journals", "list_payments"),
            *("list_companies", "list_connections", "list_api", "list_commands"),
        ),
        "changes nothing",
    ),
    **dict.fromkeys(("read_back", "check_invoice_client"), "reads at a vendor"),
    "prepare_trial": "the trial only; what it calls records",
    "sync_credit_blocks": "customer.blocked and customer.unblocked are recorded by what it starts",
}


@pytest.mark.django_db
class TestWhoPressedWhat:
    @pytest.mark.parametrize("name", ADDRESSES)
    def test_is_recorded_by_every_address_that_changes_something(self, name: str) -> None:
        recorded = {action for one in what_answers(name) for action in actions_of(one)}

        if name in RECORDED_BY_THE_ADAPTER:
            assert recorded == set(), "it records something itself: take it out of the list"
        elif not takes_a_post(name):
            assert name not in LEAVES_NO_ENTRY, "it takes no POST at all"
        elif name in LEAVES_NO_ENTRY:
            assert recorded == set(), "it records something: take it out of the list"
        else:
            assert recorded, f"{name} takes a POST: record it, or say here why not"

    @pytest.mark.parametrize(("app", "name"), commands())
    def test_is_recorded_by_every_command_that_changes_something(self, app: str, name: str) -> None:
        recorded = actions_of(type(load_command_class(app, name)))

        assert bool(recorded) != (name in COMMANDS_LEAVE_NO_ENTRY), sorted(recorded)

    def test_the_lists_name_only_what_there_is(self) -> None:
        assert set(LEAVES_NO_ENTRY) <= set(ADDRESSES)
        assert set(COMMANDS_LEAVE_NO_ENTRY) <= {name for _app, name in commands()}


# --- What asks who one is, once more -----------------------------------------------------------

CHANGES_WHO_MAY = {
    *("person.role_changed", "person.removed", "person.invited", "person.second_factor_reset"),
    *("person.password_changed", "person.password_link_made", "person.recovery_codes_renewed"),
    *("person.second_factor_added", "person.second_factor_removed"),
    *("person.passkey_added", "person.passkey_removed"),
    *("role.created", "role.changed", "organisation.changed", "token.created"),
}


class TestWhoMayDoWhat:
    def test_is_changed_only_after_one_has_shown_who_one_is(self) -> None:
        changing = {
            name
            for name in ADDRESSES
            if any(actions_of(one) & CHANGES_WHO_MAY for one in what_answers(name))
        }

        assert changing - ALONE_PROOF <= set(EVERY_CHANGE)
        assert len(changing) > 12


ALONE_PROOF = {"organisations:accept_invitation"}
"""What is opened by a link that is good once, and says that a factor of before is gone."""


# --- Who finds what ------------------------------------------------------------------------------

OPEN_TO_ALL = {
    *("healthz", "readyz", "metrics", "set_language", "api:openapi-json", "api:api-root"),
    *(
        *("account_login", "mfa_authenticate", "mfa_login_webauthn", "account_logout"),
        "organisations:theme",
    ),
    *("account_reset_password", "account_reset_password_from_key"),
    *("organisations:invitation", "organisations:open_invitation", "organisations:accept_as_new"),
    *("organisations:accept_invitation", "organisations:decline_invitation"),
    "organisations:leave_for_invitation",
}
"""What there is without a sign-in; `metrics` for this machine only, or with a token."""
OF_ONE_PERSON = {
    *("organisations:profile", "organisations:password", "organisations:end_sessions"),
    *("organisations:end_session", "organisations:recovery_codes"),
    *("mfa_index", "mfa_activate_totp", "mfa_deactivate_totp"),
    *("mfa_add_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn"),
    *("organisations:switch_organisation", "accounts:callback", "organisations:choices"),
    *("journals:start", "journals:home", "journals:hide_first_steps", "organisations:worker"),
    "organisations:find",
}
"""What everybody who is signed in has, whatever the rights."""
SEEN_ELSEWHERE = {
    "organisations:end_session": "tests/organisations/test_sessions.py",
    "mfa_edit_webauthn": "tests/organisations/test_passkeys.py",
    "mfa_remove_webauthn": "tests/organisations/test_passkeys.py",
    "journals:check_result": "tests/journals/pages/test_journal_page.py",
    "journals:account": "tests/journals/pages/test_last_month.py",
    "payments:forget_prefix": "tests/payments/test_prefixes.py",
    "payments:register_again": "tests/payments/test_pages.py",
    "payments:try_registration": "tests/payments/test_true_remedies.py",
    "payments:decide": "tests/payments/test_pages.py",
    "payments:earlier_count": "tests/payments/test_pages.py",
    "api:fetch": "below",
}
"""What the walk as a stranger has no row for, and where a stranger is seen to find nothing."""
API = {"api:time_entries", "api:fetches", "api:fetch"}
WITH_ID = [name for name in ADDRESSES if "pk" in str(ADDRESSES[name].pattern)]


def statuses(client: Client, address: str) -> set[int]:
    return {client.get(address).status_code, client.post(address).status_code}


def signed_in(user: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="organisations.backends.HubBackend")
    return client


@pytest.mark.django_db
class TestWithoutASignIn:
    @pytest.mark.parametrize("name", sorted(set(ADDRESSES) - OPEN_TO_ALL))
    def test_every_address_leads_to_the_sign_in(self, name: str) -> None:
        address = address_of(name, ADDRESSES[name])

        for answer in (Client().get(address), Client().post(address)):
            if name in API:
                assert answer.status_code == 401
            elif answer.status_code != 405:
                assert answer.status_code == 302
                assert answer["Location"].startswith("/sign-in/")


@pytest.mark.django_db
class TestWithoutAnyRight:
    @pytest.mark.parametrize("name", sorted(set(ADDRESSES) - OPEN_TO_ALL - OF_ONE_PERSON - API))
    def test_there_is_no_such_page(self, name: str) -> None:
        person = signed_in(factories.member(rights={}).user)

        assert statuses(person, address_of(name, ADDRESSES[name])) <= {403, 404, 405}


@pytest.mark.django_db
class TestWhatABrowserKeeps:
    def test_is_nothing_of_any_address(self, theirs: lists.Office) -> None:
        owner = signed_in(theirs.user)

        for name in ADDRESSES:
            answer = owner.get(address_of(name, ADDRESSES[name]))
            assert "no-store" in answer["Cache-Control"], name

    def test_is_nothing_of_a_page_with_content_either(self, theirs: lists.Office) -> None:
        owner = signed_in(theirs.user)

        for name in WITH_ID:
            for pk in ids_of(theirs.organisation):
                answer = owner.get(with_id(name, pk))
                assert "no-store" in answer["Cache-Control"], name


@pytest.fixture
def theirs(db: None) -> lists.Office:
    """Return an office that has one or two of everything."""
    office = lists.open_office()
    lists.fill(office, 2)
    connection = Connection.objects.filter(organisation=office.organisation).first()
    assert connection is not None
    BackgroundRequest.objects.create(
        organisation=office.organisation,
        kind=signing_in.FINISH,
        params={"connection": connection.pk},
        requested_by=office.user,
    )
    invitations.invite(
        organisation=office.organisation,
        role=office.user.memberships.get().role,
        email="invited@office.example",
        by=office.user,
        now=timezone.now(),
    )
    return office


@pytest.fixture
def member(db: None) -> Membership:
    """Return somebody with every right in another office."""
    found = factories.member(
        rights={right.key: right.levels[-1].value for right in rights_in_order()}
    )
    Integration.objects.create(organisation=found.organisation, activated_at=lists.NOW)
    return found


def ids_of(organisation: Organisation) -> list[int]:
    """Return the ids of one row of every kind that the organisation has."""
    found = set()
    for model in apps.get_models():
        if any(field.name == "organisation" for field in model._meta.concrete_fields):
            rows = model._default_manager.filter(organisation=organisation)
            found |= set(rows.order_by("pk").values_list("pk", flat=True)[:1])
    return sorted(found)


def with_id(name: str, pk: int) -> str:
    named = set(re.findall(r"<(?:\w+:)?(\w+)>", str(ADDRESSES[name].pattern)))
    return reverse(name, kwargs={e: pk if e.endswith("pk") else _PARAMETERS[e] for e in named})


def is_there(client: Client, address: str) -> bool:
    """Say whether the person finds something at the address; what a POST does is undone."""
    if client.get(address).status_code not in (401, 404, 405):
        return True
    with transaction.atomic():
        found = client.post(address).status_code not in (401, 404, 405)
        transaction.set_rollback(True)
    return found


class TestAStranger:
    """Somebody with every right in an office of their own."""

    def test_finds_nothing_of_another_office_at_any_address(
        self, theirs: lists.Office, member: Membership
    ) -> None:
        ids = ids_of(theirs.organisation)
        assert member.pk not in ids
        owner, stranger = signed_in(theirs.user), signed_in(member.user)
        not_seen = set()

        for name in WITH_ID:
            places = (with_id(name, pk) for pk in ids)
            place = next((each for each in places if is_there(owner, each)), None)
            if place is None:
                not_seen.add(name)
            else:
                assert statuses(stranger, place) <= {404, 405}, place

        assert not_seen == set(SEEN_ELSEWHERE)

    def test_finds_nothing_of_another_office_by_the_api(
        self, theirs: lists.Office, member: Membership
    ) -> None:
        run = theirs.about["run"]
        seen = {}
        for of, by in (
            (theirs.organisation, theirs.user),
            (member.organisation, member.user),
        ):
            ApiToken.objects.create(
                organisation=of,
                name="program",
                digest=digest_of(str(of)),
                scopes=["payments_overview"],
                created_by=by,
            )
            answer = Client().get(
                reverse("api:fetch", args=[run.pk]),
                headers={"Authorization": f"Bearer {of}"},
            )
            seen[of == theirs.organisation] = answer.status_code

        assert seen == {True: 200, False: 404}
