"""What may be asked for: each name looked up, each value judged, before anything is queued."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.runtime.jobs.kinds.request import Request, read
from candlewick.store.models import Job, User
from candlewick.web.research import asking
from candlewick.web.research.asking import Refused
from candlewick.web.research.kinds import AskedBacktest, kinds
from candlewick.web.services import Services
from tests.web.research.ground import asked

BACKTEST = kinds()["backtest"]


def ask(services: Services, owner: User, **changes: Any) -> Job:
    return asking.ask(services, owner.pk, BACKTEST, AskedBacktest(**asked(**changes)))


def refused(services: Services, owner: User, **changes: Any) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        ask(services, owner, **changes)
    assert not Job.objects.filter(owner=owner).exists(), "what is refused leaves nothing"
    return caught.value.errors


def test_it_writes_a_request_that_the_study_can_read(services: Services, ann: User) -> None:
    job = ask(
        services, ann, parameters={"fast": 9}, timerange="20240105-20240201", leverage=3, slippage_bps=2
    )
    request = read(job.spec, Request)
    assert request.strategy.endswith(":EmaCross")
    assert request.parameters == {"fast": 9, "slow": 26, "shorts": False}
    assert request.symbols == ["sim:BTCUSDT-PERP"]
    assert (request.leverage, request.slippage_bps, request.timerange) == (3, 2, "20240105-20240201")
    assert (job.state, job.name, job.source) == ("queued", "EmaCross · BTCUSDT-PERP 1h", "")


def test_it_sends_along_what_the_venue_says_of_the_instrument(services: Services, ann: User) -> None:
    request = read(ask(services, ann).spec, Request)
    instrument = request.instruments["sim:BTCUSDT-PERP"]
    assert (str(instrument.tick), str(instrument.lot), instrument.kind) == ("0.1", "0.001", "perp")
    assert instrument.min_notional == 5
    assert not instrument.inverse


def test_a_draft_waits_until_it_is_started(services: Services, ann: User) -> None:
    assert ask(services, ann, draft=True).state == "draft"


def test_it_names_what_is_near_an_unknown_strategy(services: Services, ann: User) -> None:
    assert "Did you mean EmaCross?" in refused(services, ann, strategy="EmaCros")["strategy"]


def test_it_tells_each_wrong_parameter_by_its_name(services: Services, ann: User) -> None:
    errors = refused(services, ann, parameters={"fast": 4, "slow": "long", "speed": 2})
    assert errors["parameters.fast"].endswith("give a whole number from 5 to 50.")
    assert "'long'" in errors["parameters.slow"]
    assert "It has: fast, slow, shorts." in errors["parameters.speed"]


def test_it_says_which_bars_there_are_instead(services: Services, ann: User) -> None:
    assert "there are bars of 1h" in refused(services, ann, timeframe="5m")["symbols"]
    assert "BTCUSDT" in refused(services, ann, symbols=["BTCUSD"])["symbols"]
    assert "2024-01-01 to 2024-03-01" in refused(services, ann, timerange="20230101-20230201")["timerange"]


def test_it_refuses_one_market_twice_however_it_is_spelt(services: Services, ann: User) -> None:
    errors = refused(services, ann, symbols=["BTCUSDT-PERP", "BTC/USDT:USDT"])
    assert errors["symbols"] == "BTCUSDT-PERP stands there twice."


def test_it_refuses_days_in_the_wrong_order(services: Services, ann: User) -> None:
    assert "ends before it starts" in refused(services, ann, timerange="20240201-20240101")["timerange"]
