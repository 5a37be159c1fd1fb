"""Pages of payments in memory, the same for all who load them; nothing here needs Django."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from connectors.receivables import PaymentKey, PaymentPage, SourcePayment

PAGE = 500
SINCE = date(2026, 1, 1)
CASES = ("first", "repeat", "changed")


def number_in(case: str, wanted: int) -> int:
    """Return how many payments a case has: one in a hundred is new in the last."""
    return wanted + (max(wanted // 100, 1) if case == "changed" else 0)


class Pages:
    """
    The pages one after another; nothing is kept of them.

    `seconds` and `cpu` are the time that making them took, which is nobody's who loads them.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted, self.number = wanted, 0
        self.seconds = self.cpu = 0.0

    def __iter__(self) -> Iterator[PaymentPage]:
        for start in range(0, self.wanted, PAGE):
            began = self._now()
            end = min(start + PAGE, self.wanted)
            page = PaymentPage(
                payments=tuple(map(_payment, range(start, end))),
                cursor="" if end == self.wanted else str(end),
            )
            self.number += 1
            self._add(began)
            yield page

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def _add(self, began: tuple[float, float]) -> None:
        now = self._now()
        self.seconds += now[0] - began[0]
        self.cpu += now[1] - began[1]


class Clock:
    """What loading the pages takes, from now on."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._began, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Return wall clock and the process's own CPU time, without the making of the pages."""
        return {
            "rows": self._pages.wanted,
            "seconds": time.perf_counter() - self._began - self._pages.seconds,
            "cpu": time.process_time() - self._cpu - self._pages.cpu,
        }


def _payment(number: int) -> SourcePayment:
    return SourcePayment(
        key=PaymentKey(1 + number // 50, number % 50),
        customer_number=10001,
        voucher_number=number,
        voucher_type=3,
        paid_on=SINCE + timedelta(days=number % 90),
        amount=Decimal("100.00"),
        amount_in_currency=Decimal("100.00"),
        currency="NOK",
        invoice_number=str(100_000 + number),
        text="OCR",
    )
