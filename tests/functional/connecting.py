"""A person of the office in front of the hub, and in front of the vendor."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from accounts.models import Connection
from organisations.models import Membership
from sandbox import seed
from tests import factories
from tests.sandbox.person import Person


class Office:
    """One signed-in member, one account, one worker and one person at the vendor."""

    def __init__(self, run_due_work: Callable[..., int], member: Membership | None = None) -> None:
        self.member = member or factories.member()
        self.organisation = self.member.organisation
        self.run_due_work = run_due_work
        self.client = Client()
        self.client.force_login(self.member.user, backend="organisations.backends.HubBackend")
        self.vendor = Person()

    def account(self, **more: Any) -> Connection:
        return factories.connection(self.organisation, authorised=False, **more)

    def press(self, connection: Connection, what: str = "authorise") -> Any:
        """Press a button of the account, let the worker answer, and follow to where it leads."""
        answer = self.client.post(f"/connections/{connection.pk}/{what}/")
        assert answer.status_code == 302, answer.content
        self.run_due_work()
        return self.client.get(answer["Location"])

    def sign_in(self, connection: Connection, tenant_id: str = seed.AKERIET, **more: Any) -> str:
        """Return where the vendor sends the person back to."""
        away = self.press(connection)
        assert away.status_code == 302, away.content
        return self.vendor.sign_in(away["Location"], tenant_id=tenant_id, **more)

    def come_back(self, address: str) -> Any:
        """Open the address the vendor named, let the worker finish, and see the page."""
        path = "/" + address.split("/", 3)[3]
        answer = self.client.get(path)
        if answer.status_code != 302:
            return answer
        self.run_due_work()
        return self.client.get(answer["Location"], follow=True)

    def connect(self, connection: Connection, tenant_id: str = seed.AKERIET) -> Any:
        return self.come_back(self.sign_in(connection, tenant_id))
