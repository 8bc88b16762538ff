"""Research and strategies as a person uses them: asked for, followed live, read; and put to work."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle
from candlewick.store.lake import Lake
from tests.e2e.conftest import DESKTOP, PHONE, TABLET, Up, violations

OpenPage = Callable[..., Page]
START: Final = 1_704_067_200  # 2024-01-01
HOURS: Final = 24 * 90
STUDIES_MS: Final = 300_000  # a worker may have to compile first


@pytest.fixture(scope="module", autouse=True)
def _bars(up: Up) -> None:
    """Ninety days of hours, ended long before the simulated exchange's own."""
    rng = np.random.default_rng(11)
    close = 40_000 * np.exp(np.cumsum(rng.normal(0, 0.008, HOURS)))
    with Lake(up.data_dir / "lake") as lake:
        lake.put_candles([_candle(at, close) for at in range(HOURS)])


def _candle(at: int, close: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Candle:
    opened, closed = float(close[max(at - 1, 0)]), float(close[at])
    moment = START + at * 3_600
    known = (moment + 3_600) * NS_PER_S
    return Candle(
        "sim:BTCUSDT", "1h", moment, opened, max(opened, closed), min(opened, closed), closed, 5.0, True,
        known, known,
    )  # fmt: skip


def asked(page: Page, kind: str) -> None:
    """Fill the form of a new study, and run it."""
    page.goto(f"/research/new/?kind={kind}&strategy=EmaCross&market=BTCUSDT%7C1h")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/research/[0-9a-f]{24}/"))


def done(page: Page) -> None:
    """The page has drawn the result by itself."""
    expect(page.locator("#study")).to_have_attribute("data-state", "done", timeout=STUDIES_MS)


def test_a_backtest_is_asked_for_and_its_result_comes_by_itself(open_page: OpenPage) -> None:
    page = open_page("/research/new/?strategy=EmaCross&market=BTCUSDT%7C1h")
    page.get_by_label("fast").fill("8")
    page.get_by_label("Name", exact=True).fill("Eight and twenty-six")
    page.evaluate("window.isTheSamePage = true")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/research/[0-9a-f]{24}/"))
    done(page)
    expect(page.get_by_role("list", name="At a glance")).to_contain_text("Sharpe")
    expect(page.locator("[data-curve=equity] canvas")).to_be_visible()
    expect(page.get_by_role("table").filter(has_text="Entry price").locator("tbody tr").first).to_be_visible()
    expect(page.locator("dd").filter(has_text="fast 8, slow 26").first).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("link", name="Tear sheet").click()
    assert "Eight" not in kept.value.suggested_filename
    assert kept.value.path().read_text().startswith("<!doctype html>")
    page.goto("/research/")
    expect(page.get_by_role("row").filter(has_text="Eight and twenty-six")).to_contain_text("Done")


def test_bars_that_are_not_here_yet_are_brought_in_and_chosen(open_page: OpenPage) -> None:
    page = open_page("/research/new/?strategy=EmaCross")
    page.get_by_text("Bring in other bars").click()
    page.get_by_label("Market", exact=True).fill("ltcusdt")
    page.get_by_label("Of the last").select_option("365")
    page.get_by_role("button", name="Bring them in").click()

    expect(page.locator("#bring-said")).to_have_text("8,760 bars are here.")
    expect(page.get_by_label("Bars", exact=True)).to_have_value("LTCUSDT|1h")
    begin = date.fromisoformat(page.get_by_label("From").input_value())
    end = date.fromisoformat(page.get_by_label("until").input_value())
    assert timedelta(365) <= end - begin <= timedelta(367)
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/research/[0-9a-f]{24}/"))
    done(page)
    expect(page.get_by_role("list", name="At a glance")).to_contain_text("Sharpe")


def test_a_perpetual_s_funding_comes_with_its_bars_and_is_paid_by_a_study(open_page: OpenPage) -> None:
    page = open_page("/research/new/?strategy=EmaCross")
    page.get_by_text("Bring in other bars").click()
    page.get_by_label("Market", exact=True).fill("LTCUSDT-PERP")
    page.get_by_label("Of the last").select_option("365")
    page.get_by_role("button", name="Bring them in").click()

    expect(page.locator("#bring-said")).to_have_text("8,760 bars and 1,095 payments of funding are here.")
    expect(page.get_by_label("Bars", exact=True)).to_have_value("LTCUSDT-PERP|1h")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/research/[0-9a-f]{24}/"))
    done(page)
    told = page.request.get(f"/api/research/backtests/{page.url.split('/')[-2]}/").json()
    assert told["result"]["metrics"]["funding"] not in (None, 0)
    assert not [each for each in told["result"]["warnings"] if "unding" in each]


def test_a_market_that_nobody_lists_is_said_to_be_unknown(open_page: OpenPage) -> None:
    page = open_page("/research/new/?strategy=EmaCross", expects_faults=True)
    page.get_by_text("Bring in other bars").click()
    page.get_by_label("Market", exact=True).fill("nope")
    page.get_by_role("button", name="Bring them in").click()

    expect(page.locator("#bring-said")).to_contain_text("Unknown symbol 'NOPE'")


def test_a_search_draws_its_heatmap_within_the_page_s_policy(open_page: OpenPage) -> None:
    page = open_page("/research/")
    asked(page, "optimisation")
    done(page)
    page.locator("[data-plotly=heatmap]").scroll_into_view_if_needed()
    expect(page.locator("[data-plotly=heatmap]")).to_have_attribute("data-state", "shown")
    expect(page.locator("[data-plotly=heatmap] svg.main-svg").first).to_be_visible()
    page.get_by_role("link", name=re.compile("^Backtest set")).first.click()
    expect(page.get_by_role("heading", name="New study")).to_be_visible()
    best = page.get_by_label("fast").input_value()
    assert best.isdecimal()


def test_a_study_that_runs_is_cancelled(open_page: OpenPage) -> None:
    page = open_page("/research/new/?kind=walk_forward&strategy=EmaCross&market=BTCUSDT%7C1h")
    for part, value in (("low", "5"), ("high", "50"), ("step", "1")):
        page.locator(f"[name=p_fast_{part}]").fill(value)
    page.locator("[name=p_slow_step]").fill("1")
    page.locator("[name=s_train]").fill("30d")
    page.locator("[name=s_test]").fill("2d")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#study")).to_have_attribute("data-state", "cancelled", timeout=STUDIES_MS)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_two_backtests_stand_side_by_side(open_page: OpenPage) -> None:
    page = open_page("/research/")
    for _ in range(2):
        asked(page, "backtest")
        done(page)
    page.goto("/research/?kind=backtest&state=done")
    boxes = page.get_by_role("checkbox")
    boxes.nth(0).check()
    expect(page.get_by_role("button", name="Choose two or more")).to_be_disabled()
    boxes.nth(1).check()
    page.get_by_role("button", name="Compare these 2").click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Sharpe").first).to_be_visible()


def test_a_strategy_is_put_to_work_paused_and_stopped(open_page: OpenPage) -> None:
    page = open_page("/strategies/library/EmaCross/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Put to work").click()
    page.get_by_label("Bars of").select_option("1m")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#at-work")).to_contain_text("Running")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#at-work .head .state")).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#at-work .head .state")).to_have_text("Running")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#at-work .head .state")).to_have_text("Stopped")
    page.goto("/strategies/")
    expect(page.get_by_text("1 ended")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_everybody_can_read_and_reach_the_pages(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page("/research/", size=size)
    asked(page, "backtest")
    done(page)
    study = page.url
    for path in (
        study,
        "/research/",
        "/research/new/?kind=optimisation",
        "/strategies/",
        "/strategies/library/Grid/",
    ):
        page.goto(path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
