"""Figures and values of studies in words, as several of their pages write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from candlewick.backtest.registry import METRICS
from candlewick.backtest.report.figures import written
from candlewick.web.components import figures as text

Words: TypeAlias = tuple[bool, str]
"""Some of a text, and whether it is code."""


def head_of(figures: Mapping[str, Any], names: Iterable[str]) -> list[dict[str, Any]]:
    """Figures on top of a page."""
    told = (written(name, figures.get(name)) for name in names)
    return [
        {"label": each.label, "text": each.text, "tone": each.tone, "formula": each.formula} for each in told
    ]


def label_of(name: str) -> str:
    """What a figure is called, whether more of it is wanted or less."""
    plain = name.lstrip("+-")
    return METRICS[plain].label if plain in METRICS else name


def is_part(name: str) -> bool:
    """Whether a figure is a part of a whole, which is read as per cent."""
    plain = name.lstrip("+-")
    return plain in METRICS and METRICS[plain].unit == "fraction"


def part_of(part: float | None) -> str:
    """A part of a whole as per cent."""
    return text.UNKNOWN if part is None else text.share(100 * part, 0)


def value_of(value: Any) -> str:
    """A parameter's value."""
    if value is None:
        return text.UNKNOWN
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def words_of(text: str) -> list[Words]:
    """A text in parts, those between backticks being code."""
    return [(bool(at % 2), part) for at, part in enumerate(text.split("`")) if part]


def chance_of(p: float | None) -> str:
    """A p-value."""
    if p is None:
        return text.UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
