"""Round trips as texts, for the list and for a trade's own page."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from candlewick.core.clock import iso
from candlewick.core.instrument import Instrument
from candlewick.web.components import figures as text
from candlewick.web.components.figures import Figure
from candlewick.web.journal.trades import Trade

_ORIGINS = {
    "manual": "By hand",
    "api": "Program",
    "webhook": "Webhook",
    "system": "The house",
    "external": "Elsewhere",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal."""

    id: int
    symbol: str
    side: str
    is_open: bool
    quantity: str
    entry: str
    exit: str
    net: Figure
    currency: str
    returned: Figure
    held: str
    strategy: str
    entered: str
    tags: tuple[str, ...]
    rating: int | None
    stars: str
    has_note: bool


def row_of(trade: Trade) -> Row:
    """A trade as the list shows it."""
    trip, instrument = trade.trip, trade.instrument
    places = _places(instrument.tick)
    is_open = trip.status == "open"
    return Row(
        id=trip.id,
        symbol=trade.symbol,
        side=trip.side,
        is_open=is_open,
        quantity=text.fixed(trip.quantity, None),
        entry=_price(trip.entry_price, places),
        exit=_price(trip.exit_price, places),
        net=text.signed(trip.net),
        currency=trip.currency,
        returned=text.percent(trade.return_pct),
        held="open" if is_open else text.lasting(trade.held_s),
        strategy=strategy_title(trade.strategy),
        entered=moment(trip.entered_at),
        tags=trade.note.tags,
        rating=trade.note.rating,
        stars="★" * (trade.note.rating or 0),
        has_note=bool(trade.note.text),
    )


def strategy_title(strategy: str) -> str:
    """What a trade was made by."""
    return _ORIGINS.get(strategy, strategy) or text.UNKNOWN


def figures_of(trade: Trade, excursion: dict[str, Decimal | None]) -> list[tuple[str, Any, str]]:
    """A trade's figures, each with its title and a note."""
    trip, places = trade.trip, _places(trade.instrument.tick)
    currency = trip.currency
    return [
        ("Net profit", text.signed(trip.net), currency),
        ("Return", text.percent(trade.return_pct), "on what was held"),
        ("Entry", _price(trip.entry_price, places), "mean"),
        ("Exit", _price(trip.exit_price, places), "mean" if trip.exit_price is not None else ""),
        ("Quantity", text.fixed(trip.quantity, None), "the most that was held"),
        ("Gross profit", text.signed(trip.gross), currency),
        ("Fees", text.fixed(trip.fees), currency),
        ("Funding", text.signed(trip.funding), currency),
        ("Held", "open" if trade.held_s is None else text.lasting(trade.held_s), ""),
        ("Fills", str(trip.fills), f"{trip.scale_ins} scale-ins, {trip.scale_outs} scale-outs"),
        ("MAE", text.signed(excursion["mae"]), _part(excursion["mae_pct"], "against it")),
        ("MFE", text.signed(excursion["mfe"]), _part(excursion["mfe_pct"], "for it")),
    ]


def moment(ns: int) -> str:
    """`2026-01-26 12:04`, UTC."""
    return iso(ns)[:16].replace("T", " ")


def price_of(instrument: Instrument, price: Decimal) -> str:
    """A fill's price by the instrument's tick."""
    return _price(price, _places(instrument.tick))


def _price(price: Decimal | None, places: int | None) -> str:
    if places is None and price is not None:  # a mean has more places than anybody reads
        places = max(0, min(8, 6 - price.adjusted() - 1))
    return text.fixed(price, places)


def _places(tick: Decimal | None) -> int | None:
    return text.decimals(tick)


def _part(part: Decimal | None, which: str) -> str:
    return "no bars of its time" if part is None else f"{text.percent(part)} {which}"
