"""Budgets of calls that this process alone keeps."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from connectors.limits import PATIENCE, Budget, Limiter, NoLimit, learn, take


class InProcess(NoLimit):
    """Keeps the budgets in memory."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE
    ) -> None:
        self._clock, self._patience = clock, patience
        self._lock = threading.Lock()
        self.budgets: dict[str, Budget] = {}

    def wait_for(self, *, key: str, per_second: int) -> float:
        """Return how long to wait, the moment reserved; see :class:`Limiter`."""
        with self._lock:
            wait, self.budgets[key] = take(
                self.budgets.get(key, Budget()),
                now=self._clock(),
                per_second=per_second,
                patience=self._patience,
            )
        return wait

    def learn(
        self, *, key: str, limits: Mapping[str, int], retry_after: float | None = None
    ) -> None:
        """Remember what an answer said; see :class:`Limiter`."""
        with self._lock:
            self.budgets[key] = learn(
                self.budgets.get(key, Budget()),
                now=self._clock(),
                limits=limits,
                retry_after=retry_after,
            )


class Named:
    """The limiter of one connection, on budgets that this process keeps."""

    def __init__(self, budgets: Limiter, names: Mapping[str, str]) -> None:
        self._budgets, self._names = budgets, names

    def wait_for(self, *, key: str, per_second: int) -> float:
        """Return how long to wait."""
        return self._budgets.wait_for(key=self._names[key], per_second=per_second)

    def learn(
        self, *, key: str, limits: Mapping[str, int], retry_after: float | None = None
    ) -> None:
        """Remember what an answer said."""
        self._budgets.learn(key=self._names[key], limits=limits, retry_after=retry_after)

    def reader(self, *, key: str) -> AbstractContextManager[bool]:
        """Return a place; there is always one."""
        return self._budgets.reader(key=key)
