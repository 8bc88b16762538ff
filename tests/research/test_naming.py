"""Which strategy a name means, wherever it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.core.errors import UsageError
from candlewick.research import loading
from candlewick.research.describing import Described, look
from candlewick.research.naming import NoSuchStrategy

OWN = """import candlewick as cw


class {name}(cw.Strategy):
    def signals(self, bars, ind):
        return cw.Signals(enter_long=True)


"""
EMA = "candlewick.bundled.ema_cross:EmaCross"


def put(folder: Path, file: str, *names: str, before: str = "") -> Path:
    path = folder / file
    path.write_text(before + "".join(OWN.format(name=name) for name in names))
    return path


def told(folder: Path, name: str) -> Described:
    """What a name means on the pages, which must be what it means on the command line."""
    found, loaded = look(folder).find(name), loading.find(name, folder)
    assert (found.name, found.file, found.bundled) == (loaded.name, str(loaded.file), loaded.bundled)
    return found


@pytest.mark.parametrize("name", ["EmaCross", "ema-cross", "mine", "mine:EmaCross", "mine:ema_cross"])
def test_a_persons_own_comes_first_however_it_is_written(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, "mine.py", "EmaCross")
    assert told(tmp_path, name).file == str(path)


def test_a_bundled_one_keeps_its_reference_where_its_name_is_used(tmp_path: Path) -> None:
    put(tmp_path, "ema_cross.py", "EmaCross")
    assert told(tmp_path, EMA).bundled
    assert not told(tmp_path, "ema_cross:EmaCross").bundled
    assert told(tmp_path, "DonchianTrend").bundled


@pytest.mark.parametrize(
    ("name", "means"),
    [("Flip", "Flip"), ("flip", "Flip"), ("flip:Flip", "Flip"), ("flip:OnBar", "OnBar"), ("on-bar", "OnBar")],
)
def test_a_file_may_hold_more_than_the_strategy_that_it_is_called_like(
    tmp_path: Path, name: str, means: str
) -> None:
    put(tmp_path, "flip.py", "Flip", "OnBar")
    assert told(tmp_path, name).name == means


def test_a_name_that_could_be_several_is_refused_and_each_has_one_that_is_not(tmp_path: Path) -> None:
    put(tmp_path, "one.py", "Hold")
    put(tmp_path, "two.py", "Hold", "Hol_d")
    for find in (look(tmp_path).find, lambda name: loading.find(name, tmp_path)):
        with pytest.raises(NoSuchStrategy, match=r"'Hold' may be 2 .* Say which: one:Hold or two:Hold"):
            find("Hold")
        with pytest.raises(NoSuchStrategy, match=r"'two' may be 2 .* Say which: two:Hold or two:Hol_d"):
            find("two")
    looked = look(tmp_path)
    keys = [looked.key_of(each) for each in looked.strategies]
    assert keys[-3:] == ["one:Hold", "two:Hold", "Hol_d"]
    assert [looked.find(key) for key in keys] == list(looked.strategies)
    assert told(tmp_path, "two:hol-d").name == "Hold"


@pytest.mark.parametrize("file", ["ema_cross.py", "mine.py"])
def test_nothing_is_taken_for_what_stands_in_a_file_that_cannot_be_run(tmp_path: Path, file: str) -> None:
    put(tmp_path, file, "EmaCross", before="x = 1 / 0\n")
    looked = look(tmp_path)
    for find in (looked.find, lambda name: loading.find(name, tmp_path)):
        with pytest.raises(UsageError, match=f"{file}, line 1: ZeroDivisionError"):
            find("EmaCross")
    (bundled,) = (each for each in looked.strategies if each.name == "EmaCross")
    assert looked.key_of(bundled) == EMA
    assert told(tmp_path, EMA).bundled


def test_it_says_what_there_is_where_a_name_means_nothing(tmp_path: Path) -> None:
    put(tmp_path, "mine.py", "Hold")
    for find in (look(tmp_path).find, lambda name: loading.find(name, tmp_path)):
        with pytest.raises(NoSuchStrategy, match=r"no strategy 'Holt'\. Did you mean Hold\?"):
            find("Holt")
        with pytest.raises(NoSuchStrategy, match=r"There are .*EmaCross.*, Hold\."):
            find("Quite another")
        with pytest.raises(NoSuchStrategy, match="no file 'yours' among your strategies"):
            find("yours:Hold")
        with pytest.raises(NoSuchStrategy, match=r"mine has no strategy 'Other'\. It has: Hold"):
            find("mine:Other")


def test_to_find_one_on_the_command_line_no_other_file_is_run(tmp_path: Path) -> None:
    put(tmp_path, "mine.py", "Hold")
    put(tmp_path, "other.py", "Other", before="raise SystemExit(3)\n")
    assert loading.find("Hold", tmp_path).name == "Hold"
    put(
        tmp_path,
        "made.py",
        before="import candlewick as cw\nMade = type('Made', (cw.Strategy,), {'on_bar': print})\n",
    )
    assert told(tmp_path, "made").name == told(tmp_path, "Made").name == "Made"
