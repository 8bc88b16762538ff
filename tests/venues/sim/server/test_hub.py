"""Who gets what."""

from __future__ import annotations

from candlewick.venues.sim.server.frames import frame
from candlewick.venues.sim.server.hub import Hub
from candlewick.venues.sim.server.streams import Stream

TRADE = Stream("btcusdt@trade", "trade", None, 0)
TICKER = Stream("!ticker@arr", "ticker", None, 1000)


class Listener:
    """A subscriber that keeps what it is sent."""

    def __init__(self, *, combined: bool = False, faulty: bool = False) -> None:
        self.combined = combined
        self.faulty = faulty
        self.sent: list[bytes] = []

    def send(self, framed: bytes) -> None:
        self.sent.append(framed)

    def send_faulty(self, stream: str, payload: bytes) -> None:
        self.sent.append(b"faulty " + payload)


def test_it_frames_a_message_once_for_all_who_take_it_raw() -> None:
    hub = Hub()
    one, two = Listener(), Listener()
    hub.subscribe(TRADE, one)
    hub.subscribe(TRADE, two)
    hub.publish("btcusdt@trade", b"{}")
    assert one.sent == [frame(b"{}")]
    assert one.sent[0] is two.sent[0]


def test_it_wraps_for_those_who_take_streams_combined() -> None:
    hub = Hub()
    listener = Listener(combined=True)
    hub.subscribe(TRADE, listener)
    hub.publish("btcusdt@trade", b"{}")
    assert listener.sent == [frame(b'{"stream":"btcusdt@trade","data":{}}')]


def test_it_leaves_the_framing_to_those_whose_wire_is_faulty() -> None:
    hub = Hub()
    listener = Listener(faulty=True)
    hub.subscribe(TRADE, listener)
    hub.publish("btcusdt@trade", b"{}")
    assert listener.sent == [b"faulty {}"]


def test_it_sends_nothing_after_the_last_has_left() -> None:
    hub = Hub()
    listener = Listener()
    hub.subscribe(TRADE, listener)
    assert hub.wanted("btcusdt@trade")
    hub.unsubscribe("btcusdt@trade", listener)
    hub.unsubscribe("btcusdt@trade", listener)
    hub.publish("btcusdt@trade", b"{}")
    assert listener.sent == []
    assert not hub.wanted("btcusdt@trade")
    assert hub.periods() == []


def test_it_knows_its_streams_by_their_period() -> None:
    hub = Hub()
    hub.subscribe(TRADE, Listener())
    hub.subscribe(TICKER, Listener())
    assert sorted(hub.periods()) == [0, 1000]
    assert hub.every(1000) == [TICKER]
    assert hub.every(250) == []
