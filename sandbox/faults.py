"""What can be made to go wrong, for how many calls, and for whom."""

import itertools
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

# Each kind with the words that the faults page shows, and the calls that it concerns by default.
KINDS: dict[str, tuple[str, str]] = {
    "lose_answer": ("Store, then cut the connection before the answer", "create"),
    "cut_before": ("Cut the connection before anything is stored", "create"),
    "bad_gateway": ("502 before anything is stored", "any"),
    "bad_gateway_after": ("Store, then answer 502", "create"),
    "server_error": ("500 without a body, nothing stored", "any"),
    "server_error_after": ("Store, then answer 500 without a body", "create"),
    "unavailable": ("503, nothing stored", "any"),
    "rate_limited": ("429 with Retry-After", "any"),
    "unauthorized": ("401 although the token is good", "any"),
    "forbidden": ("403 as for a missing role or scope", "any"),
    "garbled": ("200 with a body that is not JSON", "any"),
    "slow": ("Answer late", "any"),
    "slow_after": ("Store at once, answer late", "create"),
    "number_given_again": (
        "A person has deleted the oldest batch, and its number is given again",
        "create",
    ),
    "no_location": ("201 without a Location header", "create"),
    "refused": ("PowerOffice Go: 400, understood and refused, nothing stored", "go_create"),
    "hidden": ("A statement of PowerOffice Go that does not show anything yet", "go_statement"),
    "not_found": ("404 although the batch is there (it shows late)", "read"),
    "empty_list": ("An empty list although batches are there (they show late)", "list"),
    "altered": ("Read back with the last line missing", "read"),
    "identity_down": ("The identity service answers 503", "identity"),
    "token_down": ("The token endpoint answers 503", "token"),
    "token_lost": ("The token endpoint acts, then cuts the connection", "token"),
    "userinfo_down": ("Userinfo answers 503", "userinfo"),
    "organization_down": ("Reading the organization answers 503", "organization"),
    "partial_errors": ("NXT: 200 with `errors`, one value of the data missing", "ReadPayments"),
    "outstanding_limit": ("NXT: 200 with OUTSTANDING_LIMIT_EXCEEDED, nothing read", "ReadPayments"),
    "marker_refused": ("NXT: a mark is refused (`detail`: only these of the call)", "MarkPayments"),
    "wrong_company": ("Sign-in returns another company than the one chosen", "signin_end"),
    "authorize_error": ("Sign-in returns the error `detail` (server_error)", "signin_end"),
    "wrong_state": ("Sign-in returns another state than it was given", "signin_end"),
    "wrong_nonce": ("The id_token carries another nonce", "id_token"),
    "bad_signature": ("The id_token is signed with a key nobody knows", "id_token"),
}

_IDENTITY = {
    *("discovery", "jwks", "authorize", "signin", "company", "allow", "endsession"),
    *("token", "userinfo", "revocation", "identity", "go_token"),
}
_MOMENTS = {"signin_end", "id_token"}  # not calls: moments inside one


@dataclass
class Fault:
    """
    One thing that goes wrong.

    :param on: the call concerned: a call's name (``create``, ``read``, ``list``, ``release``,
        ``organization``, ``account`` …), a method, ``go`` (all of PowerOffice Go), or ``any``
    :param times: for how many calls more; None until it is switched off
    :param tenant_id: only for this company; empty for all
    :param vendor: only calls of this vendor, as the log names it; empty for all
    """

    id: int
    kind: str
    on: str
    times: int | None = 1
    tenant_id: str = ""
    milliseconds: int = 2000
    retry_after: int = 2
    detail: str = ""
    vendor: str = ""
    hits: int = field(default=0)

    def as_json(self) -> dict[str, Any]:
        """Return the fault as plain values, with its words."""
        return asdict(self) | {"words": KINDS[self.kind][0]}


class Faults:
    """The faults that are switched on. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []

    def add(
        self,
        kind: str,
        *,
        on: str = "",
        times: int | None = 1,
        tenant_id: str = "",
        milliseconds: int = 2000,
        retry_after: int = 2,
        detail: str = "",
        vendor: str = "",
    ) -> Fault:
        """Switch a fault on for the next `times` matching calls (None: until switched off)."""
        if kind not in KINDS:
            raise ValueError(f"no fault is named {kind!r}; there are: {', '.join(KINDS)}")
        fault = Fault(
            id=next(self._ids),
            kind=kind,
            on=on or KINDS[kind][1],
            times=times,
            tenant_id=tenant_id,
            milliseconds=milliseconds,
            retry_after=retry_after,
            detail=detail,
            vendor=vendor,
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault_id: int) -> None:
        """Switch one fault off."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault.id != fault_id]

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults = []

    def all(self) -> list[Fault]:
        """Return the faults that are on."""
        with self._lock:
            return list(self._faults)

    def due(self, *, call: str, method: str, tenant_id: str = "", vendor: str = "") -> list[Fault]:
        """Return the faults that concern a call, each counted as used once; one per kind."""
        if not self._faults:
            return []
        found: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if fault.tenant_id and fault.tenant_id != tenant_id:
                    continue
                if fault.vendor and fault.vendor != vendor:
                    continue
                if fault.kind in {each.kind for each in found}:
                    continue
                if not _concerns(fault, call=call, method=method):
                    continue
                fault.hits += 1
                if fault.times is not None:
                    fault.times -= 1
                found.append(fault)
            self._faults = [fault for fault in self._faults if fault.times != 0]
        return found


def _concerns(fault: Fault, *, call: str, method: str) -> bool:
    """Return whether the fault is meant for this call. `any` means any call of the ERP."""
    if fault.on == "any":
        return call not in _IDENTITY | _MOMENTS
    if fault.on == "identity":
        return call in _IDENTITY
    if fault.on == "go":
        return call.startswith("go_") and call not in _IDENTITY
    return fault.on == call or (fault.on == method and call not in _IDENTITY)
