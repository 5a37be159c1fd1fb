"""
PowerOffice Go API v2, as a target of payments and time blocks.
https://developer.poweroffice.net/documentation
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.base import Observer
from connectors.errors import (
    BadAnswer,
    ConnectorError,
    NoAnswerToFollow,
    OutcomeUnknown,
    Rejected,
)
from connectors.http.answers import Answer
from connectors.http.client import Timeouts
from connectors.limits import Limiter
from connectors.powerofficego import errors, payloads
from connectors.powerofficego.door import CALLS_PER_SECOND, PAGE_SIZE, Door
from connectors.powerofficego.errors import VENDOR
from connectors.powerofficego.lookups import Lookups, read
from connectors.powerofficego.time_blocks import TimeBlocks
from connectors.receivables.shared import FindingLevel, SetupFinding, SourceCompany, Unreadable
from connectors.receivables.target import (
    PaymentToRegister,
    RegisteredPayment,
    TargetCapabilities,
    TargetCustomer,
    TargetEntry,
    TargetInvoice,
    TargetOpenItem,
    TargetProject,
)
from connectors.sign_in import Tokens

CAPABILITIES = TargetCapabilities(invoices=True, time_blocks=True)
INVOICES_PER_CALL = 100
PRIVILEGES = (
    *("OutgoingInvoice", "CustomerLedger", "Customer", "Project_Full", "BankVoucher_Full"),
    *("GeneralLedgerAccount", "CommonServices"),
)
REVERSAL_PRIVILEGE = "YearEndVoucher_Full"
"""What the published schema asks for `POST /Vouchers/Reverse`."""


class Client:
    """
    One client of PowerOffice Go: the one that the client key behind the tokens belongs to.

    What it looks up (accounts, customers, VAT code) it remembers, so use one for a whole run.

    :param base_url: e.g. ``https://goapi.poweroffice.net``, for demo with ``/Demo``
    :param limiter: shared by all workers and companies; see `connectors.limits`
    :param page_size: members of a list per call, at most 20 000
    """

    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        base_url: str,
        tokens: Tokens,
        subscription_key: str,
        observer: Observer | None = None,
        limiter: Limiter | None = None,
        timeouts: Timeouts | None = None,
        page_size: int = PAGE_SIZE,
        per_second: int = CALLS_PER_SECOND,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = Door(
            base_url=base_url,
            tokens=tokens,
            subscription_key=subscription_key,
            observer=observer,
            limiter=limiter,
            timeouts=timeouts,
            page_size=page_size,
            per_second=per_second,
        )
        self._lookups = Lookups(self._door, monotonic=monotonic)
        self._time_blocks = TimeBlocks(self._door, monotonic=monotonic)

    # --- The client -------------------------------------------------------------------------

    # https://developer.poweroffice.net/endpoints/client-settings/client-integration-information
    def read_client(self) -> SourceCompany:
        """Return the company that the keys reach. It tells no organisation number."""
        content = self._door.get("/ClientIntegrationInformation")
        return payloads.client(
            content, currency=payloads.currency(self._door.get("/FinancialSettings"))
        )

    def check_setup(self, *, account: str) -> list[SetupFinding]:
        """Find out what stands in the way of registering payments; reads only."""
        valid, invalid = payloads.privileges(self._door.get("/ClientIntegrationInformation"))
        found = []
        for name in PRIVILEGES:
            if valid.isdisjoint({name, f"{name}_Full"}):
                code = "privilege_without_module" if name in invalid else "privilege_missing"
                found.append(SetupFinding(FindingLevel.PROBLEM, code, {"privilege": name}))
        if found:
            return found
        if REVERSAL_PRIVILEGE not in valid:
            params = {"privilege": REVERSAL_PRIVILEGE}
            found.append(SetupFinding(FindingLevel.WARNING, "privilege_to_reverse_missing", params))
        try:
            self._lookups.account_id(account)
        except errors.AccountUnusable:
            params = {"account": account}
            found.append(SetupFinding(FindingLevel.PROBLEM, "account_unusable", params))
        if account in self.read_control_accounts():
            params = {"account": account}
            found.append(SetupFinding(FindingLevel.PROBLEM, "account_is_control", params))
        try:
            self._lookups.vat_id()
        except errors.VatCodeMissing:
            found.append(SetupFinding(FindingLevel.PROBLEM, "vat_code_missing"))
        locked = self.read_lock_date()
        if locked is not None:
            params = {"locked": locked.isoformat()}
            found.append(SetupFinding(FindingLevel.OK, "lock_date", params))
        return found

    # --- Customers, invoices, ledger --------------------------------------------------------

    # https://developer.poweroffice.net/workflows/contacts/customer
    def read_customers(
        self, *, changed_since: datetime | None = None
    ) -> Iterator[TargetCustomer | Unreadable]:
        """Yield the customers, or those changed since then."""
        params = _since("lastChangedDateTimeOffsetGreaterThan", changed_since)
        for item in self._door.items("/Customers", params):
            yield read(payloads.customer, item, what="customer")

    # https://developer.poweroffice.net/workflows/reporting/outgoing-invoices
    def read_invoices(
        self, *, changed_since: datetime | None = None
    ) -> Iterator[TargetInvoice | Unreadable]:
        """Yield invoices and credit notes, or those whose balance changed since then."""
        params = _since("balanceLastChangedDateTimeOffsetGreaterThan", changed_since)
        for item in self._door.items("/OutgoingInvoices", params):
            yield read(payloads.invoice, item, what="invoice")

    # https://developer.poweroffice.net/workflows/reporting/outgoing-invoices
    def read_balances_of(self, invoice_numbers: Sequence[str]) -> dict[str, Decimal]:
        """Return what is open now on those invoices; what is no number there has no invoice."""
        numbers = [one for one in dict.fromkeys(invoice_numbers) if one.isdecimal()]
        found: dict[str, Decimal] = {}
        for start in range(0, len(numbers), INVOICES_PER_CALL):
            some = ",".join(numbers[start : start + INVOICES_PER_CALL])
            for item in self._door.items("/OutgoingInvoices", {"invoiceNos": some}):
                one = payloads.invoice(item)
                if one.balance is not None:
                    found[one.number] = one.balance
        return found

    # https://developer.poweroffice.net/workflows/reporting/customer-ledger
    def read_open_items(self, *, on: date) -> Iterator[TargetOpenItem | Unreadable]:
        """Yield what was open at the end of that day."""
        for item in self._door.items("/Customerledger/OpenItems", {"date": on.isoformat()}):
            yield read(payloads.open_item, item, what="open_item")

    # https://developer.poweroffice.net/workflows/reporting/customer-ledger
    def read_statement(
        self, *, first: date, last: date, customer_number: str = ""
    ) -> Iterator[TargetEntry]:
        """Yield all entries of those days; balances are those of the last one."""
        params = {"fromDate": first.isoformat(), "toDate": last.isoformat()}
        if customer_number:
            params["customerNos"] = customer_number
        for item in self._door.items("/Customerledger/Statement", params):
            yield payloads.entry(item)

    # Published v2 schema: SubLedgerNumberSeries. An account itself does not tell what it is.
    def read_control_accounts(self) -> frozenset[str]:
        """Return the accounts that sub-ledgers stand under: nothing is posted on them directly."""
        items = self._door.items("/SubLedgerNumberSeries")
        return frozenset(payloads.control_account(item) for item in items)

    # Published v2 schema: LockDateSettings
    def read_lock_date(self) -> date | None:
        """Return the last day on which nothing can be posted any more."""
        return self._lookups.read_lock_date()

    # --- Payments ---------------------------------------------------------------------------

    # https://developer.poweroffice.net/workflow/usecase/ecommerce_pos_payment/payment-events
    def register_payment(self, payment: PaymentToRegister) -> RegisteredPayment:
        """
        Post the payment as a bank journal of its own, at once.

        A reference that is there already with the same content is this payment: it is returned.

        :raises LockedDate: if its date is locked; nothing was sent
        :raises ReferenceTaken: if the reference stands there with other content
        :raises OutcomeUnknown: look it up with `find_payment` before anything else
        """
        body = payloads.bank_journal(payment, ids=self._lookups.ids_of(payment))
        self._lookups.check_lock(payment)
        try:
            answer = self._door.send("POST", "/Vouchers/BankJournals", body=body)
        except OutcomeUnknown as lost:
            raise errors.PaymentUnknown(
                vendor=VENDOR, detail=lost.detail, status=lost.status, trace_id=lost.trace_id
            ) from lost
        if answer.status in (400, 409):
            return self._after_refusal(answer, payment)
        if not 200 <= answer.status < 300:
            failed = errors.failure(answer, writes=True)
            if type(failed) is OutcomeUnknown:
                raise errors.PaymentUnknown(
                    vendor=VENDOR, detail=failed.detail, status=failed.status
                )
            raise failed
        try:
            return payloads.posted(self._door.read_written(answer), payment=payment)
        except BadAnswer as unreadable:
            raise NoAnswerToFollow(
                vendor=VENDOR, status=answer.status, detail=unreadable.detail
            ) from unreadable

    def _after_refusal(self, answer: Answer, payment: PaymentToRegister) -> RegisteredPayment:
        """
        Return the payment if it was there already, or raise why it is not.

        How a duplicate is refused is not published, so it is not recognised by words: the
        ledger is read. Words only make us more careful, where the ledger may lag behind.
        """
        refused = errors.failure(answer, writes=True)
        try:
            found = self.find_payment(payment)
        except ConnectorError as unread:
            raise errors.PaymentUnknown(
                vendor=VENDOR, status=answer.status, detail=refused.detail
            ) from unread
        if found is not None:
            if not found.is_like(payment):
                raise errors.ReferenceTaken(
                    vendor=VENDOR, status=answer.status, detail=refused.detail, voucher=found.number
                )
            return found
        speaks_of_it = payment.reference in refused.detail or (
            "externalimportreference" in refused.detail.lower()
        )
        if answer.status == 409 or speaks_of_it:
            raise errors.PaymentThere(vendor=VENDOR, status=answer.status, detail=refused.detail)
        # What we remembered may be what is wrong: an account switched off, a date locked since.
        self._lookups.forget()
        self._lookups.check_lock(payment)
        if payment.account in self.read_control_accounts():
            raise errors.AccountIsControl(
                vendor=VENDOR, account=payment.account, status=answer.status, detail=refused.detail
            )
        raise refused

    # https://developer.poweroffice.net/workflows/reporting/customer-ledger
    def find_payment(self, payment: PaymentToRegister) -> RegisteredPayment | None:
        """
        Return the payment with that reference from the customer's statement, or None.

        There is no filter for references, so it is compared here. A reversed one is none.
        """
        params = {
            "fromDate": payment.paid_on.isoformat(),
            "toDate": payment.paid_on.isoformat(),
            "customerNos": payment.customer_number,
            "voucherTypes": "BankJournal",
            "onlyCreatedByCurrentIntegration": "true",
        }
        alive = {}
        for item in self._door.items("/Customerledger/Statement", params):
            entry = payloads.entry(item)
            if entry.reference.lower() != payment.reference.lower():
                continue
            is_reversed, invoice_number = self._voucher(entry.voucher_id)
            if not is_reversed:
                alive[entry.voucher_id] = payloads.found(entry, invoice_number=invoice_number)
        if len(alive) > 1:
            numbers = ", ".join(one.number for one in alive.values())
            raise BadAnswer(vendor=VENDOR, detail=f"one reference on several vouchers: {numbers}")
        return next(iter(alive.values()), None)

    def _voucher(self, id: str) -> tuple[bool, str]:
        return payloads.voucher(self._door.get(f"/Vouchers/BankJournals/{_uuid(id)}"))

    # https://developer.poweroffice.net/workflows/endpoints/voucher-workflows/voucher-posting
    def reverse_payment(self, id: str) -> None:
        """
        Null the payment by a counter-voucher; nothing happens if that was done already.

        Its reference is free afterwards: only our own record protects it from being sent again.
        """
        if self._voucher(id)[0]:
            return
        try:
            answer = self._door.send("POST", f"/Vouchers/Reverse/{_uuid(id)}")
        except OutcomeUnknown as lost:
            raise errors.ReversalUnknown(
                vendor=VENDOR, detail=lost.detail, status=lost.status, trace_id=lost.trace_id
            ) from lost
        if answer.status in (200, 204):
            return
        if answer.status == 202:
            # A request was taken, which is not yet a reversal.
            if self._voucher(id)[0]:
                return
            raise errors.ReversalRequested(vendor=VENDOR, status=answer.status, retry_after=30)
        failed = errors.failure(answer, writes=True)
        # Somebody may have reversed it in the moment between.
        if isinstance(failed, Rejected) and self._voucher(id)[0]:
            return
        if isinstance(failed, errors.PrivilegeMissing):
            raise errors.ReversalNotAllowed(
                vendor=VENDOR,
                privilege=REVERSAL_PRIVILEGE,
                detail=failed.detail,
                status=answer.status,
                trace_id=failed.trace_id,
            )
        if type(failed) is OutcomeUnknown:
            raise errors.ReversalUnknown(
                vendor=VENDOR, detail=failed.detail, status=failed.status, trace_id=failed.trace_id
            )
        raise failed

    # --- Time blocks ------------------------------------------------------------------------

    def read_projects(self, *, customer_number: str) -> Sequence[TargetProject]:
        """Return the customer's projects, those below them that inherit the customer included."""
        return self._time_blocks.read_projects(customer_number=customer_number)

    def set_time_denied(self, project: TargetProject, *, denied: bool) -> bool:
        """Set it where it still reads as `project` says; False if somebody changed it meanwhile."""
        return self._time_blocks.set_time_denied(project, denied=denied)


def _since(name: str, moment: datetime | None) -> dict[str, str | int]:
    if moment is None:
        return {}
    return {name: moment.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def _uuid(id: str) -> str:
    """Return the id as part of a path; it came from the vendor and was stored since."""
    if not id.replace("-", "").isalnum():
        raise BadAnswer(vendor=VENDOR, detail=f"{id!r} is no id of a voucher")
    return id
