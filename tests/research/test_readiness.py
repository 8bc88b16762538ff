"""Whether a strategy may be traded: luck may not, an edge may, and what is unknown is never enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick import Param, Strategy
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.research.evidence import PaperRun, capacity, drift_of
from candlewick.research.readiness import Readiness, readiness
from candlewick.research.thresholds import THRESHOLDS, Threshold
from candlewick.research.walk_forward import Choice
from tests.research.ground import HOUR, START, Follow, Said, at, bars_from, noise, persistent

BARS = 24 * 400
DAY = 24 * HOUR


def skilled_bars() -> Bars:
    """A market with a memory, and large enough for whoever finds it."""
    bars = persistent(BARS, memory=0.16, spread=0.004)
    return replace(bars, volume=np.full(BARS, 1e9))


@pytest.fixture(scope="module")
def skilled() -> Readiness:
    return readiness(Follow, skilled_bars(), fee_taker=0.0)


@pytest.fixture(scope="module")
def lucky() -> Readiness:
    return readiness(Follow, noise(BARS, spread=0.004), fee_taker=0.0005)


def check(found: Readiness, name: str) -> Any:
    return next(each for each in found.checks if each.name == name)


def test_an_edge_is_ready_for_paper_and_for_live_only_after_it(skilled: Readiness) -> None:
    assert skilled.ready_for == "paper", skilled.reasons
    assert {each.name for each in skilled.checks if not each.passed} == {"paper_days", "paper_drift"}
    assert skilled.verdict == "Follow is ready for paper; 2 things stand between it and live."
    assert "Days on paper: unknown. It has not been run on paper yet." in skilled.reasons


def test_noise_is_ready_for_nothing(lucky: Readiness) -> None:
    assert lucky.ready_for == "nothing"
    assert not check(lucky, "sharpe").passed_for_paper
    assert lucky.reasons == [each.sentence for each in lucky.checks if not each.passed_for_paper]


def test_what_pays_no_fees_and_has_no_skill_is_hardly_ever_let_through() -> None:
    verdicts = [
        readiness(Follow, noise(24 * 250, seed=seed, spread=0.004), fee_taker=0.0).ready_for
        for seed in range(8)
    ]
    assert "live" not in verdicts
    assert verdicts.count("paper") <= 2


def test_each_figure_is_that_of_its_study(skilled: Readiness) -> None:
    walk, validation, draws = skilled.walk, skilled.validation, skilled.draws
    assert walk is not None
    assert validation is not None
    assert draws is not None
    assert check(skilled, "sharpe").figure == walk.metrics["sharpe"]
    assert check(skilled, "trades").figure == len(walk.trades)
    assert check(skilled, "drawdown").figure == walk.metrics["max_drawdown"]
    assert check(skilled, "profit_factor").figure == walk.metrics["profit_factor"]
    assert check(skilled, "retention").figure == walk.sharpe_retention
    assert check(skilled, "overfitting").figure == validation.pbo
    assert check(skilled, "luck").figure == draws.p_value
    assert check(skilled, "ruin").figure == draws.ruin
    assert validation.best is not None
    assert skilled.parameters == validation.sets[validation.best]


def test_a_year_on_paper_like_its_backtest_makes_it_ready_for_live(skilled: Readiness) -> None:
    bars = skilled_bars()
    start = int(bars.time[BARS - 24 * 30])
    run = cw.backtest(Follow(**skilled.parameters), bars, fee_taker=0.0)
    rows = run.time >= start
    paper = PaperRun.of(run.time[rows], run.equity[rows])
    found = readiness(Follow, bars, fee_taker=0.0, paper=paper)
    assert check(found, "paper_days").figure == 29
    assert check(found, "paper_drift").figure < 0.25
    assert found.ready_for == "live", found.reasons
    assert found.verdict == f"Follow is ready for live: it passes all {len(found.checks)} checks."


def test_a_paper_run_that_went_elsewhere_stops_it() -> None:
    bars = skilled_bars()
    time = bars.time[BARS - 24 * 30 :]
    found = readiness(Follow, bars, fee_taker=0.0, paper=PaperRun.of(time, np.full(len(time), 1_000.0)))
    assert check(found, "paper_drift").figure == pytest.approx(1.0)
    assert found.ready_for == "paper"


def test_a_strategy_that_knows_the_future_is_ready_for_nothing() -> None:
    class Prophet(Follow):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            up = np.diff(bars.close, append=bars.close[-1]) > 0
            return cw.Signals(enter_long=up, exit_long=~up)

    found = readiness(Prophet, skilled_bars()[: 24 * 200], fee_taker=0.0)
    assert not check(found, "lookahead").passed_for_paper
    assert "looks ahead: do not believe its backtest" in check(found, "lookahead").sentence
    assert found.ready_for == "nothing"


def test_what_never_trades_is_told_so_and_not_a_number() -> None:
    class Idle(Follow):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            return cw.Signals(enter_long=False)

    found = readiness(Idle, noise(24 * 200))
    assert found.ready_for == "nothing"
    assert found.walk is None
    for name in ("trades", "sharpe", "retention", "luck", "deflated_sharpe", "capacity", "ruin"):
        each = check(found, name)
        assert (each.figure, each.passed, each.passed_for_paper) == (None, False, False)
        assert "unknown" in each.sentence
    assert "None of 5 trials may be chosen" in check(found, "sharpe").sentence


def test_of_what_has_no_parameters_nothing_is_chosen() -> None:
    class Plain(Strategy):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            rise = np.diff(bars.close, prepend=bars.close[0])
            return cw.Signals(enter_long=rise > 0, exit_long=rise < 0)

    found = readiness(Plain, skilled_bars(), fee_taker=0.0)
    assert found.validation is None
    assert check(found, "overfitting").figure == 0.0
    assert "nothing to choose" in check(found, "overfitting").sentence
    assert found.walk is not None
    assert {step.trials for step in found.walk.steps} == {1}
    assert found.ready_for == "paper", found.reasons


def test_a_strategy_is_judged_with_its_own_parameters() -> None:
    found = readiness(Follow(look=3), skilled_bars()[: 24 * 200], fee_taker=0.0)
    assert found.parameters == {"look": 3}


def test_a_set_that_was_not_searched_counts_as_tried() -> None:
    bars = skilled_bars()[: 24 * 200]
    found = readiness(Follow(look=5), bars, space={"look": [1, 2]}, fee_taker=0.0)
    assert "3 sets were tried" in check(found, "deflated_sharpe").sentence
    among = readiness(Follow(look=2), bars, space={"look": [1, 2]}, fee_taker=0.0)
    assert "2 sets were tried" in check(among, "deflated_sharpe").sentence


def test_a_large_grid_is_tried_by_chance_and_no_further() -> None:
    class Wide(Follow):
        look = Param(1, low=1, high=60)

    found = readiness(Wide, noise(24 * 150), trials=6, constraints=["look < 50", "trades >= 1"])
    assert found.validation is not None
    assert len(found.validation.sets) == 6
    assert found.walk is not None
    assert {step.trials for step in found.walk.steps} == {6}


def test_the_same_input_gives_the_same_verdict(lucky: Readiness) -> None:
    again = readiness(Follow, noise(BARS, spread=0.004), fee_taker=0.0005)
    assert again.summary == lucky.summary


def test_it_goes_on_from_choices_that_were_kept() -> None:
    bars = noise(24 * 200)
    kept: dict[int, Choice] = {}
    whole = readiness(Follow, bars, on_piece=kept.__setitem__)
    again = readiness(Follow, bars, done=kept, on_piece=lambda *_: pytest.fail("it was made again"))
    assert again.summary == whole.summary


def test_it_tells_how_far_it_is() -> None:
    told: list[float] = []
    readiness(Follow, noise(24 * 150), progress=lambda share, step: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_threshold_holds_at_its_very_figure_and_an_unknown_one_never() -> None:
    least = Threshold("x", "X", "at least", 1.0, 2.0, "ratio")
    assert (least.holds(1.0, "paper"), least.holds(1.0, "live"), least.holds(2.0, "live")) == (
        True,
        False,
        True,
    )
    most = Threshold("x", "X", "at most", 0.2, 0.1, "fraction")
    assert (most.holds(0.2, "paper"), most.holds(0.11, "live")) == (True, False)
    assert not least.holds(None, "paper")
    assert Threshold("x", "X", "at least", None, 2.0, "ratio").holds(None, "paper")


def test_live_never_asks_for_less_than_paper() -> None:
    for each in THRESHOLDS.values():
        if each.paper is not None:
            assert each.holds(each.live, "paper")


def capacity_of(volume: float, size: float = 1.0) -> tuple[float | None, str]:
    bars = replace(bars_from(np.zeros(20)), volume=np.full(20, volume))
    said = Said(enter_long=at(20, 2), exit_long=at(20, 12), size=size)
    return capacity(cw.backtest(said, bars, cash=1_000, fee_taker=0.0))


def test_capacity_is_the_part_of_a_bars_volume() -> None:
    assert capacity_of(100.0)[0] == pytest.approx(0.1)
    assert capacity_of(100.0, size=0.5)[0] == pytest.approx(0.05)
    assert capacity_of(0.0)[0] is None
    assert "nothing was traded" in capacity_of(0.0)[1]


def idle_run() -> Result:
    return cw.backtest(Said(enter_long=at(24 * 20)), noise(24 * 20))


def test_drift_is_the_part_of_the_daily_returns_that_went_elsewhere() -> None:
    run = cw.backtest(Said(enter_long=True), noise(24 * 20), fee_taker=0.0)
    same = PaperRun.of(run.time, 7 * run.equity)
    days, (drift, _) = drift_of(run.metrics, same)
    assert days == 19
    assert drift == pytest.approx(0.0, abs=1e-9)
    half = PaperRun.of(run.time, 1_000 * np.sqrt(run.equity / 10_000))
    assert drift_of(run.metrics, half)[1][0] == pytest.approx(0.5, abs=0.05)
    assert drift_of(idle_run().metrics, same)[1][0] is None


@pytest.mark.parametrize(
    ("time", "equity"), [([1], [1.0]), ([1, 1], [1.0, 2.0]), ([1, 2], [1.0]), ([1, 2], [0.0, 1.0])]
)
def test_it_says_what_is_no_run_on_paper(time: list[int], equity: list[float]) -> None:
    with pytest.raises(UsageError, match=r"on paper"):
        PaperRun.of(time, equity)


def test_bars_that_end_before_the_run_on_paper_are_not_enough() -> None:
    late = PaperRun.of([START + 900 * DAY, START + 920 * DAY], [1.0, 1.0])
    found = readiness(Follow, noise(24 * 150), paper=late)
    assert "The bars end before it was run on paper" in check(found, "paper_days").sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train": "900d"}, "not one window of 900d and 30d fits in"),
        ({"space": {"lok": [1]}}, "Follow has no parameter 'lok'"),
        ({"trials": 0}, "trials is 0"),
        ({"cash": 0}, "cash is 0"),
        ({"constraints": ["nonsense > 3"]}, "'nonsense' in the constraint"),
    ],
)
def test_it_says_what_is_wrong_with_a_request(changes: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        readiness(Follow, noise(24 * 150), **changes)


def test_a_minus_is_a_minus_sign_in_figures_and_sentences_alike() -> None:
    drawdown = check(readiness(Follow(), noise(24 * 150)), "drawdown")
    assert drawdown.figure is not None
    assert drawdown.figure < 0
    assert drawdown.sentence.startswith("Maximum drawdown out of sample: −")
    assert "-" not in drawdown.sentence


def test_its_thresholds_are_those_that_are_published() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/readiness.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    published = {
        row.split("|")[1].strip(" `"): [cell.strip() for cell in row.split("|")[3:5]] for row in rows
    }
    expected = {}
    for each in THRESHOLDS.values():
        sign = "≥" if each.wants == "at least" else "≤"
        cells = [
            None if level is None else f"{sign} {each.written(level)}" for level in (each.paper, each.live)
        ]
        expected[each.name] = ["–" if cell is None else cell for cell in cells]
    assert published == expected


def test_a_run_on_paper_is_named_and_counts_only_for_the_parameters_that_it_ran_with() -> None:
    bars = persistent(24 * 200)
    time = bars.time[24 * 150 :: 24]
    run = PaperRun.of(
        time, np.linspace(100, 120, len(time)), name="Follow-1a2b on Paper", parameters={"look": 2}
    )
    same = readiness(Follow(look=2), bars, train="60d", test="30d", paper=run)
    days = next(check for check in same.checks if check.name == "paper_days")
    assert days.figure == 49
    assert "Taken from Follow-1a2b on Paper, 2" in days.sentence
    assert same.summary["paper"]["run"] == "Follow-1a2b on Paper"
    other = readiness(Follow(look=1), bars, train="60d", test="30d", paper=run)
    days = next(check for check in other.checks if check.name == "paper_days")
    assert days.figure is None
    assert "It ran with look=2: judge it with the same parameters." in days.sentence
