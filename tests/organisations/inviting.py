"""An administrator who invites, and whoever holds the link."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from django.core import mail
from django.test import Client

from audit.models import AuditEntry
from organisations.models import Membership, User

ADDRESS = "ada@office.example"
CHOSEN = "seven-green-bottles"
_LINK = re.compile(r"https?://[^\s\"<]+/invitation/open/\?token=[\w-]+")


def browser_of(user: User, **more: Any) -> Client:
    """Return a browser in which the person is signed in."""
    client = Client(**more)
    client.force_login(user, backend="organisations.backends.HubBackend")
    return client


def invite(by: Membership, email: str = ADDRESS, role: Any = None) -> Any:
    """Press Invite as that administrator, and return the page that follows."""
    values = {"email": email, "role": (role or by.role).pk}
    return browser_of(by.user).post("/people/invite/", values, follow=True)


def link_in(text: str) -> str:
    """Return the link of an invitation in a page or mail, without the hub's address."""
    found = _LINK.search(unescape(text))
    assert found is not None, text
    parts = urlsplit(found[0])
    return f"{parts.path}?{parts.query}"


def link_shown(page: Any) -> str:
    """Return the link that a page shows once."""
    return link_in(page.content.decode())


def link_mailed() -> str:
    """Return the link of the newest mail."""
    return link_in(mail.outbox[-1].body)


def opened(link: str, user: User | None = None) -> Client:
    """Open a link in a new browser, signed in or not, and return the browser."""
    client = browser_of(user) if user is not None else Client()
    answer = client.get(link)
    assert (answer.status_code, answer["Location"]) == (302, "/invitation/")
    return client


def page_of(client: Client) -> str:
    """Return what the page of the invitation says in that browser."""
    return client.get("/invitation/").content.decode()


def accept_as_new(client: Client, password: str = CHOSEN, name: str = "Ada Ek") -> Any:
    """Fill in the form of somebody new."""
    values = {"name": name, "new_password": password, "repeated": password}
    return client.post("/invitation/new/", values, follow=True)


def trail(of: Membership) -> list[str]:
    entries = AuditEntry.objects.filter(organisation=of.organisation).order_by("pk")
    return [entry.action for entry in entries if entry.action.startswith("person.invit")]
