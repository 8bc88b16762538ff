"""The heart: what it knows after an event, and what it wants done."""

from __future__ import annotations

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import (
    BookChange,
    Candle,
    Connected,
    Derivative,
    Disconnected,
    History,
    MarketEvent,
    OpenInterest,
    Quote,
    Ticker,
    TimePassed,
    Trade,
    TradesKnown,
)
from candlewick.trading.effects import BackfillTrades, CandleClosed, Effects, Notice, ResyncBook, Updated
from candlewick.trading.engine import Engine

BTC = "sim:BTCUSDT"
MINUTE = 1_760_000_040  # a full minute, UTC seconds


def trade(id: int, price: float, second: float = 0.0, quantity: float = 1.0) -> Trade:
    ts = int((MINUTE + second) * NS_PER_S)
    return Trade(BTC, id, price, quantity, "buy", ts, ts + 1_000_000)


def quote(bid: float, ask: float, second: float = 0.0) -> Quote:
    ts = int((MINUTE + second) * NS_PER_S)
    return Quote(BTC, bid, 1.0, ask, 1.0, None, ts, ts)


def book(
    first: int, last: int, bids: list[tuple[float, float]], asks: list[tuple[float, float]]
) -> BookChange:
    return BookChange(BTC, False, bids, asks, first, last, None, 0, 0)


def snapshot(last: int) -> BookChange:
    return BookChange(BTC, True, [(99.0, 1.0)], [(101.0, 1.0)], None, last, None, 0, 0)


def run(engine: Engine, *events: MarketEvent) -> list[object]:
    return [effect for event in events for effect in engine.process(event)]


def kinds(effects: list[object] | Effects) -> list[str]:
    return [each.aspect if isinstance(each, Updated) else type(each).__name__ for each in effects]


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_it_knows_the_price_of_the_newest_trade_and_not_of_a_late_one(engine: Engine) -> None:
    run(engine, trade(1, 100.0, 1.0), trade(3, 102.0, 3.0), trade(2, 101.0, 2.0))
    assert engine.watch(BTC).last == 102.0
    assert [t.id for t in engine.watch(BTC).tape.newest(3)] == [3, 2, 1]


def test_the_same_trade_twice_counts_once(engine: Engine) -> None:
    run(engine, TradesKnown(BTC, MINUTE, 0), trade(1, 100.0), trade(1, 100.0))
    bar = engine.watch(BTC).candles.current("1m")
    assert bar is not None
    assert bar.volume == 1.0


def test_a_hole_in_the_trade_ids_asks_for_what_is_missing(engine: Engine) -> None:
    effects = run(engine, trade(1, 100.0), trade(5, 101.0, 1.0))
    assert [each for each in effects if isinstance(each, BackfillTrades)] == [BackfillTrades(BTC, 2, 4)]


def test_it_asks_for_a_hole_once_and_not_with_every_trade_after_it(engine: Engine) -> None:
    effects = run(engine, trade(1, 100.0), trade(5, 101.0, 1.0), trade(6, 101.0, 1.1), trade(7, 101.0, 1.2))
    assert kinds(effects).count("BackfillTrades") == 1


def test_a_minute_closes_when_time_has_passed_it_and_its_trades_are_all_known(engine: Engine) -> None:
    run(engine, trade(1, 100.0, 1.0), TradesKnown(BTC, MINUTE, 0), trade(2, 103.0, 30.0))
    early = run(engine, TimePassed((MINUTE + 60) * NS_PER_S))
    assert not [c for c in early if isinstance(c, CandleClosed) and c.candle.interval == "1m"]
    effects = run(engine, TimePassed((MINUTE + 63) * NS_PER_S))
    closed = [c.candle for c in effects if isinstance(c, CandleClosed) and c.candle.interval == "1m"]
    assert [(c.time, c.open, c.high, c.low, c.close, c.volume) for c in closed] == [
        (MINUTE, 100.0, 103.0, 100.0, 103.0, 2.0)
    ]


def test_a_minute_whose_beginning_it_did_not_see_is_never_called_closed(engine: Engine) -> None:
    effects = run(engine, trade(7, 100.0, 40.0), trade(8, 101.0, 61.0), TimePassed((MINUTE + 90) * NS_PER_S))
    assert not [c for c in effects if isinstance(c, CandleClosed) and c.candle.time < MINUTE + 41]


def test_a_minute_held_back_is_closed_once_its_beginning_is_known(engine: Engine) -> None:
    run(engine, trade(1, 100.0, 1.0), trade(2, 103.0, 61.0))
    effects = run(engine, TradesKnown(BTC, MINUTE, 0))
    assert [c.candle.interval for c in effects if isinstance(c, CandleClosed)] == ["1s", "1m"]
    assert run(engine, TradesKnown(BTC, MINUTE, 0)) == []


def test_what_a_venue_cannot_mean_is_no_price(engine: Engine) -> None:
    impossible = float("nan")
    effects = run(
        engine,
        Ticker(BTC, impossible, 1.0, 1.0, 1.0, 1.0, 1.0, MINUTE, MINUTE),
        Derivative(BTC, MINUTE, MINUTE, last=impossible),
    )
    assert kinds(effects) == ["derivative"]
    assert engine.watch(BTC).last is None


def test_the_day_is_exact_once_history_has_been_given(engine: Engine) -> None:
    day = MINUTE - MINUTE % 86_400
    hour = MINUTE - MINUTE % 3_600
    candle = Candle(BTC, "1h", day, 90.0, 95.0, 80.0, 94.0, 5.0, True, 0, 1)
    hours = [Candle(BTC, "1h", at, 90.0, 95.0, 80.0, 94.0, 5.0, True, 0, 1) for at in range(day, hour, 3_600)]
    minutes = [
        Candle(BTC, "1m", at, 94.0, 94.0, 94.0, 94.0, 1.0, True, 0, 1) for at in range(hour, MINUTE, 60)
    ]
    run(engine, trade(1, 100.0, 1.0), TradesKnown(BTC, MINUTE, 0))
    run(engine, History(BTC, "1h", hours, 0), History(BTC, "1m", minutes, 0))
    bar = engine.watch(BTC).candles.current("1d")
    assert bar is not None
    assert (bar.time, bar.open, bar.high, bar.low, bar.close) == (day, candle.open, 100.0, 80.0, 100.0)
    assert bar.volume == pytest.approx(5.0 * len(hours) + len(minutes) + 1.0)


def test_diffs_before_a_snapshot_ask_for_it_once(engine: Engine) -> None:
    effects = run(engine, book(10, 11, [(98.0, 1.0)], []), book(12, 12, [(97.0, 1.0)], []))
    assert kinds(effects) == ["book", "ResyncBook"]
    assert engine.watch(BTC).book.bids(5) == []


def test_a_snapshot_makes_the_book_whole_with_the_diffs_held_back(engine: Engine) -> None:
    run(engine, book(10, 11, [(98.0, 1.0)], []), snapshot(10))
    watch = engine.watch(BTC)
    assert watch.book.synchronised
    assert watch.book.bids(5) == [(99.0, 1.0), (98.0, 1.0)]


def test_a_gap_in_the_diffs_darkens_the_book_and_asks_for_a_snapshot(engine: Engine) -> None:
    effects = run(engine, book(10, 11, [], []), snapshot(11), book(15, 16, [(98.5, 1.0)], []))
    assert kinds(effects)[-2:] == ["book", "ResyncBook"]
    last = effects[-1]
    assert isinstance(last, ResyncBook)
    assert "jump" in last.reason
    assert engine.watch(BTC).book.asks(5) == []


def test_a_quote_that_comes_late_does_not_replace_a_newer_one(engine: Engine) -> None:
    run(engine, quote(100.0, 101.0, 2.0))
    assert run(engine, quote(90.0, 91.0, 1.0)) == []
    newest = engine.watch(BTC).quote
    assert newest is not None
    assert newest.bid == 100.0


def test_a_lost_connection_marks_what_it_carried_as_stale_and_says_so(engine: Engine) -> None:
    run(engine, book(10, 11, [], []), snapshot(11), quote(100.0, 101.0))
    effects = run(engine, Disconnected("sim", "spot stream 1", "reset by peer", (BTC,), 5 * NS_PER_S))
    watch = engine.watch(BTC)
    assert watch.stale == "spot stream 1 is disconnected: reset by peer"
    assert not watch.book.synchronised
    notice = effects[-1]
    assert isinstance(notice, Notice)
    assert notice.severity == "WARNING"
    back = run(engine, Connected("sim", "spot stream 1", 17 * NS_PER_S))
    assert isinstance(back[0], Notice)
    assert "back after 12.0 s" in back[0].message


def test_an_instrument_that_another_connection_carries_stays_fresh(engine: Engine) -> None:
    run(engine, quote(100.0, 101.0))
    run(engine, Disconnected("sim", "spot stream 2", "gone", ("sim:ETHUSDT",), 1))
    assert engine.watch(BTC).stale == ""


def test_the_first_connection_of_a_feed_is_no_news(engine: Engine) -> None:
    assert run(engine, Connected("sim", "spot stream 1", 1)) == []


def test_a_ticker_gives_the_price_until_a_newer_trade_does(engine: Engine) -> None:
    ticker = Ticker(BTC, 200.0, 180.0, 210.0, 170.0, 10.0, 1_900.0, MINUTE * NS_PER_S, MINUTE * NS_PER_S)
    assert kinds(run(engine, ticker)) == ["price", "session"]
    assert engine.watch(BTC).last == 200.0
    run(engine, trade(1, 201.0, 1.0))
    assert kinds(run(engine, ticker)) == ["session"]
    assert engine.watch(BTC).last == 201.0


def test_open_interest_and_funding_come_together_in_one_state(engine: Engine) -> None:
    run(
        engine,
        Derivative(BTC, 1, 1, mark=100.0, funding_rate=0.0001, next_funding=99),
        OpenInterest(BTC, 1_234.0, None, 2, 2),
    )
    state = engine.watch(BTC).derivative
    assert (state.mark, state.funding_rate, state.next_funding, state.open_interest) == (
        100.0,
        0.0001,
        99,
        1_234.0,
    )


def test_the_same_events_give_the_same_effects_twice() -> None:
    events: list[MarketEvent] = [
        trade(1, 100.0), quote(99.0, 101.0), book(10, 11, [(98.0, 1.0)], []), snapshot(10),
        trade(4, 102.0, 2.0), trade(2, 101.0, 1.0), TimePassed((MINUTE + 70) * NS_PER_S),
        trade(3, 101.5, 1.5),
    ]  # fmt: skip
    assert run(Engine(), *events) == run(Engine(), *events)


def ticker(last: float, high: float, second: float = 0.0) -> Ticker:
    ts = int((MINUTE + second) * NS_PER_S)
    return Ticker(BTC, last, 180.0, high, 170.0, 10.0, 1_900.0, ts, ts)


@pytest.mark.parametrize(
    "message", [trade(2, 101.0, 6.0), quote(100.0, 101.0, 6.0), ticker(200.0, 210.0, 6.0)]
)
def test_what_was_stale_is_fresh_with_the_next_message_of_the_venue(
    engine: Engine, message: MarketEvent
) -> None:
    run(engine, trade(1, 100.0), Disconnected("sim", "spot stream 1", "reset", (BTC,), 5 * NS_PER_S))
    assert engine.watch(BTC).stale
    run(engine, message)
    assert engine.watch(BTC).stale == ""


def test_a_lost_connection_of_a_whole_venue_leaves_other_venues_alone(engine: Engine) -> None:
    elsewhere = Quote("sim-east:BTCUSDT", 100.0, 1.0, 101.0, 1.0, None, 1, 1)
    run(engine, quote(100.0, 101.0), elsewhere)
    run(engine, Disconnected("sim", "recording", "gone", (), 1))
    assert engine.watch(BTC).stale
    assert engine.watch("sim-east:BTCUSDT").stale == ""


def test_a_lost_connection_says_that_quote_and_book_are_no_longer_what_they_were(engine: Engine) -> None:
    run(engine, quote(100.0, 101.0))
    assert kinds(run(engine, Disconnected("sim", "spot stream 1", "reset", (BTC,), 1))) == [
        "book",
        "quote",
        "Notice",
    ]


def test_a_connection_was_away_since_it_was_first_lost(engine: Engine) -> None:
    run(engine, quote(100.0, 101.0))
    for second in (5, 10):
        run(engine, Disconnected("sim", "spot stream 1", "reset", (BTC,), second * NS_PER_S))
    (back,) = run(engine, Connected("sim", "spot stream 1", 17 * NS_PER_S))
    assert isinstance(back, Notice)
    assert "back after 12.0 s" in back.message


def test_a_snapshot_is_asked_for_anew_after_a_lost_connection(engine: Engine) -> None:
    assert "ResyncBook" in kinds(run(engine, book(10, 11, [(98.0, 1.0)], [])))
    run(engine, Disconnected("sim", "spot stream 1", "reset", (BTC,), 1))
    assert "ResyncBook" in kinds(run(engine, book(20, 21, [(98.0, 1.0)], [])))


def test_no_snapshot_is_wanted_any_more_once_the_book_is_whole(engine: Engine) -> None:
    run(engine, book(10, 11, [(98.0, 1.0)], []))
    assert engine.watch(BTC).snapshot_wanted
    run(engine, snapshot(10))
    assert not engine.watch(BTC).snapshot_wanted


def test_the_price_in_a_derivatives_message_stands_only_until_something_better_came(engine: Engine) -> None:
    run(engine, Derivative(BTC, 1, 1, last=99.0))
    assert engine.watch(BTC).last == 99.0
    run(engine, trade(1, 100.0), Derivative(BTC, 2, 2, last=98.0))
    assert engine.watch(BTC).last == 100.0


def test_a_trade_beyond_the_days_high_raises_it(engine: Engine) -> None:
    run(engine, ticker(200.0, 210.0), trade(1, 215.0, 1.0))
    assert engine.watch(BTC).session.high == 215.0


def test_the_rolling_day_moves_on_with_time_alone(engine: Engine) -> None:
    run(engine, trade(1, 215.0))
    assert engine.watch(BTC).session.since == MINUTE
    run(engine, TimePassed((MINUTE + 86_400 + 62 + 120) * NS_PER_S))
    assert engine.watch(BTC).session.since == MINUTE + 180
