"""What a study asked for, as facts for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from candlewick.backtest.metrics import DAYS_A_YEAR
from candlewick.core.instrument import public_symbol
from candlewick.store.models import Job
from candlewick.web.research.kinds import OBJECTIVE, OTHERS, PAPER, kinds
from candlewick.web.research.shown.words import label_of

_LINE: Final = re.compile(r"line (\d+)")


class Fact(NamedTuple):
    """A name and a value."""

    label: str
    text: str


def facts_of(job: Job, *, primary: str) -> list[Fact]:
    """What was asked, in the order in which people ask."""
    spec: Mapping[str, Any] = job.spec
    facts: list[Fact] = []
    if "strategy" in spec:
        facts.append(Fact("Strategy", str(spec["strategy"]).rpartition(":")[2]))
    kind = kinds().get(job.kind)
    searched = _searched(spec) if kind is not None and kind.searches else {}
    fixed = {name: each for name, each in spec.get("parameters", {}).items() if name not in searched}
    if fixed and (searched or not (kind and kind.searches)):
        facts.append(
            Fact("Parameters", ", ".join(f"{name} {_written(each)}" for name, each in fixed.items()))
        )
    if kind is not None and kind.searches:
        said = ", ".join(f"{name} {each}" for name, each in searched.items())
        facts.append(Fact("Searched", said or "all that has a range"))
    if symbols := spec.get("symbols"):
        facts.append(Fact("Markets", ", ".join(public_symbol(each, primary=primary) for each in symbols)))
    if "timeframe" in spec:
        facts.append(Fact("Bars", f"{spec['timeframe']}, {_days(spec.get('timerange', '-'))}"))
    if finer := spec.get("finer"):
        facts.append(Fact("Finer bars", f"{finer}: they decide what came first inside a bar"))
    for setting in kind.settings if kind else ():
        if setting.name == OTHERS:
            others = (_told(each) for each in spec.get(OTHERS, ()))
            facts.append(Fact(setting.label, "; ".join(others)))
        elif setting.name == PAPER:
            taken = spec.get(PAPER) or {}
            facts.append(Fact(setting.label, f"{taken['run']}, {taken['account']}" if taken else "none"))
        elif setting.counts_in(spec) and spec.get(setting.name) not in (None, [], ""):
            titles = dict(setting.choices)
            value = _written(spec[setting.name])
            if setting.name == OBJECTIVE:
                value = _looked_for(spec[OBJECTIVE])
            facts.append(Fact(setting.label, titles.get(value, value)))
    if "cash" in spec:
        facts += [
            Fact("Cash", f"{spec['cash']:,.2f}"),
            Fact(
                "Costs",
                f"{100 * spec['fee_taker']:.4g} % taker, {100 * spec['fee_maker']:.4g} % maker, "
                f"{spec['slippage_bps']:g} bps slippage",
            ),
        ]
    if spec.get("leverage") is not None:
        facts.append(Fact("Leverage", f"{spec['leverage']:g}"))
    if spec.get("days_a_year", DAYS_A_YEAR) != DAYS_A_YEAR:
        facts.append(Fact("A year", f"{spec['days_a_year']:g} days"))
    unknown = [each for each in spec.get("symbols", ()) if each not in spec.get("instruments", {})]
    if unknown:
        names = ", ".join(public_symbol(each, primary=primary) for each in unknown)
        facts.append(Fact("Tick and lot", f"not known of {names}: traded in any fraction"))
    if job.data_fingerprint:
        facts.append(Fact("Data", job.data_fingerprint[:16]))
    if job.code_hash:
        facts.append(Fact("Code", job.code_hash[:16]))
    return facts


def _searched(spec: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that are searched, each with its values in words."""
    found = {}
    for name, given in (spec.get("space") or {}).items():
        if isinstance(given, Mapping):
            step = f" by {given['step']:g}" if given.get("step") else ""
            found[name] = f"{given['low']:g} to {given['high']:g}{step}"
        else:
            found[name] = " or ".join(map(str, given))
    return found


def _looked_for(objective: str | Sequence[str]) -> str:
    """The figures that a search looks for, as its page calls them."""
    names = [objective] if isinstance(objective, str) else objective
    return ", ".join(
        f"less of {label_of(name)}" if name.startswith("-") else label_of(name) for name in names
    )


def line_at_fault(error: str) -> int | None:
    """The line of the strategy that an error's sentence names."""
    found = _LINE.search(error)
    return int(found[1]) if found else None


def _days(timerange: str) -> str:
    start, _, end = timerange.partition("-")
    first, last = (f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else "" for day in (start, end))
    if not first and not last:
        return "all that there are"
    return f"{first or 'the first'} to {last or 'the newest'}"


def _told(contender: Mapping[str, Any]) -> str:
    values = ", ".join(f"{name} {_written(value)}" for name, value in contender["parameters"].items())
    return f"{str(contender['strategy']).rpartition(':')[2]} ({values or 'no parameters'})"


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_written, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
