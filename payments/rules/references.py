"""The names under which payments stand in the target."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("6a0f3f0e-4f0a-5a53-9d7a-3a3c8f1d8f52")


def reference_of(
    *,
    vendor: str,
    company: str,
    journal_number: int,
    audit_number: int,
    invoice_number: str,
    round: int,
) -> str:
    """
    Return the reference of a payment on an invoice: the same whenever it is made again.

    So a database that was restored from yesterday makes the same references again, and the
    target's own check finds what stands there already.

    :param round: how often the payment was taken off an invoice before; 0 at first
    """
    parts = (vendor, company, str(journal_number), str(audit_number), invoice_number, str(round))
    return str(uuid5(_NAMESPACE, "\x1f".join(parts)))
