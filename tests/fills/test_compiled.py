"""Compiled code: kept where it can be written, dropped when the sources change, loaded when it is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOM = Path(__file__).resolve().parents[2] / "src/candlewick/fills"


def run(code: str, folder: Path, path: Path | None = None) -> list[str]:
    """What a fresh interpreter prints."""
    env = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    if path is not None:
        env["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_room_is_imported_without_the_compiler() -> None:
    code = (
        "import sys, candlewick.fills, candlewick.fills.warm, candlewick.fills.state\n"
        "import candlewick.venues.paper.venue\n"
        "print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    )
    assert run(code, Path()) == ["False", "False"]


def test_what_is_compiled_once_is_loaded_from_then_on(tmp_path: Path) -> None:
    code = (
        "from candlewick.fills.warm import warm_up\n"
        "warm_up()\n"
        "from candlewick.fills import step\n"
        "stats = step.step_trade.stats\n"
        "print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))"
    )
    assert run(code, tmp_path) == ["0", "1"]
    assert run(code, tmp_path) == ["1", "0"]


def test_code_of_other_sources_is_neither_used_nor_kept(tmp_path: Path) -> None:
    old, recent = (tmp_path / "candlewick-fills" / name for name in ("0123456789abcdef", "fedcba9876543210"))
    for other in (old, recent):
        other.mkdir(parents=True)
    os.utime(old, (0, 0))
    code = "from candlewick.fills.compiled import folder, forget_older\nforget_older()\nprint(folder())"
    (kept,) = run(code, tmp_path)
    assert not old.exists()
    assert recent.exists()  # another release may be running
    assert Path(kept).is_dir()
    copy = tmp_path / "copy" / "candlewick"
    shutil.copytree(ROOM.parent, copy, ignore=shutil.ignore_patterns("web", "__pycache__"))
    with (copy / "fills" / "core.py").open("a") as source:
        source.write("# another release\n")
    (changed,) = run(code, tmp_path, copy.parent)
    assert changed != kept


def test_it_compiles_without_keeping_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = "from candlewick.fills import core, compiled\nprint(compiled.folder(), core.units(0.3, 0.1))"
    assert run(code, tmp_path / "file") == ["None", "3.0"]


def test_it_does_not_change_where_others_keep_their_compiled_code(tmp_path: Path) -> None:
    code = (
        "import numba\n"
        "before = numba.config.CACHE_DIR\n"
        "import candlewick.fills.core\n"
        "print(numba.config.CACHE_DIR == before)"
    )
    assert run(code, tmp_path) == ["True"]


def test_functions_wrapped_on_several_threads_leave_no_folder_where_the_process_was_started(
    tmp_path: Path,
) -> None:
    (tmp_path / "many.py").write_text(
        "import sys, threading\n"
        "import numba\n"
        "from candlewick.fills.compiled import compiled, folder\n"
        "sys.setswitchinterval(1e-6)\n"
        "def same(x): return x\n"
        "kept = set()\n"
        "def wrap():\n"
        "    for _ in range(300):\n"
        "        kept.add(compiled(same)._cache.cache_path)\n"
        "before = numba.config.CACHE_DIR\n"
        "threads = [threading.Thread(target=wrap) for _ in range(8)]\n"
        "for each in threads: each.start()\n"
        "for each in threads: each.join()\n"
        "print(all(each.startswith(str(folder())) for each in kept), numba.config.CACHE_DIR == before)\n"
    )
    assert run("import many", tmp_path / "cache", tmp_path) == ["True", "True"]
