"""All indicators by name, and what a request like `ema:20` means."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from candlewick.core.errors import UsageError
from candlewick.market.indicators import (
    averages,
    momentum,
    patterns,
    statistics,
    trend,
    volatility,
    volume,
)
from candlewick.market.indicators.registry import Indicator, Study

MOST_AT_ONCE: Final = 16

INDICATORS: Final = MappingProxyType(
    {
        each.name: each
        for module in (averages, trend, momentum, volatility, volume, statistics, patterns)
        for each in module.INDICATORS
    }
)


def parse(text: str) -> Study:
    """The study that `ema:20` or `macd:12:26:9` means; numbers left out take their usual values.

    Raises:
        UsageError: no such indicator, too many numbers, or one out of bounds.
    """
    name, *given = (part.strip() for part in text.lower().split(":"))
    indicator = INDICATORS.get(name)
    if indicator is None:
        raise UsageError(f"Unknown indicator {name[:40]!r}. {_nearest(name)}")
    parameters = indicator.parameters
    if len(given) > len(parameters):
        taken = ", ".join(parameter.name for parameter in parameters) or "no numbers"
        raise UsageError(f"Indicator {name} takes {taken}, but {text!r} has {len(given)} numbers.")
    values = [parameter.read(name, part) for parameter, part in zip(parameters, given, strict=False)]
    values += [parameter.default for parameter in parameters[len(given) :]]
    refused = indicator.refuse(*values)
    if refused is not None:
        raise UsageError(refused)
    return Study(indicator, tuple(values))


def parse_list(text: str) -> tuple[Study, ...]:
    """The studies of `ema:20,rsi:14`, each once.

    Raises:
        UsageError: as `parse`, or more than 16 of them.
    """
    studies = {study.key: study for study in (parse(part) for part in text.split(",") if part.strip())}
    if len(studies) > MOST_AT_ONCE:
        raise UsageError(f"{len(studies)} indicators were asked for: ask for {MOST_AT_ONCE} at most.")
    return tuple(studies.values())


def described() -> list[dict[str, Any]]:
    """The registry as a picker takes it."""
    return [_described(indicator) for indicator in INDICATORS.values()]


def _described(indicator: Indicator) -> dict[str, Any]:
    usual = Study(indicator, tuple(parameter.default for parameter in indicator.parameters))
    return {
        "name": indicator.name,
        "title": indicator.title,
        "group": indicator.group,
        "pane": indicator.pane,
        "key": usual.key,
        "parameters": [
            {
                "name": parameter.name,
                "default": parameter.default,
                "low": parameter.low,
                "high": parameter.high,
                "fraction": parameter.fraction,
            }
            for parameter in indicator.parameters
        ],
        "outputs": [
            {"name": output.name, "draw": output.draw, "drawn_back_by": output.drawn_back_by}
            for output in indicator.outputs
        ],
        "levels": list(indicator.levels),
        "relative": indicator.is_relative,
        "columns": list(indicator.columns),
        "warm_up": usual.warm_up,
        "lookback": usual.lookback,
        "convention": indicator.convention,
    }


def _nearest(name: str) -> str:
    near = get_close_matches(name, INDICATORS, n=3)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return "GET /api/dashboard/charts/indicators/catalogue/ lists them."
