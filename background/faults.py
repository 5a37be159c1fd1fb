"""
A defect of ours in a worker: in the log under a number, which the words for people name.

A row that was being worked on goes to a person, and the rest of the queue goes on. A database
that is away is no defect of this kind: the claim expires, and the sweep takes the row up.
"""

from uuid import uuid4

import structlog
from django.db import InterfaceError, OperationalError

DATABASE_IS_AWAY = (OperationalError, InterfaceError)


def fault_number() -> str:
    """
    Return the number under which a defect goes to the log and to people.

    It is the id of the request or the task, so that all lines of the log about it are found.
    """
    return str(structlog.contextvars.get_contextvars().get("request_id", "")) or uuid4().hex
