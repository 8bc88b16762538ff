"""Channel names: every spelling has one name, and what does not exist is refused with its reason."""

from __future__ import annotations

import pytest

from candlewick.web.live.channels import Directory, RefusedChannel, canonical
from tests.web.ground import INSTRUMENTS

DIRECTORY = Directory("sim", {each["instrument"]: each for each in INSTRUMENTS})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("prices", "prices"),
        ("tickers", "tickers"),
        ("feeds", "feeds"),
        ("alerts", "alerts"),
        ("prices:BTCUSDT", "prices:BTCUSDT"),
        ("book:btc/usdt", "book:BTCUSDT"),
        ("book:BTC-USDT", "book:BTCUSDT"),
        ("tape:BTC/USDT:USDT", "tape:BTCUSDT-PERP"),
        ("ticker:sim:BTCUSDT", "ticker:BTCUSDT"),
        ("book:sim-east:BTCUSDT", "book:sim-east:BTCUSDT"),
        ("candles:BTCUSDT:1m", "candles:BTCUSDT:1m"),
        ("candles:sim-east:BTCUSDT:1h", "candles:sim-east:BTCUSDT:1h"),
        ("candles:BTC/USDT:USDT:1d", "candles:BTCUSDT-PERP:1d"),
        ("indicators:BTCUSDT:5m:ema-20", "indicators:BTCUSDT:5m:ema-20"),
        ("indicators:sim-east:BTCUSDT:5m:RSI-14", "indicators:sim-east:BTCUSDT:5m:rsi-14"),
        ("indicators:BTCUSDT:5m:ema-020", "indicators:BTCUSDT:5m:ema-20"),
        ("indicators:BTCUSDT:5m:ema", "indicators:BTCUSDT:5m:ema-20"),
        ("indicators:BTCUSDT:5m:macd", "indicators:BTCUSDT:5m:macd-12-26-9"),
        ("indicators:BTCUSDT:5m:bollinger-20-2.5", "indicators:BTCUSDT:5m:bollinger-20-2.5"),
        ("indicators:BTCUSDT:5m:cdl_doji", "indicators:BTCUSDT:5m:cdl_doji"),
    ],
)
def test_every_spelling_has_one_name(text: str, name: str) -> None:
    assert canonical(text, DIRECTORY) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unknown_channel"),
        ("orders", "forbidden"),
        ("orders:7", "forbidden"),
        ("figures:orders@7", "unknown_channel"),
        ("prices:", "unknown_symbol"),
        ("weather:BTCUSDT", "unknown_channel"),
        ("book:NOPE", "unknown_symbol"),
        ("book:sim-west:BTCUSDT", "unknown_symbol"),
        ("candles:BTCUSDT:7m", "unknown_interval"),
        ("candles:BTCUSDT", "unknown_symbol"),
        ("candles::1m", "unknown_symbol"),
        ("indicators:BTCUSDT:1m:ema-", "unknown_indicator"),
        ("indicators:BTCUSDT:1m:ema-99999999999999999999", "unknown_indicator"),
        ("indicators:BTCUSDT:1m:../-1", "unknown_indicator"),
        ("indicators:BTCUSDT:1m:foo-20", "unknown_indicator"),
        ("indicators:BTCUSDT:1m:ema-1", "unknown_indicator"),
        ("indicators:BTCUSDT:1m:ema-5000", "unknown_indicator"),
        ("indicators:BTCUSDT:1m:macd-26-12", "unknown_indicator"),
        ("indicators:BTCUSDT:1m:ema-2-3", "unknown_indicator"),
    ],
)
def test_what_does_not_exist_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(RefusedChannel) as refusal:
        canonical(text, DIRECTORY)
    assert refusal.value.code == code


def test_it_gives_the_chosen_account_unless_another_one_of_theirs_is_named() -> None:
    assert canonical("orders", DIRECTORY, (12, 5)) == "orders@12"
    assert canonical("orders:5", DIRECTORY, (12, 5)) == "orders@5"


def test_it_gives_notices_of_the_system_to_whoever_has_no_account() -> None:
    assert canonical("alerts", DIRECTORY) == "alerts"
    assert canonical("alerts", DIRECTORY, (12,)) == "alerts@12"


def test_it_refuses_a_strangers_account() -> None:
    with pytest.raises(RefusedChannel) as refusal:
        canonical("portfolio:13", DIRECTORY, (12, 5))
    assert refusal.value.code == "forbidden"
