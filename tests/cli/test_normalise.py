"""`candlewick normalise` as a person or a program runs it: bytes in, lines out, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TRADE = (
    '{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1616176861895,"s":"BTCUSDT","a":640283266,'
    '"p":"58942.01","q":"0.000356","f":716849523,"l":716849523,"T":1616176861893,"m":false,"M":true}}'
)
QUOTE = (
    '{"stream":"ethusdt@bookTicker","data":{"u":35346513501,"s":"ETHUSDT","b":"2683.8","B":"3.0292",'
    '"a":"2683.81","A":"31.4395"}}'
)
TICKER = (
    '{"stream":"ethusdt@ticker","data":{"e":"24hrTicker","E":1653815205866,"s":"ETHUSDT","c":"1782.02",'
    '"o":"1757.33","h":"1809.33","l":"1750.45","v":"1678290.411","q":"2990736920.72"}}'
)


def _run(*arguments: str, given: str = "") -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, objects on stdout, text on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "candlewick", "normalise", *arguments],
        input=given.encode(),
        capture_output=True,
        timeout=240,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def test_it_prints_one_object_a_line_in_the_public_shape() -> None:
    code, (trade, quote), errors = _run(
        "binance", given=f"1616176862.5: {TRADE}\n1616176862500000001 {QUOTE}\n"
    )
    assert (code, errors) == (0, "")
    assert trade == {
        "type": "trade",
        "venue": "binance",
        "symbol": "BTCUSDT",
        "id": "640283266",
        "price": 58942.01,
        "quantity": 0.000356,
        "side": "buy",
        "ts_exchange": 1616176861893000000,
        "ts_received": 1616176862500000000,
    }
    assert quote == {
        "type": "quote",
        "venue": "binance",
        "symbol": "ETHUSDT",
        "bid": 2683.8,
        "bid_quantity": 3.0292,
        "ask": 2683.81,
        "ask_quantity": 31.4395,
        "update_id": 35346513501,
        "ts_exchange": 1616176862500000001,
        "ts_received": 1616176862500000001,
    }


@pytest.mark.parametrize("time", ["1567296001275000000", "2019-09-01T00:00:01.275Z"])
def test_it_takes_the_receive_time_of_bare_json(time: str) -> None:
    code, (quote,), _ = _run("binance", "--ts-received", time, given=QUOTE)
    assert code == 0
    assert quote["ts_received"] == quote["ts_exchange"] == 1567296001275000000


def test_it_says_null_where_nobody_wrote_down_the_time() -> None:
    _, (trade, quote), _ = _run("binance", given=f"{TRADE}\n{QUOTE}")
    assert trade["ts_received"] is None
    assert trade["ts_exchange"] == 1616176861893000000
    assert quote["ts_received"] is None
    assert quote["ts_exchange"] is None


def test_it_reports_what_it_cannot_read_and_goes_on() -> None:
    given = f"{TRADE}\n\nnonsense\n{TRADE[:50]}\n{QUOTE.replace('2683.81', 'NaN')}\n{QUOTE}\n"
    code, events, errors = _run("binance", given=given)
    assert code == 1
    assert [event["type"] for event in events] == ["trade", "quote"]
    assert [line.split(": ")[:2] for line in errors.splitlines()] == [
        ["line 3", "bad_line"],
        ["line 4", "bad_json"],
        ["line 5", "out_of_range"],
    ]


def test_it_tells_the_last_price_of_a_future_as_a_derivatives_and_of_spot_not() -> None:
    _, (derivative,), _ = _run("binance-futures", given=TICKER)
    assert derivative["type"] == "derivative"
    assert derivative["symbol"] == "ETHUSDT"
    assert derivative["last"] == 1782.02
    assert derivative["mark"] is None
    assert derivative["open_interest"] is None
    assert _run("binance", given=TICKER) == (0, [], "")


def test_it_counts_coin_margined_futures_in_contracts() -> None:
    given = TRADE.replace("btcusdt@aggTrade", "btcusd_perp@aggTrade").replace('"BTCUSDT"', '"BTCUSD_PERP"')
    _, (trade,), _ = _run("binance-delivery", given=given.replace("0.000356", "7"))
    assert (trade["venue"], trade["symbol"], trade["quantity"]) == ("binance-delivery", "BTCUSD_PERP", 7.0)


def test_it_leaves_a_snapshots_symbol_open_where_nothing_names_it() -> None:
    _, (book,), _ = _run("binance", given='{"lastUpdateId":5,"bids":[["1.0","2.0"]],"asks":[]}')
    assert book["symbol"] is None
    assert (book["snapshot"], book["bids"], book["first_id"], book["last_id"]) == (
        True,
        [[1.0, 2.0]],
        None,
        5,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "binance-delivery"),
        (("binance", "-", "--format", "csv"), "cryptofeed"),
        (("binance", "-", "--ts-received", "noon"), "ISO 8601"),
    ],
)
def test_it_calls_wrong_usage_by_its_exit_code_and_says_what_would_be_right(
    arguments: tuple[str, ...], said: str
) -> None:
    code, _, errors = _run(*arguments)
    assert code == 2
    assert said in errors
    assert "Traceback" not in errors


def test_it_says_that_a_file_is_absent_or_cut(tmp_path: Path) -> None:
    code, _, errors = _run("binance", str(tmp_path / "absent"))
    assert code == 2
    assert "absent" in errors
    assert "Traceback" not in errors
    cut = tmp_path / "cut.gz"
    cut.write_bytes(b"\x1f\x8b\x08\x00broken")
    code, _, errors = _run("binance", str(cut))
    assert code == 1
    assert "cannot be read to its end" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("venue", "file", "messages"),
    [
        ("binance", "wire/cryptofeed/BINANCE.0.gz", 0),
        ("binance", "wire/cryptofeed/BINANCE.http.0.0.gz", 4),
        ("binance", "wire/cryptofeed/BINANCE.ws.1.0", 265),
        ("binance-futures", "wire/cryptofeed/BINANCE_FUTURES.0.gz", 0),
        ("binance-futures", "wire/cryptofeed/BINANCE_FUTURES.http.0.0", 4),
        ("binance-futures", "wire/cryptofeed/BINANCE_FUTURES.ws.1.0.gz", 1535),
        ("binance", "ticks_l2/hftbacktest_binance_raw/spot/ethusdt_20240808.gz", 33_618),
        ("binance-delivery", "ticks_l2/hftbacktest_binance_raw/cm/btcusd_perp_20240808.gz", 48_270),
    ],
)
def test_it_reads_recordings_to_the_last_line(recordings: Path, venue: str, file: str, messages: int) -> None:
    code, events, errors = _run(venue, str(recordings / file))
    assert (code, errors) == (0, "")
    assert len(events) == messages
    assert all(event["symbol"] for event in events)
