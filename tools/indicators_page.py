"""Write the tables of docs/indicators.md from the catalogue: `python -m tools.indicators_page`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from candlewick.market.indicators.catalogue import INDICATORS
from candlewick.market.indicators.registry import Indicator, Output, Parameter, Study

PAGE: Final = Path(__file__).resolve().parent.parent / "docs/indicators.md"
BEGIN: Final = "<!-- Written by tools/indicators_page.py from the catalogue. -->"
END: Final = "<!-- End of what is written. -->"
GROUPS: Final = {
    "trend": "Trend",
    "momentum": "Momentum",
    "volatility": "Volatility",
    "volume": "Volume",
    "statistics": "Statistics",
    "patterns": "Candle patterns",
}


def tables() -> str:
    """The tables of all groups."""
    return "\n\n".join(_group(group, title) for group, title in GROUPS.items())


def renewed(page: str) -> str:
    """The page with its tables written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def _group(group: str, title: str) -> str:
    members = [each for each in INDICATORS.values() if each.group == group]
    if group == "patterns":
        names = ", ".join(f"`{each.name}` ({each.title})" for each in members)
        return (
            f"### {title}\n\n{len(members)} of TA-Lib, with its usual settings: +100 where a bullish one "
            "ends, −100 a bearish one, 0 none, ±200 when confirmed. In Python `ta.pattern(name, …)`, without "
            f"the `cdl_`.\n\n{names}."
        )
    head = (
        "| indicator | numbers (usual; from – to) | lines | first value in row | formula, seed, smoothing |"
    )
    return "\n".join([f"### {title}", "", head, "| --- | --- | --- | --- | --- |", *map(_row, members)])


def _row(each: Indicator) -> str:
    usual = Study(each, tuple(parameter.default for parameter in each.parameters))
    warm_up = "by the time of day" if usual.warm_up is None else str(usual.warm_up)
    numbers = "; ".join(map(_number, each.parameters)) or "none"
    lines = ", ".join(map(_line, each.outputs))
    convention = each.convention + (" Only its changes mean something." if each.is_relative else "")
    return f"| `{each.name}` {each.title} | {numbers} | {lines} | {warm_up} | {convention} |"


def _number(each: Parameter) -> str:
    return f"{each.name} ({each.default:g}; {each.low:g} – {each.high:.12g})"


def _line(each: Output) -> str:
    told = {"line": "", "none": " (not drawn)"}.get(each.draw, f" ({each.draw})")
    return f"`{each.name}`{told}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
