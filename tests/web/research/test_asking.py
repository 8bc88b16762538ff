"""What may be asked for: each name looked up, each value judged, before anything is queued."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.interval import seconds
from candlewick.runtime.jobs.kinds.request import Request, read, span_of
from candlewick.store.journal.journal import Journal
from candlewick.store.lake import Lake
from candlewick.store.lake.reading import bars_of
from candlewick.store.models import Account, Job, StrategyAtWork, User
from candlewick.web.research import asking
from candlewick.web.research.asking import Refused
from candlewick.web.research.kinds import AskedBacktest, AskedReadiness, kinds
from candlewick.web.services import Services
from candlewick.web.strategies.shelf import shelf
from tests.web.research import ground
from tests.web.research.ground import asked

BACKTEST = kinds()["backtest"]


def ask(services: Services, owner: User, **changes: Any) -> Job:
    return asking.ask(services, owner.pk, BACKTEST, AskedBacktest(**asked(**changes)))


def refused(services: Services, owner: User, **changes: Any) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        ask(services, owner, **changes)
    assert not Job.objects.filter(owner=owner).exists(), "what is refused leaves nothing"
    return caught.value.errors


def refused_after(services: Services, owner: User, **changes: Any) -> dict[str, str]:
    """The same where studies wait already."""
    Job.objects.filter(owner=owner).delete()
    return refused(services, owner, **changes)


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


def test_longer_bars_are_made_of_those_that_there_are(services: Services, ann: User) -> None:
    for timeframe in ("4h", "1d"):
        job = ask(services, ann, timeframe=timeframe)
        with Lake(services.lake.root) as lake:
            [id] = job.spec["symbols"]
            bars = bars_of(lake, id, job.spec["timeframe"], *span_of(job.spec["timerange"]))
        assert len(bars) == ground.HOURS * 3_600 // seconds(timeframe)
    assert "there are bars of 1h" in refused_after(services, ann, timeframe="30m")["symbols"]


def test_few_bars_are_enough_where_somebody_asks_for_them(services: Services, ann: User) -> None:
    ground.put_bars(services.lake, "sim:SOLUSDT", hours=50)
    assert ask(services, ann, symbols=["SOLUSDT"]).state == "queued"
    assert ask(services, ann, symbols=["SOLUSDT"], timeframe="1d").state == "queued"
    ground.put_bars(services.lake, "sim:XRPUSDT", hours=5)
    errors = refused_after(services, ann, symbols=["XRPUSDT"], timeframe="1d")
    assert "no bars of XRPUSDT of 1d" in errors["symbols"]


def test_it_refuses_one_market_twice_however_it_is_spelt(services: Services, ann: User) -> None:
    errors = refused(services, ann, symbols=["BTCUSDT-PERP", "BTC/USDT:USDT"])
    assert errors["symbols"] == "BTCUSDT-PERP stands there twice."


def judged(services: Services, owner: User, kind: str, **changes: Any) -> dict[str, str]:
    """What is wrong with a study of a kind, by field."""
    model = kinds()[kind].model
    with pytest.raises(Refused) as caught:
        asking.ask(services, owner.pk, kinds()[kind], model(**asked(**changes)))
    assert not Job.objects.filter(owner=owner).exists()
    return caught.value.errors


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"low": 20, "high": 10}, "the lower one comes first"),
        ({"low": 5.5, "high": 10}, "give whole numbers"),
        ({"low": 5, "high": 1e308, "step": 1e-300}, "values without end"),
        ({"low": -1e308, "high": 1e308}, "values without end"),
        ([1000], "from 5 to 50"),
        (["x"], "from 5 to 50"),
        ([10, 10.5], "from 5 to 50"),
    ],
)
@pytest.mark.parametrize("kind", ["optimisation", "walk_forward", "cross_validation", "readiness"])
def test_what_is_searched_is_judged_before_it_waits(
    services: Services, ann: User, kind: str, given: Any, told: str
) -> None:
    more = {"train": "20d", "test": "10d"} if kind in ("walk_forward", "readiness") else {}
    errors = judged(services, ann, kind, space={"fast": given}, **more)
    assert list(errors) == ["space.fast"]
    assert told in errors["space.fast"]


def test_a_grid_that_nobody_could_walk_is_refused(services: Services, ann: User) -> None:
    space = {"fast": {"low": 5, "high": 50}, "slow": {"low": 20, "high": 200}, "shorts": [False, True]}
    asked_for = kinds()["optimisation"].model(**asked(space=space, method="grid"))
    assert asking.ask(services, ann.pk, kinds()["optimisation"], asked_for).state == "queued"
    Job.objects.all().delete()
    errors = judged(
        services, ann, "optimisation", strategy="BollingerBreakout", space={"width": {"low": 1, "high": 2}}
    )
    assert "width has no grid" in errors["space"]
    unknown = judged(services, ann, "optimisation", space={"speed": [1]})["space.speed"]
    assert unknown.startswith("EmaCross has no parameter 'speed' to search.")


@pytest.mark.parametrize("kind", ["walk_forward", "readiness"])
@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        ("0d", "10d", "no span of time"),
        ("90d", "30d", "not one window"),
        ("20d", "1h", "shorter than two bars"),
    ],
)
def test_windows_that_do_not_fit_the_bars_are_told_before(
    services: Services, ann: User, kind: str, train: str, test: str, told: str
) -> None:
    assert told in judged(services, ann, kind, train=train, test=test)["train"]


def test_what_nothing_is_ranked_by_is_refused(services: Services, ann: User) -> None:
    others = [{"strategy": "EmaCross", "parameters": {"fast": 20}}]
    assert "not ranked by 'nope'" in judged(services, ann, "compare", others=others, by="nope")["by"]


def test_it_refuses_days_in_the_wrong_order(services: Services, ann: User) -> None:
    assert "ends before it starts" in refused(services, ann, timerange="20240201-20240101")["timerange"]


def run_on_paper(owner: User, **changes: Any) -> StrategyAtWork:
    """A run that began three weeks before the bars end, has not traded, and is of the text that there is."""
    account = Account.objects.get_or_create(user=owner, name="Paper")[0]
    begun = (ground.START + (ground.HOURS - 24 * 21) * 3_600) * NS_PER_S
    told = shelf().find("EmaCross").told
    spec = {
        "strategy": told.reference,
        "symbols": [ground.PERP],
        "timeframe": "1h",
        "parameters": {"fast": 9},
    }
    asked: dict[str, Any] = {
        "spec": spec | {"parameters": {"fast": 9}}, "capital": "1000",
        "tag": f"EmaCross-{StrategyAtWork.objects.count()}",
        "code_hash": hashlib.sha256(told.source.encode()).hexdigest(), "begun_ns": begun, "created_ns": begun,
    }  # fmt: skip
    return StrategyAtWork.objects.create(
        account=account, name="EmaCross", changed_ns=begun, **(asked | changes)
    )


def on_paper(services: Services, owner: User, **changes: Any) -> Any:
    kind = kinds()["readiness"]
    wanted = asked(train="20d", test="10d", **changes)
    return asking.ask(services, owner.pk, kind, AskedReadiness(**wanted)).spec["paper"]


@pytest.fixture
def _ledger(services: Services) -> None:
    """A ledger in which nothing has happened yet."""
    Journal.open(services.ledger).close()


@pytest.mark.usefixtures("_ledger")
def test_readiness_takes_the_newest_run_on_paper_and_keeps_it(services: Services, ann: User) -> None:
    assert on_paper(services, ann) is None
    run_on_paper(ann)
    run = run_on_paper(ann, created_ns=2**62)
    found = on_paper(services, ann)
    assert (found["run"], found["account"], found["parameters"]) == (run.tag, "Paper", {"fast": 9})
    assert len(found["time"]) == 22
    assert set(found["equity"]) == {1000.0}
    assert on_paper(services, ann, paper="none") is None
    first = StrategyAtWork.objects.order_by("created_ns").first()
    assert first is not None
    assert on_paper(services, ann, paper=first.pk)["run"] == first.tag


@pytest.mark.usefixtures("_ledger")
def test_a_run_of_other_code_of_another_market_or_of_somebody_else_is_not_taken(
    services: Services, ann: User, bob: User
) -> None:
    run_on_paper(bob)
    changed = run_on_paper(ann, code_hash="another")
    spec = changed.spec | {"symbols": [ground.SPOT]}
    elsewhere = run_on_paper(ann, spec=spec)
    assert on_paper(services, ann) is None
    assert on_paper(services, ann, paper=changed.pk)["run"] == changed.tag, "a person may say that it counts"
    for other in (elsewhere.pk, "0123456789"):
        with pytest.raises(Refused) as caught:
            on_paper(services, ann, paper=other)
        assert f"No run {other} of EmaCross on paper" in caught.value.errors["paper"]


def put_minutes(services: Services, hours: int, *, first: int = 0) -> None:
    """Minutes of the perpetual's first hours, at a price that stands still."""
    minutes = range(60 * first, 60 * hours)
    services.lake.put_candles([ground.minute(ground.PERP, at) for at in minutes])


def test_finer_bars_are_asked_for_by_the_name_of_the_command_line(services: Services, ann: User) -> None:
    put_minutes(services, 48)
    job = ask(services, ann, finer="1m", timerange="20240101-20240103")
    assert read(job.spec, Request).finer == "1m"
    assert ask(services, ann, finer="5m", timerange="20240101-20240103").state == "queued", "made of minutes"
    assert "finer" not in ask(services, ann).spec


def test_finer_bars_that_there_are_not_are_refused_with_what_there_is(services: Services, ann: User) -> None:
    errors = refused(services, ann, finer="1m")
    assert list(errors) == ["finer"]
    assert "no bars of BTCUSDT-PERP of 1m; there are bars of 1h" in errors["finer"]
    put_minutes(services, 24, first=12)
    errors = refused_after(services, ann, finer="1m", timerange="20240101-20240103")
    assert errors == {
        "finer": "The bars of BTCUSDT-PERP of 1m reach from 2024-01-01 12:00 to 2024-01-02 00:00, and those "
        "asked for from 2024-01-01 00:00 to 2024-01-03 00:00: choose days among them, or bring more in."
    }


@pytest.mark.parametrize("finer", ["1h", "4h", "1d"])
def test_finer_bars_are_shorter_and_fill_a_bar(services: Services, ann: User, finer: str) -> None:
    errors = refused(services, ann, finer=finer)
    assert errors == {
        "finer": f"Bars of 1h are not made of bars of {finer}: choose one of 1s, 1m, 3m, 5m, 15m, 30m."
    }
