"""Pieces survive what may happen to a file, and belong to one request alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import Conflict
from candlewick.runtime.jobs.pieces import Pieces

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_what_was_added_is_there_when_the_file_is_opened_again(
    tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "pieces"
    with Pieces(path, "a") as pieces:
        for name, value in wanted.items():
            pieces.add(name, value)
    with Pieces(path, "a") as again:
        assert dict(again.done) == wanted
        assert list(again) == list(wanted)


@given(st.data())
def test_a_file_that_was_cut_off_anywhere_keeps_all_that_is_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "pieces"
    ends: list[int] = []
    with Pieces(path, "a") as pieces:
        for number in range(4):
            pieces.add(str(number), "x" * number)
            ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    path.write_bytes(path.read_bytes()[:cut])
    whole = sum(end <= cut for end in ends)
    with Pieces(path, "a") as again:
        assert list(again) == [str(number) for number in range(whole)]
        again.add("later", 1)
    with Pieces(path, "a") as once_more:
        assert list(once_more)[whole:] == ["later"]


def test_a_record_that_was_spoilt_and_what_follows_it_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "pieces"
    with Pieces(path, "a") as pieces:
        pieces.add("first", 1)
        size = path.stat().st_size
        pieces.add("second", 2)
        pieces.add("third", 3)
    content = bytearray(path.read_bytes())
    content[size + 10] ^= 0xFF
    path.write_bytes(content)
    with Pieces(path, "a") as again:
        assert dict(again.done) == {"first": 1}


def test_pieces_of_another_request_are_not_used(tmp_path: Path) -> None:
    with Pieces(tmp_path / "pieces", "a") as pieces:
        pieces.add("first", 1)
    with Pieces(tmp_path / "pieces", "b") as other:
        assert len(other) == 0
        other.add("first", 2)
    with Pieces(tmp_path / "pieces", "b") as again:
        assert again["first"] == 2


def test_a_piece_is_done_once(tmp_path: Path) -> None:
    with Pieces(tmp_path / "pieces", "a") as pieces:
        pieces.add("first", 1)
        with pytest.raises(Conflict, match="'first' is done already"):
            pieces.add("first", 2)


def test_a_full_disk_spoils_nothing_that_was_kept(tmp_path: Path) -> None:
    """Half a record would hide all that comes after it."""
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from candlewick.runtime.jobs.pieces import Pieces\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "pieces = Pieces(Path(sys.argv[1]), 'a')\n"
        "pieces.add('first', 1)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    pieces.add('large', 'x' * 1000)\n"
        "except OSError:\n"
        "    pieces.add('small', 2)\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "pieces"], check=True)
    with Pieces(tmp_path / "pieces", "a") as again:
        assert dict(again.done) == {"first": 1, "small": 2}
