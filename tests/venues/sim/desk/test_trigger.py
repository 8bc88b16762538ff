"""Conditional orders wake at their price, or at their distance from the best one."""

from __future__ import annotations

import pytest

from candlewick.venues.sim.desk.trigger import Trigger


@pytest.mark.parametrize(
    ("rises", "prices", "fires_at"),
    [
        (True, [90, 99, 100, 120], 2),
        (True, [90, 101], 1),
        (False, [120, 101, 100], 2),
        (False, [120, 80], 1),
        (False, [120, 101], None),
    ],
)
def test_a_stop_fires_at_its_price_or_beyond(rises: bool, prices: list[float], fires_at: int | None) -> None:
    trigger = Trigger(rises=rises, stop=100)
    fired = [n for n, price in enumerate(prices) if trigger.sees(price)]
    assert (fired[0] if fired else None) == fires_at


def test_a_trailing_stop_follows_the_best_price() -> None:
    trigger = Trigger(rises=False, stop=0, callback=0.1, now=100)
    assert not any(trigger.sees(price) for price in (95, 110, 120, 109))
    assert trigger.sees(108)


def test_a_trailing_buy_follows_the_lowest_price() -> None:
    trigger = Trigger(rises=True, stop=0, callback=0.1, now=100)
    assert not any(trigger.sees(price) for price in (109, 80, 87))
    assert trigger.sees(88)


@pytest.mark.parametrize(("now", "path"), [(100, [115, 105, 120]), (140, [125, 130, 120])])
def test_a_trailing_stop_watches_only_from_its_activation(now: float, path: list[float]) -> None:
    trigger = Trigger(rises=False, stop=120, callback=0.1, now=now)
    assert not any(trigger.sees(price) for price in path)
    assert trigger.active
    assert not trigger.sees(109)
    assert trigger.sees(108)


def test_only_a_plain_stop_can_fire_at_once() -> None:
    assert Trigger(rises=True, stop=100).would_fire(100)
    assert not Trigger(rises=True, stop=100).would_fire(99)
    assert not Trigger(rises=True, stop=0, callback=0.01, now=100).would_fire(100)
