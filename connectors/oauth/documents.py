"""Documents of an identity service that are read once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_AGE = 3600.0


@dataclass(frozen=True, slots=True)
class _Kept:
    content: Any
    at: float


class Documents:
    """
    Discovery and keys, kept for a while by the whole process.

    :param monotonic: the clock that ages them
    """

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, max_age: float = MAX_AGE
    ) -> None:
        self._monotonic, self._max_age = monotonic, max_age
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def get(self, url: str, *, fetch: Callable[[str], Any], newer_than: Any = None) -> Any:
        """
        Return the document, fetched if it is not kept or too old.

        :param newer_than: what the caller has and finds wanting; it is fetched again
        """
        with self._lock:
            kept = self._kept.get(url)
        fresh = kept is not None and self._monotonic() - kept.at < self._max_age
        if kept is not None and fresh and (newer_than is None or kept.content is not newer_than):
            return kept.content
        # Not under the lock: one slow identity service must not stop the threads of another.
        content = fetch(url)
        with self._lock:
            self._kept[url] = _Kept(content, self._monotonic())
        return content

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


DOCUMENTS = Documents()
