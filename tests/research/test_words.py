"""What strategies and studies say of themselves: a notebook shows no more than that."""

from __future__ import annotations

import re
from typing import Any

import pytest

import candlewick as cw
from tests.research.hills import Cross, walk

BARS = walk(24 * 60)


def said(what: str) -> Any:
    match what:
        case "strategy":
            return Cross(fast=4)
        case "result":
            return cw.backtest(Cross, BARS)
        case "optimisation":
            return cw.optimise(Cross, BARS, method="random", trials=4)
        case "walk_forward":
            return cw.walk_forward(Cross, BARS, train="20d", test="10d", method="random", trials=4)
        case "cross_validation":
            return cw.cross_validate(Cross, BARS, groups=4, trials=4)
        case "monte_carlo":
            return cw.monte_carlo(cw.backtest(Cross, BARS), runs=50)
        case "stress":
            return cw.stress(Cross(), BARS)
        case "comparison":
            return cw.compare([cw.backtest(each, BARS) for each in (Cross(), Cross(fast=5))], runs=50)
        case "lookahead":
            return cw.lookahead(Cross, BARS)
    return cw.readiness(Cross, BARS, train="20d", test="10d", trials=4)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("strategy", r"Cross\(fast=4, slow=8, shorts=False\)"),
        ("result", r"<Cross on X: 10,000.00 became [\d,.]+ in \d+ trades>"),
        ("optimisation", r"<4 trials of Cross for sharpe by random: \{'fast': .*\}>"),
        (
            "walk_forward",
            r"<4 windows of Cross: 10,000.00 became [\d,.]+ out of sample in \d+ trades, "
            r"\d+% of the windows gained>",
        ),
        ("cross_validation", r"<6 splits of Cross: \d of 3 paths gained; .*\d%\.>"),
        ("monte_carlo", r"<50 runs by reshuffle: .*\(p = 0\.\d+\): .*>"),
        ("stress", r"<\d+ scenarios for Cross: '.*' leaves least \([+−][\d.]+%\)>"),
        ("comparison", r"<2 runs by sharpe: .*>"),
        ("lookahead", r"Cross does not look ahead: .*(\n- .*)*"),
        ("readiness", r"Cross is not ready: \w+ things? stands? between it and paper\.(\n- .*)+"),
    ],
)
def test_it_is_told_in_words(what: str, words: str) -> None:
    told = repr(said(what))
    assert re.fullmatch(words, told), told
    assert len(told) < 2_000
