"""The watchlist: bid, ask, last and change of a person's own symbols."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import orjson
from pydantic import Field

from candlewick.core.errors import Conflict
from candlewick.core.instrument import public_symbol
from candlewick.store.models import WATCHLIST_LIMIT
from candlewick.web.components.component import Event, FormComponent, Notice, Schema
from candlewick.web.components.figures import fixed, percent, price_places
from candlewick.web.components.permissions import IsSignedIn, MayWrite
from candlewick.web.components.registry import registry
from candlewick.web.watchlist import instruments_of, keep


class OfSymbol(Schema):
    """One instrument, in any spelling."""

    symbol: Annotated[str, Field(min_length=1, max_length=80)]


@registry.register("watchlist")
class Watchlist(FormComponent):
    """A person's symbols, in their order. The prices move by themselves once they stand on a page."""

    template_name = "components/watchlist.html"
    permission_classes = (IsSignedIn,)
    is_of_account = False
    schema = OfSymbol
    events: ClassVar = {
        "add_symbol": Event(OfSymbol, (MayWrite,)),
        "remove": Event(OfSymbol, (MayWrite,)),
    }

    def mount(self) -> None:
        directory = self.visit.directory
        symbols = [public_symbol(each, primary=directory.primary) for each in self._watched()]
        tickers = {each["symbol"]: each for each in orjson.loads(self.visit.engine.request("tickers"))}
        self.state = {"symbols": symbols, "rows": [self._row(each, tickers.get(each)) for each in symbols]}

    def on_add_symbol(self, data: OfSymbol) -> None:
        directory, watched = self.visit.directory, self._watched()
        wanted = directory.instrument(data.symbol)
        public = public_symbol(wanted, primary=directory.primary)
        if wanted in watched:
            raise Conflict(f"{public} is in the watchlist already.")
        if len(watched) >= WATCHLIST_LIMIT:
            raise Conflict(f"A watchlist holds at most {WATCHLIST_LIMIT} symbols: remove one first.")
        keep(self.visit.person.id, [*watched, wanted])
        self.notice = Notice("ok", f"{public} added to the watchlist.")
        self.values = {}

    def on_remove(self, data: OfSymbol) -> None:
        directory, watched = self.visit.directory, self._watched()
        unwanted = directory.instrument(data.symbol)
        keep(self.visit.person.id, [each for each in watched if each != unwanted])
        public = public_symbol(unwanted, primary=directory.primary)
        self.notice = Notice("ok", f"{public} removed from the watchlist.")
        self.values = {}

    def _watched(self) -> list[str]:
        return instruments_of(self.visit.person.id, self.visit.directory)

    def _row(self, symbol: str, ticker: dict[str, Any] | None) -> dict[str, Any]:
        directory = self.visit.directory
        places = price_places(directory.instruments.get(directory.instrument(symbol)))
        known = ticker or {}
        return {
            "symbol": symbol,
            "remove": orjson.dumps({"event": "remove", "symbol": symbol}).decode(),
            "bid": fixed(known.get("bid"), places),
            "ask": fixed(known.get("ask"), places),
            "last": fixed(known.get("last"), places),
            "change": percent(known.get("change_pct")),
            "stale": bool(known.get("stale")),
            "price_places": "" if places is None else places,
        }
