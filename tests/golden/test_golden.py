"""Every bundled strategy on recorded markets: the same fills, to the tick and the lot, as when it was pinned.

A change that is wanted is pinned by `make golden`, which says what changed; say in the commit why.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.lookahead import lookahead
from candlewick.backtest.record import Drive
from candlewick.research.loading import BUNDLED, bundled_of
from tests.golden import results
from tests.golden.cases import CASES, FOLDER, Case, difference, fills, kept, market, pinned, run

DRIVES: tuple[Drive, ...] = ("arrays", "woken", "on_bar", "step")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.strategy} {case.name}")
def test_it_fills_as_it_did(case: Case, recordings: Path) -> None:
    old, new = kept(case.strategy)[case.name], pinned(case, recordings)
    assert new["fills"] > 0
    changed = difference(old, new, run(case, recordings)) if new != old else None
    assert changed is None, changed


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.strategy} {case.name}")
def test_all_ways_to_drive_it_fill_alike(case: Case, recordings: Path) -> None:
    strategy = bundled_of(case.strategy).strategy(**case.parameters)
    markets = [cut(market(recordings, name)) for name in case.markets]
    first, *others = (
        cw.backtest(strategy, markets, **case.terms, drive=drive)
        for drive in (DRIVES if strategy.signals_only() else DRIVES[2:])
    )
    assert len(first.fills) > 0
    for other in others:
        assert fills(other) == fills(first)
        np.testing.assert_allclose(other.equity, first.equity, rtol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.strategy} {case.name}")
def test_it_knows_nothing_of_the_future(case: Case, recordings: Path) -> None:
    strategy = bundled_of(case.strategy).strategy(**case.parameters)
    markets = [cut(market(recordings, name), 3_000) for name in case.markets]
    assert lookahead(strategy, markets, most=12).leaks == ()


def cut(whole: cw.Market, bars: int = 6_000) -> cw.Market:
    """Eight months of 2021, or what there is later: enough to trade on, few enough for Python to see."""
    start = int(np.searchsorted(whole.bars.time, 1_609_459_200))
    return cw.Market(whole.bars[start : start + bars], whole.instrument, whole.funding)


def test_every_bundled_strategy_has_a_golden_backtest_and_no_other() -> None:
    assert {case.strategy for case in CASES} == set(BUNDLED)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(BUNDLED)
    for strategy in BUNDLED:
        assert list(kept(strategy)) == [case.name for case in CASES if case.strategy == strategy]


def test_a_difference_names_the_first_fill_that_changed(recordings: Path) -> None:
    case = CASES[0]
    old = kept(case.strategy)[case.name]
    other = Case(case.name, case.strategy, case.markets, case.parameters, {"slippage_bps": 2})
    result, new = run(other, recordings), pinned(other, recordings)
    told = difference(old, new, result)
    assert told is not None
    assert told.startswith("Fill 0 of ")
    assert "BTCUSDT-PERP buy" in told.splitlines()[1]
    shorter = old | {"chain": new["chain"][:40], "metrics": new["metrics"]}
    assert "Fill 10 of 10 is another one" in str(difference(shorter, new, result))
    assert difference(new, new, result) is None


def test_the_page_of_results_tells_what_comes_out(recordings: Path) -> None:
    assert results.on_page(results.PAGE.read_text(encoding="utf-8")) == results.tables(recordings)


def test_the_page_tells_the_truth_of_the_carry_that_lost_its_short(recordings: Path) -> None:
    row = next(row for row in results.ROWS if row.strategy == "FundingCarry" and row.coins == ("ETH",))
    result = results.run(row, recordings, "enter=-0.0002")
    lost = [trade for trade in result.trades if trade.reason == "liquidation"]
    assert [f"{trade.exit_time:%Y-%m-%d}" for trade in lost] == ["2020-03-13"]
    assert lost[0].exit_price > 1.95 * lost[0].entry_price
    bar = lost[0].exit_bar or 0
    assert 0.43 < 1 - result.equity[bar] / result.equity[bar - 1] < 0.5
