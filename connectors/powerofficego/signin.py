"""
A token for the application key and a client key. https://developer.poweroffice.net/documentation/authentication
"""

from datetime import UTC, datetime
from typing import Any

from requests.auth import HTTPBasicAuth

from connectors.errors import BadAnswer, ConnectorError, RateLimited
from connectors.http.answers import Answer, retry_after
from connectors.http.client import Http
from connectors.http.exact_json import from_json
from connectors.http.sessions import make_session
from connectors.http.transport import vendor_errors
from connectors.oauth.errors import IdentityServiceDown, SignInRefused
from connectors.oauth.service import TIMEOUTS
from connectors.powerofficego import errors, payloads
from connectors.powerofficego.errors import VENDOR
from connectors.sign_in import Grant, WithoutPerson


class ClientKeySignIn(WithoutPerson):
    """
    How a connection gets its token: two keys, no person. Tokens live for about 20 minutes.

    :param base_url: e.g. ``https://goapi.poweroffice.net``
    :param application_key: the hub's own, one per environment
    :param client_key: the connection's, one per client of PowerOffice Go
    """

    def __init__(
        self, *, base_url: str, application_key: str, client_key: str, subscription_key: str
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._application_key, self._client_key = application_key, client_key
        self._subscription_key = subscription_key

    def service_grant(self, *, tenant_id: str, now: datetime) -> Grant:
        """
        Return a token, and the id of the client that it reaches.

        :param tenant_id: the client that the connection was made for; empty at the first time
        :raises ClientKeyRefused: if the keys are not accepted
        :raises OtherClient: if the client key reaches another client
        :raises IdentityServiceDown: if the service cannot be asked
        """
        content = self._ask()
        token = str(content.get("access_token") or "")
        lifetime = content.get("expires_in")
        if not token or not isinstance(lifetime, int):
            raise BadAnswer(vendor=VENDOR, detail="the token answer cannot be read")
        client = self._client(token)
        if tenant_id and client.number != tenant_id:
            raise errors.OtherClient(vendor=VENDOR, client=client.name)
        return Grant(access_token=token, expires_in=lifetime, tenant_id=client.number)

    def _ask(self) -> dict[str, Any]:
        try:
            # Nothing is changed by asking: a lost answer is asked for again.
            with vendor_errors(VENDOR, writes=False), make_session() as session:
                response = session.post(
                    f"{self._base_url}/OAuth/Token",
                    data={"grant_type": "client_credentials"},
                    auth=HTTPBasicAuth(self._application_key, self._client_key),
                    headers={
                        "Ocp-Apim-Subscription-Key": self._subscription_key,
                        "Accept": "application/json",
                    },
                    timeout=(TIMEOUTS.connect, TIMEOUTS.read),
                    allow_redirects=False,
                )
                answer = Answer(response.status_code, response.headers, response.content)
        except BadAnswer:
            raise
        except ConnectorError as exc:
            raise IdentityServiceDown(vendor=VENDOR, detail=exc.detail) from exc
        if answer.status != 200:
            raise _failure(answer)
        try:
            content = from_json(answer.body)
        except ValueError as exc:
            raise BadAnswer(vendor=VENDOR, detail="the token answer is not JSON") from exc
        return content if isinstance(content, dict) else {}

    def _client(self, token: str) -> Any:
        http = Http(vendor=VENDOR, base_url=self._base_url)
        answer = http.send(
            "GET",
            "/v2/ClientIntegrationInformation",
            writes=False,
            headers={
                "Authorization": f"Bearer {token}",
                "Ocp-Apim-Subscription-Key": self._subscription_key,
            },
        )
        if answer.status != 200:
            raise errors.failure(answer, writes=False)
        return payloads.client(http.read_json(answer), currency="")

    def refresh(self, *, refresh_token: str, now: datetime) -> Grant:
        """Refuse: there are no refresh tokens, one asks again with the keys."""
        raise self.refused()

    def refused(self) -> SignInRefused:
        """Return the failure of whoever asks for a page to sign in on."""
        return SignInRefused(vendor=VENDOR, detail="an account here has a client key instead")


def _failure(answer: Answer) -> ConnectorError:
    """Return what an unwelcome answer of the token endpoint is."""
    words = errors.said(answer)
    if answer.status == 429:
        wait = retry_after(answer.headers, now=datetime.now(UTC))
        return RateLimited(vendor=VENDOR, status=429, retry_after=1.0 if wait is None else wait)
    if answer.status >= 500:
        return IdentityServiceDown(vendor=VENDOR, status=answer.status)
    if answer.status == 401 and "subscription" in words.lower():
        return errors.SubscriptionRefused(vendor=VENDOR, status=401, detail=words)
    if answer.status in (400, 401, 403):
        # Only the service itself says what is wrong with a key; a gateway's page does not.
        if errors.names_an_error(answer):
            return errors.ClientKeyRefused(vendor=VENDOR, status=answer.status, detail=words)
        return IdentityServiceDown(vendor=VENDOR, status=answer.status, detail=words)
    return BadAnswer(vendor=VENDOR, status=answer.status, detail="not a token answer")
