"""Reading for the screens of payments: finished rows, a fixed number of queries each."""

from payments.queries.waiting import oldest_due

__all__ = ["oldest_due"]
