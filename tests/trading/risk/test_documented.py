"""The page about risk and the door name the same codes."""

from __future__ import annotations

import re
from pathlib import Path

import candlewick.trading.risk as risk
from candlewick.trading.risk import door
from tests.trading.risk.test_door import TERMS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "risk.md"
RULE = r"^def ([a-z]\w*)\(ask: Ask\) -> Refused \| None:"
ROOM = Path(risk.__file__).parent


def codes_in_source() -> set[str]:
    """Codes of refusals: given by name, or as the first argument of the functions that make them."""
    text = "".join(path.read_text() for path in ROOM.glob("*.py") if path.name != "use.py")
    text += (ROOM.parent / "changing.py").read_text()
    named = re.findall(r'code="(\w+)"', text)
    made = re.findall(r'(?:_above|_share|_short)\(\s*"(\w+)"', text)
    gauges = re.findall(r'Gauge\(\s*"(\w+)"', text)
    return {*named, *made, *gauges}


def codes_on_the_page() -> set[str]:
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def test_every_code_is_explained() -> None:
    assert codes_in_source() - {"filled"} == codes_on_the_page()
    assert "`filled`" in PAGE.read_text()


def test_every_rule_has_its_row_in_the_table_of_refusals() -> None:
    """Each code is met by a test that an order was refused for it."""
    tests = (Path(__file__).parent / "test_door.py").read_text()
    met = {code for code, _, _ in TERMS.values()} | set(re.findall(r'code == "(\w+)"', tests))
    assert codes_on_the_page() <= met


def test_the_door_holds_every_rule_once() -> None:
    assert len(set(door.RULES)) == len(door.RULES)
    rules = {
        f"{module}.{name}"
        for module in ("terms", "account", "market", "size")
        for name in re.findall(RULE, (ROOM / f"{module}.py").read_text(), re.MULTILINE)
    }
    assert {f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}" for rule in door.RULES} == rules
