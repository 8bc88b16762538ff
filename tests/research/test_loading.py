"""Strategies by name, and what becomes of files that cannot be run."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.core.errors import UsageError
from candlewick.research.loading import BUNDLED, BrokenStrategy, files, find, load, shelf

GOOD = '''"""Mine."""

import candlewick as cw


class Hold(cw.Strategy):
    """Buys once.

    And waits.
    """

    def signals(self, bars, ind):
        return cw.Signals(enter_long=True)
'''
OTHER = "\n\nclass Other(Hold):\n    pass\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["EmaCross", "ema-cross", "ema_cross", "emacross"])
def test_it_finds_a_bundled_strategy_however_it_is_written(name: str) -> None:
    found = find(name)
    assert (found.name, found.bundled) == ("EmaCross", True)
    assert found.reference == "candlewick.bundled.ema_cross:EmaCross"


@pytest.mark.parametrize("name", ["Hold", "hold", "mine", "mine:Hold", "mine.py:Hold", "mine.py"])
def test_it_finds_a_strategy_of_the_folder_by_class_and_by_file(folder: Path, name: str) -> None:
    path = put(folder, "mine.py", GOOD)
    found = find(name, folder)
    assert (found.name, found.file, found.source, found.bundled) == ("Hold", path, GOOD, False)
    assert (found.title, found.reference) == ("Buys once.", "Hold")


def test_it_finds_a_strategy_by_the_path_of_its_file(folder: Path) -> None:
    path = put(folder, "mine.py", GOOD + OTHER)
    assert find(f"{path}:Other").name == "Other"
    with pytest.raises(UsageError, match=r"has 2 strategies\. Say which: .*mine\.py:Class, of Hold, Other"):
        find(str(path))
    with pytest.raises(UsageError, match=r"no strategy 'Third'\. It has: Hold, Other"):
        find(f"{path}:Third")


def test_a_persons_own_strategy_comes_before_a_bundled_one_of_the_same_name(folder: Path) -> None:
    put(folder, "mine.py", GOOD.replace("Hold", "EmaCross"))
    assert not find("ema-cross", folder).bundled


def test_it_asks_which_one_where_two_files_have_the_name(folder: Path) -> None:
    put(folder, "one.py", GOOD)
    put(folder, "two.py", GOOD)
    with pytest.raises(UsageError, match="Say which: one:Hold or two:Hold"):
        find("Hold", folder)
    assert find("two:Hold", folder).file.name == "two.py"


def test_it_names_what_is_nearest_to_a_name_that_nothing_has(folder: Path) -> None:
    put(folder, "mine.py", GOOD)
    with pytest.raises(UsageError, match=r"no strategy 'Holt'\. Did you mean Hold"):
        find("Holt", folder)
    with pytest.raises(UsageError, match="Did you mean EmaCross"):
        find("EmaCros")
    with pytest.raises(UsageError, match="There is no file /nowhere/mine"):
        find("/nowhere/mine.py:Hold", folder)


def test_a_file_that_changed_is_run_again_and_what_was_loaded_stays_as_it_was(folder: Path) -> None:
    path = put(folder, "mine.py", GOOD)
    before = find("Hold", folder).strategy
    assert find("Hold", folder).strategy is before
    path.write_text(GOOD.replace("Buys once", "Sells once"), encoding="utf-8")
    after = find("Hold", folder)
    assert after.strategy is not before
    assert after.title == "Sells once."
    assert str(before.__doc__).startswith("Buys once.")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("x = 1\nclass Mine(:\n", 2, "invalid syntax"),
        ("import candlewick as cw\n\nx = 1 / 0\n", 3, "ZeroDivisionError: division by zero"),
        ("import nowhere_to_be_found\n", 1, "No module named 'nowhere_to_be_found'"),
        ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
        ("x = 1\n", None, "it holds no strategy: derive a class from candlewick.Strategy"),
        (
            "import candlewick as cw\n\nclass Mute(cw.Strategy):\n    pass\n", 3,
            "neither signals.. nor on_bar",
        ),
        (
            "import candlewick as cw\n\nclass Odd(cw.Strategy):\n    n = cw.Param(5, low=9)\n", 3,
            "n of Odd is 5: give a whole number of at least 9",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_run_is_told_with_its_line_and_harms_no_other(
    folder: Path, text: str, line: int | None, reason: str
) -> None:
    put(folder, "good.py", GOOD)
    put(folder, "wrong.py", text)
    there = shelf(files(folder))
    assert [each.name for each in there.strategies] == [*BUNDLED, "Hold"]
    (fault,) = there.broken
    assert (fault.path.name, fault.line) == ("wrong.py", line)
    with pytest.raises(BrokenStrategy, match=reason):
        find("wrong", folder)


@pytest.mark.parametrize(
    "text",
    [
        f"{GOOD}\nMade = type('a/../../b', (Hold,), {{}})\n",
        f"{GOOD}\nvars()['a/../../b'] = type('a/../../b', (Hold,), {{}})\n",
        f"{GOOD}\nFast, Slow = (type('Made', (Hold,), {{}}) for _ in range(2))\n",
    ],
)
def test_a_class_that_cannot_be_found_by_its_name_is_a_fault_of_its_file(folder: Path, text: str) -> None:
    with pytest.raises(BrokenStrategy, match=r"its class '(a/\.\./\.\./b|Made)' has another name"):
        load(put(folder, "mine.py", text))


def test_a_class_with_two_names_in_its_file_is_one_strategy(folder: Path) -> None:
    put(folder, "mine.py", f"{GOOD}\nKeep = Hold\n")
    assert find("mine", folder).name == "Hold"


def test_a_file_that_is_no_text_is_broken(folder: Path) -> None:
    path = folder / "bytes.py"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BrokenStrategy, match="not text in UTF-8"):
        load(path)


def test_tests_and_private_files_are_no_strategies(folder: Path) -> None:
    for name in ("test_mine.py", "_mine.py", "conftest.py", ".mine.py"):
        put(folder, name, "raise RuntimeError\n")
    assert shelf(files(folder)).broken == ()


def test_all_files_of_the_bundled_folder_are_named() -> None:
    import candlewick.bundled as home

    there = {path.stem for path in Path(home.__path__[0]).glob("*.py")} - {"__init__"}
    assert there == set(BUNDLED.values())
