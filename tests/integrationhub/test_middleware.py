"""What every request passes before the apps see it."""

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from integrationhub import logs, middleware
from tests import factories


class TestRequestIdMiddleware:
    def ask(self, **headers: str) -> tuple[str, HttpResponse]:
        seen = []

        def view(request: HttpRequest) -> HttpResponse:
            seen.append(logs.current_request_id())
            return HttpResponse()

        request = RequestFactory().get("/", headers=headers)
        return seen, middleware.RequestIdMiddleware(view)(request)

    def test_makes_an_id_logs_with_it_and_returns_it(self):
        seen, response = self.ask()

        assert len(seen[0]) == 32
        assert response["X-Request-ID"] == seen[0]

    def test_takes_none_of_whom_no_proxy_stands_before(self):
        seen, _response = self.ask(x_request_id="proxy-0123456789")

        assert len(seen[0]) == 32

    def test_takes_the_id_of_a_proxy(self, settings):
        settings.HUB_PROXY_COUNT = 1

        seen, response = self.ask(x_request_id="proxy-0123456789")

        assert seen == ["proxy-0123456789"]
        assert response["X-Request-ID"] == "proxy-0123456789"

    @pytest.mark.parametrize("given", ["short", "with blank inside", "x" * 65, "né-0123456789"])
    def test_makes_its_own_where_the_given_one_does_not_suit_a_log(self, settings, given):
        settings.HUB_PROXY_COUNT = 1

        seen, _response = self.ask(x_request_id=given)

        assert seen[0] != given

    def test_leaves_no_id_behind(self):
        self.ask()

        assert logs.current_request_id() == ""

    def test_leaves_none_behind_after_a_failure_either(self):
        def view(request: HttpRequest) -> HttpResponse:
            raise LookupError

        with pytest.raises(LookupError):
            middleware.RequestIdMiddleware(view)(RequestFactory().get("/"))

        assert logs.current_request_id() == ""


class TestClientAddressMiddleware:
    def address(self, forwarded: str) -> str:
        request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded})
        middleware.ClientAddressMiddleware(lambda _request: HttpResponse())(request)
        return request.META["REMOTE_ADDR"]

    def test_believes_nobody_without_a_proxy(self):
        assert self.address("203.0.113.9") == "127.0.0.1"

    def test_takes_what_the_outermost_trusted_proxy_saw(self, settings):
        settings.HUB_PROXY_COUNT = 2

        assert self.address("198.51.100.1, 203.0.113.9, 10.0.0.1") == "203.0.113.9"

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::9]:443", "2001:db8::9"),
            ("2001:db8::9", "2001:db8::9"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            *(("unknown", "127.0.0.1"), ("_hidden", "127.0.0.1"), ("999.1.1.1", "127.0.0.1")),
            *(("'; drop", "127.0.0.1"), ("1" * 5000, "127.0.0.1"), ("²", "127.0.0.1")),
        ],
    )
    def test_takes_nothing_for_an_address_that_is_none(self, settings, written, read):
        settings.HUB_PROXY_COUNT = 1

        assert self.address(written) == read

    def test_keeps_the_address_when_a_proxy_was_passed_by(self, settings):
        settings.HUB_PROXY_COUNT = 2

        assert self.address("203.0.113.9") == "127.0.0.1"


@pytest.mark.django_db
class TestPageAboveMiddleware:
    def ask(self, path: str, **headers: str) -> HttpResponse:
        request = RequestFactory().get(path, headers=headers)
        return middleware.PageAboveMiddleware(lambda _: HttpResponseNotAllowed(["POST"]))(request)

    @pytest.mark.parametrize(
        ("path", "above"),
        [
            ("/people/7/role/", "/people/"),
            ("/people/invitations/7/again/", "/people/"),
            ("/profile/second-factor/codes/", "/profile/second-factor/"),
            ("/sign-out/", "/"),
            ("//thief.example/x/", "/"),
        ],
    )
    def test_leads_a_person_to_the_page_above(self, path: str, above: str):
        assert self.ask(path, **{"Sec-Fetch-Mode": "navigate"})["Location"] == above

    def test_leaves_the_answer_to_a_program_as_it_is(self):
        assert self.ask("/people/7/role/").status_code == 405


class TestPlainCookiesMiddleware:
    @pytest.mark.parametrize("name", ["sessionid", "csrftoken", "django_language", "theme"])
    def test_a_cookie_that_is_no_text_is_none(self, client, name):
        cookie = rf'{name}="abcdefghabcdefgh\000\001"'

        answer = client.get("/sign-in/", headers={"cookie": cookie})

        assert answer.status_code == 200


class TestDisplayTimeZoneMiddleware:
    def test_shows_times_in_the_offices_zone(self, settings):
        settings.HUB_TIME_ZONE = "Europe/Oslo"
        seen = []

        def view(request: HttpRequest) -> HttpResponse:
            seen.append(timezone.get_current_timezone_name())
            return HttpResponse()

        middleware.DisplayTimeZoneMiddleware(view)(RequestFactory().get("/"))

        assert seen == ["Europe/Oslo"]
        assert timezone.get_current_timezone_name() == "UTC"


class TestPartOfPageMiddleware:
    def ask(self, **headers: str) -> HttpResponse:
        request = RequestFactory().get("/", headers=headers)
        return middleware.PartOfPageMiddleware(lambda _request: HttpResponse())(request)

    def test_tells_a_part_from_the_page(self):
        assert self.ask(hx_request="true")["Vary"] == "HX-Request"
        assert self.ask()["Vary"] == "HX-Request"


@pytest.mark.django_db
class TestNothingKeptMiddleware:
    """What a browser may keep; the walk over every address is in test_every_address."""

    @pytest.mark.parametrize("page", ["/sign-in/", "/", "/nowhere", "/healthz", "/api/v1/fetches"])
    def test_nothing_is_kept_of_any_answer(self, client, page):
        assert "no-store" in client.get(page)["Cache-Control"]

    def test_nothing_is_kept_of_a_failing_page(self, client, monkeypatch):
        monkeypatch.setattr("integrationhub.readiness.check_all", lambda **_: 1 / 0)
        client.raise_request_exception = False

        answer = client.get("/readyz")

        assert (answer.status_code, answer["Cache-Control"]) == (500, "no-store")

    def test_leaves_a_stricter_word_alone(self):
        strict = HttpResponse(headers={"Cache-Control": "no-store, private"})

        answer = middleware.NothingKeptMiddleware(lambda _: strict)(RequestFactory().get("/"))

        assert answer["Cache-Control"] == "no-store, private"


@pytest.mark.django_db
class TestSigningOut:
    def test_clears_what_the_browser_has_kept(self, client):
        client.force_login(factories.user(), backend="organisations.backends.HubBackend")

        answer = client.post(reverse("account_logout"))

        assert answer["Clear-Site-Data"] == '"cache", "storage"'

    def test_alone_does_so(self, client):
        client.force_login(factories.user(), backend="organisations.backends.HubBackend")

        assert "Clear-Site-Data" not in client.get("/profile/").headers
