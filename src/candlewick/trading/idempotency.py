"""One key, one order: what a sender's idempotency key stands for, and whether the same is asked again."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from candlewick.core.order import Order, Terms
from candlewick.trading.account import Keyed
from candlewick.trading.commands import Place

_encode = msgspec.msgpack.Encoder().encode


def keyed(order: Order) -> Keyed:
    """What the key of a newly placed order stands for from now on."""
    return Keyed(order.id, _digest(order.terms, order.stop_loss, order.take_profit, order.oco))


def same_request(known: Keyed, place: Place) -> bool:
    """Whether `place` asks for the order that its key stands for."""
    return known.digest == _digest(place.terms, place.stop_loss, place.take_profit, place.oco)


def _digest(terms: Terms, *rest: object) -> str:
    return blake2b(_encode((terms, rest)), digest_size=8).hexdigest()
