"""What an error means: nothing happened, wait, or nobody knows. The three must never be confused."""

from __future__ import annotations

import json

import pytest

from candlewick.venues.binance.orders.refusals import Refusal, Silence, TurnedAway, judge, word


def _body(code: int, text: str = "") -> bytes:
    return json.dumps({"code": code, "msg": text}).encode()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, _body(-1000, "Unknown error, please check your request or try again later.")),
        (500, _body(-1001, "Internal error; unable to process your request. Please try again.")),
        (400, _body(-1006, "An unexpected response was received from the message bus.")),
        (400, _body(-1007, "Timeout waiting for response from backend server.")),
        (502, b"<html>Bad Gateway</html>"),
        (504, b""),
        (500, _body(-2010, "whatever it says, a 500 is no refusal")),
    ],
)
def test_it_never_takes_silence_for_a_refusal(status: int, body: bytes) -> None:
    assert isinstance(judge(status, body, "POST /order", None), Silence)


@pytest.mark.parametrize(
    ("status", "body", "retry_after_s", "pause_s"),
    [
        (429, _body(-1003, "Too many requests."), 12.0, 12.0),
        (418, _body(-1003, "Way too much request weight used; IP banned."), 120.0, 120.0),
        (429, b"", None, 60.0),
        (429, _body(-1015, "Too many new orders."), 3.0, 3.0),
        (503, _body(-1008, "Request throttled by system-level protection."), None, 1.0),
    ],
)
def test_it_waits_as_long_as_it_is_told(
    status: int, body: bytes, retry_after_s: float | None, pause_s: float
) -> None:
    error = judge(status, body, "POST /order", retry_after_s)
    assert isinstance(error, TurnedAway)
    assert error.retry_after_s == pause_s


@pytest.mark.parametrize(
    ("code", "text", "ours"),
    [
        (-2010, "Account has insufficient balance for requested action.", "insufficient_balance"),
        (-2010, "Order would immediately match and take.", "post_only"),
        (-2010, "Duplicate order sent.", "duplicate"),
        (-2010, "Market is closed.", "market_closed"),
        (-1013, "Filter failure: LOT_SIZE", "lot"),
        (-1013, "Filter failure: PRICE_FILTER", "tick"),
        (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "price_band"),
        (-1013, "Filter failure: NOTIONAL", "min_notional"),
        (-1111, "Precision is over the maximum defined for this asset.", "precision"),
        (-2015, "Invalid API-key, IP, or permissions for action.", "key"),
        (-2019, "Margin is insufficient.", "insufficient_margin"),
        (-2021, "Order would immediately trigger.", "would_trigger"),
        (-2022, "ReduceOnly Order is rejected.", "reduce_only"),
        (-4164, "Order's notional must be no smaller than 5.0", "min_notional"),
        (-5022, "Due to the order could not be executed as maker.", "post_only"),
        (-9999, "Something new.", "venue_9999"),
    ],
)
def test_a_refusal_has_a_word_for_programs_and_the_venues_sentence_for_people(
    code: int, text: str, ours: str
) -> None:
    error = judge(400, _body(code, text), "POST /order", None)
    assert isinstance(error, Refusal)
    assert error.code == ours == word(code, text)
    assert str(error) == f"{text.rstrip('.')} (code {code})."


@pytest.mark.parametrize(
    ("code", "text"),
    [(-2010, "Duplicate order sent."), (-4116, "ClientOrderId is duplicated"), (-4122, "duplicated")],
)
def test_it_knows_that_an_order_of_this_id_is_there_already(code: int, text: str) -> None:
    error = judge(400, _body(code, text), "POST /order", None)
    assert isinstance(error, Refusal)
    assert error.is_duplicate


def test_a_refusal_without_a_reason_is_still_one() -> None:
    error = judge(403, b"<html>", "POST /order", None)
    assert isinstance(error, Refusal)
    assert error.code == "venue_403"
