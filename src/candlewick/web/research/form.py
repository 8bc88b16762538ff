"""The form of a new study: its fields with what was typed, sensible defaults, and what is wrong, in place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from candlewick.core.interval import INTERVALS
from candlewick.trading.strategy.param import Param
from candlewick.web.research.asking import Refused
from candlewick.web.research.kinds import NEWEST, NO_RUN, OTHERS, PAPER, AskedStudy, Kind, Setting
from candlewick.web.research.markets import Series, rank_of
from candlewick.web.strategies.shelf import Book, Shelf

TIMEFRAMES: Final = ("1h", "4h", "15m", "30m", "2h", "5m", "1d", "1m")
YEARS: Final = 3
TRAIN_DAYS, TEST_DAYS = 90, 30  # as a walk is asked for where nobody says more
WINDOWS: Final = 2
VALUES: Final = 12  # of a range that is searched, where nobody says more
EACH: Final = "*"  # of a choice: all of them are searched
PARTS: Final = ("low", "high", "step")
TERMS: Final = {
    "cash": "Cash at the beginning",
    "fee_taker": "Taker fee",
    "fee_maker": "Maker fee",
    "slippage_bps": "Slippage",
    "leverage": "Leverage",
    "days_a_year": "Days a year",
}
"""What every study's account has, and how it is called."""
_BOUNDS: Final = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_SENTENCES: Final = {
    "strategy": "Choose a strategy.",
    "symbols": "Name a market, and fifty at most: BTCUSDT.",
    "timeframe": "Choose which bars.",
    "timerange": "Give days as 2024-01-31.",
    "finer": "Choose finer bars that are offered, or none.",
    "name": "Give it a name of 120 printable characters at most.",
    "notes": "Write 20,000 printable characters at most.",
}
"""What is wrong with a field of every study, whatever it is. They stand alone, without what it is called."""
_OF_EACH: Final = {"parameters": "Give {} a value that it may have.", "space": "Give numbers for {}."}
_WRITTEN: Final = {
    "train": "write it as 90d, 12w or 36h.",
    "test": "write it as 90d, 12w or 36h.",
    "paper": "name a run by its ten characters, or choose newest or none.",
}
_PER_CENT: Final = ("fee_taker", "fee_maker")


@dataclass(frozen=True, slots=True)
class Field:
    """A field: what stands in it, what may, and what is wrong with it."""

    name: str
    label: str
    text: str
    help: str = ""
    error: str = ""
    kind: str = "text"
    low: str = ""
    high: str = ""
    step: str = ""
    choices: Sequence[tuple[str, str]] = ()
    unit: str = ""
    span: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, by field, and what is wrong with it."""

    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    def of_params(self, strategy: Book, kind: Kind) -> list[Field]:
        """A field for each parameter of a strategy, with its range; three where a range is searched."""
        return [self._of_param(name, param, kind.searches) for name, param in strategy.params.items()]

    def of_settings(self, kind: Kind) -> list[Field]:
        """The fields that this kind of study has beside the others."""
        return [self._of_setting(each, kind) for each in kind.settings]

    def complaint(self, kind: Kind) -> str:
        """All that is wrong; of the account and of what only this kind asks for, by what it is called."""
        labels = TERMS | {each.name: each.label for each in kind.settings}
        told = (f"{labels[name]}: {text}" if name in labels else text for name, text in self.errors.items())
        return " ".join(told)

    def plain(self, name: str, label: str, default: str, **more: Any) -> Field:
        """A field of every study."""
        error = self.errors.get(name, "")
        return Field(name, label, self.typed.get(name, default), error=error, **more)

    def of_finer(self) -> Field:
        """Which bars decide what came first inside a bar; the page offers those that the market has."""
        choices = [("", "None"), *((each, each) for each in INTERVALS[:-1])]
        told = "They tell what came first inside a bar; without them a stop did."
        return self.plain("finer", "Finer bars", "", kind="choice", choices=choices, help=told)

    def of_terms(self, name: str, **more: Any) -> Field:
        """A number of the account: what it has where nobody says otherwise stands there, to be seen."""
        default = AskedStudy.model_fields[name].default
        return self.plain(name, TERMS[name], _typed(name, default), kind="number", step="any", **more)

    def _of_param(self, name: str, param: Param[Any], searched: bool) -> Field:
        key = f"p_{name}"
        error = self.errors.get(f"parameters.{name}", "") or self.errors.get(f"space.{name}", "")
        text = self.typed.get(key, str(param.default))
        if param.choices is not None:
            titles = {False: "no", True: "yes"} if param.kind is bool else {}
            choices = [(str(each), titles.get(each, str(each))) for each in param.choices]
            if searched:
                choices.append((EACH, "try each"))
            return Field(key, name, text, error=error, kind="choice", choices=choices)
        if searched:
            return Field(key, name, text, param.allowed, error, "span", span=self._span(key, param))
        return Field(
            key,
            name,
            text,
            help=param.allowed,
            error=error,
            kind="number",
            low="" if param.low is None else f"{param.low:g}",
            high="" if param.high is None else f"{param.high:g}",
            step="any" if param.step is None else f"{param.step:g}",
        )

    def _span(self, key: str, param: Param[Any]) -> tuple[str, str, str]:
        """What stands in the fields of a range: from, to, by."""
        if f"{key}_low" in self.typed:
            low, high, step = (self.typed.get(f"{key}_{part}", "") for part in PARTS)
            return low, high, step
        if key in self.typed or param.low is None or param.high is None:
            return self.typed.get(key, str(param.default)), "", ""
        return _written(param.low), _written(param.high), _coarse(param)

    def _of_setting(self, setting: Setting, kind: Kind) -> Field:
        told = kind.model.model_fields[setting.name]
        default = None if told.is_required() else told.default
        text = self.typed.get(f"s_{setting.name}", "" if default is None else _written(default))
        return Field(
            f"s_{setting.name}",
            setting.label,
            text,
            help=setting.help,
            error=self.errors.get(setting.name, ""),
            kind=_kind_of(setting),
            step=setting.step or "",
            choices=setting.choices,
        )


def read(kind: Kind, typed: Mapping[str, str], params: Mapping[str, Param[Any]]) -> AskedStudy:
    """What was typed, as a request of a kind.

    Args:
        params: of the strategy that was chosen.

    Raises:
        Refused: something in it cannot be read; says which field.
    """
    market, _, timeframe = typed.get("market", "").partition("|")
    symbols = [market, *typed.get("more", "").replace(",", " ").split()]
    given: dict[str, Any] = {
        "strategy": typed.get("strategy", ""),
        "symbols": [each for each in symbols if each],
        "timeframe": timeframe,
        **_parameters(kind, typed, params),
        "timerange": "-".join(typed.get(name, "").replace("-", "") for name in ("start", "end")),
        "name": typed.get("name", ""),
        "notes": typed.get("notes", ""),
        "draft": typed.get("act") == "draft",
    }
    if typed.get("finer"):
        given["finer"] = typed["finer"]
    for name in TERMS:
        if typed.get(name, "").strip():
            given[name] = _number(typed[name], 100 if name in _PER_CENT else 1)
    for setting in kind.settings:
        text = typed.get(f"s_{setting.name}", "").strip()
        if text and setting.name == OTHERS:
            given[OTHERS] = [_contender(line) for line in text.splitlines() if line.strip()]
        elif text:
            given[setting.name] = _listed(text) if _is_list(kind, setting.name, text) else text
    try:
        return kind.model.model_validate(given, strict=False)  # what is typed is text
    except ValidationError as error:
        raise Refused(_errors(error)) from None


def typed_of(
    spec: Mapping[str, Any], kind: Kind, *, public: Mapping[str, str], named: Callable[[str], str]
) -> dict[str, str]:
    """A request as it would have been typed: to ask again for what was asked before.

    Args:
        public: the symbols' public names, by id.
        named: what names now the strategy of a reference.
    """
    start, _, end = str(spec.get("timerange", "-")).partition("-")
    symbols = [public.get(each, each) for each in spec["symbols"]]
    typed = {
        "strategy": named(spec["strategy"]),
        "market": f"{symbols[0]}|{spec['timeframe']}",
        "more": ", ".join(symbols[1:]),
        "start": _dashed(start),
        "end": _dashed(end),
        "finer": spec.get("finer") or "",
        **{f"p_{name}": str(value) for name, value in spec.get("parameters", {}).items()},
    }
    typed |= {name: _typed(name, spec[name]) for name in TERMS if name in spec}
    for setting in kind.settings:
        if setting.name == OTHERS:
            typed[f"s_{OTHERS}"] = "\n".join(_told(each, named) for each in spec.get(OTHERS, ()))
        elif setting.name == PAPER:
            typed[f"s_{PAPER}"] = NEWEST if spec.get(PAPER) else NO_RUN
        elif spec.get(setting.name) is not None:
            typed[f"s_{setting.name}"] = _written(spec[setting.name])
    for name, given in (spec.get("space") or {}).items() if kind.searches else ():
        if isinstance(given, dict):
            typed |= {
                f"p_{name}_{part}": _written("" if given.get(part) is None else given[part]) for part in PARTS
            }
        else:
            typed[f"p_{name}"] = EACH
    return typed


def sensible(shelf: Shelf, there: Sequence[Series], strategy: str, market: str) -> dict[str, str]:
    """What stands in an untouched form: bars that tell something, and the last years of them."""
    found = next((each for each in there if f"{each.symbol}|{each.timeframe}" == market), None)
    chosen = found or best(there)
    typed = {"strategy": strategy or shelf.books[0].key}
    if chosen is None:
        return typed
    last = date.fromisoformat(chosen.last_day) + timedelta(1)
    first = max(date.fromisoformat(chosen.first_day), last - timedelta(round(365.25 * YEARS)))
    return typed | {
        "market": f"{chosen.symbol}|{chosen.timeframe}",
        "start": first.isoformat(),
        "end": last.isoformat(),
        **_windows((last - first).days),
    }


def _windows(days: int) -> dict[str, str]:
    """What to train and to test on, where so few days do not hold the usual windows twice."""
    if days >= WINDOWS * (TRAIN_DAYS + TEST_DAYS):
        return {}
    test = days // (WINDOWS * 4)
    if test:
        return {"s_train": f"{3 * test}d", "s_test": f"{test}d"}
    hours = max(1, 24 * days // (WINDOWS * 4))
    return {"s_train": f"{3 * hours}h", "s_test": f"{hours}h"}


def best(there: Sequence[Series]) -> Series | None:
    """The bars that a study is best begun with: a market that everybody knows, neither coarse nor few."""

    def rank(each: Series) -> tuple[bool, int, int, int]:
        return (
            each.bars < 1_000,
            rank_of(each.symbol),
            TIMEFRAMES.index(each.timeframe) if each.timeframe in TIMEFRAMES else len(TIMEFRAMES),
            -each.bars,
        )

    return min(there, key=rank, default=None)


def _coarse(param: Param[Any]) -> str:
    """A step with which a range has a dozen values: who wants each of them says so."""
    if param.step is None or param.low is None or param.high is None:
        return ""
    steps = (param.high - param.low) / param.step
    return _written(round(param.step * max(1, math.ceil(steps / VALUES)), 12))


def _kind_of(setting: Setting) -> str:
    if setting.name == OTHERS:
        return "lines"
    return "choice" if setting.choices else "number" if setting.step else "text"


def _contender(line: str) -> dict[str, Any]:
    """`EmaCross fast=20 slow=100`."""
    name, *pairs = line.split()
    values = {key: truth(value) for key, _, value in (pair.partition("=") for pair in pairs)}
    return {"strategy": name, "parameters": values}


def _told(contender: Mapping[str, Any], named: Callable[[str], str]) -> str:
    """The same as it would have been typed."""
    values = (f"{name}={_written(value)}" for name, value in contender.get("parameters", {}).items())
    return " ".join([named(contender["strategy"]), *values])


def _parameters(
    kind: Kind, typed: Mapping[str, str], params: Mapping[str, Param[Any]]
) -> dict[str, dict[str, Any]]:
    """`parameters`, and the `space` of those that are searched."""
    values: dict[str, Any] = {}
    space: dict[str, Any] = {}
    for name, param in params.items():
        low, high, step = (typed.get(f"p_{name}_{part}", "").strip() for part in PARTS)
        text = typed.get(f"p_{name}", "").strip() or low
        if kind.searches and text == EACH and param.choices is not None:
            space[name] = list(param.choices)
        elif kind.searches and low and high and low != high:
            space[name] = {"low": low, "high": high} | ({"step": step} if step else {})
        elif text:
            values[name] = truth(text)
    return {"parameters": values} | ({"space": space} if space else {})


def _errors(error: ValidationError) -> dict[str, str]:
    """What is wrong, by field. Where a value may be of several kinds, that it is of another says least."""
    found: dict[str, str] = {}
    for each in sorted(error.errors(), key=lambda one: one["type"].endswith("_type")):
        name, *inside = map(str, each["loc"])
        if name in _OF_EACH:
            found.setdefault(f"{name}.{inside[0]}", _OF_EACH[name].format(inside[0]))
        else:
            found.setdefault(name, _SENTENCES.get(name) or _said(name, each))
    return found


def _said(name: str, error: ErrorDetails) -> str:
    """What is wrong with a field, in the unit that it is typed in."""
    kind, bounds = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "fill this in."
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"give {words} {_typed(name, bounds[bound])}{' %' if name in _PER_CENT else ''}."
    match kind:
        case "string_too_long":
            return f"give {bounds['max_length']} characters at most."
        case "too_long":
            return f"give {bounds['max_length']} at most."
        case "too_short":
            return f"give {bounds['min_length']} at least."
        case "string_pattern_mismatch":
            return _WRITTEN[name]
        case "string_unicode":
            return "leave out what is no text."
        case "literal_error" | "bool_parsing":
            return "choose one of those offered."
        case "int_parsing" | "int_from_float" | "int_parsing_size":
            return "give a whole number."
    return "give a number."


def _number(text: str, by: int) -> str | float:
    """A number as it was typed, in the request's unit; what is none is left for the model to refuse."""
    try:
        return round(float(text.replace(",", "")) / by, 12)
    except ValueError:
        return text


def _typed(name: str, value: float | None) -> str:
    """A number of the account, in the unit that it is typed in; none is an empty field."""
    return "" if value is None else _written(value * (100 if name in _PER_CENT else 1))


def truth(text: str) -> bool | str:
    """A switch that was chosen; what is none stays as it was typed."""
    return {"True": True, "False": False}.get(text, text)


def _is_list(kind: Kind, name: str, text: str) -> bool:
    """Whether a field is a list; where it may be a list or a word, whether several were typed."""
    told = kind.model.model_fields[name]
    return "list" in str(told.annotation) and ("," in text or not isinstance(told.default, str))


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _dashed(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else ""
