"""The documents: their commands exist, and their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from candlewick.cli import VERBS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
names = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_its_links_resolve(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text()), f"{link}: no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_its_make_commands_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    blocks = re.findall(r"```.*?```|`[^`\n]+`", document.read_text(), flags=re.DOTALL)
    named = {name for block in blocks for name in re.findall(r"\bmake ([a-z]+)\b", block)}
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_its_candlewick_commands_exist(document: Path) -> None:
    commands = {verb for verb in VERBS if find_spec(f"candlewick.cli.{verb.replace('-', '_')}")}
    blocks = re.findall(r"```.*?```|`[^`\n]+`", document.read_text(), flags=re.DOTALL)
    command = re.compile(r"(?:^|[\s`])(?<!from )(?<!import )candlewick ([a-z][a-z-]+)\b")
    named = {name for block in blocks for name in command.findall(block)}
    assert named <= commands


def test_it_documents_every_make_command_it_offers() -> None:
    text = (ROOT / "Makefile").read_text()
    offered = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert offered
    assert set(offered[1].split()) == set(re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE))


def test_it_builds_the_documentation_without_a_warning(tmp_path: Path) -> None:
    mkdocs = Path(sys.executable).with_name("mkdocs")
    build = subprocess.run(
        [mkdocs, "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert build.returncode == 0, build.stderr
    # a page that fetches from elsewhere would not work without a network
    assert not re.search(
        r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', (tmp_path / "index.html").read_text()
    )
