"""The token endpoint of an identity service: what is sent there, and what its answers mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from connectors.errors import (
    BadAnswer,
    ConnectorError,
)
from connectors.http.answers import Answer, server_date
from connectors.http.exact_json import from_json
from connectors.http.sessions import USER_AGENT
from connectors.oauth.errors import ClientRefused, IdentityServiceDown, RefreshLost, by_code
from connectors.oauth.service import IdentityService, answer_of

_SECRET_FIELDS = ("code", "code_verifier", "refresh_token")


def _oauth_error(answer: Answer) -> str:
    try:
        content = from_json(answer.body)
    except ValueError:
        return ""
    return str(content.get("error", "")) if isinstance(content, dict) else ""


def text_of(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


@dataclass(kw_only=True, eq=False)
class TokenEndpoint(IdentityService):
    """
    The client of an identity service that asks for tokens and ends them.

    :param scope: what is asked for, separated by blanks
    """

    client_id: str
    client_secret: str = field(repr=False)
    scope: str

    # RFC 7009; https://oauth.developers.visma.com/service-registry/documentation/tokens
    def revoke(self, *, token: str, hint: str) -> None:
        """
        End the grant of the token at the service. A token that is unknown there is no failure.

        :param hint: ``access_token`` or ``refresh_token``
        """
        url = self._endpoint("revocation_endpoint")
        with self._session() as session, self._translated():
            response = session.revoke_token(
                url, token=token, token_type_hint=hint, **self._sending()
            )
        answer = answer_of(response)
        if answer.status == 200:
            return
        error = _oauth_error(answer)
        if error == "unsupported_token_type":
            return
        if answer.status in (400, 401) or error:
            raise by_code(
                {"invalid_request": ClientRefused},
                vendor=self.vendor,
                error=error or "invalid_client",
                description=f"revocation answered {answer.status}",
            )
        raise self._failure(answer)

    def _session(self, **more: Any) -> OAuth2Session:
        session = OAuth2Session(
            self.client_id,
            self.client_secret,
            scope=self.scope,
            code_challenge_method="S256",
            # Documented: the secret in the form; Basic only where a token is revoked.
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 (a method, no secret)
            revocation_endpoint_auth_method="client_secret_basic",
            **more,
        )
        session.headers["User-Agent"] = USER_AGENT
        return session

    def _ask_token(
        self,
        form: Mapping[str, str],
        *,
        codes: Mapping[str, type[ConnectorError]],
        lost: type[ConnectorError] = IdentityServiceDown,
    ) -> tuple[Mapping[str, Any], datetime | None]:
        """
        Return the answer of the token endpoint, and what the service's clock showed.

        :param codes: what an error code means here, where it differs from a sign-in
        :param lost: what it is when the request went out and no clear answer came back
        """
        url = self._endpoint("token_endpoint")
        answers: list[Answer] = []

        def look(response: requests.Response) -> requests.Response:
            answers.append(answer_of(response))
            self._check_status(answers[0], lost=lost)
            return response

        session = self._session()
        # One hook for each of Authlib's two ways to the same endpoint.
        session.register_compliance_hook("access_token_response", look)
        session.register_compliance_hook("refresh_token_response", look)
        try:
            with session, self._translated(lost=lost):
                if form["grant_type"] == "refresh_token":
                    # RFC 6749 section 6: without a scope the new token has the old one's.
                    session.scope = None
                    answer = session.refresh_token(
                        url, refresh_token=form["refresh_token"], **self._sending()
                    )
                else:
                    answer = session.fetch_token(url, **form, **self._sending())
        except OAuthError as refused:
            raise by_code(
                codes,
                vendor=self.vendor,
                error=str(refused.error or ""),
                description=self._without_secrets(str(refused.description or ""), form),
            ) from None
        if not isinstance(answer, dict) or not text_of(answer, "access_token"):
            kind = lost if lost is RefreshLost else BadAnswer
            raise kind(vendor=self.vendor, detail="the answer holds no access_token")
        return answer, server_date(answers[0].headers) if answers else None

    def _check_status(self, answer: Answer, *, lost: type[ConnectorError]) -> None:
        """Refuse what is not an answer of the token endpoint at all."""
        if answer.status in (200, 400, 401, 403):
            try:
                content = from_json(answer.body)
            except ValueError:
                content = None
            if isinstance(content, dict) and (answer.status == 200 or "error" in content):
                return
            kind = lost if answer.status == 200 and lost is RefreshLost else BadAnswer
            raise kind(vendor=self.vendor, status=answer.status, detail="not a token answer")
        # A gateway that lost its way to the service (502, 504) cannot say whether the service
        # had used up the token; the service itself saying "I am not working" has not.
        if answer.status in (502, 504) and lost is RefreshLost:
            raise RefreshLost(vendor=self.vendor, status=answer.status)
        raise self._failure(answer)

    def _without_secrets(self, text: str, form: Mapping[str, str]) -> str:
        """Return the service's words without anything of ours that they may repeat."""
        hidden = (self.client_secret, *(form.get(name, "") for name in _SECRET_FIELDS))
        for one in hidden:
            if one:
                text = text.replace(one, "…")
        return text
