"""Who listens to what: each message is framed once and given to every connection that wants it."""

from __future__ import annotations

from typing import Protocol

from candlewick.venues.sim.server.frames import frame
from candlewick.venues.sim.server.messages import wrapped
from candlewick.venues.sim.server.streams import Stream


class Subscriber(Protocol):
    """What the hub needs of a connection."""

    combined: bool

    @property
    def faulty(self) -> bool:
        """Whether its messages pass through faults, and so are its own."""
        ...

    def send(self, framed: bytes) -> None:
        """Queue a frame as it is."""
        ...

    def send_faulty(self, stream: str, payload: bytes) -> None:
        """Queue a payload that faults may still touch."""
        ...


class Hub:
    """Subscriptions of one market of one venue, in the order they were made."""

    def __init__(self) -> None:
        self._subscribers: dict[str, dict[Subscriber, None]] = {}
        self._by_period: dict[int, dict[str, Stream]] = {}
        self._periods: dict[str, int] = {}

    def subscribe(self, stream: Stream, subscriber: Subscriber) -> None:
        """Give `stream` to `subscriber` from now on."""
        self._by_period.setdefault(stream.period_ms, {})[stream.name] = stream
        self._periods[stream.name] = stream.period_ms
        self._subscribers.setdefault(stream.name, {})[subscriber] = None

    def unsubscribe(self, name: str, subscriber: Subscriber) -> None:
        """Give it no longer; nothing happens if it was not given."""
        subscribers = self._subscribers.get(name)
        if subscribers is None:
            return
        subscribers.pop(subscriber, None)
        if not subscribers:
            del self._subscribers[name]
            del self._by_period[self._periods.pop(name)][name]

    def wanted(self, name: str) -> bool:
        """Whether anybody listens to the stream."""
        return name in self._subscribers

    def periods(self) -> list[int]:
        """The periods at which streams that somebody listens to are sent."""
        return [period for period, streams in self._by_period.items() if streams]

    def every(self, period_ms: int) -> list[Stream]:
        """The streams of that period that somebody listens to."""
        return list(self._by_period.get(period_ms, {}).values())

    def publish(self, name: str, payload: bytes) -> None:
        """Send `payload` to everybody who listens to `name`."""
        raw = combined = b""
        for subscriber in self._subscribers.get(name, ()):
            if subscriber.faulty:
                subscriber.send_faulty(name, wrapped(name, payload) if subscriber.combined else payload)
            elif subscriber.combined:
                combined = combined or frame(wrapped(name, payload))
                subscriber.send(combined)
            else:
                raw = raw or frame(payload)
                subscriber.send(raw)
