"""The trades of a backtest on charts: only those in view are drawn, and each can be asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.calls import call
from tests.e2e.conftest import DESKTOP, PHONE, violations

OpenPage = Callable[..., Page]
SYMBOL: Final = "BTCUSDT-PERP"
TERMINAL: Final = f"/terminal/?symbol={SYMBOL}&interval=1m"
PREPARE = """async ([bars, trades]) => {
    const { CandlestickSeries, createChart } = await import('lightweight-charts');
    const { SplitSeries } = await import('/js/terminal/chart/split.js');
    const { Trips } = await import('/js/terminal/chart/trips.js');
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'width: 600px; height: 300px';
    window.chart = createChart(box);
    const candles = new SplitSeries(chart, CandlestickSeries, {});
    const bar = (_, n) => ({ time: 60 * n, open: 10, high: 12, low: 8, close: 11 });
    candles.setAll(Array.from({ length: bars }, bar));
    window.trips = new Trips(candles);
    trips.show(trades);
    window.frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    window.look = async (from, to) => {
        chart.timeScale().setVisibleLogicalRange({ from, to });
        await frame();
        return trips.drawn;
    };
    const x = (bar) => chart.timeScale().logicalToCoordinate(bar);
    window.place = (bar, price) => [x(bar), candles.history.priceToCoordinate(price)];
}"""


def trades(
    *spans: tuple[int, int | None], stop: float | None = None, target: float | None = None
) -> dict[str, Any]:
    """Trades by the bars in which they begin and end, bought at 9 and sold at 11."""
    count = len(spans)
    return {
        "symbol": "sim:BTCUSDT",
        "timeframe": "1m",
        "left_off": 0,
        "side": [1] * count,
        "entry_time": [60 * entry for entry, _ in spans],
        "exit_time": [None if exit is None else 60 * exit for _, exit in spans],
        "entry_price": [9.0] * count,
        "exit_price": [11.0] * count,
        "size": [0.5] * count,
        "pnl": [1.0] * count,
        "returned": [0.0222] * count,
        "stop": [stop] * count,
        "target": [target] * count,
        "reason": ["take_profit" if exit is not None else "open" for _, exit in spans],
    }


def prepare(page: Page, drawn: dict[str, Any], *, bars: int = 500) -> None:
    page.evaluate(PREPARE, [bars, drawn])


def test_of_thousands_only_those_in_view_are_drawn(modules: Page) -> None:
    spans = [(n, n + 1) for n in range(0, 22_000, 2)]
    prepare(modules, trades(*spans), bars=22_000)

    assert modules.evaluate("trips.length") == 11_000
    assert 45 <= modules.evaluate("look(1000, 1100)") <= 55


def test_a_trade_that_began_before_the_view_is_drawn_in_it(modules: Page) -> None:
    prepare(modules, trades((10, 400), (410, 420)))

    assert modules.evaluate("look(100, 150)") == 1
    assert modules.evaluate("look(430, 480)") == 0


def test_a_trade_that_is_open_reaches_to_the_last_candle(modules: Page) -> None:
    prepare(modules, trades((10, 20), (30, None)))

    assert modules.evaluate("look(400, 450)") == 1
    assert modules.evaluate("trips.describe(1, 1).lines").count(["Why", "open"]) == 1


def test_none_are_drawn_once_they_are_taken_away(modules: Page) -> None:
    prepare(modules, trades((10, 20)))
    assert modules.evaluate("look(0, 50)") == 1

    modules.evaluate("trips.show(null)")

    assert modules.evaluate("look(0, 51)") == 0


def test_the_trade_under_the_pointer_is_found_and_told(modules: Page) -> None:
    prepare(modules, trades((10, 20), (30, 40), stop=8.5, target=11.0))
    modules.evaluate("look(0, 60)")

    middle, beside = ("trips.under(...place(35, 10))", "trips.under(...place(25, 10))")
    assert (modules.evaluate(middle), modules.evaluate(beside)) == (1, -1)
    assert modules.evaluate("trips.describe(1, 1)") == {
        "title": "Long 0.5",
        "result": "+1.00 (+2.22%)",
        "isWin": True,
        "lines": [
            ["In", "9.0 · 1970-01-01 00:30"],
            ["Out", "11.0 · 1970-01-01 00:40"],
            ["Stop", "8.5"],
            ["Target", "11.0"],
            ["Why", "take profit"],
        ],
    }


# with a backtest that was run


@pytest.fixture(scope="module")
def study() -> dict[str, str]:
    """The number of the backtest, once it is run."""
    return {}


@pytest.fixture
def backtest(open_page: OpenPage, study: dict[str, str]) -> str:
    """A backtest over what the simulated exchange has of its minutes."""
    if "id" not in study:
        page = open_page(TERMINAL)
        expect(page.locator("#chart")).to_have_attribute("data-state", "live")
        asked = {"strategy": "EmaCross", "symbols": [SYMBOL], "timeframe": "1m", "name": "Crosses"}
        answer = call(page, "POST", "/api/research/backtests/", asked)
        assert answer.ok, answer.text()
        id = answer.json()["id"]
        page.goto(f"/research/{id}/")
        expect(page.locator("#study")).to_have_attribute("data-state", "done")
        study["id"] = id
    return study["id"]


def test_the_terminal_shows_the_trades_of_a_backtest_and_takes_them_away(
    open_page: OpenPage, backtest: str
) -> None:
    page = open_page(TERMINAL)
    expect(page.locator("#chart")).to_have_attribute("data-state", "live")

    page.get_by_role("button", name="Trades of").click()
    page.get_by_role("button", name=re.compile(r"^Crosses 1m · \d+ trades$")).click()

    shown = page.locator(".trades-of")
    expect(shown).to_contain_text("Trades of Crosses, 1m")
    shown.get_by_role("button", name="Take these trades off the chart").click()
    expect(shown).to_be_hidden()


def test_another_symbol_is_without_the_trades_of_the_first(open_page: OpenPage, backtest: str) -> None:
    page = open_page(f"{TERMINAL}&backtest={backtest}")
    expect(page.locator(".trades-of")).to_contain_text("Trades of Crosses")

    page.evaluate(
        "document.querySelector('[data-symbol=ETHUSDT] .symbol, [data-symbol=BTCUSDT] .symbol').click()"
    )

    expect(page.locator(".trades-of")).to_be_hidden()
    page.get_by_role("button", name="Trades of").click()
    expect(page.locator("#trades-menu")).to_contain_text("No backtest of yours traded")


def test_a_studys_page_steps_from_trade_to_trade(open_page: OpenPage, backtest: str) -> None:
    page = open_page(f"/research/{backtest}/")
    page.locator("#trades-chart").scroll_into_view_if_needed()
    said = page.locator("#trades-said")
    expect(said).to_have_text(re.compile(r"^Trade (\d+) of \1$"))
    expect(page.locator("#trade-after")).to_be_disabled()
    told = page.locator("#trade-told").inner_text()
    assert re.match(r"(Long|Short) [\d.]+, [+−]?[\d,.]+ \([+−]?[\d.]+%\) · In [\d,.]+", told)

    page.locator("#trade-before").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#trade-told")).not_to_have_text(told)
    page.locator("#trade-after").click()
    expect(page.locator("#trade-told")).to_have_text(told)
    page.get_by_role("link", name="On the terminal").click()
    expect(page.locator(".trades-of")).to_contain_text("Trades of Crosses")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_axe_finds_nothing_on_a_study_with_its_trades(
    open_page: OpenPage, backtest: str, size: tuple[int, int]
) -> None:
    page = open_page(f"/research/{backtest}/", size=size)
    page.locator("#trades-chart").scroll_into_view_if_needed()
    expect(page.locator("#trades-said")).to_have_text(re.compile(r"^Trade"))

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
