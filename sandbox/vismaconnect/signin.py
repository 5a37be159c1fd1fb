"""The pages a person walks through: sign in, choose the company, allow."""

import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.http import is_same_origin, page
from sandbox.store import Store
from sandbox.vismaconnect.grants import Grants

Json = dict[str, Any]

COOKIE = "visma_connect_session"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

SCOPE_WORDS = {
    "openid": "Know who you are",
    "profile": "Read your name and language",
    "email": "Read your e-mail address",
    "phone": "Read your telephone number",
    "address": "Read your address",
    "offline_access": "Stay connected while you are away",
    "vismanet_erp_interactive_api:read": "Read in Visma.net ERP as you",
    "vismanet_erp_interactive_api:create": "Create in Visma.net ERP as you",
    "vismanet_erp_interactive_api:update": "Change in Visma.net ERP as you",
    "vismanet_erp_interactive_api:delete": "Delete in Visma.net ERP as you",
    "vismanet_erp_interactive_api:ui-extension": "Show itself inside Visma.net ERP",
}


class SignIn:
    """The authorize endpoint, its pages, and the end of the session."""

    def __init__(self, store: Store, grants: Grants, *, prefix: str) -> None:
        self.store = store
        self.grants = grants
        self.prefix = prefix

    # --- The request --------------------------------------------------------------------

    def authorize(self, request: Request, issuer: str) -> Response:
        """Answer the authorize endpoint: begin the pages, or go straight back."""
        asked = {name: request.values.get(name, "") for name in request.values}
        # No tenant parameter is documented for authorize: one that is sent does nothing.
        asked.pop("tenant_id", None)
        broken = self._broken(asked)
        if broken:
            # A broken authorize request is not sent back: Visma shows a page with an Error-ID
            # to paste in the portal's OAuth Debugger (oauth.developers.visma.com, getting
            # started).
            error_id = secrets.token_hex(16)
            return page("connect_error.html", status=400, words=broken, error_id=error_id)
        key = secrets.token_urlsafe(16)
        # In a session that lives on, nobody is asked anything again.
        session = self._session(request)
        self.store.put("asked", key, asked | {"key": key, "fresh": session is None})
        return self._next(request, key)

    def _broken(self, asked: Json) -> str:
        """Return what is wrong with an authorize request, or an empty text."""
        client = self.store.get("client", asked.get("client_id", ""))
        if client is None or "authorization_code" not in client["grants"]:
            return "client_id is unknown."
        if not _is_registered(asked.get("redirect_uri", ""), client["redirect_paths"]):
            return "redirect_uri is not registered for this client."
        if asked.get("response_type") == "code id_token":
            return "Hybrid Flow is not on for this application."
        if asked.get("response_type") != "code":
            return "response_type must be code."
        if asked.get("response_mode", "form_post") not in ("query", "form_post"):
            return "response_mode must be query or form_post."
        scopes = asked.get("scope", "").split()
        if "openid" not in scopes:
            return "scope must contain openid."
        unknown = [scope for scope in scopes if scope not in client["scopes"]]
        if unknown:
            return f"scope is not allowed for this client: {' '.join(unknown)}."
        if client["requires_pkce"] and not asked.get("code_challenge"):
            return "code_challenge is missing: PKCE is on for this application."
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            return "code_challenge_method must be S256 for this application."
        return ""

    # --- One page after the other -------------------------------------------------------

    def _next(self, request: Request, key: str) -> Response:
        """Return the next page of a request, or the way back to the client."""
        asked = self.store.get("asked", key)
        if asked is None:
            words = "This sign-in was finished, or is not known. Start again."
            return page("connect_error.html", status=400, words=words, error_id="")
        client = self.store.get("client", asked["client_id"])
        session = self._session(request)
        if session is None or client is None:
            return self._sign_in_page(asked, "")
        person = self.store.get("person", session["email"]) or {"tenants": [], "name": ""}
        if not client.get("names_company", True):
            # Business NXT: no company is chosen here; each query names one.
            self.store.put("session", session["key"], session)
            return self._finish(asked | {"tenant_id": ""}, session, person)
        offered = [
            company for company in self.store.companies() if company.tenant_id in person["tenants"]
        ]
        if not offered:
            # Without the role API User in a company, no company can be chosen
            # (docs.vismasoftware.no, interactive integrations). How the page looks is not
            # documented: sandbox's choice, with a way back as access_denied.
            return page("connect_none.html", prefix=self.prefix, key=key, person=person)
        chosen = asked.get("tenant_id") or ""
        if not chosen and not asked["fresh"]:
            # The trap: a person still signed in is not asked again, and gets the company he
            # chose last. How to force the selector is not documented; that `prompt` does
            # nothing is the sandbox's choice, ending the session is the way out.
            chosen = session.get("tenant_id") or ""
        if chosen not in person["tenants"]:
            chosen = ""
        if not chosen and len(offered) == 1:
            # With the role in only one company the selector is skipped
            # (docs.vismasoftware.no, interactive integrations).
            chosen = offered[0].tenant_id
        if not chosen:
            return page(
                "connect_company.html",
                prefix=self.prefix,
                key=key,
                person=person,
                companies=offered,
                client=client,
            )
        asked = asked | {"tenant_id": chosen}
        self.store.put("asked", key, asked)
        wanted = f"{asked['client_id']} {asked['scope']} {chosen}"
        if wanted not in session["allowed"]:
            return page(
                "connect_allow.html",
                prefix=self.prefix,
                key=key,
                person=person,
                company=self.store.tenant(chosen),
                client=client,
                scopes=[(each, SCOPE_WORDS.get(each, each)) for each in asked["scope"].split()],
            )
        self.store.put("session", session["key"], session | {"tenant_id": chosen})
        return self._finish(asked, session, person)

    def _sign_in_page(self, asked: Json, problem: str) -> Response:
        return page(
            "connect_signin.html",
            status=403 if problem else 200,
            prefix=self.prefix,
            key=asked["key"],
            client=self.store.get("client", asked["client_id"]),
            people=self._people(),
            problem=problem,
        )

    def _people(self) -> list[Json]:
        names = {company.tenant_id: company.name for company in self.store.companies()}
        return [
            person | {"companies": [names[each] for each in person["tenants"] if each in names]}
            for person in self.store.all("person")
        ]

    def sign_in(self, request: Request, issuer: str) -> Response:
        """Take e-mail and password, and begin a session."""
        asked = self.store.get("asked", request.form.get("request", ""))
        if asked is None or not is_same_origin(request):
            return self._next(request, "")
        email = request.form.get("email", "").strip().lower()
        person = self.store.get("person", email)
        if person is None or person["password"] != request.form.get("password", ""):
            return self._sign_in_page(asked, "The e-mail address or the password is wrong.")
        key = secrets.token_urlsafe(24)
        moment = self.store.now().timestamp()
        session = {
            "key": key,
            "email": email,
            "sid": secrets.token_hex(16),
            "began": moment,
            "seen": moment,
            "tenant_id": "",
            "allowed": [],
        }
        self.store.put("session", key, session)
        self.store.put("asked", asked["key"], asked | {"fresh": True})
        request.cookies = {**request.cookies, COOKIE: key}  # type: ignore[assignment]
        response = self._next(request, asked["key"])
        response.set_cookie(COOKIE, key, path=self.prefix, httponly=True, samesite="Lax")
        return response

    def choose_company(self, request: Request, issuer: str) -> Response:
        """Take the company chosen in the selector."""
        asked = self.store.get("asked", request.form.get("request", ""))
        if asked is None or not is_same_origin(request):
            return self._next(request, "")
        tenant_id = request.form.get("tenant_id", "")
        self.store.put("asked", asked["key"], asked | {"tenant_id": tenant_id})
        return self._next(request, asked["key"])

    def allow(self, request: Request, issuer: str) -> Response:
        """Take *Allow* or *Deny*."""
        asked = self.store.get("asked", request.form.get("request", ""))
        session = self._session(request)
        if asked is None or session is None or not is_same_origin(request):
            return self._next(request, "")
        if request.form.get("answer") != "allow":
            return self._back(
                asked, {"error": "access_denied", "error_description": "The user said no."}
            )
        wanted = f"{asked['client_id']} {asked['scope']} {asked.get('tenant_id', '')}"
        self.store.put(
            "session", session["key"], session | {"allowed": [*session["allowed"], wanted]}
        )
        return self._next(request, asked["key"])

    # --- Back to the client -------------------------------------------------------------

    def _finish(self, asked: Json, session: Json, person: Json) -> Response:
        faults = {
            fault.kind: fault for fault in self.store.faults.due(call="signin_end", method="")
        }
        if "authorize_error" in faults:
            return self._back(asked, {"error": faults["authorize_error"].detail or "server_error"})
        tenant_id = asked["tenant_id"]
        if "wrong_company" in faults:
            others = [
                company.tenant_id
                for company in self.store.companies()
                if company.tenant_id != tenant_id
            ]
            mine = [each for each in others if each in person["tenants"]]
            tenant_id = faults["wrong_company"].detail or (mine or others)[0]
        code = self.grants.new_code(
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            code_challenge=asked.get("code_challenge", ""),
            scope=asked["scope"],
            nonce=asked.get("nonce", ""),
            email=session["email"],
            sub=person["sub"],
            sid=session["sid"],
            tenant_id=tenant_id,
            auth_time=int(session["began"]),
        )
        if "wrong_state" in faults:
            asked = asked | {"state": "another-state"}
        return self._back(
            asked,
            {"code": code, "scope": asked["scope"], "session_state": secrets.token_urlsafe(24)},
        )

    def _back(self, asked: Json, answer: dict[str, str]) -> Response:
        """Send the answer to the client, by redirect or by a form."""
        self.store.forget("asked", asked["key"])
        if asked.get("state"):
            answer = answer | {"state": asked["state"]}
        uri = asked["redirect_uri"]
        if asked.get("response_mode", "form_post") == "query":
            separator = "&" if "?" in uri else "?"
            return redirect(f"{uri}{separator}{urlencode(answer)}")
        # form_post is the default (docs.vismasoftware.no, authentication): a cross-site POST,
        # with which the client's SameSite=Lax cookie does not come along.
        return page("connect_form_post.html", uri=uri, answer=answer)

    # --- The session --------------------------------------------------------------------

    def _session(self, request: Request) -> Json | None:
        """Return the session that is alive, seen now; it lasts 10 h, 8 h when idle [doc]."""
        session = self.store.get("session", request.cookies.get(COOKIE, ""))
        if session is None:
            return None
        moment = self.store.now().timestamp()
        too_old = moment - session["began"] > self.store.setting("session_lifetime")
        if too_old or moment - session["seen"] > self.store.setting("session_idle"):
            self.store.forget("session", session["key"])
            return None
        if moment - session["seen"] > 1:
            session = session | {"seen": moment}
            self.store.put("session", session["key"], session)
        return session

    def end_session(self, request: Request, issuer: str) -> Response:
        """End the session, so that the next sign-in asks for password and company again."""
        hint = self.grants.keys.read(request.values.get("id_token_hint", "")) or {}
        ended = request.cookies.get(COOKIE, "")
        for session in self.store.all("session"):
            if session["key"] == ended or session["sid"] == hint.get("sid"):
                self.store.forget("session", session["key"])
        # OpenID Connect RP-Initiated Logout 1.0: back only with a hint that names the client,
        # and only to a registered address.
        back = request.values.get("post_logout_redirect_uri", "")
        if back and hint and _is_loopback(back):
            state = request.values.get("state", "")
            separator = "&" if "?" in back else "?"
            response: Response = redirect(
                back + (f"{separator}{urlencode({'state': state})}" if state else "")
            )
        else:
            response = page("connect_signed_out.html")
        response.delete_cookie(COOKIE, path=self.prefix)
        return response


def _is_loopback(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK


def _is_registered(uri: str, paths: list[str]) -> bool:
    """
    Return whether the redirect address is registered.

    Visma compares byte for byte [doc]. The sandbox does so with the path, and takes any port of
    this machine (its own liberty).
    """
    parts = urlsplit(uri)
    return _is_loopback(uri) and parts.path in paths and not parts.query and not parts.fragment
