"""The rooms: imports point downwards, and heavy libraries stay out of processes that do not need them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0][
    "layers"
]


def test_it_imports_downwards_only() -> None:
    lint = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout


def test_it_gives_every_room_its_place() -> None:
    rooms = {path.parent.name for path in (ROOT / "src/candlewick").glob("*/__init__.py")}
    assert rooms - {"bundled"} == {room.strip() for layer in LAYERS for room in layer.split("|")}


def test_no_room_imports_the_face_for_people() -> None:
    room = ROOT / "src/candlewick"
    face = re.compile(r"^\s*(import candlewick\b(?!\.)|from candlewick import)", re.MULTILINE)
    texts = {"cli/strategy_new.py", "__init__.py"}  # what is written for people, and the face itself
    found = {
        path.relative_to(room).as_posix() for path in room.rglob("*.py") if face.search(path.read_text())
    }
    assert {each for each in found if not each.startswith("bundled/")} == texts


@pytest.mark.parametrize("room", ["core", "market", "trading"])
def test_it_keeps_a_pure_room_free_of_input_and_output(room: str) -> None:
    """The contract checks what is imported by name; this, what comes along with it."""
    loaded = modules_after(
        f"import pkgutil, importlib, candlewick.{room} as room\n"
        "for found in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "    importlib.import_module(found.name)"
    )
    assert loaded.isdisjoint({"asyncio", "django", "sqlite3", "zmq", "aiohttp", "picows", "pyarrow", "ccxt"})


def test_it_starts_the_command_without_loading_what_a_verb_needs() -> None:
    loaded = modules_after("import candlewick.cli")
    assert loaded.isdisjoint({"django", "asyncio", "numpy", "pyarrow", "aiohttp", "ccxt", "uvicorn", "talib"})


def modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh interpreter has loaded after `code`."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())
