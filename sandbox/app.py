"""The WSGI app: finds the call of a request, lets faults happen, answers and keeps the log."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, RequestRedirect
from werkzeug.wrappers import Request, Response

from sandbox import control, pages
from sandbox.businessnxt import pages as nxt_pages
from sandbox.businessnxt.api import BusinessNxt
from sandbox.http import CutConnection, cut, json_answer
from sandbox.powerofficego import pages as go_pages
from sandbox.powerofficego.api import PowerOfficeGo
from sandbox.store import Store
from sandbox.vismaconnect import VismaConnect
from sandbox.vismanet import VismaNet

# A vendor's stand-in: where its paths begin, and the module that answers them. Another vendor
# is another line here.
VENDORS: dict[str, Any] = {
    "/visma-connect": VismaConnect,
    "/visma-net": VismaNet,
    "/business-nxt": BusinessNxt,
    "/poweroffice-go": PowerOfficeGo,
}


class App:
    """The sandbox as a WSGI app. `app.store` is its memory, also for tests."""

    def __init__(self, store: Store, base_url: str | None = None) -> None:
        self.store = store
        self.base_url = base_url
        self._vendors = {
            prefix: vendor(store, prefix=prefix, base_url=base_url)
            for prefix, vendor in VENDORS.items()
        }
        self._own = Map(
            [
                rule.empty()
                for rule in (*pages.RULES, *nxt_pages.RULES, *go_pages.RULES, *control.RULES)
            ]
        )

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self.answer(request)
        except CutConnection:
            cut(environ)
            raise
        response.headers.setdefault("X-Sandbox", "not Visma")
        return response(environ, start_response)

    def answer(self, request: Request) -> Response:
        """Return the answer to a request."""
        for prefix, vendor in self._vendors.items():
            if request.path.startswith(prefix + "/"):
                latency = self.store.setting("latency_ms")
                if latency:
                    time.sleep(latency / 1000)
                response: Response = vendor.answer(request)
                return response
        adapter = self._own.bind_to_environ(request.environ)
        try:
            rule, arguments = adapter.match(return_rule=True)
        except RequestRedirect as redirect:
            return redirect.get_response(request.environ)
        except MethodNotAllowed:
            return json_answer({"error": "method not allowed"}, 405)
        except HTTPException:
            return pages.not_found(self.store, request)
        handler: Callable[..., Response] = rule.endpoint
        return handler(self.store, request, **arguments)


def make_app(store: Store, base_url: str | None = None) -> App:
    """
    Return the sandbox as a WSGI app.

    :param base_url: how clients reach it; None takes it from each request's Host header
    """
    return App(store, base_url)
