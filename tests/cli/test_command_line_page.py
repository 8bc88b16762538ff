"""docs/command-line.md: every verb and option that it names is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from candlewick.cli import VERBS, root
from tests.cli.ground import ROOT

PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
RESEARCH = (
    "backtest", "lookahead", "optimise", "walk-forward", "cross-validate", "monte-carlo", "stress", "compare",
    "readiness",
)  # fmt: skip


def options(verb: str) -> set[str]:
    group: Any = typer.main.get_command(root)
    command = group.get_command(None, verb)
    return {each for option in command.params for each in (*option.opts, *option.secondary_opts)}


def test_every_verb_of_research_is_told() -> None:
    assert set(RESEARCH) <= set(VERBS)
    for verb in RESEARCH:
        assert f"candlewick {verb} " in PAGE


def test_every_option_that_the_page_names_is_one() -> None:
    there = set().union(*map(options, RESEARCH)) | {"--help"}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= there


@pytest.mark.parametrize("verb", RESEARCH)
def test_every_verb_takes_the_whole_question(verb: str) -> None:
    table = PAGE.partition("## The question")[2].partition("## A backtest")[0]
    asked = set(re.findall(r"--[a-z][a-z-]+", table.partition("Exit codes")[0]))
    assert asked <= options(verb)
