"""What a payment needs to know of the client, each asked once and remembered."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from connectors.errors import BadAnswer
from connectors.powerofficego import errors, payloads
from connectors.powerofficego.door import Door
from connectors.powerofficego.errors import VENDOR
from connectors.powerofficego.strict import Item
from connectors.receivables.shared import Unreadable
from connectors.receivables.target import PaymentToRegister, TargetCustomer

T = TypeVar("T")

FRESH_SECONDS = 60.0
"""How long the lock date and the list of projects are believed."""


def read(convert: Callable[[Item], T], item: Item, *, what: str) -> T | Unreadable:
    """Return a member of a list, or with why it cannot be read: it stops no other."""
    try:
        return convert(item)
    except BadAnswer as unread:
        return Unreadable(None, what, unread.detail[:100], f"{what}:not_readable")


class Lookups:
    """Accounts, customers, the VAT code and the lock date of one client."""

    def __init__(self, door: Door, *, monotonic: Callable[[], float]) -> None:
        self._door, self._monotonic = door, monotonic
        self._accounts: dict[str, int] = {}
        self._customers: dict[str, TargetCustomer] = {}
        self._all_customers_read = False
        self._vat: int | None = None
        self._lock: tuple[float, date | None] | None = None

    # Published v2 schema: LockDateSettings
    def read_lock_date(self) -> date | None:
        """Return the last day on which nothing can be posted any more."""
        locked = payloads.lock_date(self._door.get("/LockDateSettings"))
        self._lock = (self._monotonic(), locked)
        return locked

    def ids_of(self, payment: PaymentToRegister) -> payloads.Ids:
        return payloads.Ids(
            customer_account=int(self.customer(payment.customer_number).account_id),
            clearing_account=self.account_id(payment.account),
            vat=self.vat_id(),
        )

    def customer(self, number: str) -> TargetCustomer:
        """Return the customer: all are read at the first one, and a new one by itself."""
        if number not in self._customers and not self._all_customers_read:
            read_now = (
                read(payloads.customer, item, what="customer")
                for item in self._door.items("/Customers")
            )
            self._customers = {
                one.number: one for one in read_now if isinstance(one, TargetCustomer)
            }
            self._all_customers_read = True
        if number not in self._customers and number.isdecimal():
            for item in self._door.items("/Customers", {"customerNos": number}):
                found = payloads.customer(item)
                self._customers[found.number] = found
        if number not in self._customers:
            raise errors.CustomerUnknown(vendor=VENDOR, customer=number)
        return self._customers[number]

    def account_id(self, number: str) -> int:
        if number not in self._accounts:
            found = (
                [
                    payloads.account(item)
                    for item in self._door.items("/GeneralLedgerAccounts", {"accountNos": number})
                ]
                if number.isdecimal()
                else []
            )
            usable = [one.id for one in found if one.number == number and one.active]
            if not usable:
                raise errors.AccountUnusable(vendor=VENDOR, account=number)
            self._accounts[number] = usable[0]
        return self._accounts[number]

    def vat_id(self) -> int:
        if self._vat is None:
            self._vat = payloads.vat_code_0(self._door.items("/VatCodes"))
        if self._vat is None:
            raise errors.VatCodeMissing(vendor=VENDOR)
        return self._vat

    def check_lock(self, payment: PaymentToRegister) -> None:
        if self._lock is None or self._monotonic() - self._lock[0] > FRESH_SECONDS:
            self.read_lock_date()
        locked = self._lock[1] if self._lock else None
        if locked is not None and payment.paid_on <= locked:
            raise errors.LockedDate(
                vendor=VENDOR, date=payment.paid_on.isoformat(), locked=locked.isoformat()
            )

    def forget(self) -> None:
        self._accounts.clear()
        self._customers.clear()
        self._all_customers_read = False
        self._vat = self._lock = None
