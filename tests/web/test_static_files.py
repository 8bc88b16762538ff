"""Static files: gathered once a version, compressed, and found anew when one changes."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest

from candlewick.web.static_files import collected

SCRIPT = b"export const answer = 42;\n" * 100


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "static/js").mkdir(parents=True)
    (folder / "static/js/answer.js").write_bytes(SCRIPT)
    (folder / "static/tiny.css").write_bytes(b"a{}")
    (folder / "static/.hidden").touch()
    return folder


def test_it_gathers_everything_with_its_compressed_forms(web: Path, tmp_path: Path) -> None:
    folder, version = collected(web, tmp_path / "data")
    assert folder.name == version
    script = folder / "js/answer.js"
    assert script.read_bytes() == SCRIPT
    assert brotli.decompress(script.with_name("answer.js.br").read_bytes()) == SCRIPT
    assert gzip.decompress(script.with_name("answer.js.gz").read_bytes()) == SCRIPT
    assert not (folder / "tiny.css.br").exists()
    assert not (folder / ".hidden").exists()
    assert (folder / "ninja/swagger-ui-bundle.js").exists()


def test_a_second_start_finds_it_there(web: Path, tmp_path: Path) -> None:
    first, _ = collected(web, tmp_path / "data")
    (first / "marker").touch()
    assert (collected(web, tmp_path / "data")[0] / "marker").exists()


def test_a_changed_file_makes_another_version_and_drops_the_old(web: Path, tmp_path: Path) -> None:
    before, old = collected(web, tmp_path / "data")
    (web / "static/js/answer.js").write_bytes(SCRIPT + b"// more")
    after, new = collected(web, tmp_path / "data")
    assert new != old
    assert (after / "js/answer.js").read_bytes().endswith(b"more")
    assert not before.exists()
