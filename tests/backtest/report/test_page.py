"""The tear sheet: what it says, and that it needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.report import sections, tear_sheet
from candlewick.backtest.result import Result
from candlewick.core.errors import StoreError
from candlewick.market.bars import Bars
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.strategy import Strategy


class Swing(Strategy):
    """In for two days, out for one. <script>alert("no")</script>"""

    every = cw.Param(36, low=12, high=100)

    def signals(self, bars: Bars, ind: Any) -> Signals:
        row = np.arange(len(bars)) % (2 * self.every)
        return Signals(
            enter_long=row == 5, exit_long=row == 5 + self.every, stop_loss=0.03, tag='<b>"swing"</b>'
        )


def walk(bars: int, symbol: str = "BTC<USDT") -> Bars:
    moves = np.random.default_rng(7).normal(0.0002, 0.01, bars)
    close = 100 * np.exp(np.cumsum(moves))
    opened = np.concatenate([[100.0], close[:-1]])
    return Bars.from_arrays(
        symbol=symbol, timeframe="1h", time=1_700_006_400 + 3600 * np.arange(bars), open=opened,
        high=np.maximum(opened, close) * 1.002, low=np.minimum(opened, close) * 0.998, close=close,
        volume=np.full(bars, 1e6),
    )  # fmt: skip


@pytest.fixture(scope="module")
def result() -> Result:
    return cw.backtest(Swing(), walk(4_000), cash=5_000)


class Reader(HTMLParser):
    """Collects what a page loads, and checks that what it opens it closes."""

    VOID = frozenset({"meta", "path", "rect", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("place", ["no/such/folder/sheet.html", "file/sheet.html", "."])
def test_a_place_that_takes_no_file_is_told(result: Result, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be written: .*\. Name a file"):
        result.to_html(tmp_path / place)


def test_it_is_one_file_without_script_or_address(result: Result, tmp_path: Path) -> None:
    page = result.to_html(tmp_path / "sheet.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in reader.seen}
    assert not any(
        name.startswith("on") or name in {"src", "href", "style"}
        for _, attrs in reader.seen
        for name in attrs
    )
    assert "//" not in re.sub(r"<pre>.*?</pre>", "", page, flags=re.DOTALL)


def test_what_people_wrote_stays_text(result: Result) -> None:
    page = tear_sheet(result)
    assert "<script>" not in page
    assert "BTC<USDT" not in page
    assert "&lt;b&gt;" in page


def test_it_says_the_figures_that_the_result_has(result: Result) -> None:
    sheet = sections(result)
    written = {each.name: each.text for _, group in sheet.groups for each in group}
    sharpe = result.metrics["sharpe"]
    assert sharpe is not None
    assert written["sharpe"] == f"{sharpe:.2f}".replace("-", "−")
    assert written["trades"] == f"{result.trades.closed.sum()}"
    assert written["deflated_sharpe"] == "—"
    assert sheet.trades_in_all == len(result.trades) == len(sheet.trades)
    assert [each.pnl for each in sheet.trades] == [f"{t.pnl:,.2f}".replace("-", "−") for t in result.trades]


def test_the_months_make_the_years_and_the_whole(result: Result) -> None:
    whole = 1.0
    for year in sections(result).years:
        whole *= 1 + float(year.total.text.replace("−", "-")) / 100
    assert whole == pytest.approx(result.equity[-1] / 5_000, rel=2e-3)


def test_the_same_run_has_the_same_fingerprints_and_another_has_others() -> None:
    def printed(run: Result) -> dict[str, str]:
        return {fact.label: fact.text for fact in sections(run).facts}

    one = printed(cw.backtest(Swing(), walk(500)))
    again = printed(cw.backtest(Swing(every=40), walk(500)))
    longer = printed(cw.backtest(Swing(), walk(501)))
    assert one["Data"] == again["Data"] != longer["Data"]
    assert one["Code"] == again["Code"] != "unknown"
    assert one["Parameters"] != again["Parameters"]


def test_a_run_without_a_trade_has_a_sheet_too() -> None:
    class Never(Strategy):
        def signals(self, bars: Bars, ind: Any) -> Signals:
            return Signals(enter_long=False)

    sheet = sections(cw.backtest(Never(), walk(50)))
    assert sheet.trades == ()
    assert any("0 closed trades" in each for each in sheet.warnings)
    assert "<table" in tear_sheet(cw.backtest(Never(), walk(50)))


def test_a_million_bars_are_drawn_with_as_many_points_as_there_are_pixels() -> None:
    from candlewick.backtest.report.charts import Line, lines

    values = np.random.default_rng(1).normal(0, 1, 1_000_000).cumsum()
    values[123_456] = 1e6
    svg = lines("walk", np.arange(1_000_000) * 60, [Line("walk", values, "own")], str)
    assert len(svg) < 100_000
    assert 'd="M' in svg
    top = min(float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", svg))
    assert top == 8.0  # the one high value is seen
