"""What this process and the engine have counted, in Prometheus' text format."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from candlewick.core.errors import CandlewickError
from candlewick.web.live.metrics import LAG_BOUNDS_S, Histogram
from candlewick.web.services import Services

_ENGINE_ANSWERS_WITHIN_S: Final = 2.0


def exposition(services: Services) -> tuple[bytes, str]:
    """The metrics as they are now, and their content type."""
    registry = CollectorRegistry()
    registry.register(_Own(services))
    registry.register(_Engine(services))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Own(Collector):
    """What the web process counts. The hub counts without locks; here its numbers are only read."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        hub, bridge = self._services.hub, self._services.bridge
        counts = hub.metrics
        yield _gauge("web_connections", "Live connections open now.", len(hub.readers))
        yield _counter("web_connections_total", "Live connections made.", counts.joined)
        yield _counter("web_frames_total", "Messages handed to live connections.", counts.frames)
        yield _counter("web_frame_bytes_total", "Bytes of those messages, framed.", counts.bytes)
        yield _counter("web_frames_skipped_total", "Messages that slow readers did not get.", counts.skipped)
        closed = {str(code): count for code, count in counts.closed.items()}
        yield _counter(
            "web_closed_total", "Live connections that the server closed.", closed, labels=["code"]
        )
        yield _lag(counts.lag)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        yield _counter("web_cpu_seconds_total", "CPU time of this process.", usage.ru_utime + usage.ru_stime)
        connected = self._services.engine.link.connected
        yield _gauge("web_engine_connected", "1 while the engine answers.", int(connected))
        if bridge is not None:
            yield _counter("web_requests_total", "HTTP requests that Django answered.", bridge.requests)
            yield _gauge("web_requests_waiting", "HTTP requests in or before Django now.", bridge.waiting)


_ENGINE_LABELS: Final = {
    "feed_malformed_total": ("venue", "reason"),
    "account_stream_up": ("account", "market"),
    "account_stream_reconnects_total": ("account",),
    "account_stream_malformed_total": ("account",),
}


class _Engine(Collector):
    """What the engine counts, if it answers: `web_engine_connected` tells when it does not."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        try:
            answer = self._services.engine.request("metrics", timeout_s=_ENGINE_ANSWERS_WITHIN_S)
        except CandlewickError:
            return
        told: Mapping[str, Any] = orjson.loads(answer)
        for name, value in told.items():
            make = _counter if name.endswith("_total") else _gauge
            labels = _ENGINE_LABELS.get(name, ("venue",))
            yield make(name, "As the engine counts it.", value, labels=labels)


def _gauge(name: str, help: str, value: Any, *, labels: Sequence[str] = ()) -> Metric:
    return _filled(GaugeMetricFamily(f"candlewick_{name}", help, labels=labels), value)


def _counter(name: str, help: str, value: Any, *, labels: Sequence[str] = ()) -> Metric:
    return _filled(CounterMetricFamily(f"candlewick_{name}", help, labels=labels), value)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, value: Any, *known: str) -> Metric:
    """A number, or a number for each value of the labels, one level of mapping a label."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            _filled(family, each, *known, str(key))
    else:
        family.add_metric(known, value)
    return family


def _lag(lag: Histogram) -> Metric:
    buckets, below = list[tuple[str, float]](), 0
    for bound, count in zip(LAG_BOUNDS_S, lag.buckets, strict=True):
        below += count
        buckets.append((str(bound), below))
    buckets.append(("+Inf", lag.count))
    name, help = "candlewick_web_frame_lag_seconds", "How late the wheel served a slot of 10 ms."
    return HistogramMetricFamily(name, help, buckets=buckets, sum_value=lag.total)
