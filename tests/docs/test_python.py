"""The Python of the documentation runs, on real bars: what a page shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from candlewick.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent
HOURS = "ohlcv/binance_perp_1h/BTC_USDT_USDT-1h-futures.feather"


@pytest.fixture(scope="module")
def data_dir(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the hours of BTCUSDT's perpetual in its lake."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.raises(SystemExit) as ended:
        main(["data", "import", str(recordings / HOURS), "--venue", "binance", "--data-dir", str(folder)])
    assert ended.value.code == 0
    return folder


def run(blocks: list[str], where: Path, folder: Path) -> None:
    """Run blocks of Python one after the other, as a reader would."""
    names: dict[str, Any] = {"__name__": "page", "folder": folder}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{where}, block {number + 1}", "exec"), names)


@pytest.fixture(autouse=True)
def _at_home(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATA_DIR", str(data_dir))


def test_the_page_about_backtests_runs(tmp_path: Path) -> None:
    page = ROOT / "docs/backtesting.md"
    run(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL), page, tmp_path)
    assert (tmp_path / "sheet.html").stat().st_size > 10_000


def test_the_page_about_research_runs(tmp_path: Path) -> None:
    page = ROOT / "docs/research.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 4
    run(blocks, page, tmp_path)


def test_the_notebook_runs(tmp_path: Path) -> None:
    page = ROOT / "docs/notebooks/first-strategy.ipynb"
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    run(["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"], page, tmp_path)
