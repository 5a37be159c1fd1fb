"""A sign of life to a watcher outside: a hub that is dead cannot say so itself."""

import requests
import structlog

log = structlog.get_logger(__name__)

_SECONDS = 10


def ping(url: str) -> bool:
    """
    Let a watcher know that a worker of this hub works; say whether it took notice.

    Nothing depends on it: a watcher that is away is a line in the log. Its address is a secret.
    """
    try:
        answer = requests.get(url, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        log.warning("heartbeat_not_taken", reason=type(error).__name__)
        return False
    if not answer.ok:
        log.warning("heartbeat_not_taken", status=answer.status_code)
    return answer.ok
