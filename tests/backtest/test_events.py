"""Four ways to drive a strategy find the same fills and equity; orders of its own do what they say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import candlewick as cw
from candlewick.backtest.market import Market
from candlewick.backtest.record import Drive
from candlewick.backtest.result import Result
from candlewick.core.errors import StrategyError, UsageError
from candlewick.fills.state import REASONS
from candlewick.market.bars import Bars
from candlewick.trading.strategy.context import Context
from candlewick.trading.strategy.strategy import Strategy
from tests.backtest.randomly import Case, cases, marked, walk
from tests.backtest.test_run import FLAT, bars_of

WAYS: tuple[Drive, ...] = ("woken", "on_bar", "step")


def assert_same(one: Result, other: Result) -> None:
    """Fill by fill and close by close."""
    assert len(one.fills) == len(other.fills)
    for name in ("bar", "market", "side", "why", "maker", "signal"):
        assert one.fills[name].tolist() == other.fills[name].tolist(), name
    for name in ("price", "size", "fee", "funding", "stop", "target"):
        np.testing.assert_allclose(other.fills[name], one.fills[name], rtol=1e-12, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(other.equity, one.equity, rtol=0, atol=1e-9 * one.account.cash)
    assert other.funding == pytest.approx(one.funding, abs=1e-9)
    assert other.skipped == one.skipped
    assert [trade.pnl for trade in other.trades] == pytest.approx(
        [trade.pnl for trade in one.trades], abs=1e-9
    )


def outcome(case: Case, drive: Drive) -> Result | str:
    try:
        return cw.backtest(case.strategy, case.markets, drive=drive, **case.account)
    except UsageError as error:
        return str(error)


@given(cases())
@settings(deadline=None)
def test_all_ways_to_drive_a_strategy_of_signals_find_the_same(case: Case) -> None:
    expected = outcome(case, "arrays")
    for drive in WAYS:
        found = outcome(case, drive)
        if isinstance(expected, str) or isinstance(found, str):
            assert found == expected
        else:
            assert_same(expected, found)


class Asking(Strategy):
    """Asks for what was written down, at the closes it was written down for."""

    def __init__(self, *asked: tuple[int, Callable[[Context], Any]], **attributes: Any) -> None:
        super().__init__()
        self.asked = asked
        for name, value in attributes.items():
            setattr(self, name, value)

    def on_bar(self, ctx: Context) -> None:
        for bar, ask in self.asked:
            if ctx.index == bar:
                ask(ctx)


def run(bars: Any, *asked: tuple[int, Callable[[Context], Any]], **attributes: Any) -> Result:
    """Both ways, which must agree; with neither fees nor slippage."""
    results = [
        cw.backtest(Asking(*asked, **attributes), bars, cash=1_000, fee_taker=0.0, fee_maker=0.0, drive=drive)
        for drive in ("on_bar", "step")
    ]
    assert_same(*results)
    return results[0]


def told(result: Result) -> list[tuple[int, int, float, float, str]]:
    """Fills as (bar, side, price, size, reason)."""
    return [
        (int(fill["bar"]), int(fill["side"]), float(fill["price"]), round(float(fill["size"]), 9),
         REASONS[fill["why"]])
        for fill in result.fills
    ]  # fmt: skip


def test_a_market_order_is_filled_at_the_next_open() -> None:
    bars = bars_of(FLAT, (102, 103, 101, 102), (110, 111, 109, 110))
    result = run(bars, (0, lambda ctx: ctx.buy(quantity=2)), (1, lambda ctx: ctx.exit()))
    assert told(result) == [(1, 1, 102.0, 2.0, "entry"), (2, -1, 110.0, 2.0, "signal")]


def test_a_limit_is_filled_at_its_price_once_the_market_trades_through_it() -> None:
    bars = bars_of(FLAT, (100, 101, 98, 99), (99, 100, 97.5, 99))
    assert told(run(bars, (0, lambda ctx: ctx.buy(quantity=2, limit=98)))) == [(2, 1, 98.0, 2.0, "entry")]


def test_a_stop_is_filled_where_it_stands_or_where_the_market_opened_beyond_it() -> None:
    bars = bars_of(FLAT, (100, 104, 99, 103), (107, 108, 106, 107))
    result = run(bars, (0, lambda ctx: (ctx.buy(quantity=1, stop=103), ctx.buy(quantity=1, stop=105))))
    assert told(result) == [(1, 1, 103.0, 1.0, "entry"), (2, 1, 107.0, 1.0, "entry")]


def test_a_bracket_stands_where_its_prices_say_and_one_leg_ends_the_other() -> None:
    bars = bars_of(FLAT, FLAT, (100, 106, 99, 100), (100, 101, 90, 91))
    result = run(bars, (0, lambda ctx: ctx.buy(quantity=1, stop_loss=95, take_profit=105)))
    assert told(result) == [(1, 1, 100.0, 1.0, "entry"), (2, -1, 105.0, 1.0, "take_profit")]


def test_a_leg_closes_its_own_entry_and_no_other() -> None:
    """Both legs of the first bracket lie in one bar: the second entry is not touched by either."""
    bars = bars_of(FLAT, FLAT, (100, 106, 94, 100), FLAT)

    def ask(ctx: Context) -> None:
        ctx.buy(quantity=1, stop_loss=95, take_profit=105)
        ctx.buy(quantity=2)

    result = run(bars, (0, ask))
    assert told(result) == [
        (1, 1, 100.0, 1.0, "entry"), (1, 1, 100.0, 2.0, "entry"), (2, -1, 95.0, 1.0, "stop_loss"),
    ]  # fmt: skip
    assert result.trades[0].is_open


def test_an_entry_inside_a_bar_may_be_stopped_in_it_but_gains_nothing_in_it() -> None:
    bars = bars_of(FLAT, (100, 110, 95, 100), FLAT)
    stopped = run(bars, (0, lambda ctx: ctx.buy(quantity=1, limit=98, stop_loss=96, take_profit=105)))
    assert told(stopped) == [(1, 1, 98.0, 1.0, "entry"), (1, -1, 96.0, 1.0, "stop_loss")]
    not_yet = run(bars, (0, lambda ctx: ctx.buy(quantity=1, limit=98, take_profit=105)))
    assert told(not_yet) == [(1, 1, 98.0, 1.0, "entry")]


def test_an_order_that_was_taken_back_does_nothing() -> None:
    bars = bars_of(FLAT, FLAT, (100, 101, 90, 95))
    ids: list[str] = []
    result = run(
        bars,
        (0, lambda ctx: ids.append(ctx.buy(quantity=1, limit=95))),
        (1, lambda ctx: ctx.cancel_all()),
    )
    assert told(result) == []


def test_taking_back_all_orders_takes_back_the_stop_and_the_target_of_what_is_held() -> None:
    bars = bars_of(FLAT, FLAT, FLAT, (100, 110, 90, 95))
    bought = (0, lambda ctx: ctx.buy(quantity=1, stop_loss=96, take_profit=105))
    assert [each[-1] for each in told(run(bars, bought))] == ["entry", "stop_loss"]
    assert [each[-1] for each in told(run(bars, bought, (1, lambda ctx: ctx.cancel_all())))] == ["entry"]


def test_an_order_the_other_way_closes_what_is_held_and_opens_the_rest() -> None:
    bars = bars_of(FLAT, FLAT, FLAT, FLAT)
    result = run(bars, (0, lambda ctx: ctx.buy(quantity=1)), (1, lambda ctx: ctx.sell(quantity=3)))
    assert told(result) == [
        (1, 1, 100.0, 1.0, "entry"), (2, -1, 100.0, 1.0, "order"), (2, -1, 100.0, 2.0, "entry"),
    ]  # fmt: skip


def test_the_money_of_a_resting_order_is_not_there_for_another() -> None:
    def ask(ctx: Context) -> None:
        ctx.buy(quantity=6, limit=50)
        ctx.buy()

    result = run(bars_of(FLAT, FLAT), (0, ask))
    assert told(result) == [(1, 1, 100.0, 4.0, "entry")]  # its margin is judged at the mark, as the door does


def test_a_strategy_sees_what_it_holds_and_what_it_is_worth() -> None:
    seen: list[Any] = []

    def look(ctx: Context) -> None:
        seen.append((ctx.position, ctx.entry_price, ctx.equity, ctx.free, list(ctx.orders)))

    bars = bars_of(FLAT, FLAT, (100, 105, 99, 104))
    run(bars, (0, lambda ctx: ctx.buy(quantity=5, take_profit=120)), (0, look), (2, look))
    symbol = f"X-{bars.time[0]}-1"
    assert seen[0] == (0.0, None, 1_000.0, 1_000.0, [symbol])
    assert seen[1] == (5.0, 100.0, 1_020.0, 500.0, [f"{symbol}:target"])


def test_it_sees_several_markets_and_orders_in_each() -> None:
    one, other = (
        bars_of(FLAT, FLAT, FLAT, symbol="A"),
        bars_of(FLAT, (50, 51, 49, 50), (50, 51, 49, 50), symbol="B"),
    )

    def ask(ctx: Context) -> None:
        ctx.markets["B"].sell(quantity=4)
        ctx.buy(quantity=2)

    result = run([one, other], (0, ask))
    assert [(result.markets[f["market"]].symbol, f["side"] * f["size"]) for f in result.fills] == [
        ("B", -4),
        ("A", 2),
    ]


def test_the_future_cannot_be_read() -> None:
    with pytest.raises(StrategyError, match=r"line \d+: .*Row 1 is not known: 1 bars have closed"):
        run(bars_of(FLAT, FLAT), (0, lambda ctx: ctx.close[1]))


def test_what_is_known_grows_bar_by_bar() -> None:
    seen: list[Any] = []

    class Reading(Strategy):
        def indicators(self, bars: Bars) -> dict[str, Any]:
            return {"twice": bars.close * 2, "word": "x"}

        def on_bar(self, ctx: Context) -> None:
            seen.append((len(ctx.close), ctx.close[-1], ctx.ind["twice"][0], ctx.ind["twice"][-2:].tolist()))

    cw.backtest(Reading(), bars_of(FLAT, (100, 103, 99, 102), FLAT))
    assert seen == [
        (1, 100.0, 200.0, [200.0]),
        (2, 102.0, 200.0, [200.0, 204.0]),
        (3, 100.0, 200.0, [204.0, 200.0]),
    ]


class Counting(Strategy):
    """Buys once in its life."""

    def __init__(self) -> None:
        super().__init__()
        self.bought: list[int] = []

    def on_bar(self, ctx: Context) -> None:
        if not self.bought:
            self.bought.append(ctx.index)
            ctx.buy(quantity=1)


def test_a_run_begins_with_what_it_was_given_and_leaves_that_alone() -> None:
    strategy, bars = Counting(), bars_of(FLAT, FLAT, FLAT)
    first, again = cw.backtest(strategy, bars), cw.backtest(strategy, bars)
    assert told(first) == told(again) == [(1, 1, 100.0, 1.0, "entry")]
    assert strategy.bought == []
    assert isinstance(first.strategy, Counting)
    assert first.strategy.bought == [0]


def test_a_strategy_that_holds_what_cannot_be_copied_is_run_all_the_same() -> None:
    strategy = Counting()
    strategy.lock = threading.Lock()  # type: ignore[attr-defined]
    assert len(cw.backtest(strategy, bars_of(FLAT, FLAT)).fills) == 1


def test_a_strategy_that_raises_is_told_with_its_line() -> None:
    class Broken(Strategy):
        def on_bar(self, ctx: Context) -> None:
            _ = 1 / 0

    with pytest.raises(
        StrategyError, match=r"on_bar\(\) of Broken \(test_events.py, line \d+: _ = 1 / 0\): Zero"
    ):
        cw.backtest(Broken(), bars_of(FLAT, FLAT))


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda ctx: ctx.buy(quantity=-1), "quantity is -1"),
        (lambda ctx: ctx.buy(0.5, quantity=1), "a size or a quantity"),
        (lambda ctx: ctx.buy(trail=0.01, stop=90), "A trailing stop has no limit"),
        (lambda ctx: ctx.buy(stop_loss=90, stop_distance=0.1), "give one of them"),
        (lambda ctx: ctx.buy(stop_distance=2.0), "stop_distance is 2.0"),
        (lambda ctx: ctx.buy(post_only=True), "post_only is for limit orders"),
        (lambda ctx: ctx.buy(time_in_force="GTD"), "time_in_force is 'GTD'"),
        (lambda ctx: ctx.buy(stop_los=90), r"An order has no 'stop_los'. Did you mean stop_loss\?"),
    ],
)
def test_it_says_what_is_wrong_with_an_order(ask: Callable[[Context], Any], sentence: str) -> None:
    with pytest.raises(StrategyError, match=sentence):
        run(bars_of(FLAT, FLAT), (0, ask))


def test_an_indicator_of_another_length_is_refused() -> None:
    class Short(Strategy):
        def indicators(self, bars: Bars) -> dict[str, Any]:
            return {"mean": bars.close[1:]}

        def on_bar(self, ctx: Context) -> None: ...

    with pytest.raises(UsageError, match="The indicator 'mean' has shape"):
        cw.backtest(Short(), bars_of(FLAT, FLAT))


def test_a_strategy_with_orders_of_its_own_cannot_be_driven_by_signals() -> None:
    for drive in ("arrays", "woken"):
        with pytest.raises(UsageError, match="on_bar"):
            cw.backtest(Asking(), bars_of(FLAT, FLAT), drive=drive)


@st.composite
def scripts(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    rate = st.none() | st.sampled_from([0.01, 0.03])
    return [
        (
            draw(st.integers(0, 60)),
            {
                "side": draw(st.sampled_from(["buy", "sell", "exit", "cancel"])),
                "quantity": draw(st.sampled_from([1.0, 2.5])),
                "kind": draw(st.sampled_from(["market", "limit", "stop", "stop_limit", "trail"])),
                "away": draw(st.sampled_from([-0.02, -0.005, 0.005, 0.02])),
                "stop_distance": draw(rate),
                "target_distance": draw(rate),
                "trailing_stop": draw(rate),
                "reduce_only": draw(st.booleans()),
            },
        )
        for _ in range(draw(st.integers(1, 15)))
    ]


def ask(ctx: Context, order: dict[str, Any]) -> None:
    if order["side"] == "exit":
        ctx.exit()
        return
    if order["side"] == "cancel":
        ctx.cancel_all()
        return
    price = ctx.close[-1] * (1 + order["away"])
    terms: dict[str, Any] = {name: order[name] for name in ("quantity", "reduce_only")}
    terms |= {name: order[name] for name in ("stop_distance", "target_distance", "trailing_stop")}
    match order["kind"]:
        case "limit":
            terms["limit"] = price
        case "stop":
            terms["stop"] = price
        case "stop_limit":
            terms |= {"stop": price, "limit": price * 1.001}
        case "trail":
            terms["trail"] = abs(order["away"])
    (ctx.buy if order["side"] == "buy" else ctx.sell)(**terms)


@given(st.integers(0, 2**32 - 1), scripts(), st.sampled_from([1.0, 10.0]), st.booleans())
@settings(deadline=None)
def test_bars_that_are_passed_over_hold_nothing(
    seed: int, script: list[tuple[int, dict[str, Any]]], leverage: float, has_mark: bool
) -> None:
    """Orders of every kind: looking at each bar finds what looking ahead finds."""
    prices = walk(seed, 80, symbol="A", tick=0.0)
    bars = Market(prices, mark=marked(seed, prices)) if has_mark else prices
    asked = [(bar, lambda ctx, order=order: ask(ctx, order)) for bar, order in script]
    results = [
        cw.backtest(Asking(*asked), bars, cash=1_000, leverage=leverage, slippage_bps=2, drive=drive)
        for drive in ("on_bar", "step")
    ]
    assert_same(*results)
    by_trades = sum(trade.pnl for trade in results[0].trades)
    assert results[0].equity[-1] == pytest.approx(1_000 + by_trades, abs=1e-6)
