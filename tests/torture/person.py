"""A person of an office, with one browser, in front of whichever web process answers."""

import re
import time
from collections.abc import Callable
from html import unescape
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests

from tests.torture.offices import PASSWORD

_REDIRECTS = (301, 302, 303)
_PATIENCE_SECONDS = 90.0


class LedNowhere(Exception):
    """A page did not lead to the next one. A person would try again."""


class Person:
    """
    One session (its cookies), used at every web process in turn.

    :param webs: the addresses of the web processes
    :param meanwhile: is called again and again while this person waits for a worker
    """

    def __init__(
        self, webs: list[str], email: str, *, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        self.webs, self.email, self.meanwhile = webs, email, meanwhile
        self.session = requests.Session()
        self.refusals: dict[int, str] = {}
        """What the page said when Send was pressed last and refused, by journal."""
        self._turn = 0

    def next_web(self) -> str:
        """Return another web process than the last time."""
        self._turn += 1
        return self.webs[self._turn % len(self.webs)]

    def sign_in(self, web: str) -> None:
        """Sign in at one web process."""
        address = f"{web}/sign-in/"
        self.session.get(address, timeout=60)
        answer = self._post(address, login=self.email, password=PASSWORD)
        if answer.status_code not in _REDIRECTS:
            raise LedNowhere(f"{self.email} cannot sign in: {answer.status_code}")

    def press_send(self, journal_id: int, *, web: str = "") -> int:
        """Press Send; return the status of the answer, 0 if there was none."""
        try:
            answer = self._post(f"{web or self.next_web()}/journals/{journal_id}/send/")
        except requests.RequestException as error:
            self.refusals[journal_id] = repr(error)[:300]
            return 0
        self.refusals[journal_id] = f"{answer.status_code} {_shown(answer)}"
        return answer.status_code

    def page_of(self, journal_id: int, *, web: str) -> str:
        """Return the page of a journal; nothing if the session is not known there."""
        try:
            answer = self.session.get(
                f"{web}/journals/{journal_id}/", allow_redirects=False, timeout=60
            )
        except requests.RequestException:
            return ""
        return answer.text if answer.status_code == 200 else ""

    def authorise(self, connection_id: int, *, tenant_id: str, begin: str, back: str) -> None:
        """Authorise an account: begin at one web process, and come back to another."""
        away = self._wait_for(self._post(f"{begin}/connections/{connection_id}/authorise/"), begin)
        came_back = self._sign_in_at_the_vendor(away, tenant_id=tenant_id)
        parts = urlsplit(came_back)
        other = urlsplit(back)
        address = urlunsplit(parts._replace(netloc=other.netloc))
        # The vendor knows one address; a proxy before several processes may choose any.
        self._wait_for(self.session.get(address, allow_redirects=False, timeout=60), back)

    def _wait_for(self, answer: requests.Response, web: str) -> str:
        """Follow a background request until a worker has done it; return where it leads."""
        until = time.monotonic() + _PATIENCE_SECONDS
        here = _led_to(answer)
        while time.monotonic() < until:
            answer = self.session.get(urljoin(web, here), allow_redirects=False, timeout=60)
            if answer.status_code in _REDIRECTS:
                return _led_to(answer)
            if answer.status_code != 200 or "/requests/" not in urlsplit(answer.url).path:
                break
            self.meanwhile()
            time.sleep(0.3)
        raise LedNowhere(f"{answer.url}: {answer.status_code} {_shown(answer)}")

    def _sign_in_at_the_vendor(self, address: str, *, tenant_id: str) -> str:
        """Go through the vendor's pages, in a session that chose no other company before."""
        vendor = requests.Session()
        base = address.partition("/visma-connect/")[0] + "/visma-connect"
        answer = vendor.get(address, allow_redirects=False, timeout=60)
        for _ in range(10):
            if answer.status_code in _REDIRECTS:
                led = _led_to(answer)
                if "/connections/callback" in led:
                    return led
                answer = vendor.get(led, allow_redirects=False, timeout=60)
                continue
            request = re.search(r'name="request" value="([^"]+)"', answer.text)
            fields = {"request": unescape(request.group(1)) if request else ""}
            if 'name="password"' in answer.text:
                page = "signin"
                fields |= {"email": "anna@fjordbyra.example", "password": "sandbox"}
            elif 'name="tenant_id"' in answer.text:
                page = "company"
                fields["tenant_id"] = tenant_id
            else:
                page = "allow"
                fields["answer"] = "allow"
            answer = vendor.post(f"{base}/{page}", data=fields, allow_redirects=False, timeout=60)
        raise LedNowhere(f"the vendor's sign-in, {answer.url}")

    def _post(self, address: str, **fields: str) -> requests.Response:
        token = self.session.cookies.get("csrftoken") or ""
        return self.session.post(
            address,
            data={"csrfmiddlewaretoken": token, **fields},
            headers={"Referer": address},
            allow_redirects=False,
            timeout=60,
        )


def _shown(answer: requests.Response) -> str:
    """Return the page's first words below its navigation, or where it led."""
    if answer.status_code in _REDIRECTS:
        return answer.headers["Location"]
    words = re.sub(r"<[^>]*>", " ", answer.text.partition("<main")[2])
    return " ".join(unescape(words).split())[:400]


def _led_to(answer: requests.Response) -> str:
    if answer.status_code not in _REDIRECTS:
        raise LedNowhere(f"{answer.url}: {answer.status_code} {_shown(answer)}")
    return urljoin(answer.url, answer.headers["Location"])
