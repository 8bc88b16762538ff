"""The same figures from other people's packages, wherever the group `peers` is installed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

_PEERS = ("empyrical", "quantstats")
# not skipped but not collected: on a build machine without the group a skipped test is a failed one
collect_ignore = [f"test_{peer}.py" for peer in _PEERS if find_spec(peer) is None]
if find_spec("backtesting") is None or find_spec("vectorbt") is None:
    collect_ignore.append("test_engines.py")

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(scope="session")
def peer() -> Callable[[str], ModuleType]:
    """Imports one, whatever it warns of."""

    def load(name: str) -> ModuleType:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(name)

    return load


def _losing(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.normal(-0.002, 0.03, 400)


def _fat(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.clip(0.01 * rng.standard_t(3, 1500) + 0.0005, -0.9, 0.9)


def _short(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.normal(0.001, 0.01, 25)


@pytest.fixture(params=[_losing, _fat, _short], ids=["losing", "fat tails", "short"])
def pair(request: pytest.FixtureRequest) -> Pair:
    """Daily returns, and a benchmark's that resemble them."""
    rng = np.random.default_rng(20_240_101)
    own: NDArray[np.float64] = request.param(rng)
    return own, 0.6 * own + rng.normal(0.0002, 0.01, len(own))
