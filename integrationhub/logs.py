"""
Structured logs with a request id, and without secrets.

One line is one event. `bind_request_id` is called where work begins: by the middleware for a
request and by the worker for a task, so that one id follows the work through both.
"""

import logging
import sys
from http import HTTPStatus
from logging.config import dictConfig

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from integrationhub.redaction import redacted

_STRUCTLOGS_OWN = frozenset({"_record", "_from_structlog"})


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the event without secrets, at any depth and inside any object that it carries."""
    return {
        name: value if name in _STRUCTLOGS_OWN else redacted(value, name=name)
        for name, value in event.items()
    }


def bind_request_id(request_id: str) -> None:
    """Put the id on every log line of this request or task, and only on those."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def current_request_id() -> str:
    """Return the id of the request or task that runs now, or nothing outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def forget_request_id() -> None:
    """Leave no id behind for what the thread does next."""
    structlog.contextvars.clear_contextvars()


def processors() -> list[Processor]:
    """Return what every event passes, ours and other libraries' alike."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
        redact_secrets,
    ]


def is_not_readiness(record: logging.LogRecord) -> bool:
    """Return whether the line is worth keeping: /readyz answers 503 to tell, not by mistake."""
    return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE


def configure(*, form: str, level: str) -> None:
    """Send all logs to standard error, as JSON or as key=value for a terminal."""
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    renderer: Processor = (
        structlog.processors.KeyValueRenderer(
            key_order=["timestamp", "level", "logger", "event"], drop_missing=True
        )
        if as_text
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    shared = processors()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "event": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                }
            },
            "filters": {"readiness": {"()": lambda: is_not_readiness}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "event",
                    "stream": "ext://sys.stderr",
                }
            },
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django.request": {"filters": ["readiness"]},
                # Each is a line per request or per task: kept for when someone asks.
                "django.server": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
            },
        }
    )
    logging.captureWarnings(False)
