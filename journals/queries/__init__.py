"""Reading for screens: finished rows, a fixed number of SQL queries."""

from journals.queries.waiting import oldest_due

__all__ = ["oldest_due"]
