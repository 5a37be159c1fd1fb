"""What every answer of every address says to a browser, and what a request alone cannot do."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client

from audit.models import AuditEntry
from tests import factories, lists
from tests.integrationhub.test_every_address import (
    ADDRESSES,
    API,
    WITH_ID,
    address_of,
    ids_of,
    signed_in,
    with_id,
)
from tests.integrationhub.test_every_address import theirs as theirs

pytestmark = pytest.mark.django_db
NOWHERE = ("/nowhere/", "/static/nowhere.js", "/api/v1/nowhere")


def answers_of(office: lists.Office) -> dict[str, HttpResponse]:
    """Return what a person with every right is answered at every address, empty or with rows."""
    owner = signed_in(office.user)
    found = {name: owner.get(address_of(name, ADDRESSES[name])) for name in ADDRESSES}
    for name in WITH_ID:
        found |= {
            f"{name} {pk}": owner.get(with_id(name, pk)) for pk in ids_of(office.organisation)
        }
    return found | {path: owner.get(path) for path in NOWHERE}


class TestEveryAnswer:
    @pytest.fixture
    def answers(self, theirs: lists.Office) -> dict[str, HttpResponse]:
        return answers_of(theirs)

    def test_lets_only_our_own_scripts_and_frames_in(self, answers):
        for name, answer in answers.items():
            policy = dict(
                part.strip().split(" ", 1)
                for part in answer["Content-Security-Policy"].split(";")
                if part.strip()
            )
            assert policy["default-src"] == "'self'", name
            assert not {"script-src", "style-src"} & set(policy), name
            assert "unsafe" not in answer["Content-Security-Policy"], name
            for directive in ("object-src", "base-uri", "frame-ancestors"):
                assert policy[directive] == "'none'", (name, directive)

    def test_is_taken_for_nothing_but_what_it_says(self, answers):
        for name, answer in answers.items():
            assert answer["X-Content-Type-Options"] == "nosniff", name
            kind = answer["Content-Type"]
            if answer.content if not answer.streaming else True:
                assert kind.startswith("application/") or "charset=utf-8" in kind, (name, kind)

    def test_leaves_no_address_behind_at_another_site(self, answers):
        said = {answer["Referrer-Policy"] for answer in answers.values()}

        assert said <= {"same-origin", "no-referrer"}

    def test_lets_no_other_site_read_it(self, answers):
        for name, answer in answers.items():
            assert not [h for h in answer.headers if h.startswith("Access-Control-")], name

    def test_names_no_program_and_no_version(self, answers):
        for name, answer in answers.items():
            assert not {"Server", "X-Powered-By", "X-AspNet-Version"} & set(answer.headers), name

    def test_that_is_a_file_is_saved_and_not_shown(self, answers):
        files = {
            name: answer
            for name, answer in answers.items()
            if answer["Content-Type"].startswith(("text/csv", "application/vnd"))
        }

        assert len(files) > 3
        for name, answer in files.items():
            assert answer["Content-Disposition"].startswith("attachment; filename="), name


class TestARequestWithoutItsProof:
    @pytest.mark.parametrize("name", sorted(set(ADDRESSES) - API))
    def test_changes_nothing_although_the_person_is_signed_in(self, name):
        """The session cookie alone comes with what another site sends too."""
        forged = Client(enforce_csrf_checks=True, raise_request_exception=False)
        forged.force_login(factories.member().user, backend="organisations.backends.HubBackend")

        answer = forged.post(address_of(name, ADDRESSES[name]), headers={"origin": "https://x.se"})

        assert answer.status_code in (403, 405)

    @pytest.mark.parametrize("name", sorted(API))
    def test_does_not_reach_the_api_by_a_session(self, name):
        browser = signed_in(factories.member().user)

        assert browser.post(address_of(name, ADDRESSES[name])).status_code == 401


class TestAGet:
    def test_changes_nothing_but_for_what_is_handed_out(self, theirs: lists.Office):
        before = AuditEntry.objects.count()

        answers_of(theirs)

        made = AuditEntry.objects.order_by("pk").values_list("action", flat=True)[before:]
        assert {action for action in made if not action.endswith(".exported")} == set()


class TestAMethodThatNoPageHas:
    @pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND"])
    @pytest.mark.parametrize("path", ["/", "/sign-in/", "/healthz", "/api/v1/fetches", "/nowhere"])
    def test_is_refused_everywhere(self, method, path):
        answer = Client().generic(method, path, headers={"cookie": "secret=hunter2"})

        assert (answer.status_code, answer.content) == (405, b"")


class TestWhatIsNoAddress:
    @pytest.mark.parametrize(
        "path",
        [
            *("/.git/HEAD", "/.env", "/manage.py", "/var/hub.sqlite3", "/files/", "/static/"),
            *("/static/css/", "/static/../.env", "/static/%2e%2e/.env", "/admin/"),
            *("/docs", "/openapi.json", "/debug", "/sandbox/", "/__debug__/"),
        ],
    )
    def test_shows_neither_files_nor_folders_nor_tools(self, path):
        answer = Client().get(path)

        assert answer.status_code == 404
        assert not re.search(r"Index of|Traceback|DEBUG|DisallowedHost", answer.content.decode())
