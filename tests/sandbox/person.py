"""A person in front of the sandbox's sign-in pages, without a browser."""

import re
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

PASSWORD = "sandbox"


class Person:
    """Walks through sign-in, company and Allow, with the cookies of one browser."""

    def __init__(self, email: str = "anna@fjordbyra.example", password: str = PASSWORD) -> None:
        self.email = email
        self.password = password
        self.browser = requests.Session()
        self.pages: list[str] = []
        self.last: requests.Response | None = None

    def sign_in(self, address: str, *, tenant_id: str = "", allow: bool = True) -> str:
        """
        Follow an authorize address to its end and return where it sent us.

        The page is left in `last` and "" returned when it ends on a page of Visma Connect;
        `pages` holds the headings seen.
        """
        self.pages = []
        response = self.browser.get(address, allow_redirects=False, timeout=10)
        while True:
            self.last = response
            if response.is_redirect:
                return response.headers["Location"]
            heading = re.search(r"<h1>(.*?)</h1>", response.text, re.DOTALL)
            self.pages.append(unescape(heading[1]) if heading else "")
            form = self._form(response.text, tenant_id=tenant_id, allow=allow)
            if form is None:
                return ""
            path, fields = form
            response = self.browser.post(
                urljoin(response.url, path), data=fields, allow_redirects=False, timeout=10
            )

    def _form(self, html: str, *, tenant_id: str, allow: bool) -> tuple[str, dict[str, str]] | None:
        key = re.search(r'name="request" value="([^"]+)"', html)
        action = re.search(r'<form method="post" action="([^"]+)"', html)
        if key is None or action is None:
            return None
        fields = {"request": key[1]}
        if action[1].endswith("/signin"):
            if self.pages.count(self.pages[-1]) > 1:
                return None  # the password was refused
            fields |= {"email": self.email, "password": self.password}
        elif action[1].endswith("/company"):
            fields["tenant_id"] = tenant_id
        else:
            yes = allow and self.pages[-1].startswith("Allow")
            fields["answer"] = "allow" if yes else "deny"
        return action[1], fields


def answer_of(address: str) -> dict[str, str]:
    """Return the parameters in an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
