"""Trades as a set: one a venue id, in the order of the exchange; and their form in a Parquet file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from candlewick.core.events import Trade
from candlewick.store.lake import cold

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS: Final = [
    "time", "received", "id", "text_id", "price", "quantity", "taker_buys", "first_id", "last_id",
]  # fmt: skip


def distinct(trades: Iterable[Trade]) -> list[Trade]:
    """Each trade once, ordered by exchange time, then by number where the venue numbers them.

    The venue's id tells trades apart; without one (an empty string) nothing does, and all stay.
    """
    known: dict[int | str, Trade] = {}
    nameless: list[Trade] = []
    for trade in trades:
        if trade.id == "":
            nameless.append(trade)
        else:
            known.setdefault(trade.id, trade)
    return sorted(
        [*known.values(), *nameless],
        key=lambda trade: (trade.ts_exchange, trade.id if isinstance(trade.id, int) else 0),
    )


def to_table(trades: list[Trade]) -> pa.Table:
    """Trades as a table; a numeric id stands in `id`, any other in `text_id`."""
    import pyarrow as pa

    return pa.table(
        {
            "time": pa.array([t.ts_exchange for t in trades], pa.int64()),
            "received": pa.array([t.ts_received for t in trades], pa.int64()),
            "id": pa.array([t.id if isinstance(t.id, int) else None for t in trades], pa.int64()),
            "text_id": pa.array([t.id if isinstance(t.id, str) else None for t in trades], pa.string()),
            "price": cold.to_arrow(np.array([t.price for t in trades])),
            "quantity": cold.to_arrow(np.array([t.quantity for t in trades])),
            "taker_buys": pa.array([t.side == "buy" for t in trades], pa.bool_()),
            "first_id": pa.array([t.first_id for t in trades], pa.int64()),
            "last_id": pa.array([t.last_id for t in trades], pa.int64()),
        }
    )


def read_file(
    path: Path, instrument: str, start_ns: int | None = None, end_ns: int | None = None
) -> list[Trade]:
    """The trades of a file with start_ns <= ts_exchange < end_ns."""
    table = cold.read_table(path, _COLUMNS, start=start_ns, end=end_ns)
    time = cold.to_ints(table["time"])
    low = 0 if start_ns is None else int(np.searchsorted(time, start_ns))
    high = time.size if end_ns is None else int(np.searchsorted(time, end_ns))
    prices, quantities = cold.to_floats(table["price"]), cold.to_floats(table["quantity"])
    part = table.slice(low, high - low)
    return [
        Trade(instrument, text_id if id is None else id, price, quantity, "buy" if buys else "sell",
              exchange, received, first_id, last_id)
        for exchange, received, id, text_id, price, quantity, buys, first_id, last_id in zip(
            time[low:high].tolist(),
            part["received"].to_pylist(),
            part["id"].to_pylist(),
            part["text_id"].to_pylist(),
            prices[low:high].tolist(),
            quantities[low:high].tolist(),
            part["taker_buys"].to_pylist(),
            part["first_id"].to_pylist(),
            part["last_id"].to_pylist(),
            strict=True,
        )
    ]  # fmt: skip
