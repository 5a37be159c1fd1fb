"""What Visma adds up, what the hub has and what PowerOffice holds, company by company."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.receivables_story import Client
from sandbox.store import Store


@dataclass(frozen=True)
class Sum:
    """How many there are, and their sum."""

    count: int
    amount: Decimal

    @classmethod
    def of(cls, amounts: Iterable[Decimal]) -> "Sum":
        """Return the sum of those amounts."""
        found = list(amounts)
        return cls(len(found), sum(found, Decimal(0)))

    def __str__(self) -> str:
        return f"{self.count:,} of {self.amount:,.2f}"


@dataclass(frozen=True)
class Totals:
    """
    The sums of one company.

    :param visma: Visma's own control total, asked when all was over; the hub added nothing to it
    :param noted: the control total that the hub's last fetch wrote down
    :param without_invoice: the payments that no invoice was found for: PowerOffice has no part
        of them
    """

    company: str
    visma: Sum
    noted: Sum
    payments: Sum
    registered: Sum
    without_invoice: Sum
    there: Sum

    def wrong(self) -> Iterator[str]:
        """Yield in words which sums differ that must be equal."""
        if self.payments != self.visma:
            yield f"{self.company}: the hub has {self.payments}, Visma adds up {self.visma}"
        if self.noted != self.visma:
            yield f"{self.company}: the last fetch noted {self.noted}, Visma adds up {self.visma}"
        if self.registered != self.there:
            yield (
                f"{self.company}: the hub registered {self.registered}, "
                f"PowerOffice holds {self.there}"
            )
        if self.there.amount + self.without_invoice.amount != self.visma.amount:
            yield (
                f"{self.company}: PowerOffice holds {self.there}, without an invoice are "
                f"{self.without_invoice}, and Visma adds up {self.visma}"
            )


def ask_visma(clients: Sequence[Any]) -> dict[str, Sum]:
    """Return the control total of each client as Visma tells it now, by the client's number."""
    from accounts.operations.access import source_for
    from connectors.receivables.source import PaymentQuery

    found = {}
    for client in clients:
        query = PaymentQuery(
            since=client.organisation.payment_integration.fetch_from,
            voucher_types=frozenset(client.voucher_types),
        )
        total = source_for(client.source).control_total(query)
        found[client.number] = Sum(total.count, total.amount or Decimal(0)) if total else Sum.of([])
    return found


def compare(store: Store, companies: Sequence[Client], visma: dict[str, Sum]) -> list[Totals]:
    """
    Return the sums of every company.

    :param store: what the sandbox held when it ended
    :param visma: Visma's control totals, by key of the company
    """
    return [_totals(store, company, visma.get(company.key, Sum.of([]))) for company in companies]


def _totals(store: Store, company: Client, visma: Sum) -> Totals:
    from payments.models import FetchRun, Payment, Registration

    mine = {"client__number": company.key}
    payments = Payment.objects.filter(**mine)
    run = FetchRun.objects.filter(**mine, control_count__isnull=False).order_by("-pk").first()
    return Totals(
        company=company.name,
        visma=visma,
        noted=Sum(run.control_count or 0, run.control_amount or Decimal(0)) if run else Sum.of([]),
        payments=Sum.of(payments.values_list("amount", flat=True)),
        registered=Sum.of(
            Registration.objects.filter(**mine, state="registered").values_list("amount", flat=True)
        ),
        without_invoice=Sum.of(
            payments.filter(settlements__isnull=True).values_list("amount", flat=True)
        ),
        there=Sum.of(paid_there(store, company).values()),
    )


def paid_there(store: Store, company: Client) -> dict[int, Decimal]:
    """Return what PowerOffice credits its customers by each payment, by number of the voucher."""
    return {
        voucher["number"]: Decimal(
            -sum(line["cents"] for line in voucher["lines"] if line["customer_id"])
        ).scaleb(-2)
        for voucher in store.powerofficego.client(company.key).payments()
    }


def print_totals(found: Sequence[Totals]) -> None:
    """Print the sums as a table, one company on a line."""
    names = ("Visma's control total", "the hub has", "without an invoice")
    heads = ("company", *names, "registered", "PowerOffice holds")
    print("\n" + f"{heads[0]:14}" + "".join(f"{head:>26}" for head in heads[1:]))
    for one in found:
        sums = (one.visma, one.payments, one.without_invoice, one.registered, one.there)
        print(f"{one.company:14}" + "".join(f"{each!s:>26}" for each in sums))
    print()
