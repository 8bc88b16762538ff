"""What the terminal's page is told when it is made: enough to draw, before the first live message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Self
from urllib.parse import urlencode

from candlewick.core.errors import UsageError
from candlewick.core.instrument import parse_symbol, public_symbol
from candlewick.core.interval import SECONDS
from candlewick.market.indicators.catalogue import MOST_AT_ONCE
from candlewick.web.link import Link
from candlewick.web.people import charted
from candlewick.web.people.accounts import AccountAccess
from candlewick.web.people.charted import Charts
from candlewick.web.people.preferences import Preferences
from candlewick.web.scripts import script_json

FAVOURITES: Final = ("1s", "1m", "5m", "15m", "1h", "4h", "1d")
DEFAULT_INTERVAL: Final = "1m"
DEFAULT_SYMBOLS: Final = ("BTCUSDT-PERP", "BTCUSDT")  # the first that the primary venue lists
FIRST_CANDLES: Final = 1000  # as chart/history.js asks for
STRIP: Final = 24
REPLAY_SPEEDS: Final = (1, 2, 5, 10, 50, 100)
_KINDS: Final = {"spot": "Spot", "perp": "Perpetual", "future": "Future", "equity": "Equity"}


@dataclass(frozen=True, slots=True)
class Page:
    """One view of the terminal.

    Attributes:
        instrument: the public object of what is shown.
        interval: of the candles.
        watched: public objects of the watchlist, in its order.
        account: what the person trades with; None: they have none.
        preferences: how they like their terminal.
        charts: which indicators they see.
    """

    link: Link
    instrument: dict[str, Any]
    interval: str
    watched: list[dict[str, Any]]
    account: AccountAccess | None = None
    preferences: Preferences = field(default_factory=Preferences)
    charts: Charts = charted.USUAL

    @classmethod
    def make(
        cls,
        link: Link,
        *,
        watchlist: Iterable[str],
        symbol: str = "",
        interval: str = "",
        account: AccountAccess | None = None,
        preferences: Preferences | None = None,
        charts: Charts = charted.USUAL,
    ) -> Self:
        """The page for what a person's address asks for, as far as it exists."""
        watched = [link.instruments[id] for id in watchlist if id in link.instruments]
        shown = _find(link, symbol) or _first(link, watched)
        interval = interval if interval in SECONDS else DEFAULT_INTERVAL
        return cls(link, shown, interval, watched, account, preferences or Preferences(), charts)

    @property
    def symbol(self) -> str:
        """The public name of what is shown."""
        return public_symbol(self.instrument["instrument"], primary=self.link.primary)

    def start(self) -> dict[str, Any]:
        """What the page's scripts begin with."""
        strip = self._strip()
        known = {each["instrument"]: each for each in (self.instrument, *self.watched, *strip)}
        return {
            "symbol": self.symbol,
            "interval": self.interval,
            "intervals": SECONDS,
            "favourites": FAVOURITES,
            "watchlist": [each["symbol"] for each in self.watched],
            "strip": [each["symbol"] for each in strip],
            "replays": self.link.mode == "replay",
            "account": self._account(),
            "preferences": self.preferences.model_dump(mode="json"),
            "charts": self.charts.model_dump(mode="json")
            | {"kinds": charted.kinds(self.charts.indicators), "most": MOST_AT_ONCE},
            "instruments": list(known.values()),
        }

    def _account(self) -> dict[str, Any] | None:
        """What the page's scripts may know of the account; its figures come over the lanes."""
        account = self.account
        if account is None:
            return None
        return {
            "id": account.id,
            "name": account.name,
            "currency": account.currency,
            "may_trade": account.may_trade,
            "may_manage_risk": account.may_manage_risk,
        }

    def _strip(self) -> list[dict[str, Any]]:
        """What runs under the top bar: the first instruments in the primary venue's own order."""
        ours = (each for each in self.link.instruments.values() if each["venue"] == self.link.primary)
        return list(islice(ours, STRIP))

    def context(self) -> dict[str, Any]:
        """What the template shows."""
        start = self.start()
        kind = self.instrument["kind"]
        query = {"symbol": self.symbol, "interval": self.interval, "limit": FIRST_CANDLES}
        return {
            "start": start,
            "start_json": script_json(start),
            # the very address that the chart asks: the browser begins to load it with the styles
            "first_candles": f"/api/dashboard/charts/ohlcv/?{urlencode(query)}",
            "venue_line": f"{self.instrument['venue_title']} · {_KINDS.get(kind, kind)}",
            "is_derivative": kind in {"perp", "future"},
            "is_simulated": self.instrument["simulated"],
            "is_replay": self.link.mode == "replay",
            "replay_speeds": REPLAY_SPEEDS,
            "other_intervals": [each for each in SECONDS if each not in FAVOURITES],
        }


def _find(link: Link, symbol: str) -> dict[str, Any] | None:
    if not symbol:
        return None
    try:
        return link.instruments.get(parse_symbol(symbol, primary=link.primary))
    except UsageError:
        return None


def _first(link: Link, watched: list[dict[str, Any]]) -> dict[str, Any]:
    if watched:
        return watched[0]
    for symbol in DEFAULT_SYMBOLS:
        found = _find(link, symbol)
        if found is not None:
            return found
    return next(iter(link.instruments.values()))
