"""`--param fast=10`: parameters of a strategy as a person writes them."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from candlewick.core.errors import UsageError

Parameters = Annotated[
    list[str] | None, Option("--param", help="A parameter of the strategy: fast=10; may be repeated.")
]


def pairs(texts: list[str]) -> dict[str, str]:
    """`name=value` as a mapping.

    Raises:
        UsageError: one of them is no such pair, or a name stands there twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r} is no parameter. Write it as name=value: --param fast=10.")
        if name in found:
            raise UsageError(f"The parameter {name} is given twice.")
        found[name.strip()] = value.strip()
    return found
