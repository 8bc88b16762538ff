"""What is committed: no registry's address, nobody else's code, no path that leads nowhere."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD_FILES = (
    "requirements.lock",
    "package-lock.json",
    "package.json",
    ".npmrc",
    "pyproject.toml",
    "Makefile",
)


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        # an unpacked source archive: what it holds is what was tracked
        return [str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.*")]
    return [name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()]


@pytest.mark.parametrize("name", [*BUILD_FILES, ".ci/run"])
def test_it_names_no_host_in_what_decides_a_build(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.findall(r"\w+://[^\s\"']+|--(?:extra-)?index-url|--find-links|\bregistry=", text) == []


def test_it_pins_every_python_package_by_hash() -> None:
    logical = (ROOT / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
    pins = [line for line in logical if line and not line.lstrip().startswith("#")]
    assert len(pins) > 50
    pinned = re.compile(r"[\w.\-\[\],]+==[\w.!+\-]+\s.*--hash=sha256:[0-9a-f]{64}")
    assert [pin for pin in pins if not pinned.match(pin)] == []


def test_it_locks_every_dependency_that_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=!~; ]", text, maxsplit=1)[0].lower().replace("_", "-") for text in declared}
    locked = set(re.findall(r"^([a-z0-9.\-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert names <= locked


def test_it_pins_every_front_end_library_by_version_and_hash() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = package["dependencies"] | package["devDependencies"]
    assert wanted
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} is not pinned to one version"
        assert lock[f"node_modules/{name}"]["version"] == version
    for path, entry in lock.items():
        if path:
            assert entry["integrity"].startswith("sha512-"), path
            assert "resolved" not in entry, path


def test_it_holds_no_third_party_file() -> None:
    vendored = re.compile(
        r"(^|/)(node_modules|vendor|third_party|site-packages)/|\.min\.(js|css|mjs)$|\.(whl|map)$"
    )
    assert [name for name in tracked() if vendored.search(name)] == []


def test_it_holds_no_module_over_600_lines() -> None:
    code = [name for name in tracked() if name.endswith((".py", ".js", ".css", ".html"))]
    assert code
    long = {name: lines for name in code if (lines := (ROOT / name).read_text().count("\n")) > 600}
    assert long == {}


def test_it_names_the_purpose_of_every_module_in_one_line() -> None:
    modules = [name for name in tracked() if name.startswith("src/") and name.endswith(".py")]
    texts = {name: (ROOT / name).read_text() for name in modules if "/migrations/" not in name}
    described = re.compile(r'r?"""\S.*[.?:;,]?("""|\n)')
    assert texts
    assert [name for name, text in texts.items() if text.strip() and not described.match(text)] == []


def test_it_has_no_drawer_for_odds_and_ends() -> None:
    drawers = re.compile(r"(^|/)(utils?|helpers?|common|misc|manager)(\.py|\.js|/)")
    assert [name for name in tracked() if drawers.search(name)] == []


def test_it_takes_its_version_from_the_changelog() -> None:
    headings = re.findall(r"^## (\d+\.\d+\.\d+\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert importlib.metadata.version("candlewick") == headings[0]
