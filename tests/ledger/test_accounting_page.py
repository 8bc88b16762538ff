"""docs/accounting.md: its examples are run, its tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from candlewick.core.account import LotMethod
from candlewick.ledger.convert import PEGGED
from candlewick.ledger.csv_fills import NEEDED, OPTIONAL
from candlewick.ledger.margin import DEFAULTS
from candlewick.ledger.valuation import value
from tests.ledger.notation import D, History, plain

PAGE = (Path(__file__).parents[2] / "docs/accounting.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```ledger (\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_has_an_example_of_every_method() -> None:
    assert {method for method, _ in EXAMPLES} == {"fifo", "lifo", "hifo", "average"}


@pytest.mark.parametrize(("method", "text"), EXAMPLES)
def test_an_example_gives_what_the_page_says(method: LotMethod, text: str) -> None:
    history = History(method)
    for line in text.splitlines():
        if line.startswith("= "):
            assert gives(history, line[2:].split()), line
        else:
            history.run(line)


def gives(history: History, words: list[str]) -> bool:
    book = history.book
    match words:
        case [("realised" | "fees") as kind, amount, currency]:
            sign = -1 if kind == "realised" else 1
            return sign * book.kinds[kind, currency] == D(amount)
        case ["balance", currency, amount]:
            return book.balances[currency] == D(amount)
        case ["position", symbol, quantity, "cost", cost]:
            position = book.positions[f"binance:{symbol}"]
            return (position.quantity, position.cost) == (D(quantity), D(cost))
        case ["no", "position", symbol]:
            return f"binance:{symbol}" not in book.positions
        case ["equity", amount, "at", symbol, mark]:
            return value(book, {f"binance:{symbol}": D(mark)}).total_value == D(amount)
    raise ValueError(f"not in the notation: {' '.join(words)}")


def test_its_tables_of_tiers_are_those_of_the_code() -> None:
    table = PAGE.split("| contract | from |")[1].split("\n\n")[0].splitlines()[2:]
    printed = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    assert printed == [
        [
            "" if number else title,
            f"{tier.floor:,f}",
            plain(tier.max_leverage),
            f"{plain(tier.rate * 100)} %",
            f"{D(plain(tier.amount)):,f}",
        ]
        for title, brackets in DEFAULTS.items()
        for number, tier in enumerate(brackets)
    ]


def test_it_names_every_pegged_coin_and_every_column_of_an_import() -> None:
    assert f"({', '.join(PEGGED)})" in PAGE
    assert f"`{','.join(NEEDED + OPTIONAL)}`" in PAGE
