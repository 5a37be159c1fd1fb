"""Behind https, every cookie is one that only this host, encrypted, can have set."""

import pytest
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db
NAMES = {
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
    "LANGUAGE_COOKIE_NAME": "__Host-django_language",
    "HUB_THEME_COOKIE_NAME": "__Host-theme",
}


@pytest.fixture(autouse=True)
def behind_https(settings):
    for name, value in NAMES.items():
        setattr(settings, name, value)
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.LANGUAGE_COOKIE_SECURE = True
    settings.HUB_MESSAGES_COOKIE_NAME = "__Host-messages"


class TestCookiesBehindHttps:
    def test_every_one_may_bear_the_name(self):
        person = factories.user("ada@office.example")
        factories.member(person=person)
        browser = Client()
        browser.get("/sign-in/", secure=True)
        browser.post(
            "/sign-in/",
            {"login": "ada@office.example", "password": factories.PASSWORD},
            secure=True,
        )
        browser.post("/theme/", {"theme": "dark"}, secure=True)
        browser.post("/i18n/setlang/", {"language": "nb"}, secure=True)

        assert set(NAMES.values()) == set(browser.cookies)
        for name, cookie in browser.cookies.items():
            assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", ""), name
            assert bool(cookie["httponly"]) == (name != "__Host-theme"), name
            assert cookie["samesite"] == "Lax", name

    def test_a_notice_that_waits_for_the_next_page_bears_it_too(self):
        browser = Client()

        browser.post("/companies/new/", secure=True)

        cookie = browser.cookies["__Host-messages"]
        assert set(browser.cookies) == {"__Host-messages"}
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert "Your session has ended" in browser.get("/sign-in/", secure=True).content.decode()

    def test_a_neighbours_cookie_signs_nobody_in(self):
        member = factories.member()
        browser = Client()
        browser.force_login(member.user, backend="organisations.backends.HubBackend")
        assert browser.get("/profile/", secure=True).status_code == 200
        stolen = browser.cookies["__Host-sessionid"].value
        browser.cookies.clear()
        browser.cookies["sessionid"] = stolen

        assert browser.get("/profile/", secure=True).status_code == 302

    @pytest.mark.parametrize("path", ["/sign-in/", "/nowhere", "/healthz", "/api/v1/fetches"])
    def test_the_browser_comes_encrypted_from_now_on(self, settings, path):
        settings.SECURE_HSTS_SECONDS = 31_536_000
        settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True

        answer = Client().get(path, secure=True)

        assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
