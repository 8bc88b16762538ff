"""Query parameters and their refusals."""

from __future__ import annotations

import pytest

from candlewick.venues.sim.server.errors import Refusal
from candlewick.venues.sim.server.parameters import Parameters, floor_interval

DAY = 86_400_000


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([], -1102),
        ([("symbol", "")], -1102),
        ([("symbol", "btcusdt")], -1100),
        ([("symbol", "BTC USDT")], -1100),
        ([("symbol", "BTCUSDT"), ("symbol", "ETHUSDT")], -1101),
    ],
)
def test_it_refuses_a_missing_or_misspelt_symbol(sent: list[tuple[str, str]], code: int) -> None:
    with pytest.raises(Refusal) as refused:
        Parameters(sent).required_symbol()
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["[]", "BTCUSDT", '["btcusdt"]', '["BTCUSDT"', "[1]"])
def test_it_refuses_a_malformed_list_of_symbols(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        Parameters([("symbols", text)]).symbols()
    assert refused.value.code == -1100


def test_it_refuses_the_same_symbol_twice() -> None:
    with pytest.raises(Refusal, match="multiple times"):
        Parameters([("symbols", '["BTCUSDT","BTCUSDT"]')]).symbols()


def test_it_takes_the_most_on_spot_and_refuses_more_on_futures() -> None:
    assert Parameters([("limit", "5000")]).limit(default=500, most=1000, strict=False) == 1000
    assert Parameters([]).limit(default=500, most=1000, strict=True) == 500
    for text, code in (("5000", -1130), ("0", -1130), ("-5", -1100), ("ten", -1100)):
        with pytest.raises(Refusal) as refused:
            Parameters([("limit", text)]).limit(default=500, most=1000, strict=True)
        assert refused.value.code == code


def test_it_knows_one_second_candles_on_spot_alone() -> None:
    assert Parameters([("interval", "1s")]).interval(one_second=True) == ("1s", 1000)
    for text in ("1s", "7m", "1M"):
        with pytest.raises(Refusal) as refused:
            Parameters([("interval", text)]).interval(one_second=False)
        assert refused.value.code == -1120


def test_it_refuses_what_nobody_reads() -> None:
    with pytest.raises(Refusal, match="expected '0' and received '1'"):
        Parameters([("colour", "red")]).done()
    parameters = Parameters([("symbol", "BTCUSDT"), ("colour", "red")])
    parameters.symbol()
    with pytest.raises(Refusal, match="read '1' parameter"):
        parameters.done()


def test_it_begins_weeks_on_monday_and_days_at_midnight() -> None:
    thursday = 1_700_092_800_000  # 2023-11-16
    assert floor_interval(thursday + 5, DAY) == thursday
    assert floor_interval(thursday, 7 * DAY) == thursday - 3 * DAY
