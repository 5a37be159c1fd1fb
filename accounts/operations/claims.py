"""
Who is working: names for claims and leases, and which of them this process still works under.

A claim lives for a short while, so that the work of a killed process is taken up soon; while
the work goes on, the process extends it (`background.renewing`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the name is wanted before Django's models can be
    from accounts.models import Connection


def writer_key(connection: "Connection") -> str:
    """
    Return the name of the lease of the one who works with a vendor company.

    It is one name for journals and payments, whichever organisation's connection leads there.
    """
    return f"writer:{connection.vendor}:{connection.tenant_id}"
