"""`/api/research/backtests/{id}/trades/`: the trades of a backtest as a chart draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.test import Client

from candlewick.backtest.market import Market
from candlewick.backtest.result import Result
from candlewick.backtest.run import backtest
from candlewick.research.loading import bundled_of
from candlewick.runtime.jobs import folders
from candlewick.runtime.jobs.kinds import results
from candlewick.store.models import Job, JobState, User
from candlewick.web.services import Services
from tests.web.conftest import Browser
from tests.web.research import ground

SPEC = {"strategy": "EmaCross", "symbols": [ground.PERP, ground.SPOT], "timeframe": "1h"}


@pytest.fixture
def result(services: Services) -> Result:
    """A backtest over both markets of the lake."""
    bars = [services.lake.candles(id, "1h", None, None, ground.HOURS) for id in SPEC["symbols"]]
    return backtest(bundled_of("EmaCross").strategy(), [Market(each) for each in bars])


@pytest.fixture
def study(ann: User, result: Result) -> Job:
    """The same as a study of Ann's that is done."""
    job = ground.ended(
        ann.pk, JobState.DONE, spec=SPEC, name="Crosses", summary={"trades": len(result.trades)}
    )
    folder = folders.folder_of(settings.DATA_DIR, job.pk)
    folder.mkdir(parents=True, exist_ok=True)
    results.keep(folder, result)
    return job


def told(client: Client, job: Job, **query: Any) -> Any:
    answer = client.get(f"/api/research/backtests/{job.pk}/trades/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_tells_every_trade_of_the_market_in_order_of_its_entry(
    client: Client, study: Job, result: Result
) -> None:
    columns = told(client, study, symbol="BTCUSDT")

    expected = sorted(
        (trade for trade in result.trades if trade.symbol == result.markets[1].symbol),
        key=lambda trade: trade.entry_bar,
    )
    assert len(expected) > 3
    assert (columns["symbol"], columns["timeframe"], columns["left_off"]) == (ground.SPOT, "1h", 0)
    for at, trade in enumerate(expected):
        assert columns["side"][at] == (1 if trade.side == "long" else -1)
        assert columns["entry_time"][at] == int(trade.entry_time.timestamp())
        assert columns["exit_time"][at] == (trade.exit_time and int(trade.exit_time.timestamp()))
        assert columns["entry_price"][at] == trade.entry_price
        assert columns["exit_price"][at] == trade.exit_price
        assert columns["pnl"][at] == trade.pnl
        assert columns["returned"][at] == pytest.approx(trade.return_)
        assert columns["reason"][at] == trade.reason


def test_it_tells_where_stop_and_target_stood_and_nothing_where_there_were_none(
    client: Client, study: Job
) -> None:
    path = folders.folder_of(settings.DATA_DIR, study.pk) / "trades.npy"
    rows = np.load(path)
    first = int(np.argmin(np.where(rows["market"] == 0, rows["entry_bar"], np.iinfo(np.int64).max)))
    rows["stop"][first], rows["target"][first] = 40_000.0, 60_000.0
    np.save(path, rows)

    columns = told(client, study)

    assert (columns["stop"][0], columns["target"][0]) == (40_000.0, 60_000.0)
    assert (columns["stop"][1], columns["target"][1]) == (None, None)


def test_a_run_that_was_kept_before_targets_were_written_has_none(client: Client, study: Job) -> None:
    path = folders.folder_of(settings.DATA_DIR, study.pk) / "trades.npy"
    rows = np.load(path)
    np.save(path, rows[[name for name in rows.dtype.names if name != "target"]])

    assert set(told(client, study)["target"]) == {None}


def test_it_begins_with_the_first_market(client: Client, study: Job) -> None:
    assert told(client, study)["symbol"] == ground.PERP


def test_of_too_many_it_tells_the_newest_and_how_many_are_left_off(client: Client, study: Job) -> None:
    whole, part = told(client, study), told(client, study, limit=2)

    assert part["entry_time"] == whole["entry_time"][-2:]
    assert part["left_off"] == len(whole["side"]) - 2


def test_a_market_that_was_not_traded_has_no_trades(client: Client, study: Job) -> None:
    assert client.get(f"/api/research/backtests/{study.pk}/trades/?symbol=ETHUSDT").status_code == 404


def test_a_study_that_is_not_done_says_so(client: Client, ann: User) -> None:
    job = ground.ended(ann.pk, JobState.CANCELLED, spec=SPEC, name="Left off")

    answer = client.get(f"/api/research/backtests/{job.pk}/trades/")

    assert answer.status_code == 409
    assert "'Left off' has no trades to show" in answer.json()["detail"]


def test_nobody_else_sees_them(browser: Browser, bob: User, study: Job) -> None:
    assert browser(bob).get(f"/api/research/backtests/{study.pk}/trades/").status_code == 404
    assert browser(bob).get("/api/dashboard/charts/backtests/?symbol=BTCUSDT").json() == []


def test_a_chart_is_offered_the_backtests_of_its_market(client: Client, ann: User, study: Job) -> None:
    ground.ended(ann.pk, JobState.FAILED, spec=SPEC)
    ground.ended(ann.pk, JobState.DONE, spec=SPEC | {"symbols": ["sim:ETHUSDT"]})

    (offered,) = client.get("/api/dashboard/charts/backtests/?symbol=BTC/USDT").json()

    assert (offered["id"], offered["name"], offered["timeframe"]) == (study.pk, "Crosses", "1h")
    assert offered["trades"] > 3


def test_its_page_calls_markets_as_people_do_and_draws_trades_once(client: Client, study: Job) -> None:
    page = client.get(f"/research/{study.pk}/").content.decode()

    assert f'<option value="{ground.PERP}">BTCUSDT-PERP</option>' in page
    assert '<th scope="row">BTCUSDT-PERP</th>' in page
    assert '<th scope="row">sim:' not in page
    assert "Trades on the chart" in page
    assert "Trades in" not in page
