"""Visma Connect: the code flow, its refusals, the session that lives on, tokens."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox import seed
from sandbox.store import Store

from .conftest import REDIRECT, Client
from .person import Person, answer_of


class TestDiscovery:
    def test_names_the_endpoints_below_the_issuer(self, client: Client) -> None:
        found = requests.get(
            f"{client.connect}/.well-known/openid-configuration", timeout=10
        ).json()

        assert found["issuer"] == client.connect
        assert found["token_endpoint"] == f"{client.connect}/connect/token"
        assert found["response_modes_supported"] == ["form_post", "query"]


class TestCodeFlow:
    def test_gives_tokens_for_the_company_that_was_chosen(self, client: Client) -> None:
        person = Person()

        back = person.sign_in(client.authorize_address(), tenant_id=seed.FJORD)
        answer = answer_of(back)
        tokens = client.exchange(answer["code"]).json()

        assert back.startswith(REDIRECT + "?")
        assert person.pages == ["Sign in", "Choose a company", "Allow access?"]
        assert answer["state"] == "a state/with=signs"
        keys = requests.get(
            f"{client.connect}/.well-known/openid-configuration/jwks", timeout=10
        ).json()
        access = jwt.decode(tokens["access_token"], KeySet.import_key_set(keys)).claims
        assert access["tenant_id"] == seed.FJORD
        assert access["exp"] - access["nbf"] == tokens["expires_in"] == 3600
        identity = jwt.decode(tokens["id_token"], KeySet.import_key_set(keys)).claims
        assert (identity["nonce"], identity["aud"]) == ("n-1", "isv_integrationhub")
        assert "tenant_id" not in identity

    def test_skips_the_selector_for_a_person_with_one_company(self, client: Client) -> None:
        person = Person("ola@fjordbyra.example")

        person.sign_in(client.authorize_address())

        assert person.pages == ["Sign in", "Allow access?"]

    def test_offers_no_company_to_a_person_without_the_role(self, client: Client) -> None:
        person = Person("eva@fjordbyra.example")

        back = person.sign_in(client.authorize_address())

        assert person.pages == ["Sign in", "No company to choose"]
        assert answer_of(back)["error"] == "access_denied"

    def test_sends_back_a_denial(self, client: Client) -> None:
        back = Person().sign_in(client.authorize_address(), tenant_id=seed.FJORD, allow=False)

        assert answer_of(back)["error"] == "access_denied"
        assert answer_of(back)["state"] == "a state/with=signs"

    def test_refuses_a_wrong_password(self, client: Client) -> None:
        person = Person(password="guess")

        back = person.sign_in(client.authorize_address())

        assert back == ""
        assert person.last is not None
        assert person.last.status_code == 403

    def test_answers_by_a_form_unless_asked_for_a_query(self, client: Client) -> None:
        person = Person("ola@fjordbyra.example")

        person.sign_in(client.authorize_address(response_mode=""))

        assert person.last is not None
        assert f'action="{REDIRECT}"' in person.last.text

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "isv_nobody"},
            {"redirect_uri": "http://127.0.0.1:8000/connections/callback/"},
            {"redirect_uri": "https://elsewhere.example/connections/callback"},
            {"response_type": "token"},
            {"scope": "profile"},
            {"scope": "openid everything"},
            {"code_challenge": ""},
            {"code_challenge_method": "plain"},
        ],
    )
    def test_shows_an_error_id_for_a_broken_request(
        self, client: Client, changes: dict[str, str]
    ) -> None:
        answer = requests.get(
            client.authorize_address(**changes), allow_redirects=False, timeout=10
        )

        assert answer.status_code == 400
        assert "Error-ID" in answer.text


class TestCode:
    def code(self, client: Client) -> str:
        person = Person("ola@fjordbyra.example")
        return answer_of(person.sign_in(client.authorize_address()))["code"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"code_verifier": "w" * 43},
            {"code_verifier": ""},
            {"redirect_uri": "http://localhost:8000/connections/callback"},
        ],
    )
    def test_is_refused_when_something_differs(
        self, client: Client, changes: dict[str, str]
    ) -> None:
        answer = client.exchange(self.code(client), **changes)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_grant"

    def test_that_is_unknown_is_refused(self, client: Client) -> None:
        assert client.exchange("unknown").json()["error"] == "invalid_grant"

    def test_used_twice_revokes_what_came_of_it(self, client: Client) -> None:
        code = self.code(client)
        client.tokens = client.exchange(code).json()

        again = client.exchange(code)

        assert again.json()["error"] == "invalid_grant"
        assert client.get("/v1/organization").status_code == 401

    def test_expires(self, client: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        code = self.code(client)

        monkeypatch.setattr(store, "clock", lambda: datetime.now(UTC) + timedelta(minutes=6))

        assert client.exchange(code).json()["error"] == "invalid_grant"

    def test_needs_the_clients_secret(self, client: Client) -> None:
        client.secret = "wrong"

        answer = client.exchange("any")

        assert answer.status_code == 401
        assert answer.json() == {"error": "invalid_client"}


class TestSession:
    def test_that_lives_on_returns_the_company_chosen_before(self, client: Client) -> None:
        person = Person()
        client.connect_to(seed.FJORD, person)

        person.sign_in(client.authorize_address(), tenant_id=seed.AKERIET)

        assert person.pages == []
        assert person.last is not None
        code = answer_of(person.last.headers["Location"])["code"]
        client.tokens = client.exchange(code).json()
        assert client.get("/v1/organization").json()[0]["name"] == "Fjord Bakeri AS"

    def test_that_was_ended_asks_again(self, client: Client) -> None:
        person = Person()
        client.connect_to(seed.FJORD, person)
        back = "http://127.0.0.1:8000/connections/signed-out"

        ended = person.browser.get(
            f"{client.connect}/connect/endsession",
            params={
                "id_token_hint": client.tokens["id_token"],
                "post_logout_redirect_uri": back,
            },
            allow_redirects=False,
            timeout=10,
        )
        person.sign_in(client.authorize_address(), tenant_id=seed.AKERIET)

        assert ended.headers["Location"] == back
        assert person.pages == ["Sign in", "Choose a company", "Allow access?"]

    def test_ends_when_idle(
        self, client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        person = Person()
        client.connect_to(seed.FJORD, person)

        monkeypatch.setattr(store, "clock", lambda: datetime.now(UTC) + timedelta(hours=9))
        person.sign_in(client.authorize_address(), tenant_id=seed.AKERIET)

        assert person.pages[0] == "Sign in"


class TestRefresh:
    def test_gives_a_new_token_each_time(self, akeriet: Client) -> None:
        first = akeriet.tokens["refresh_token"]

        fresh = akeriet.refresh(first).json()

        assert fresh["refresh_token"] != first
        akeriet.tokens = fresh
        assert akeriet.get("/v1/organization").status_code == 200

    def test_replayed_revokes_every_company_of_the_person(self, url: str, akeriet: Client) -> None:
        other = Client(url).connect_to(seed.FJORD)
        first = akeriet.tokens["refresh_token"]
        akeriet.tokens = akeriet.refresh(first).json()

        replay = akeriet.refresh(first)

        assert replay.json()["error"] == "invalid_grant"
        assert akeriet.get("/v1/organization").status_code == 401
        assert other.get("/v1/organization").status_code == 401
        assert other.refresh(other.tokens["refresh_token"]).json()["error"] == "invalid_grant"

    def test_may_be_repeated_within_the_grace_period(self, store: Store, akeriet: Client) -> None:
        store.set(refresh_grace=30)
        first = akeriet.tokens["refresh_token"]
        akeriet.refresh(first)

        assert akeriet.refresh(first).status_code == 200

    def test_returns_the_same_token_when_re_use_is_set(self, store: Store, akeriet: Client) -> None:
        store.set(refresh_usage="re-use")
        first = akeriet.tokens["refresh_token"]

        assert akeriet.refresh(first).json()["refresh_token"] == first

    def test_is_not_given_without_offline_access(self, client: Client) -> None:
        scope = "openid vismanet_erp_interactive_api:read"
        back = Person("ola@fjordbyra.example").sign_in(client.authorize_address(scope=scope))

        tokens = client.exchange(answer_of(back)["code"]).json()

        assert "refresh_token" not in tokens

    def test_is_refused_after_it_was_revoked(self, store: Store, akeriet: Client) -> None:
        store.setup.revoke_refresh_tokens("akeriet")

        answer = akeriet.refresh(akeriet.tokens["refresh_token"])

        assert answer.json()["error"] == "invalid_grant"
        assert akeriet.get("/v1/organization").status_code == 200


class TestRevocation:
    def test_ends_the_grant(self, akeriet: Client) -> None:
        answer = requests.post(
            f"{akeriet.connect}/connect/revocation",
            data={"token": akeriet.tokens["refresh_token"], "token_type_hint": "refresh_token"},
            auth=(akeriet.client_id, akeriet.secret),
            timeout=10,
        )

        assert answer.status_code == 200
        assert akeriet.get("/v1/organization").status_code == 401
        assert akeriet.refresh(akeriet.tokens["refresh_token"]).status_code == 400


class TestUserinfo:
    def ask(self, client: Client) -> requests.Response:
        return requests.get(
            f"{client.connect}/connect/userinfo",
            headers={"Authorization": f"Bearer {client.tokens['access_token']}"},
            timeout=10,
        )

    def test_tells_who_signed_in(self, akeriet: Client) -> None:
        assert self.ask(akeriet).json()["email"] == "anna@fjordbyra.example"

    def test_can_be_down(self, store: Store, akeriet: Client) -> None:
        store.add_fault("userinfo_down")

        assert [self.ask(akeriet).status_code for _ in range(2)] == [503, 200]


class TestServiceFlavour:
    def ask(self, client: Client, tenant_id: str) -> requests.Response:
        client.client_id, client.secret = "isv_integrationhub_service", "sandbox-service-secret"
        return client.token(
            grant_type="client_credentials",
            tenant_id=tenant_id,
            scope="vismanet_erp_service_api:read vismanet_erp_service_api:create",
        )

    def test_gives_a_token_for_an_approved_company(self, client: Client) -> None:
        client.tokens = self.ask(client, seed.AKERIET).json()

        assert "refresh_token" not in client.tokens
        assert client.get("/v1/organization").status_code == 200
        assert client.post_journal().status_code == 201

    def test_is_refused_where_nobody_approved(self, client: Client) -> None:
        answer = self.ask(client, seed.NORDLYS)

        assert answer.json()["error"] == "unauthorized_client"

    def test_with_the_customers_tenant_gives_a_token_that_the_erp_refuses(
        self, client: Client
    ) -> None:
        client.tokens = self.ask(client, seed.CUSTOMER).json()

        assert client.get("/v1/organization").status_code == 401


class TestFaultsOfSignIn:
    def test_another_company_comes_back(self, store: Store, client: Client) -> None:
        store.add_fault("wrong_company", detail=seed.NORDLYS)

        client.connect_to(seed.FJORD)

        assert client.get("/v1/organization").json()[0]["name"] == "Nordlys Konsult AB"

    def test_another_state_comes_back(self, store: Store, client: Client) -> None:
        store.add_fault("wrong_state")

        back = Person("ola@fjordbyra.example").sign_in(client.authorize_address())

        assert answer_of(back)["state"] == "another-state"

    def test_the_identity_service_is_down(self, store: Store, akeriet: Client) -> None:
        store.add_fault("token_down")

        answers = [akeriet.refresh(akeriet.tokens["refresh_token"]) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [503, 200]

    def test_access_tokens_expire_at_once(self, store: Store, akeriet: Client) -> None:
        store.setup.expire_access_tokens("akeriet")

        assert akeriet.get("/v1/organization").status_code == 401
        akeriet.tokens = akeriet.refresh(akeriet.tokens["refresh_token"]).json()
        assert akeriet.get("/v1/organization").status_code == 200
