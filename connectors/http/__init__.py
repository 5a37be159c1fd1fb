"""
One way to talk HTTP to a vendor: timeouts, connection reuse, token, translation of failures.

Every request is sent once. Trying again is the business of the database row that wanted it,
so there is no retry here but one: a request answered 401 was not executed, so it is sent a
second time with a fresh token, a write too.
"""

from connectors.http.answers import (
    LONGEST_WAIT,
    OUTCOMES,
    Answer,
    Outcome,
    failure,
    outcome_of,
    rate_limit,
    retry_after,
    server_date,
)
from connectors.http.client import (
    MAX_ANSWER_BYTES,
    Http,
    Timeouts,
    without_secrets,
)
from connectors.http.exact_json import (
    from_json,
    to_json,
)
from connectors.http.sessions import (
    IDLE_SECONDS,
    USER_AGENT,
    BearerToken,
    NoToken,
    make_session,
)
from connectors.http.transport import (
    never_sent,
    vendor_errors,
)

__all__ = [
    "IDLE_SECONDS",
    "LONGEST_WAIT",
    "MAX_ANSWER_BYTES",
    "OUTCOMES",
    "USER_AGENT",
    "Answer",
    "BearerToken",
    "Http",
    "NoToken",
    "Outcome",
    "Timeouts",
    "failure",
    "from_json",
    "make_session",
    "never_sent",
    "outcome_of",
    "rate_limit",
    "retry_after",
    "server_date",
    "to_json",
    "vendor_errors",
    "without_secrets",
]
