"""Compiling all of the core, or loading what was compiled before, ahead of the first order.

Seconds the first time, half a second from then on. Called in a thread once the engine is up; an order that
comes before it is done waits for as long as the rest takes.
"""

from __future__ import annotations


def warm_up() -> None:
    """Make every function of the core ready to be called."""
    from candlewick.fills import state
    from candlewick.fills.compiled import forget_older
    from candlewick.fills.stepper import Stepper

    stepper = Stepper(state.Rules(tick=0.1, lot=0.01, taker=0.001, slippage=0.0001))
    stepper.add("limit", side=state.BUY, kind=state.LIMIT, quantity=1.0, limit=99.0)
    stepper.add("stop", side=state.SELL, kind=state.STOP, quantity=1.0, stop=98.0)
    stepper.quote(99.0, 1.0, 100.0, 1.0)
    stepper.trade(99.0, 2.0, state.SELL)
    stepper.price(98.0)
    stepper.quote(99.0, 1.0, 100.0, 1.0)
    stepper.settle()
    stepper.open(99.0)
    stepper.range(100.0, 98.0, 99.0)
    forget_older()
