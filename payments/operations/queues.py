"""The queues of payments: fetches to continue, clients to serve."""

from django.db.models import Q

from background.queue import Queue
from payments.models import FetchRun, InvoiceClient

RUNS = Queue(
    FetchRun,
    task="payments.tasks.fetch",
    argument="run_id",
    waits=Q(state__in=(FetchRun.State.WAITING, FetchRun.State.RUNNING)),
)
CLIENTS = Queue(InvoiceClient, task="payments.tasks.serve_client", argument="client_id", ahead=2)
