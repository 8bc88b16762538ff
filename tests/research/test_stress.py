"""What a strategy comes to when something happens: each scenario does what it says, and nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.research.crises import CRISES, Crisis, came_through, is_covered
from candlewick.research.scenarios import (
    SCENARIOS,
    Fees,
    FundingSpike,
    Gap,
    Inapplicable,
    Latency,
    Outage,
    Scenario,
    Spread,
    Together,
    Volatility,
)
from candlewick.research.stress import Row, stress, stress_of
from candlewick.research.synthetic import moves_of, without
from tests.research.ground import HOUR, START, Follow, Said, at, bars_from, noise, persistent


def held(bars: int = 20, **named: Any) -> Result:
    """Bought at the open of bar 3, sold at that of bar 13; the price never moves."""
    market = bars_from(np.zeros(bars), **named)
    return cw.backtest(Said(enter_long=at(bars, 2), exit_long=at(bars, 12)), market, fee_taker=0.0)


def row_of(scenario: Scenario, base: Result) -> Row:
    return stress_of(base, [scenario], []).rows[1]


def figure(row: Row, name: str = "total_return") -> float:
    assert row.figures is not None, row.reason
    value = row.figures[name]
    assert value is not None
    return float(value)


def test_a_gap_hits_what_is_held() -> None:
    row = row_of(Gap(-0.2), held())
    assert figure(row) == pytest.approx(-0.2)
    assert "2024-01-01 08:00 on" in row.changed
    assert figure(row_of(Gap(0.1), held())) == pytest.approx(0.1)


def test_a_gap_is_named_with_a_minus_sign_as_figures_are_written() -> None:
    assert (Gap(-0.2).name, Gap(0.1).name) == ("Gap of −20%", "Gap of +10%")


def test_a_gap_hits_the_largest_position() -> None:
    size = np.where(np.arange(20) < 9, 0.2, 0.9)
    said = Said(enter_long=at(20, 2, 10), exit_long=at(20, 6, 16), size=size)
    base = cw.backtest(said, bars_from(np.zeros(20)), fee_taker=0.0)
    assert figure(row_of(Gap(-0.5), base)) == pytest.approx(-0.45)


def test_a_stop_does_not_save_from_a_gap() -> None:
    said = Said(enter_long=at(20, 2), exit_long=at(20, 12), stop_loss=0.05)
    base = cw.backtest(said, bars_from(np.zeros(20)), fee_taker=0.0)
    assert figure(row_of(Gap(-0.3), base)) == pytest.approx(-0.3)


def test_fees_are_so_much_higher() -> None:
    base = cw.backtest(Follow(), noise(300), fee_taker=0.0005, fee_maker=-0.0001)
    case = Fees(3)(base)
    assert case.account.fee_taker == pytest.approx(0.0015)
    assert case.account.fee_maker == -0.0001
    assert figure(row_of(Fees(3), base), "fees") > 2.5 * float(base.metrics["fees"] or 0)


def test_a_spread_has_a_basis_point_at_least() -> None:
    assert Spread(5)(held()).account.slippage_bps == 5.0
    base = cw.backtest(Follow(), noise(50), slippage_bps=2)
    assert Spread(5)(base).account.slippage_bps == 10.0


def test_a_late_signal_is_traded_later() -> None:
    bars = noise(40)
    said = Said(enter_long=at(40, 2), exit_long=at(40, 12), stop_loss=np.full(40, 0.5), tag=["a"] * 40)
    base = cw.backtest(said, bars)
    case = Latency(3)(base)
    (trade,) = cw.backtest(case.strategy, case.markets).trades
    assert (trade.entry_bar, trade.exit_bar, trade.tag) == (6, 16, "a")


def test_signals_of_the_warm_up_do_not_come_later_either() -> None:
    class Late(Follow):
        warm_up = 20

    case = Latency(2)(cw.backtest(Late(), persistent(60)))
    assert min(trade.entry_bar for trade in cw.backtest(case.strategy, case.markets).trades) >= 23


def test_in_an_outage_nothing_can_be_done() -> None:
    # it falls bar by bar, and the stop is met in the outage: it can only act at the first open after it
    bars = bars_from([0, 0, 0, 0, 0, 0, 0, 0, -0.1, -0.1, -0.1, 0, 0, 0, 0, 0])
    said = Said(enter_long=at(16, 2), stop_loss=0.05, exit_long=at(16, 12))
    base = cw.backtest(said, bars, fee_taker=0.0)
    (trade,) = base.trades
    assert trade.return_ == pytest.approx(-0.05)
    left = stress_of(base, [Outage(8)], []).rows[1]
    assert left.figures is None  # the signals were written down for all bars
    following = cw.backtest(Follow(), persistent(400))
    case = Outage(8)(following)
    (market,) = case.markets
    assert len(market.bars) == 392


def test_an_outage_beyond_the_bars_says_so() -> None:
    assert "The bars end before an outage of 200 bars" in row_of(Outage(200), held()).reason


def test_funding_is_paid_by_whoever_holds() -> None:
    bars = bars_from(np.zeros(20))
    rates = cw.FundingRates(bars.time[[1, 5, 8, 17]], np.array([0.001, 0.001, -0.001, 0.001]))
    said = Said(enter_long=at(20, 2), exit_long=at(20, 12))
    base = cw.backtest(said, cw.Market(bars, funding=rates), fee_taker=0.0)
    assert base.funding == pytest.approx(0.0)
    assert figure(row_of(FundingSpike(5), base), "funding") == pytest.approx(-100.0, rel=1e-3)
    short = Said(enter_short=at(20, 2), exit_short=at(20, 12))
    shorted = cw.backtest(short, cw.Market(bars, funding=rates), fee_taker=0.0)
    assert figure(row_of(FundingSpike(5), shorted), "funding") == pytest.approx(-100.0, rel=1e-2)


def test_all_markets_move_as_one() -> None:
    one, other = noise(300, seed=1, symbol="A"), noise(300, seed=2, symbol="B", spread=0.02)
    case = Together()(cw.backtest(Follow(), [one, other]))
    first, second = (np.log(moves_of(market.bars)[3]) for market in case.markets)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(1.0)
    assert second.std() == pytest.approx(np.log(moves_of(other)[3]).std())
    assert case.markets[0].bars is one


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [(Together(), "There is one market only."), (FundingSpike(), "No funding of its markets is known.")],
)
def test_what_says_nothing_about_a_run_says_why(scenario: Scenario, reason: str) -> None:
    row = row_of(scenario, held())
    assert (row.figures, row.reason) == (None, reason)


def test_what_never_traded_cannot_be_hit() -> None:
    base = cw.backtest(Said(enter_long=at(20)), noise(20))
    with pytest.raises(Inapplicable, match="Nothing was held from one bar to the next"):
        Gap()(base)


def test_liquidations_are_counted() -> None:
    base = cw.backtest(
        Said(enter_long=at(20, 2), exit_long=at(20, 12)), bars_from(np.zeros(20)), leverage=10, fee_taker=0.0
    )
    row = row_of(Gap(-0.3), base)
    assert figure(row, "liquidations") == 1
    assert figure(row) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Gap(-1.0), "A gap of -100% leaves no price"),
        (lambda: Volatility(0.0), "Nothing becomes 0 times what it was"),
        (lambda: Fees(float("nan")), "Nothing becomes nan times"),
        (lambda: Latency(0), "0 bars change nothing"),
        (lambda: Outage(-1), "-1 bars change nothing"),
    ],
)
def test_it_refuses_a_scenario_that_makes_no_sense(make: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        make()


def test_fees_beyond_all_reason_are_told_and_not_run() -> None:
    row = row_of(Fees(1_000), cw.backtest(Follow(), noise(50)))
    assert row.figures is None
    assert "fee_taker is 0.5" in row.reason


def test_it_puts_everything_into_one_table() -> None:
    told: list[float] = []
    found = stress(
        Follow, persistent(600), fee_taker=0.0, cash=5_000, progress=lambda share, step: told.append(share)
    )
    assert [row.kind for row in found.rows].count("scenario") == len(SCENARIOS) == len(told)
    assert found.rows[0].figures == {
        **{name: found.base.metrics[name] for name in list(found.rows[0].figures or {})[:-1]},
        "liquidations": 0,
    }
    assert found.base.account.cash == 5_000
    assert told[-1] == 1.0
    covered = [row for row in found.rows if row.kind == "crisis"]
    assert len(covered) == len(CRISES)
    assert {row.reason for row in covered} == {"The bars do not cover it."}  # they are of January 2024
    assert found.worst is not None
    assert found.summary["worst"] == found.worst.name
    again = stress(Follow, persistent(600), fee_taker=0.0, cash=5_000)
    assert again.summary == found.summary


CRASH = Crisis("Crash", date(2024, 1, 3), date(2024, 1, 3), "It fell.", "this test")


def test_a_crisis_is_the_part_of_the_run_in_it() -> None:
    moves = np.zeros(24 * 4)
    moves[24 * 2 + 5] = np.log(0.5)
    base = cw.backtest(Said(enter_long=at(96, 2)), bars_from(moves), fee_taker=0.0)
    assert is_covered(CRASH, base)
    assert came_through(CRASH, base) == {
        "total_return": pytest.approx(-0.5),
        "max_drawdown": pytest.approx(-0.5),
        "trades": 0,
        "exposure": 1.0,
        "benchmark_return": pytest.approx(-0.5),
    }
    (_, row) = stress_of(base, [], [CRASH]).rows
    assert row.changed == "2024-01-03 to 2024-01-03: It fell."


def test_what_its_first_bar_did_belongs_to_a_crisis() -> None:
    moves = np.zeros(24 * 4)
    moves[24 * 2] = np.log(0.8)
    base = cw.backtest(Said(enter_long=at(96, 2)), bars_from(moves), fee_taker=0.0)
    assert came_through(CRASH, base)["total_return"] == pytest.approx(-0.2)
    assert came_through(CRASH, base)["benchmark_return"] == pytest.approx(-0.2)


def test_a_crisis_is_not_covered_in_part() -> None:
    whole = bars_from(np.zeros(24 * 4))
    for bars in (whole[24 * 2 :], whole[: 24 * 3 - 1], whole[:40]):
        assert not is_covered(CRASH, cw.backtest(Said(enter_long=at(len(bars))), bars))
    sparse = without(cw.Market(whole), START + 2 * 24 * HOUR, START + (3 * 24 - 2) * HOUR).bars
    assert not is_covered(CRASH, cw.backtest(Said(enter_long=at(len(sparse))), sparse))


def test_the_crises_are_told_in_order_with_their_sources() -> None:
    assert [crisis.first for crisis in CRISES] == sorted(crisis.first for crisis in CRISES)
    assert all(crisis.first <= crisis.last and crisis.source and crisis.what for crisis in CRISES)


def test_the_crises_are_those_that_are_published() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/research.md").read_text(encoding="utf-8")
    for crisis in CRISES:
        row = f"| {crisis.name} | {crisis.first:%Y-%m-%d} to {crisis.last:%Y-%m-%d} | {crisis.source} |"
        assert row in text


def test_a_real_crisis_is_found_in_real_bars(recordings: Path) -> None:
    path = recordings / "ohlcv/binance_spot_1h/BTC_USDT-1h.feather"
    bars = cw.read(path, symbol="BTCUSDT", timeframe="1h")
    base = cw.backtest(Said(enter_long=True), bars, fee_taker=0.0)
    found = {row.name: row for row in stress_of(base, []).rows}
    times = bars.time
    for crisis in CRISES:
        row = found[crisis.name]
        inside = times[0] < crisis.start_s and times[-1] + HOUR >= crisis.end_s
        assert (row.figures is not None) == inside
        if row.figures is not None:
            assert row.figures["total_return"] == pytest.approx(row.figures["benchmark_return"], abs=0.01)
            assert figure(row, "max_drawdown") < -0.05
