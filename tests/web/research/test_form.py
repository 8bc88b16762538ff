"""The form: what is typed becomes what a program would ask for, and back."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.web.research import form
from candlewick.web.research.asking import Refused
from candlewick.web.research.form import Form
from candlewick.web.research.kinds import Kind, kinds
from candlewick.web.research.markets import Series
from candlewick.web.strategies.shelf import shelf
from tests.web.research.ground import typed

BACKTEST = kinds()["backtest"]
SEARCH = kinds()["optimisation"]


def read(given: dict[str, str], kind: Kind = BACKTEST) -> Any:
    return form.read(kind, given, shelf().find("EmaCross").params)


def series(symbol: str, timeframe: str, bars: int = 5_000) -> Series:
    return Series(f"sim:{symbol}", symbol, timeframe, bars, 0, 10 * 366 * 86_400)


def test_it_reads_what_was_typed_in_the_units_that_were_asked_for() -> None:
    asked = read(typed(p_fast="9", p_shorts="True", more="ETHUSDT-PERP, SOLUSDT", leverage=""))
    assert asked.symbols == ["BTCUSDT-PERP", "ETHUSDT-PERP", "SOLUSDT"]
    assert asked.parameters == {"fast": "9", "shorts": True}
    assert asked.fee_taker == 0.0005, "typed in per cent"
    assert asked.leverage is None
    assert (asked.timeframe, asked.timerange, asked.draft) == ("1h", "20240101-20240201", False)


def test_what_was_asked_can_be_typed_again() -> None:
    asked = read(typed(p_fast="9", more="ETHUSDT", slippage_bps="2", leverage="3"))
    spec = asked.model_dump() | {"strategy": "some.module:EmaCross"}
    again = form.typed_of(spec, BACKTEST, public={}, named={"some.module:EmaCross": "EmaCross"}.__getitem__)
    assert read(again | {"act": "run"}) == asked


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("cash", "0", "give more than 0."),
        ("cash", "much", "give a number."),
        ("cash", "nan", "give a number."),
        ("fee_taker", "50", "give less than 10 %."),
        ("fee_maker", "-2", "give at least -1 %."),
        ("slippage_bps", "-1", "give at least 0."),
        ("leverage", "500", "give at most 125."),
    ],
)
def test_it_says_which_field_cannot_be_read_in_the_unit_of_the_field(
    field: str, text: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        read(typed(**{field: text}))
    assert refused.value.errors == {field: told}


@pytest.mark.parametrize(
    ("kind", "field", "text", "told"),
    [
        ("backtest", "market", "BTCUSDT|7h", {"timeframe": "Choose which bars."}),
        ("backtest", "market", "|1h", {"symbols": "Name a market, and fifty at most: BTCUSDT."}),
        ("backtest", "more", "X " * 50, {"symbols": "Name a market, and fifty at most: BTCUSDT."}),
        ("backtest", "start", "soon", {"timerange": "Give days as 2024-01-31."}),
        ("backtest", "name", "x" * 121, {"name": "Give it a name of 120 printable characters at most."}),
        ("backtest", "notes", "\ud800", {"notes": "Write 20,000 printable characters at most."}),
        ("backtest", "p_fast", "7" * 400, {"parameters.fast": "Give fast a value that it may have."}),
        ("backtest", "cash", "\ud800", {"cash": "leave out what is no text."}),
        ("optimisation", "s_method", "dice", {"method": "choose one of those offered."}),
        ("optimisation", "s_trials", "1.5", {"trials": "give a whole number."}),
        ("optimisation", "s_seed", "-1", {"seed": "give at least 0."}),
        ("optimisation", "s_objective", "x" * 61, {"objective": "give 60 characters at most."}),
        ("optimisation", "s_objective", "x," * 5, {"objective": "give 4 at most."}),
        ("optimisation", "s_constraints", "x," * 21, {"constraints": "give 20 at most."}),
        ("optimisation", "p_fast_low", "low", {"space.fast": "Give numbers for fast."}),
        ("walk_forward", "s_train", "soon", {"train": "write it as 90d, 12w or 36h."}),
        ("walk_forward", "s_anchored", "maybe", {"anchored": "choose one of those offered."}),
        (
            "readiness",
            "s_paper",
            "all",
            {"paper": "name a run by its ten characters, or choose newest or none."},
        ),
        ("compare", "s_others", "x" * 201, {"others": "give 200 characters at most."}),
    ],
)
def test_what_cannot_be_read_is_told_in_words_for_people(
    kind: str, field: str, text: str, told: dict[str, str]
) -> None:
    given = typed(kind=kind, p_fast_high="20", **{"s_others": "EmaCross"} if kind == "compare" else {})
    with pytest.raises(Refused) as refused:
        read(given | {field: text}, kinds()[kind])
    assert refused.value.errors == told


def test_an_untouched_field_shows_what_is_asked_where_nobody_types() -> None:
    shown = {name: Form({}).of_terms(name).text for name in form.TERMS}
    assert shown == {
        "cash": "10000", "fee_taker": "0.05", "fee_maker": "0.02", "slippage_bps": "0", "leverage": "",
        "days_a_year": "365",
    }  # fmt: skip
    silent = {name: text for name, text in typed().items() if name not in form.TERMS}
    assert read(silent) == read(silent | shown)


def test_each_parameter_has_a_field_with_its_range() -> None:
    fast, _, shorts = Form({"p_fast": "7"}).of_params(shelf().find("EmaCross"), BACKTEST)
    assert (fast.text, fast.low, fast.high, fast.kind) == ("7", "5", "50", "number")
    assert [value for value, _ in shorts.choices] == ["False", "True"]


def test_it_begins_with_bars_that_tell_something_and_their_last_years() -> None:
    there = [
        series("AAPL", "1m"),
        series("BTCUSDT", "1m"),
        series("BTCUSDT", "1h"),
        series("BTCUSDT-PERP", "1h", 200),
    ]
    begun = form.sensible(shelf(), there, "", "")
    assert (begun["strategy"], begun["market"]) == ("EmaCross", "BTCUSDT|1h")
    assert (begun["start"], begun["end"]) == ("1977-01-09", "1980-01-10")


def test_few_days_are_walked_in_windows_that_fit_in() -> None:
    def windows(days: int) -> tuple[str, str]:
        few = Series("sim:BTCUSDT", "BTCUSDT", "1m", 5_000, 0, days * 86_400)
        begun = form.sensible(shelf(), [few], "", "")
        return begun["s_train"], begun["s_test"]

    assert windows(30) == ("9d", "3d")
    assert windows(1) == ("18h", "6h")
    assert "s_train" not in form.sensible(shelf(), [series("BTCUSDT", "1h")], "", "")


def test_what_is_missing_is_called_by_its_name() -> None:
    comparison = kinds()["compare"]
    with pytest.raises(Refused) as refused:
        read(typed(kind="compare"), comparison)

    assert Form({}, refused.value.errors).complaint(comparison) == "Compare with: fill this in."


def test_it_begins_with_nothing_where_there_is_nothing() -> None:
    assert form.sensible(shelf(), [], "", "") == {"strategy": "EmaCross"}


def test_a_search_reads_ranges_and_leaves_single_numbers_as_they_are() -> None:
    ranges = {"p_fast_low": "5", "p_fast_high": "20", "p_fast_step": "5", "p_slow_low": "30", "p_shorts": "*"}
    asked = read(typed(**ranges, s_objective="sharpe, -turnover", s_constraints="trades >= 30"), SEARCH)
    assert asked.parameters == {"slow": "30"}
    assert asked.space["fast"].model_dump() == {"low": 5, "high": 20, "step": 5}
    assert asked.space["shorts"] == [False, True]
    assert asked.objective == ["sharpe", "-turnover"]
    assert asked.constraints == ["trades >= 30"]


def test_a_search_can_be_typed_again() -> None:
    ranges = {"p_fast_low": "5", "p_fast_high": "20", "p_fast_step": "5", "p_slow_low": "30", "p_shorts": "*"}
    asked = read(typed(**ranges, s_method="random", s_trials="20"), SEARCH)
    again = form.typed_of(asked.model_dump(), SEARCH, public={}, named=str)
    assert read(again | {"act": "run"}, SEARCH) == asked


def test_finer_bars_and_the_days_of_a_year_are_typed_and_typed_again() -> None:
    asked = read(typed(finer="1m", days_a_year="252"))
    assert (asked.finer, asked.days_a_year) == ("1m", 252)
    assert read(typed(finer="", days_a_year="")).finer is None
    again = form.typed_of(asked.model_dump(), BACKTEST, public={}, named=str)
    assert (again["finer"], again["days_a_year"]) == ("1m", "252")
    with pytest.raises(Refused) as refused:
        read(typed(finer="7m", days_a_year="400"))
    assert refused.value.errors == {
        "finer": "Choose finer bars that are offered, or none.",
        "days_a_year": "give at most 366.",
    }


def test_none_finer_than_anything_is_offered_and_what_was_chosen_stays() -> None:
    field = Form({"finer": "5m"}).of_finer()
    assert field.text == "5m"
    assert {"", "1m", "5m"} < {value for value, _ in field.choices}
    assert "1d" not in {value for value, _ in field.choices}
