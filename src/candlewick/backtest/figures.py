"""All metrics of a run by name, each computed when it is asked for, and then kept."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from candlewick.backtest.registry import METRICS, Figure
from candlewick.backtest.track_record import TrackRecord
from candlewick.core.errors import UsageError


class UnknownMetric(UsageError, KeyError):
    """No metric has this name."""

    def __init__(self, name: object) -> None:
        near = difflib.get_close_matches(str(name), METRICS, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Use one of {', '.join(METRICS)}."
        super().__init__(f"Unknown metric {name!r}. {hint}")
        self.name = name

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show it in quotes


class Figures(TrackRecord, Mapping[str, Figure]):
    """`Figures(time=…, equity=…, initial=…, bar_s=…, …)["sharpe"]`: a number, or None where it is undefined.

    Takes what `TrackRecord` takes; holds a figure for every name in `METRICS`, in that order.
    """

    @cached_property
    def _found(self) -> dict[str, Figure]:
        return {}

    def __getitem__(self, name: str) -> Figure:
        if name not in METRICS:
            raise UnknownMetric(name)
        if name not in self._found:
            with np.errstate(all="ignore"):  # equity that is no number, or too large, leaves nothing to say
                figure = METRICS[name].of(self)
            self._found[name] = None if figure is None or not math.isfinite(figure) else figure
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in METRICS  # nothing is computed to answer this

    def __iter__(self) -> Iterator[str]:
        return iter(METRICS)

    def __len__(self) -> int:
        return len(METRICS)

    def __repr__(self) -> str:
        return f"<Figures of {len(self.time)} bars>"
