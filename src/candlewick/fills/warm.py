"""Compiling all of the core, or loading what was compiled before, ahead of the first order.

Seconds the first time, half a second from then on. Called in a thread once the engine is up; an order that
comes before it is done waits for as long as the rest takes. What is left out here is compiled on the engine's
loop when it is first called, and everything stands still meanwhile (`tests/fills/test_warm.py`).
"""

from __future__ import annotations


def warm_up() -> None:
    """Make every function of the core ready to be called."""
    import numpy as np

    from candlewick.fills import core, state
    from candlewick.fills.compiled import forget_older
    from candlewick.fills.stepper import Stepper

    stepper = Stepper(state.Rules(tick=0.1, lot=0.01, taker=0.001, slippage=0.0001))
    stepper.add("limit", side=state.BUY, kind=state.LIMIT, quantity=1.0, limit=99.0)
    stepper.add("stop", side=state.SELL, kind=state.STOP, quantity=1.0, stop=98.0)
    stepper.quote(99.0, 1.0, 100.0, 1.0)
    stepper.trade(99.0, 2.0, state.SELL)
    stepper.price(98.0)
    stepper.quote(99.0, 1.0, 100.0, 1.0)
    stepper.add("market", side=state.BUY, kind=state.MARKET, quantity=0.5)
    stepper.quote(99.0, 1.0, 100.0, 1.0)
    stepper.quote(99.0, 1.0, 100.0, 2.0)  # what was taken of the one before is forgotten
    stepper.settle()
    stepper.open(99.0)
    stepper.range(100.0, 98.0, 99.0)
    core.is_lost(1.0, core.maintenance(100.0, np.array([(0.0, 0.01, 0.0)])))
    core.bankruptcy(1.0, 100.0, 10.0, 1.0, False, 0.1)
    forget_older()
