"""One request id for a request and for the work that it leads to."""

import gc
from threading import Event

import pytest
from celery import current_app, shared_task
from celery.contrib.testing.worker import start_worker

from integrationhub import celery, logs

seen: list[str] = []
done = Event()


@shared_task(name="tests.note_request_id")
def note_request_id(**_newer: object) -> None:
    seen.append(logs.current_request_id())
    done.set()


@pytest.fixture
def running_worker(settings, transactional_db):
    """Run a worker with one thread in this process, on the tier's own broker."""
    seen.clear()
    done.clear()
    settings.HUB_SWEEPS = ()
    app = current_app._get_current_object()
    with start_worker(
        app, pool="threads", concurrency=1, perform_ping_check=False, shutdown_timeout=20
    ) as worker:
        yield worker


class TestRequestId:
    def test_stands_on_the_message(self):
        headers: dict[str, str] = {}
        logs.bind_request_id("request-0123456789")

        celery.send_request_id_along(headers=headers)

        logs.forget_request_id()
        assert headers == {"request_id": "request-0123456789"}

    def test_is_not_replaced_where_the_sender_gave_one(self):
        headers = {"request_id": "of-the-row"}
        logs.bind_request_id("of-the-sweep")

        celery.send_request_id_along(headers=headers)

        logs.forget_request_id()
        assert headers == {"request_id": "of-the-row"}

    def test_is_absent_where_no_request_led_to_the_work(self):
        headers: dict[str, str] = {}

        celery.send_request_id_along(headers=headers)

        assert headers == {}

    @pytest.mark.usefixtures("running_worker")
    def test_follows_the_request_into_the_worker(self):
        logs.bind_request_id("request-0123456789")

        note_request_id.apply_async()

        logs.forget_request_id()
        assert done.wait(timeout=20)
        assert seen == ["request-0123456789"]

    @pytest.mark.usefixtures("running_worker")
    def test_is_made_by_the_worker_where_there_is_none(self):
        note_request_id.apply_async()

        assert done.wait(timeout=20)
        assert len(seen[0]) == 32

    def test_is_put_down_after_the_work(self):
        logs.bind_request_id("request-0123456789")

        celery.put_request_id_down()

        assert logs.current_request_id() == ""


class TestSayThatThisIsAWorker:
    def test_lets_the_process_publish_to_the_embedded_broker(self, settings):
        settings.HUB_PROCESS = "command"

        celery.say_that_this_is_a_worker(sender=None)

        assert settings.HUB_PROCESS == "worker"

    def test_leaves_what_was_there_at_its_start_out_of_every_collection(self):
        """A collection walks all of Django, and hundreds of lines a batch called for one."""
        before = gc.get_threshold()
        try:
            celery.collect_seldom()

            assert gc.get_freeze_count() > 10_000
            assert gc.get_threshold()[0] >= 50_000
        finally:
            gc.unfreeze()
            gc.set_threshold(*before)
