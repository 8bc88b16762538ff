"""js/terminal/chart/study.js: an indicator's pages and live values become lines, candles and signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

from candlewick.market.indicators.catalogue import described

KINDS = {kind["name"]: kind for kind in described()}
PREPARE = """async ([kind, key, times]) => {
    const { CandlestickSeries, createChart } = await import('lightweight-charts');
    const { SplitSeries } = await import('/js/terminal/chart/split.js');
    const { Study } = await import('/js/terminal/chart/study.js');
    document.body.replaceChildren();
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'width: 600px; height: 300px';
    const chart = createChart(box);
    const candles = new SplitSeries(chart, CandlestickSeries, {});
    candles.setAll(times.map((time) => ({ time, open: 10, high: 12, low: 8, close: 11 })));
    const look = { key, colors: {}, width: 1, style: 'solid', hidden: false };
    const pane = kind.pane === 'own' ? 1 : 0;
    window.chart = chart;
    window.study = new Study(chart, { kind, look, pane, candles, places: () => 2 });
    const ours = [candles.history, candles.live];
    const all = chart.panes().flatMap((pane) => pane.getSeries());
    window.made = all.filter((series) => !ours.includes(series));
    // by time and value, the two parts of each series together, in the order in which they were made
    window.drawn = () => {
        const lines = [];
        for (let at = 0; at < made.length; at += 2) {
            const points = [...made[at].data(), ...made[at + 1].data()];
            const all = new Map(points.map((point) => [point.time, point]));
            lines.push([...all.values()].sort((a, b) => a.time - b.time));
        }
        return lines;
    };
}"""


class Drawn:
    """A study on a chart of its own, bars 60 seconds apart."""

    def __init__(self, page: Page, name: str, key: str = "", *, bars: int = 10) -> None:
        self.page = page
        kind = KINDS[name]
        page.evaluate(PREPARE, [kind, key or kind["key"], [60 * n for n in range(bars)]])

    def page_of(self, how: str, first: int, **lines: Sequence[float | None]) -> None:
        """Give it a page of its lines that begins with bar `first`."""
        told = {
            name: [{"time": 60 * (first + n), "value": value} for n, value in enumerate(values)]
            for name, values in lines.items()
        }
        self.page.evaluate(
            "([how, lines, reach]) => { study[how](lines); study.reach = reach; }",
            [how, told, 60 * first],
        )

    def live(self, bar: int, **told: Any) -> None:
        self.page.evaluate("(told) => study.update(told, 60)", {"time": 60 * bar, **told})

    def lines(self) -> list[list[tuple[int, float]]]:
        """Bar and value of the points of each series."""
        return [[(point["time"] // 60, point["value"]) for point in line] for line in self.points()]

    def points(self) -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = self.page.evaluate("drawn()")
        return found

    def figures(self) -> list[str]:
        found: list[str] = self.page.evaluate("study.figures(null).map(({ text }) => text)")
        return found


def test_a_line_has_its_pages_in_order_and_follows_the_open_bar(modules: Page) -> None:
    ema = Drawn(modules, "ema")
    ema.page_of("prepend", 5, ema=[5.0, 6.0])
    ema.page_of("prepend", 2, ema=[None, 3.0, 4.0])
    ema.live(6, value=6.5)
    ema.live(7, value=7.0)

    assert ema.lines() == [[(3, 3.0), (4, 4.0), (5, 5.0), (6, 6.5), (7, 7.0)]]
    assert ema.figures() == ["7.00"]


def test_a_live_value_waits_for_the_history_that_it_belongs_to(modules: Page) -> None:
    ema = Drawn(modules, "ema")
    ema.live(9, value=1.0)

    assert ema.lines() == [[]]


def test_lines_of_one_indicator_take_their_own_values(modules: Page) -> None:
    macd = Drawn(modules, "macd")
    macd.page_of("prepend", 0, macd=[1.0, 2.0], signal=[3.0, 4.0], histogram=[-2.0, 2.0])
    macd.live(2, values={"macd": 5.0, "signal": 6.0, "histogram": None})

    assert macd.lines() == [
        [(0, 1.0), (1, 2.0), (2, 5.0)],
        [(0, 3.0), (1, 4.0), (2, 6.0)],
        [(0, -2.0), (1, 2.0)],
    ]
    below, above = macd.points()[2]
    assert below["color"] != above["color"], "a bar below zero is told from one above"


def test_an_older_page_of_a_sum_is_laid_against_the_bar_that_both_have(modules: Page) -> None:
    obv = Drawn(modules, "obv")
    obv.page_of("prepend", 5, obv=[100.0, 110.0])
    obv.page_of("prepend", 3, obv=[7.0, 9.0, 12.0])  # bar 5 is 12 here, and 100 there

    assert obv.lines() == [[(3, 95.0), (4, 97.0), (5, 100.0), (6, 110.0)]]


def test_a_live_sum_goes_on_from_the_level_that_is_drawn(modules: Page) -> None:
    obv = Drawn(modules, "obv")
    obv.page_of("prepend", 5, obv=[100.0, 110.0])
    obv.live(6, value=1_015.0, before=1_000.0)

    assert obv.lines() == [[(5, 100.0), (6, 115.0)]]


def test_a_sums_closed_bar_ends_where_the_server_closed_it(modules: Page) -> None:
    obv = Drawn(modules, "obv")
    obv.page_of("prepend", 5, obv=[100.0, 110.0])
    obv.live(6, value=1_015.0, before=1_000.0)
    obv.live(7, value=1_025.0, before=1_018.0)  # bar 6 traded 3 more before it closed

    assert obv.lines() == [[(5, 100.0), (6, 118.0), (7, 125.0)]]


def test_a_sum_that_the_server_began_anew_stays_at_its_level(modules: Page) -> None:
    obv = Drawn(modules, "obv")
    obv.page_of("prepend", 5, obv=[100.0, 110.0])
    obv.live(6, value=1_015.0, before=1_000.0)
    obv.live(6, value=17.0, before=2.0)

    assert obv.lines() == [[(5, 100.0), (6, 115.0)]]


def test_what_was_missed_of_a_sum_is_laid_against_the_bar_before(modules: Page) -> None:
    obv = Drawn(modules, "obv")
    obv.page_of("prepend", 5, obv=[100.0, 110.0])
    obv.page_of("merge", 5, obv=[1.0, 12.0, 13.0])

    assert obv.lines() == [[(5, 100.0), (6, 111.0), (7, 112.0)]]


def test_a_line_that_lags_is_drawn_so_many_bars_further_left(modules: Page) -> None:
    ichimoku = Drawn(modules, "ichimoku", "ichimoku:9:26:52:2")
    others = {name: [1.0] * 4 for name in ("conversion", "base", "leading_a", "leading_b")}
    ichimoku.page_of("prepend", 6, lagging=[6.0, 7.0, 8.0, 9.0], **others)
    ichimoku.live(9, values={**dict.fromkeys(others, 1.0), "lagging": 9.5})

    assert ichimoku.lines()[-1] == [(4, 6.0), (5, 7.0), (6, 8.0), (7, 9.5)]


def test_an_older_page_leaves_no_hole_in_a_line_that_lags(modules: Page) -> None:
    ichimoku = Drawn(modules, "ichimoku", "ichimoku:9:26:52:2")
    names = ("conversion", "base", "leading_a", "leading_b", "lagging")
    ichimoku.page_of("prepend", 6, **{name: [6.0, 7.0] for name in names})
    ichimoku.page_of("prepend", 2, **{name: [2.0, 3.0, 4.0, 5.0, 6.0, 7.0] for name in names})

    assert ichimoku.lines()[-1] == [(bar, float(bar + 2)) for bar in range(6)]


def test_heikin_ashi_are_candles(modules: Page) -> None:
    heikin_ashi = Drawn(modules, "heikin_ashi")
    heikin_ashi.page_of("prepend", 0, open=[1.0], high=[4.0], low=[0.5], close=[3.0])
    heikin_ashi.live(1, values={"open": 2.0, "high": 5.0, "low": 1.5, "close": 4.0})

    first, live = heikin_ashi.points()[0]
    assert (first["open"], first["high"], first["low"], first["close"]) == (1.0, 4.0, 0.5, 3.0)
    assert (live["time"], live["close"]) == (60, 4.0)
    assert modules.evaluate("study.isCandles")


def test_a_pattern_is_a_sign_and_no_line(modules: Page) -> None:
    doji = Drawn(modules, "cdl_doji")
    doji.page_of("prepend", 0, pattern=[0.0, 100.0, 0.0])
    doji.live(3, value=-100.0)

    assert doji.lines() == []
    assert doji.figures() == ["−100"]


def test_a_line_that_turns_shows_its_direction(modules: Page) -> None:
    supertrend = Drawn(modules, "supertrend")
    supertrend.page_of("prepend", 0, line=[8.0, 13.0], direction=[1.0, -1.0])

    ((rising, falling),) = supertrend.points()
    assert (rising["value"], falling["value"]) == (8.0, 13.0)
    assert rising["color"] != falling["color"]


def test_every_indicator_is_drawn_and_taken_away_again(modules: Page) -> None:
    for name, kind in KINDS.items():
        study = Drawn(modules, name, bars=60)
        lines = {output["name"]: [1.0] * 40 for output in kind["outputs"]}
        study.page_of("prepend", 0, **lines)
        values = dict.fromkeys(lines, 4.0) if len(lines) > 1 else None
        study.live(40, value=4.0, values=values, before=2.0)

        assert "—" not in study.figures(), name
        modules.evaluate("study.remove()")
        assert modules.evaluate("chart.panes().flatMap((pane) => pane.getSeries()).length") == 2, name
