"""
The worker's application, and how a request id follows the work into it.

Tasks are in the apps. A row in the database is the truth; a message only notifies a worker.
"""

import gc
import os
import sys
from typing import Any
from uuid import uuid4

from celery import Celery, Task, signals
from django.conf import settings

from background import claims
from integrationhub import earlier_versions, embedded, logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrationhub.settings")

REQUEST_ID = "request_id"
SWITCH_SECONDS = 0.0005
OBJECTS_BETWEEN_COLLECTIONS = 50_000

embedded.register()
app = Celery("integrationhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("integrationhub.sweeping:PulseStep")


@signals.setup_logging.connect
def keep_our_logs(**_kwargs: Any) -> None:
    """Stop Celery from setting up logs of its own: a receiver is all that it asks for."""


@signals.worker_init.connect
def refuse_another_version(**_kwargs: Any) -> None:
    """
    Begin no work in the database of another version.

    :raises SystemExit: saying what to do
    """
    if refusal := earlier_versions.why_refused():
        raise SystemExit(refusal)


@signals.worker_init.connect
def say_that_this_is_a_worker(sender: Any, **_kwargs: Any) -> None:
    """Make this process the one that may publish to the embedded broker, and start its pulse."""
    settings.HUB_PROCESS = "worker"
    # A thread that has SQLite's one write lock comes back from the database and must wait for the
    # interpreter while others compute: with Python's 5 ms each batch held the lock for 35 ms.
    sys.setswitchinterval(SWITCH_SECONDS)
    collect_seldom()


def collect_seldom() -> None:
    """
    Let Python look for garbage in cycles seldom, and never among what is there now.

    It looks each time that so many more objects were made than given up, now and then through all
    that the process holds: Django, Celery, every model. Two batches of a few hundred lines were
    enough, and it took as long as sending them did. What nothing points to is given up at once as
    ever; cycles of a few thousand objects wait a little longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 10, 10)


@signals.before_task_publish.connect
def send_request_id_along(headers: dict[str, Any], **_kwargs: Any) -> None:
    """Write the present request id on the message."""
    request_id = logs.current_request_id()
    if request_id:
        headers.setdefault(REQUEST_ID, request_id)


@signals.task_prerun.connect
def take_request_id_up(task: "Task[..., Any]", **_kwargs: Any) -> None:
    """Log under the id that came with the message, or under a new one."""
    logs.bind_request_id(task.request.get(REQUEST_ID) or uuid4().hex)


@signals.task_postrun.connect
def put_request_id_down(**_kwargs: Any) -> None:
    """Leave the thread without an id, and without claims that are extended."""
    logs.forget_request_id()
    claims.forget_owners()
