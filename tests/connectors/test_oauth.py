"""Sign-in by OpenID Connect: the way through, and every way it can end."""

import base64
import hashlib
import hmac
import json
import socket
import traceback
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from joserfc import jwt
from joserfc.jwk import RSAKey

from connectors.errors import BadAnswer, ConnectorError, NotAuthorized, RateLimited
from connectors.oauth.documents import Documents
from connectors.oauth.errors import (
    AccessDenied,
    AnotherService,
    ClientRefused,
    ClockSkew,
    CodeExpired,
    IdentityServiceDown,
    NoCompany,
    NonceMismatch,
    ProofNotGenuine,
    RedirectRefused,
    RefreshLost,
    ScopeRefused,
    ServiceNotApproved,
    SignInRefused,
    WrongCompany,
    callback_failure,
)
from connectors.oauth.sign_in import OpenIdSignIn
from sandbox import seed
from tests.connectors.identity import CALLBACK, begun_and_allowed, finish, sign_in
from tests.sandbox.person import Person, answer_of

ISSUER = "https://connect.example"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CLIENT_ID, SECRET, CODE, VERIFIER = "isv_hub", "very-secret", "the-code", "v" * 64
KEY = RSAKey.generate_key(2048, parameters={"kid": "key-1"})
OTHER_KEY = RSAKey.generate_key(2048, parameters={"kid": "key-2"})


def epoch(moment=NOW):
    return int(moment.timestamp())


def token(claims, *, key=KEY, alg="RS256"):
    return jwt.encode({"alg": alg, "kid": key.kid}, claims, key)


def id_claims(**changes):
    claims = {
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "sub": "person-1",
        "nonce": "nonce-1",
        "iat": epoch(),
        "exp": epoch() + 300,
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def access_claims(**changes):
    claims = {
        "iss": ISSUER,
        "aud": ["api"],
        "sub": "person-1",
        "client_id": CLIENT_ID,
        "tenant_id": "tenant-1",
        "scope": ["openid", "read"],
        "exp": epoch() + 3600,
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def token_answer(*, id_=None, access=None, **changes):
    answer = {
        "access_token": token(access_claims(**(access or {}))),
        "id_token": token(id_claims(**(id_ or {}))),
        "refresh_token": "refresh-2",
        "expires_in": 3600,
        "token_type": "Bearer",
    } | changes
    return {name: value for name, value in answer.items() if value is not None}


def discovery(**changes):
    paths = {
        "authorization_endpoint": "/connect/authorize",
        "token_endpoint": "/connect/token",
        "userinfo_endpoint": "/connect/userinfo",
        "end_session_endpoint": "/connect/endsession",
        "revocation_endpoint": "/connect/revocation",
        "jwks_uri": "/jwks",
    }
    return {"issuer": ISSUER} | {name: ISSUER + path for name, path in paths.items()} | changes


@pytest.fixture
def service():
    """Play the identity service; a test adds what the token endpoint answers."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{ISSUER}/.well-known/openid-configuration", json=discovery())
        mock.get(f"{ISSUER}/jwks", json={"keys": [KEY.as_dict(private=False)]})
        mock.post(f"{ISSUER}/connect/revocation", status=200)
        yield mock


def client(**changes):
    values = {
        "vendor": "Visma Connect",
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "scope": "openid offline_access read",
        "locales": {"sv": "sv-SE"},
        "documents": Documents(),
    }
    return OpenIdSignIn(**(values | changes))


def exchange(made=None, **changes):
    values = {
        "code": CODE,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "nonce": "nonce-1",
        "now": NOW,
    }
    return (made or client()).finish(**(values | changes))


def answers(service, content=None, *, status=200, headers=None, body=None):
    more = {"json": content} if body is None else {"body": body}
    service.post(f"{ISSUER}/connect/token", status=status, headers=headers, **more)


def form_of(call):
    return {name: values[0] for name, values in parse_qs(call.request.body).items()}


def token_calls(service):
    return [one for one in service.calls if one.request.url.endswith("/connect/token")]


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def clock(moment):
    return {"Date": moment.strftime("%a, %d %b %Y %H:%M:%S GMT")}


class TestBegin:
    def test_asks_as_rfc_9700_wants(self, service):
        begun = client().begin(redirect_uri=CALLBACK, language="sv-FI")

        asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(begun.code_verifier.encode()).digest())
        assert asked == {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "scope": "openid offline_access read",
            "state": begun.state,
            "nonce": begun.nonce,
            "response_mode": "query",
            "ui_locales": "sv-SE",
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        assert 43 <= len(begun.code_verifier) <= 128
        assert begun.url.startswith(f"{ISSUER}/connect/authorize?")

    def test_never_begins_twice_with_the_same_values(self, service):
        made = client()

        one, other = (made.begin(redirect_uri=CALLBACK) for _ in range(2))

        assert {one.state, one.nonce, one.code_verifier}.isdisjoint(
            {other.state, other.nonce, other.code_verifier}
        )

    def test_asks_for_no_language_that_the_service_does_not_have(self, service):
        assert "ui_locales" not in client().begin(redirect_uri=CALLBACK, language="xx").url

    def test_shows_no_verifier_in_its_repr(self, service):
        begun = client().begin(redirect_uri=CALLBACK)

        assert begun.code_verifier not in repr(begun)


class TestDiscovery:
    def test_is_read_once_by_all_of_a_process(self, service):
        shared = Documents()

        for _ in range(3):
            client(documents=shared).begin(redirect_uri=CALLBACK)

        assert len(service.calls) == 1

    def test_is_read_again_when_it_is_old(self, service):
        now = [0.0]
        shared = Documents(monotonic=lambda: now[0], max_age=100)
        client(documents=shared).begin(redirect_uri=CALLBACK)

        now[0] = 101.0
        client(documents=shared).begin(redirect_uri=CALLBACK)

        assert len(service.calls) == 2

    @responses.activate
    @pytest.mark.parametrize(
        ("document", "kind"),
        [
            (discovery(issuer="https://evil.example"), ProofNotGenuine),
            (discovery(authorization_endpoint="http://connect.example/a"), BadAnswer),
            (discovery(authorization_endpoint="https://evil.example/a"), BadAnswer),
            (discovery(authorization_endpoint=f"{ISSUER}:8443/a"), BadAnswer),
            (discovery(authorization_endpoint=f"{ISSUER}@evil.example/a"), BadAnswer),
            (discovery(authorization_endpoint=None), BadAnswer),
            (["not", "an", "object"], BadAnswer),
        ],
    )
    def test_is_refused_when_it_is_not_the_issuers(self, document, kind):
        responses.get(f"{ISSUER}/.well-known/openid-configuration", json=document)

        with pytest.raises(kind):
            client().begin(redirect_uri=CALLBACK)

    @responses.activate
    @pytest.mark.parametrize(
        ("status", "kind"),
        [(503, IdentityServiceDown), (404, BadAnswer), (429, RateLimited), (302, BadAnswer)],
    )
    def test_that_is_not_there_is_reported(self, status, kind):
        responses.get(
            f"{ISSUER}/.well-known/openid-configuration",
            status=status,
            headers={"Location": "https://evil.example"} if status == 302 else {},
        )

        with pytest.raises(kind):
            client().begin(redirect_uri=CALLBACK)

        assert len(responses.calls) == 1


class TestFinish:
    def test_returns_what_the_tokens_say(self, service):
        answers(service, token_answer())

        grant = exchange()

        assert (grant.tenant_id, grant.subject, grant.scope) == (
            "tenant-1",
            "person-1",
            "openid read",
        )
        assert (grant.refresh_token, grant.expires_in) == ("refresh-2", 3600)

    def test_sends_the_code_with_verifier_and_secret_in_the_form(self, service):
        answers(service, token_answer())

        exchange()

        sent = token_calls(service)[0].request
        assert form_of(token_calls(service)[0]) == {
            "grant_type": "authorization_code",
            "code": CODE,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        assert sent.headers["User-Agent"].startswith("IntegrationHub/")
        assert sent.req_kwargs["timeout"] == (5, 15)
        assert "Authorization" not in sent.headers

    def test_shows_no_token_in_its_repr(self, service):
        content = token_answer()
        answers(service, content)

        shown = repr(exchange())

        assert not any(
            content[name] in shown for name in ("access_token", "id_token", "refresh_token")
        )

    @pytest.mark.parametrize("scope", ["openid read", ["openid", "read"]])
    def test_reads_both_shapes_of_the_scope_claim(self, service, scope):
        answers(service, token_answer(access={"scope": scope}))

        assert exchange().scope == "openid read"

    def test_computes_the_lifetime_when_it_is_not_stated(self, service):
        answers(service, token_answer(expires_in=None))

        assert exchange().expires_in == 3600

    @pytest.mark.parametrize(
        ("id_", "access", "kind"),
        [
            ({"nonce": "another"}, {}, NonceMismatch),
            ({"nonce": None}, {}, NonceMismatch),
            ({"aud": "someone-else"}, {}, ProofNotGenuine),
            ({"aud": [CLIENT_ID, "other"]}, {}, ProofNotGenuine),
            ({"iss": "https://evil.example"}, {}, ProofNotGenuine),
            ({"exp": None}, {}, BadAnswer),
            ({"iat": None}, {}, BadAnswer),
            ({}, {"iss": "https://evil.example"}, ProofNotGenuine),
            ({}, {"client_id": "someone-else"}, ProofNotGenuine),
            ({"azp": "someone-else"}, {}, ProofNotGenuine),
            ({}, {"azp": "someone-else"}, ProofNotGenuine),
            ({"sub": "person-2"}, {}, ProofNotGenuine),
            ({"sub": None}, {}, ProofNotGenuine),
            ({}, {"tenant_id": None}, NoCompany),
            ({}, {"tenant_id": ""}, NoCompany),
            ({}, {"exp": None}, BadAnswer),
        ],
    )
    def test_refuses_a_proof_that_is_not_right(self, service, id_, access, kind):
        answers(service, token_answer(id_=id_, access=access))

        with pytest.raises(kind):
            exchange()

    def test_takes_an_answer_of_the_service_that_the_person_was_sent_to(self, service):
        answers(service, token_answer())

        assert exchange(issuer=f"{ISSUER}/").tenant_id == "tenant-1"

    def test_sends_no_code_that_another_service_says_to_have_given(self, service):
        answers(service, token_answer())

        with pytest.raises(AnotherService):
            exchange(issuer="https://evil.example")

        assert token_calls(service) == []

    def test_misses_the_issuer_where_the_service_promises_to_name_it(self, service):
        service.replace(
            "GET",
            f"{ISSUER}/.well-known/openid-configuration",
            json=discovery(authorization_response_iss_parameter_supported=True),
        )
        answers(service, token_answer())

        with pytest.raises(AnotherService):
            exchange()

        assert token_calls(service) == []

    def test_sends_no_code_and_no_secret_to_another_host(self, service):
        service.replace(
            "GET",
            f"{ISSUER}/.well-known/openid-configuration",
            json=discovery(token_endpoint="https://elsewhere.example/connect/token"),
        )
        service.post("https://elsewhere.example/connect/token", json=token_answer())

        with pytest.raises(BadAnswer):
            exchange()

        assert not [call for call in service.calls if "elsewhere" in call.request.url]

    def test_revokes_a_token_that_it_refused(self, service):
        answers(service, token_answer(access={"tenant_id": None}))

        with pytest.raises(NoCompany):
            exchange()

        revoked = service.calls[-1].request
        assert revoked.url.endswith("/connect/revocation")
        assert "refresh-2" in revoked.body

    def test_takes_an_audience_of_several_that_names_us(self, service):
        answers(service, token_answer(id_={"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}))

        assert exchange().tenant_id == "tenant-1"

    @pytest.mark.parametrize("which", ["id_token", "access_token"])
    def test_refuses_a_signature_of_another_key(self, service, which):
        forged = RSAKey.generate_key(2048, parameters={"kid": "key-1"})
        claims = id_claims() if which == "id_token" else access_claims()
        answers(service, token_answer(**{which: token(claims, key=forged)}))

        with pytest.raises(ProofNotGenuine):
            exchange()

    def test_takes_no_key_that_the_token_itself_brings(self, service):
        forged = RSAKey.generate_key(2048, parameters={"kid": "theirs"})
        head = {
            "alg": "RS256",
            "kid": "theirs",
            "jku": "https://evil.example/jwks",
            "jwk": forged.as_dict(private=False),
        }
        answers(service, token_answer(id_token=jwt.encode(head, id_claims(), forged)))

        with pytest.raises(ProofNotGenuine):
            exchange()

        assert not [call for call in service.calls if "evil.example" in call.request.url]

    def test_takes_no_public_key_for_a_shared_secret(self, service):
        parts = ({"alg": "HS256", "kid": "key-1"}, id_claims())
        signed = b".".join(unpadded(json.dumps(part).encode()) for part in parts)
        mark = hmac.digest(KEY.as_pem(private=False), signed, "sha256")
        answers(service, token_answer(id_token=f"{signed.decode()}.{unpadded(mark).decode()}"))

        with pytest.raises(ProofNotGenuine):
            exchange()

    def test_refuses_an_unsigned_token(self, service):
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        body = base64.urlsafe_b64encode(json.dumps(id_claims()).encode()).rstrip(b"=").decode()
        answers(service, token_answer(id_token=f"{head}.{body}."))

        with pytest.raises(ProofNotGenuine):
            exchange()

    @pytest.mark.parametrize("changes", [{"id_token": None}, {"access_token": "opaque"}])
    def test_names_a_token_that_it_cannot_read(self, service, changes):
        answers(service, token_answer(**changes))

        with pytest.raises(BadAnswer):
            exchange()

    def test_reads_the_keys_again_when_the_service_has_changed_them(self, service):
        made = client()
        answers(service, token_answer())
        exchange(made)
        service.replace(
            responses.GET,
            f"{ISSUER}/jwks",
            json={"keys": [KEY.as_dict(private=False), OTHER_KEY.as_dict(private=False)]},
        )
        answers(service, token_answer(id_token=token(id_claims(), key=OTHER_KEY)))

        assert exchange(made).tenant_id == "tenant-1"

    @pytest.mark.parametrize("off", [-55, 55])
    def test_bears_clocks_that_differ_by_less_than_a_minute(self, service, off):
        issued = epoch() + off
        answers(
            service,
            token_answer(id_={"iat": issued, "exp": issued + 60}),
            headers=clock(NOW + timedelta(seconds=off)),
        )

        assert exchange().tenant_id == "tenant-1"

    @pytest.mark.parametrize("off", [-600, 600])
    @pytest.mark.parametrize("with_date", [True, False])
    def test_says_by_how_much_the_clocks_differ(self, service, off, with_date):
        issued = epoch() + off
        headers = clock(NOW + timedelta(seconds=off)) if with_date else {}
        answers(service, token_answer(id_={"iat": issued, "exp": issued + 300}), headers=headers)

        with pytest.raises(ClockSkew) as caught:
            exchange()

        assert caught.value.params["seconds"] == "600"

    def test_does_not_blame_the_clock_for_an_old_token(self, service):
        old = epoch() - 5000
        answers(service, token_answer(id_={"iat": old, "exp": old + 300}), headers=clock(NOW))

        with pytest.raises(ProofNotGenuine):
            exchange()

    @pytest.mark.parametrize(
        ("error", "description", "kind"),
        [
            ("invalid_grant", "used", CodeExpired),
            ("invalid_grant", "redirect_uri differs", RedirectRefused),
            ("invalid_client", "", ClientRefused),
            ("unauthorized_client", "", ClientRefused),
            ("invalid_scope", "", ScopeRefused),
            ("invalid_request", "redirect_uri is not registered", RedirectRefused),
            ("invalid_request", "something", SignInRefused),
            ("brand_new_error", "", SignInRefused),
        ],
    )
    @pytest.mark.parametrize("status", [400, 401])
    def test_knows_each_error_of_the_token_endpoint(
        self, service, error, description, kind, status
    ):
        answers(service, {"error": error, "error_description": description}, status=status)

        with pytest.raises(ConnectorError) as caught:
            exchange()

        assert type(caught.value) is kind
        assert error in caught.value.detail

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_says_that_the_service_is_down(self, service, status):
        answers(service, body="<h1>down</h1>", status=status)

        with pytest.raises(IdentityServiceDown):
            exchange()

    @pytest.mark.parametrize(
        ("status", "body"), [(200, "<html>"), (200, "[]"), (200, "{}"), (400, "no"), (302, "")]
    )
    def test_names_an_answer_that_is_none(self, service, status, body):
        answers(
            service, status=status, body=body, headers={"Location": "https://evil.example/token"}
        )

        with pytest.raises(BadAnswer):
            exchange()

        assert len(token_calls(service)) == 1

    def test_calls_a_lost_answer_an_outage_for_the_person_to_begin_again(self, service):
        service.post(f"{ISSUER}/connect/token", body=requests.ReadTimeout("t"))

        with pytest.raises(IdentityServiceDown):
            exchange()

    def test_never_lets_a_secret_into_a_failure(self, service):
        described = f"code {CODE} verifier {VERIFIER} secret {SECRET}"
        answers(service, {"error": "invalid_grant", "error_description": described}, status=400)

        with pytest.raises(CodeExpired) as caught:
            exchange()

        shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert not any(one in shown for one in (CODE, VERIFIER, SECRET))


class TestRefresh:
    def refresh(self, **changes):
        return client(**changes).refresh(refresh_token="refresh-1", now=NOW)

    def test_returns_the_new_tokens(self, service):
        answers(service, token_answer())

        grant = self.refresh()

        assert (grant.refresh_token, grant.tenant_id) == ("refresh-2", "tenant-1")
        assert form_of(token_calls(service)[0]) == {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-1",
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }

    def test_names_the_other_person_where_its_tokens_are_about_two(self, service):
        answers(service, token_answer(id_={"sub": "person-2"}))

        assert client().refresh(refresh_token="refresh-1", now=NOW).subject == "person-2"

    def test_keeps_the_old_refresh_token_where_it_is_used_again(self, service):
        answers(service, token_answer(refresh_token=None))

        assert self.refresh().refresh_token == "refresh-1"

    def test_never_throws_a_one_time_token_away_because_of_a_proof(self, service):
        service.replace(responses.GET, f"{ISSUER}/jwks", status=503)
        answers(service, token_answer())

        grant = self.refresh()

        assert grant.refresh_token == "refresh-2"
        assert grant.tenant_id == ""

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ("invalid_grant", NotAuthorized),
            ("invalid_client", ClientRefused),
            ("temporarily_unavailable", IdentityServiceDown),
        ],
    )
    def test_knows_an_end_from_a_mistake_of_ours_and_from_an_outage(self, service, error, kind):
        answers(service, {"error": error}, status=400)

        with pytest.raises(ConnectorError) as caught:
            self.refresh()

        assert type(caught.value) is kind

    @pytest.mark.parametrize("status", [500, 503])
    def test_is_an_outage_when_the_service_says_so(self, service, status):
        answers(service, body="down", status=status)

        with pytest.raises(IdentityServiceDown):
            self.refresh()

    def test_waits_when_asked_to(self, service):
        answers(service, body="", status=429, headers={"Retry-After": "7"})

        with pytest.raises(RateLimited) as caught:
            self.refresh()

        assert caught.value.retry_after == 7

    @pytest.mark.parametrize(
        ("status", "body"), [(502, ""), (504, ""), (200, "<html>"), (200, "{}"), (200, "[]")]
    )
    def test_is_lost_when_the_token_may_be_used_up(self, service, status, body):
        answers(service, status=status, body=body)

        with pytest.raises(RefreshLost):
            self.refresh()

    @pytest.mark.parametrize(
        ("failure", "kind"),
        [
            (requests.ReadTimeout("t"), RefreshLost),
            (requests.ConnectionError(ConnectionResetError("cut")), RefreshLost),
            (requests.ConnectTimeout("t"), IdentityServiceDown),
            (requests.ConnectionError(socket.gaierror("name")), IdentityServiceDown),
        ],
    )
    def test_tells_sent_and_lost_from_never_sent(self, service, failure, kind):
        service.post(f"{ISSUER}/connect/token", body=failure)

        with pytest.raises(ConnectorError) as caught:
            self.refresh()

        assert type(caught.value) is kind
        assert len(token_calls(service)) == 1


class TestServiceGrant:
    def grant(self, tenant_id="tenant-1"):
        return client(scope="service:read").service_grant(tenant_id=tenant_id, now=NOW)

    def test_returns_a_token_of_the_company_without_a_person(self, service):
        answers(service, token_answer(id_token=None, refresh_token=None, access={"sub": None}))

        found = self.grant()

        assert (found.subject, found.refresh_token, found.tenant_id) == ("", "", "tenant-1")
        assert form_of(token_calls(service)[0]) == {
            "grant_type": "client_credentials",
            "scope": "service:read",
            "tenant_id": "tenant-1",
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }

    def test_refuses_a_token_of_another_company(self, service):
        answers(service, token_answer(id_token=None))

        with pytest.raises(WrongCompany):
            self.grant(tenant_id="tenant-2")

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ("unauthorized_client", ServiceNotApproved),
            ("invalid_grant", ServiceNotApproved),
            ("invalid_client", ClientRefused),
            ("invalid_scope", ScopeRefused),
        ],
    )
    def test_knows_each_refusal(self, service, error, kind):
        answers(service, {"error": error}, status=400)

        with pytest.raises(ConnectorError) as caught:
            self.grant()

        assert type(caught.value) is kind


class TestRevoke:
    def test_sends_the_token_with_basic_authentication(self, service):
        client().revoke(token="refresh-1", hint="refresh_token")

        sent = service.calls[-1].request
        basic = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        assert sent.headers["Authorization"] == f"Basic {basic}"
        assert parse_qs(sent.body) == {
            "token": ["refresh-1"],
            "token_type_hint": ["refresh_token"],
        }

    @pytest.mark.parametrize(
        ("status", "content", "kind"),
        [
            (400, {"error": "invalid_client"}, ClientRefused),
            (401, {}, ClientRefused),
            (503, {}, IdentityServiceDown),
        ],
    )
    def test_says_why_it_was_not_done(self, service, status, content, kind):
        service.replace(responses.POST, f"{ISSUER}/connect/revocation", status=status, json=content)

        with pytest.raises(kind):
            client().revoke(token="refresh-1", hint="refresh_token")

    def test_does_not_mind_a_kind_of_token_that_cannot_be_revoked(self, service):
        service.replace(
            responses.POST,
            f"{ISSUER}/connect/revocation",
            status=400,
            json={"error": "unsupported_token_type"},
        )

        assert client().revoke(token="t", hint="access_token") is None


class TestSignOutUrl:
    def test_names_the_session_and_the_way_back(self, service):
        url = client().sign_out_url(id_token="id-1", return_to="https://hub.example/back")

        assert parse_qs(urlsplit(url).query) == {
            "id_token_hint": ["id-1"],
            "post_logout_redirect_uri": ["https://hub.example/back"],
        }

    def test_names_the_client_when_there_is_no_session_to_name(self, service):
        assert parse_qs(urlsplit(client().sign_out_url()).query) == {"client_id": [CLIENT_ID]}


class TestCallbackFailure:
    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ("access_denied", AccessDenied),
            ("invalid_scope", ScopeRefused),
            ("unauthorized_client", ClientRefused),
            ("server_error", IdentityServiceDown),
            ("temporarily_unavailable", IdentityServiceDown),
            ("login_required", SignInRefused),
            ("<script>", SignInRefused),
        ],
    )
    def test_knows_each_error_that_a_callback_may_carry(self, error, kind):
        found = callback_failure(vendor="Visma Connect", error=error, description="d" * 999)

        assert type(found) is kind
        assert len(found.detail) <= 300


class TestAgainstTheSandbox:
    """The whole way at the stand-in of Visma Connect, with a person's browser between."""

    def test_signs_in_refreshes_and_revokes(self, sandbox):
        made = sign_in(sandbox.url)
        begun, back = begun_and_allowed(made, tenant_id=seed.AKERIET)

        grant = finish(made, begun, back["code"])
        renewed = made.refresh(refresh_token=grant.refresh_token, now=datetime.now(UTC))
        made.revoke(token=renewed.refresh_token, hint="refresh_token")

        assert back["state"] == begun.state
        assert grant.tenant_id == renewed.tenant_id == seed.AKERIET
        assert grant.refresh_token != renewed.refresh_token
        with pytest.raises(NotAuthorized):
            made.refresh(refresh_token=renewed.refresh_token, now=datetime.now(UTC))

    def test_a_code_works_once(self, sandbox):
        made = sign_in(sandbox.url)
        begun, back = begun_and_allowed(made, tenant_id=seed.AKERIET)
        finish(made, begun, back["code"])

        with pytest.raises(CodeExpired):
            finish(made, begun, back["code"])

    def test_a_code_is_of_no_use_without_its_verifier(self, sandbox):
        made = sign_in(sandbox.url)
        begun, back = begun_and_allowed(made, tenant_id=seed.AKERIET)

        with pytest.raises(CodeExpired):
            finish(made, begun, back["code"], code_verifier="w" * 64)

    def test_a_wrong_secret_is_the_operators_matter(self, sandbox):
        begun, back = begun_and_allowed(sign_in(sandbox.url), tenant_id=seed.AKERIET)
        made = sign_in(sandbox.url, client_secret="wrong")

        with pytest.raises(ClientRefused):
            finish(made, begun, back["code"])
        with pytest.raises(ClientRefused):
            made.revoke(token="t", hint="refresh_token")

    @pytest.mark.parametrize(
        ("fault", "on", "kind"),
        [
            ("wrong_nonce", "id_token", NonceMismatch),
            ("bad_signature", "id_token", ProofNotGenuine),
            ("token_down", "token", IdentityServiceDown),
            ("token_lost", "token", IdentityServiceDown),
        ],
    )
    def test_each_fault_of_the_sign_in_has_its_name(self, sandbox, fault, on, kind):
        made = sign_in(sandbox.url)
        begun, back = begun_and_allowed(made, tenant_id=seed.AKERIET)
        sandbox.store.add_fault(fault, on=on)

        with pytest.raises(kind):
            finish(made, begun, back["code"])

    def test_a_person_may_deny(self, sandbox):
        begun = sign_in(sandbox.url).begin(redirect_uri=CALLBACK)

        back = answer_of(Person().sign_in(begun.url, tenant_id=seed.AKERIET, allow=False))

        failure = callback_failure(vendor="Visma Connect", error=back["error"])
        assert isinstance(failure, AccessDenied)

    def test_a_lost_refresh_is_distinguished_from_an_outage(self, sandbox):
        made = sign_in(sandbox.url)
        begun, back = begun_and_allowed(made, tenant_id=seed.AKERIET)
        grant = finish(made, begun, back["code"])

        sandbox.store.add_fault("identity_down", on="token")
        with pytest.raises(IdentityServiceDown):
            made.refresh(refresh_token=grant.refresh_token, now=datetime.now(UTC))
        sandbox.store.add_fault("token_lost")
        with pytest.raises(RefreshLost):
            made.refresh(refresh_token=grant.refresh_token, now=datetime.now(UTC))

    def test_a_clock_that_is_wrong_is_named_with_its_error(self, sandbox):
        made = sign_in(sandbox.url)
        begun, back = begun_and_allowed(made, tenant_id=seed.AKERIET)

        with pytest.raises(ClockSkew) as caught:
            finish(made, begun, back["code"], now=datetime.now(UTC) + timedelta(hours=1))

        assert abs(int(caught.value.params["seconds"]) - 3600) < 10

    def test_a_service_needs_the_company_s_approval(self, sandbox):
        made = sign_in(sandbox.url, kind="service")

        grant = made.service_grant(tenant_id=seed.AKERIET, now=datetime.now(UTC))

        assert (grant.tenant_id, grant.subject, grant.refresh_token) == (seed.AKERIET, "", "")
        with pytest.raises(ServiceNotApproved):
            made.service_grant(tenant_id=seed.NORDLYS, now=datetime.now(UTC))

    def test_signing_out_ends_the_session_so_that_the_company_can_be_chosen_again(self, sandbox):
        made, person = sign_in(sandbox.url), Person()
        begun, back = begun_and_allowed(made, tenant_id=seed.AKERIET, person=person)
        grant = finish(made, begun, back["code"])

        url = made.sign_out_url(id_token=grant.id_token, return_to=CALLBACK)

        answer = requests.get(url, allow_redirects=False, timeout=5)
        assert answer.headers["Location"] == CALLBACK
