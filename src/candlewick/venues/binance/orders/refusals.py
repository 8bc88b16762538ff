"""The venue's error codes: what each means for the request that met it.

Three things can be true after an error, and they ask for different answers: the venue has *refused*, so
nothing happened; it asks us to *wait*, and nothing happened; or it does not say whether it acted, and the
order must be *asked for* until that is known. After: Binance, "Error codes" of Spot and of USDⓈ-M (2026).
"""

from __future__ import annotations

from typing import Final

import msgspec

from candlewick.core.errors import RateLimited, VenueError, VenueUnavailable

# The venue does not say whether it acted: unknown, internal error, unexpected answer, time-out.
SILENT: Final = frozenset((-1000, -1001, -1006, -1007))
# The request was turned away before anybody looked at it.
BUSY: Final = frozenset((-1003, -1008, -1015, -1034))
CLOCK: Final = -1021
UNKNOWN_ORDER: Final = frozenset((-2011, -2013, -2026))
NO_SUCH_ORDER: Final = frozenset((-2013, -2026))
LISTEN_KEY_GONE: Final = -1125
NOTHING_TO_CHANGE: Final = frozenset((-4046, -4059))  # margin type, position side: it is so already
DUPLICATE: Final = frozenset((-4116, -4122))

# Our stable words. What is not listed is called by its number: `venue_4164`.
_WORDS: Final[dict[int, str]] = {
    -1002: "key",
    -1003: "rate_limited",
    -1008: "venue_busy",
    -1015: "rate_limited",
    -1021: "clock",
    -1022: "key",
    -1111: "precision",
    -1116: "order_type",
    -1121: "instrument",
    -2014: "key",
    -2015: "key",
    -2018: "insufficient_balance",
    -2019: "insufficient_margin",
    -2020: "unable_to_fill",
    -2021: "would_trigger",
    -2022: "reduce_only",
    -2023: "liquidation",
    -2024: "insufficient_position",
    -2025: "max_open_orders",
    -2027: "max_leverage",
    -2028: "max_leverage",
    -4003: "quantity",
    -4005: "quantity",
    -4013: "price",
    -4014: "tick",
    -4023: "lot",
    -4061: "hedge_mode",
    -4118: "reduce_only",
    -4131: "price_band",
    -4164: "min_notional",
    -4400: "restricted",
    -5021: "fill_or_kill",
    -5022: "post_only",
}
# Spot says several things with one code, and tells them apart in words.
_PHRASES: Final[tuple[tuple[str, str], ...]] = (
    ("insufficient balance", "insufficient_balance"),
    ("duplicate order", "duplicate"),
    ("immediately match and take", "post_only"),
    ("would trigger immediately", "would_trigger"),
    ("market is closed", "market_closed"),
    ("price_filter", "tick"),
    ("percent_price", "price_band"),
    ("lot_size", "lot"),
    ("notional", "min_notional"),
    ("max_num_orders", "max_open_orders"),
    ("max_position", "max_position"),
    ("trailing_delta", "trail_percent"),
    ("not supported for this symbol", "order_type"),
)


class Refusal(VenueError):
    """The venue refused: nothing happened. `code` is our word, `number` the venue's."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(f"{message.rstrip('. ')} (code {number}).")
        self.number = number
        self.code = word(number, message)

    @property
    def is_duplicate(self) -> bool:
        """Whether it says that an order has this id already."""
        return self.code == "duplicate" or self.number in DUPLICATE


class Silence(VenueUnavailable):
    """The venue did not say whether it acted: no answer, or one that leaves it open."""


class Unreached(VenueUnavailable):
    """The request never left: no connection could be made. Nothing happened."""


class TurnedAway(RateLimited):
    """Too many requests, or a busy venue: nothing happened, and it says how long to wait."""


class _ErrorBody(msgspec.Struct):
    code: int
    msg: str = ""


_DECODE: Final = msgspec.json.Decoder(_ErrorBody).decode


def word(number: int, message: str) -> str:
    """Our stable word for the venue's number and sentence."""
    known = _WORDS.get(number)
    if known is not None:
        return known
    lower = message.lower()
    for phrase, found in _PHRASES:
        if phrase in lower:
            return found
    return f"venue_{abs(number)}"


def judge(status: int, body: bytes, where: str, retry_after_s: float | None) -> VenueError:
    """What an answer other than 200 means."""
    try:
        said = _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    if status in (418, 429) or (said is not None and said.code in BUSY):
        pause_s = retry_after_s if retry_after_s is not None else (60.0 if status in (418, 429) else 1.0)
        reason = said.msg if said is not None else "too many requests."
        return TurnedAway(f"{where} answered {status}: {reason} Next try in {pause_s:g} s.", pause_s)
    if said is None:
        if 400 <= status < 500:
            return Refusal(-status, f"{where} answered {status} without a reason that can be read")
        return Silence(f"{where} answered {status} without a reason that can be read.")
    if said.code in SILENT or status >= 500:
        return Silence(f"{where} answered {status}: {said.msg} (code {said.code}). What it did is not known.")
    return Refusal(said.code, said.msg)
