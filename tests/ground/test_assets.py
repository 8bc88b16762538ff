"""Front-end libraries: laid out by hash, mended when touched, refused when their hash is another."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools import assets

ROOT = Path(__file__).resolve().parents[2]
INDEX = assets.VENDOR / "vendor.json"


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """A copy of what set-up laid out, to be spoilt."""
    return Path(shutil.copytree(assets.VENDOR, tmp_path / "vendor"))


def test_it_lays_out_exactly_what_is_allowed() -> None:
    laid_out = {
        path.relative_to(assets.VENDOR).as_posix() for path in assets.VENDOR.rglob("*") if path.is_file()
    }
    allowed = {f"{served.package}/{Path(served.path).name}" for served in assets.SERVED}
    assert laid_out == allowed | {"vendor.json"}


def test_it_states_the_integrity_of_every_file() -> None:
    for entry in json.loads(INDEX.read_text())["files"]:
        assert entry["integrity"] == assets.integrity(assets.VENDOR / entry["file"])
        assert entry["licence"]


def test_it_serves_the_licence_of_every_library() -> None:
    files = {entry["file"] for entry in json.loads(INDEX.read_text())["files"]}
    libraries = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert {f"{name}/LICENSE" for name in libraries} <= files


def test_it_serves_modules_that_import_nothing_unlisted() -> None:
    for entry in json.loads(INDEX.read_text())["files"]:
        if entry.get("specifier"):
            code = (assets.VENDOR / entry["file"]).read_text()
            assert not re.search(r"(?<![\"'])\b(?:import|from)\s*[\"'](?!\.)", code), entry["file"]


def test_it_leaves_a_current_folder_alone(vendor: Path) -> None:
    assert assets.is_current(ROOT, vendor)


def test_it_notices_a_file_that_was_changed(vendor: Path) -> None:
    with next(vendor.rglob("*.mjs")).open("a") as file:
        file.write("//")
    assert not assets.is_current(ROOT, vendor)


def test_it_notices_a_file_that_is_gone(vendor: Path) -> None:
    next(vendor.rglob("*.mjs")).unlink()
    assert not assets.is_current(ROOT, vendor)


def test_it_notices_another_lock(vendor: Path, tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    lock = tmp_path / "package-lock.json"
    lock.write_text(lock.read_text().replace("sha512-", "sha512-x"))
    assert not assets.is_current(tmp_path, vendor)


def test_it_notices_a_tool_of_development_that_is_absent_or_of_another_version(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"devDependencies": {"some-tool": "1.0.0"}}')
    manifest = tmp_path / "node_modules/some-tool/package.json"
    manifest.parent.mkdir(parents=True)
    assert not assets.has_tools(tmp_path)
    manifest.write_text('{"version": "0.9.0"}')
    assert not assets.has_tools(tmp_path)
    manifest.write_text('{"version": "1.0.0"}')
    assert assets.has_tools(tmp_path)


def test_it_refuses_a_package_that_is_not_what_its_hash_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest = json.dumps({"name": "some-library", "version": "1.0.0"}).encode()
    with tarfile.open(tmp_path / "some-library.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(manifest)
        archive.addfile(entry, io.BytesIO(manifest))
    wanted = {"dependencies": {"some-library": "file:some-library.tgz"}}
    locked = {
        "version": "1.0.0",
        "resolved": "file:some-library.tgz",
        "integrity": "sha512-" + base64.b64encode(hashlib.sha512(b"another package").digest()).decode(),
    }
    lock = {"lockfileVersion": 3, "packages": {"": wanted, "node_modules/some-library": locked}}
    (tmp_path / "package.json").write_text(json.dumps(wanted))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    with pytest.raises(assets.AssetError, match="npm could not fetch"):
        assets.lay_out(tmp_path, tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()
    assert "EINTEGRITY" in capfd.readouterr().err


def test_it_packs_the_libraries_into_a_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    static = "candlewick/web/static/vendor"
    for entry in json.loads(INDEX.read_text())["files"]:
        assert f"{static}/{entry['file']}" in packed
    assert f"{static}/vendor.json" in packed
    assert any(name.endswith("licenses/NOTICE") for name in packed)
    assert not any("node_modules" in name or "axe" in name for name in packed)
