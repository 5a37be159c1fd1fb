"""Ten requests a second per subscription key, all clients together."""

import threading
from collections import deque


class Rate:
    """The calls of the last second. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()
        self.refused = 0
        self.most = 0

    def admits(self, *, limit: int, now: float) -> bool:
        """Count a call and return whether it may be made; a limit of 0 admits all."""
        with self._lock:
            while self._calls and self._calls[0] <= now - 1:
                self._calls.popleft()
            if limit and len(self._calls) >= limit:
                self.refused += 1
                return False
            self._calls.append(now)
            self.most = max(self.most, len(self._calls))
            return True

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
            self.refused = self.most = 0
