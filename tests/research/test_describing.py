"""What people are told of strategies, whatever the files in their folder do."""

from __future__ import annotations

import os
from pathlib import Path

from candlewick.research.describing import describe, look
from candlewick.research.loading import BUNDLED, find

GOOD = '''import candlewick as cw


class Mine(cw.Strategy):
    """Buys."""

    timeframe = "1h"
    calm = cw.Param(True)
    kind = cw.Param("a", choices=("a", "b"))

    def signals(self, bars, ind):
        return cw.Signals(enter_long=True)
'''


def test_it_tells_all_of_a_strategy_and_its_parameters(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    told = describe(find("Mine", tmp_path))
    assert (told.title, told.timeframe, told.file, told.source) == ("Buys.", "1h", str(path), GOOD)
    assert [(each.name, each.kind, each.default, each.choices) for each in told.parameters] == [
        ("calm", "bool", True, (False, True)),
        ("kind", "str", "a", ("a", "b")),
    ]
    (fast, *_) = describe(find("EmaCross")).parameters
    assert (fast.low, fast.high, fast.step) == (5, 50, 1)
    assert fast.allowed == "a whole number from 5 to 50"


def test_files_that_hang_or_end_the_process_or_print_harm_no_other(tmp_path: Path) -> None:
    for name, text in {
        "a_hangs": "while True:\n    pass\n",
        "b_ends": "import os\nos._exit(0)\n",
        "c_prints": f"print('{{}}' * 100_000)\n{GOOD}",
        "d_wrong": "x = 1\nx = (\n",
        "e_threads": f"import threading\nthreading.Event().clear()\n{GOOD.replace('Mine', 'Yours')}",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    looked = look(tmp_path, limit_s=4.0)
    assert [each.name for each in looked.strategies] == [*BUNDLED, "Mine", "Yours"]
    hangs, ends, wrong = looked.broken
    assert "not loaded within 4 seconds" in hangs.reason
    assert Path(hangs.file).name == "a_hangs.py"
    assert Path(ends.file).name == "b_ends.py"
    assert (Path(wrong.file).name, wrong.line) == ("d_wrong.py", 2)


def test_a_file_can_speak_for_no_other_and_changes_nothing_for_the_next(tmp_path: Path) -> None:
    speak = """import os
for descriptor in range(3, 64):
    try:
        os.write(descriptor, WORDS)
    except OSError:
        pass
"""
    for name, text in {
        "a_claims": speak.replace("WORDS", repr(b'{"file":"elsewhere"}\n' * 5)),
        "b_babbles": speak.replace("WORDS", "b'one\\ntwo\\n'"),
        "c_meddles": f"{GOOD.replace('Mine', 'First')}\ncw.Strategy.check = None\n",
        "d_good": GOOD,
        "e_wrong": "x = (\n",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    looked = look(tmp_path)
    assert [each.name for each in looked.strategies][len(BUNDLED) :] == ["Mine"]
    assert [Path(each.file).stem for each in looked.broken] == [
        "a_claims",
        "b_babbles",
        "c_meddles",
        "e_wrong",
    ]


def test_a_file_whose_name_is_no_text_is_told_of_and_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    Path(os.fsdecode(bytes(tmp_path) + b"/a\xff.py")).write_text(GOOD)
    looked = look(tmp_path)
    assert [Path(each.file).name for each in looked.broken] == ["a?.py"]
    assert looked.find("Mine").file.endswith("good.py")


def test_without_a_folder_there_are_the_bundled_ones(tmp_path: Path) -> None:
    assert len(look().strategies) == len(look(tmp_path / "nowhere").strategies) == len(BUNDLED)
