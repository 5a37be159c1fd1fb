"""The operator's figures as Prometheus reads them, and who may."""

import hmac
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from integrationhub import figures

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LOOPBACK = ("127.", "::1")


class _Figures(Collector):
    def __init__(self, *, now: datetime) -> None:
        self.now = now

    def describe(self) -> list[Metric]:
        """Say nothing before the figures are asked for: that would ask for them twice."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every figure as a gauge."""
        version = GaugeMetricFamily("hub_info", "The version that answers.", labels=["version"])
        version.add_metric([settings.HUB_VERSION], 1)
        yield version
        found = figures.sections(now=self.now)
        for name, words, labels, values in figures.samples(found, now=self.now):
            family = GaugeMetricFamily(name, words, labels=list(labels))
            for label_values, value in values:
                family.add_metric(list(label_values), value)
            yield family


def text(*, now: datetime) -> bytes:
    """Return the figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(now=now))
    return generate_latest(registry)


def may_read(request: HttpRequest) -> bool:
    """
    Return whether the caller may see the figures.

    With `HUB_METRICS_TOKEN` it must be sent as a bearer token. Without, only this machine may,
    and not through a proxy: then everybody would seem to be on this machine.
    """
    token = settings.HUB_METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers)
    return not forwarded and request.META.get("REMOTE_ADDR", "").startswith(_LOOPBACK)
