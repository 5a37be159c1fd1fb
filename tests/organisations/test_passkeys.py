"""Passkeys: added, named, asked for after the password or instead of it, removed, refused."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client

from audit.models import AuditEntry
from organisations.models import Membership, User
from organisations.operations import second_factor
from organisations.operations.throttling import NETWORKS_SHARE
from tests import factories
from tests.organisations.passkey import Device

pytestmark = pytest.mark.django_db

INDEX = "/profile/second-factor/"
NEW = f"{INDEX}passkeys/new/"
ALONE = "/sign-in/passkey/"
REFUSED = "is wrong or has already been used"
START = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _the_address_that_people_type(settings: Any) -> None:
    settings.HUB_BASE_URL = "http://localhost:8000"
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]


@pytest.fixture
def member() -> Membership:
    return factories.member(person=factories.user("ada@office.example"))


PAGES = {
    "alone": ALONE,
    "code": "/sign-in/code/",
    "confirm": "/profile/password/",
    "new": NEW,
}


def said(client: dict[str, Any], data: bytes = b"\0" * 37) -> str:
    """Return what has the shape of a passkey's answer, with that inside."""

    def text(of: bytes) -> str:
        return base64.urlsafe_b64encode(of).decode().rstrip("=")

    about = {"type": "webauthn.get", "challenge": "AA", "origin": "http://localhost"} | client
    inside = {"clientDataJSON": text(json.dumps(about).encode()), "signature": "AAAA"}
    inside |= {"authenticatorData": text(data), "userHandle": text(b"1")}
    return json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": inside})


def browser(user: User | None = None) -> Client:
    client = Client(HTTP_HOST="localhost:8000")
    if user is not None:
        client.force_login(user, backend="organisations.backends.HubBackend")
    return client


def options_on(answer: Any) -> Any:
    """Return what a page asks the device for."""
    page = answer.content.decode()
    found = re.search(r'<script id="passkey-options"[^>]*>(.*?)</script>', page)
    assert found is not None, page
    return json.loads(found[1])


def add(user: User, device: Device, name: str = "Laptop") -> Any:
    client = browser(user)
    asked = options_on(client.get(NEW))
    return client.post(NEW, {"name": name, "credential": device.create(asked)})


def give_password(client: Client, **more: str) -> Any:
    values = {"login": "ada@office.example", "password": factories.PASSWORD}
    return client.post("/sign-in/", values | more)


def sign_in_alone(device: Device, client: Client | None = None, **more: str) -> tuple[Client, Any]:
    client = client or browser()
    asked = client.get(ALONE, headers={"Accept": "application/json"}).json()["request_options"]
    return client, client.post(ALONE, {"credential": device.get(asked)} | more)


class TestAdding:
    def test_asks_the_device_for_one_that_stands_for_all(self, member: Membership) -> None:
        asked = options_on(browser(member.user).get(NEW))["publicKey"]

        assert asked["rp"] == {"id": "localhost", "name": "Integration Hub"}
        assert asked["authenticatorSelection"]["userVerification"] == "required"
        assert asked["authenticatorSelection"]["residentKey"] == "required"

    def test_turns_the_second_factor_on_with_recovery_codes(self, member: Membership) -> None:
        other = browser(member.user)

        page = add(member.user, Device()).content.decode()

        assert len(re.findall(r"<code>[a-z0-9-]{35}</code>", page)) == 10
        assert second_factor.is_on(member.user)
        assert other.get("/profile/").status_code == 302
        assert AuditEntry.objects.get().action == "person.passkey_added"
        assert "Laptop" in browser(User.objects.get()).get(INDEX).content.decode()

    @pytest.mark.parametrize(
        "device",
        [
            Device(verifies=False),
            Device(host="elsewhere.example"),
            Device(origin="https://elsewhere.example"),
        ],
    )
    def test_refuses_what_was_not_verified_or_was_made_for_another_address(
        self, member: Membership, device: Device
    ) -> None:
        page = add(member.user, device).content.decode()

        assert REFUSED in page
        assert not Authenticator.objects.exists()

    @pytest.mark.parametrize(
        "credential", ["", "{}", "[]", "null", "1", '{"response": 1}', '"x"', "not json"]
    )
    def test_refuses_what_is_no_passkey(self, member: Membership, credential: str) -> None:
        client = browser(member.user)
        client.get(NEW)

        assert client.post(NEW, {"name": "x", "credential": credential}).status_code == 200
        assert not Authenticator.objects.exists()

    @pytest.mark.parametrize(
        ("name", "value"), [("attestationObject", "oA"), ("attestationObject", "AA"), ("", "")]
    )
    def test_refuses_what_looks_like_one(self, member: Membership, name: str, value: str) -> None:
        client = browser(member.user)
        answer = json.loads(Device().create(options_on(client.get(NEW))))
        if name:
            answer["response"][name] = value
        else:
            answer["rawId"] = "b3RoZXI"

        page = client.post(NEW, {"name": "x", "credential": json.dumps(answer)})

        assert REFUSED in page.content.decode()
        assert not Authenticator.objects.exists()

    def test_counts_where_the_organisation_requires_a_second_factor(
        self, member: Membership
    ) -> None:
        member.organisation.requires_second_factor = True
        member.organisation.save()
        client = browser(member.user)
        assert client.get("/people/")["Location"] == INDEX

        client.post(NEW, {"credential": Device().create(options_on(client.get(NEW)))})

        assert client.get("/people/").status_code == 200

    def test_is_shown_at_another_address_where_passkeys_work(self, member: Membership) -> None:
        client = Client()
        client.force_login(member.user, backend="organisations.backends.HubBackend")

        page = client.get(INDEX).content.decode()

        assert "Passkeys work at the address http://localhost:8000 only." in page
        assert NEW not in page


class TestAfterThePassword:
    def test_signs_in(self, member: Membership) -> None:
        device = Device()
        add(member.user, device)
        client = browser()
        assert give_password(client, next="/companies/")["Location"] == "/sign-in/code/"

        asked = options_on(client.get("/sign-in/code/"))
        done = client.post("/sign-in/code/", {"credential": device.get(asked)})

        assert done["Location"] == "/companies/"
        entry = AuditEntry.objects.get(action="person.signed_in")
        assert entry.details == {"second_factor": True}

    def test_is_good_once(self, member: Membership) -> None:
        device = Device()
        add(member.user, device)
        client = browser()
        give_password(client)
        answer = device.get(options_on(client.get("/sign-in/code/")))
        client.post("/sign-in/code/", {"credential": answer})
        again = browser()
        give_password(again)
        again.get("/sign-in/code/")

        page = again.post("/sign-in/code/", {"credential": answer})

        assert REFUSED in page.content.decode()

    def test_needs_a_finger_face_or_pin(self, member: Membership) -> None:
        device = Device()
        add(member.user, device)
        device.verifies = False
        client = browser()
        give_password(client)

        asked = options_on(client.get("/sign-in/code/"))
        page = client.post("/sign-in/code/", {"credential": device.get(asked)})

        assert REFUSED in page.content.decode()

    @pytest.mark.parametrize("device", [Device(), Device(id=b"another")])
    def test_refuses_a_strangers(self, member: Membership, device: Device) -> None:
        add(member.user, Device())
        client = browser()
        give_password(client)

        asked = options_on(client.get("/sign-in/code/"))
        page = client.post("/sign-in/code/", {"credential": device.get(asked)})

        assert REFUSED in page.content.decode()
        assert client.get("/profile/").status_code == 302

    def test_gives_way_to_a_recovery_code(self, member: Membership) -> None:
        page = add(member.user, Device()).content.decode()
        code = re.findall(r"<code>([a-z0-9-]{35})</code>", page)[0]
        client = browser()
        give_password(client)

        assert "Recovery code" in client.get("/sign-in/code/").content.decode()
        assert client.post("/sign-in/code/", {"code": code}).status_code == 302
        assert client.get("/profile/").status_code == 200


class TestInsteadOfThePassword:
    def test_signs_in_and_leads_on(self, member: Membership) -> None:
        device = Device()
        add(member.user, device)

        client, answer = sign_in_alone(device, next="/companies/")

        assert answer["Location"] == "/companies/"
        assert client.get("/companies/").status_code == 200

    def test_needs_a_finger_face_or_pin(self, member: Membership) -> None:
        device = Device()
        add(member.user, device)
        device.verifies = False

        client, answer = sign_in_alone(device)

        assert answer["Location"] == "/sign-in/"
        assert client.get("/profile/").status_code == 302

    @pytest.mark.parametrize("change", [{"is_active": False}, {"is_demo": True}])
    def test_lets_nobody_in_who_may_not_sign_in(
        self, member: Membership, settings: Any, change: dict[str, bool]
    ) -> None:
        device = Device()
        add(member.user, device)
        settings.HUB_SANDBOX = False
        User.objects.update(**change)

        client, _answer = sign_in_alone(device)

        assert client.get("/profile/").status_code == 302
        assert not AuditEntry.objects.filter(action="person.signed_in").exists()

    @pytest.mark.parametrize("credential", ["", "{}", "[]", '{"response": {"userHandle": 7}}'])
    def test_refuses_what_is_no_passkey(self, credential: str) -> None:
        client = browser()
        client.get(ALONE, headers={"Accept": "application/json"})

        assert client.post(ALONE, {"credential": credential})["Location"] == "/sign-in/"

    def test_is_counted(self, member: Membership, settings: Any) -> None:
        settings.HUB_SIGN_IN_FAILURES, device = 1, Device()
        for _try in range(NETWORKS_SHARE):
            assert sign_in_alone(device)[1].status_code == 302

        assert sign_in_alone(device)[1].status_code == 429

    def test_is_offered_at_the_address_that_passkeys_are_for(self) -> None:
        assert ALONE in browser().get("/sign-in/").content.decode()
        assert ALONE not in Client().get("/sign-in/").content.decode()


class TestAnAnswerThatNoPasskeyGives:
    """Each of these breaks a library that reads it."""

    @pytest.mark.parametrize("where", ["alone", "code", "confirm", "new"])
    @pytest.mark.parametrize(
        "said",
        [
            "[" * 3000 + "]" * 3000,
            said({"origin": 1}),
            said({"origin": "http://localhost"}, data=b"\0" * 32 + b"\xc5" + b"\0" * 60),
        ],
    )
    def test_is_refused(self, member: Membership, where: str, said: str) -> None:
        factories.second_factor(member.user)
        client = browser(None if where in {"alone", "code"} else member.user)
        if where == "code":
            give_password(client)
        if where == "confirm":
            session = client.session
            session["confirmed_at"] = 0
            session.save()
        field = "confirm-credential" if where == "confirm" else "credential"
        page = PAGES[where]
        client.get(page)

        answer = client.post(page, {field: said})

        assert answer.status_code in {200, 302, 403}
        assert not Authenticator.objects.filter(type="webauthn").exists()


class TestConfirming:
    def test_is_done_with_a_passkey(self, member: Membership) -> None:
        device = Device()
        with time_machine.travel(START, tick=False) as clock:
            add(member.user, device)
            client = browser(User.objects.get())
            clock.shift(timedelta(minutes=11))
            page = client.post("/organisation/", {"name": "Byrån"})

            answer = client.post(
                "/organisation/",
                {"name": "Byrån", "confirm-credential": device.get(options_on(page))},
            )

        assert (page.status_code, answer.status_code) == (403, 302)


class TestNamingAndRemoving:
    @pytest.fixture
    def passkey(self, member: Membership) -> Authenticator:
        add(member.user, Device())
        return Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)

    def test_is_renamed(self, member: Membership, passkey: Authenticator) -> None:
        client = browser(User.objects.get())

        client.post(f"{INDEX}passkeys/{passkey.pk}/", {"name": "Telephone"})

        assert "Telephone" in client.get(INDEX).content.decode()

    def test_the_last_one_takes_the_codes_with_it(
        self, member: Membership, passkey: Authenticator
    ) -> None:
        client = browser(User.objects.get())
        assert "Laptop" in client.get(f"{INDEX}passkeys/{passkey.pk}/remove/").content.decode()

        client.post(f"{INDEX}passkeys/{passkey.pk}/remove/")

        assert not Authenticator.objects.exists()
        assert AuditEntry.objects.filter(action="person.passkey_removed").exists()

    def test_is_nobody_elses_to_change(self, member: Membership, passkey: Authenticator) -> None:
        stranger = browser(factories.user())

        for address in ("", "remove/"):
            there = f"{INDEX}passkeys/{passkey.pk}/{address}"
            assert stranger.get(there).status_code == 404
            assert stranger.post(there, {"name": "mine"}).status_code == 404
        assert str(Authenticator.objects.get(pk=passkey.pk)) == "Laptop"

    def test_an_administrators_reset_takes_it_too(
        self, member: Membership, passkey: Authenticator
    ) -> None:
        boss = factories.member(member.organisation)

        browser(boss.user).post(f"/people/{member.pk}/second-factor/")

        assert not second_factor.is_on(member.user)
