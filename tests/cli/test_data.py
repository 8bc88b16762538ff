"""`candlewick data` as a person runs it: what it prints, its exit codes, one JSON document."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from candlewick.cli import root
from candlewick.store.lake.listed import known

HEADER = "date,open,high,low,close,volume\n"
GOOD = (
    HEADER + "2024-01-01,1,2,0.5,1.5,10\n2024-01-01T01:00,1,2,0.5,1.5,10\n2024-01-01T04:00,1,2,0.5,1.75,10\n"
)
BAD = "2024-01-01T05:00,1,0.4,0.5,0.45,10\n2024-01-01T06:00,1,2,0.5\n2024-01-01,1,2,0.5,1.5,10\n"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "binance" / "BTC_USDT-1h.csv"
    path.parent.mkdir()
    path.write_text(GOOD)
    return path


def run(data_dir: Path, *arguments: object) -> Result:
    done = CliRunner().invoke(root, ["data", *map(str, arguments), "--data-dir", str(data_dir)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def document(done: Result) -> dict[str, Any]:
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_it_imports_lists_checks_and_exports(data_dir: Path, file: Path, tmp_path: Path) -> None:
    done = run(data_dir, "import", file)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "BTC_USDT-1h.csv → binance:BTCUSDT 1h: 3 new\n"

    done = run(data_dir, "list")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].split()[:6] == [
        "binance:BTCUSDT", "candles", "1h", "3", "2024-01-01T00:00:00Z", "2024-01-01T04:00:00Z",
    ]  # fmt: skip

    done = run(data_dir, "check")
    assert done.exit_code == 0
    assert "2 missing in 1 gaps" in done.stdout
    assert "2024-01-01T02:00:00Z to 2024-01-01T04:00:00Z: 2" in done.stdout

    done = run(data_dir, "export", "BTC/USDT", tmp_path / "out.csv")
    assert done.exit_code == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[1:] == [
        "2024-01-01T00:00:00Z,1.0,2.0,0.5,1.5,10.0",
        "2024-01-01T01:00:00Z,1.0,2.0,0.5,1.5,10.0",
        "2024-01-01T04:00:00Z,1.0,2.0,0.5,1.75,10.0",
    ]


def test_bad_rows_are_told_by_line_and_the_good_ones_are_kept(data_dir: Path, file: Path) -> None:
    file.write_text(GOOD + BAD)
    done = run(data_dir, "import", file)
    assert done.exit_code == 1
    assert done.stdout == "BTC_USDT-1h.csv → binance:BTCUSDT 1h: 3 new, 1 repeated in the file, 2 refused\n"
    assert done.stderr.splitlines() == [f"{file}:5: high is below low", f"{file}:6: has 4 columns, not 6"]

    done = run(data_dir, "check", "BTCUSDT")
    assert "BTC_USDT-1h.csv:5: high is below low" in done.stdout
    assert "BTC_USDT-1h.csv:7: repeats line 2" in done.stdout


def test_json_is_one_document_and_nothing_else(data_dir: Path, file: Path, tmp_path: Path) -> None:
    file.write_text(GOOD + BAD)
    (imported,) = document(run(data_dir, "import", file, "--json"))["files"]
    assert (imported["instrument"], imported["interval"], imported["new"]) == ("binance:BTCUSDT", "1h", 3)
    assert [row["line"] for row in imported["refused"]] == [5, 6]
    assert [row["line"] for row in imported["repeated"]] == [7]

    (listed,) = document(run(data_dir, "list", "--json"))["series"]
    assert (listed["rows"], listed["first"]) == (3, "2024-01-01T00:00:00Z")

    (checked,) = document(run(data_dir, "check", "--json"))["series"]
    assert checked["missing"] == 2
    assert checked["gaps"] == [
        {
            "start": "2024-01-01T02:00:00Z",
            "end": "2024-01-01T04:00:00Z",
            "missing": 2,
            "absent_at_venue": False,
        }
    ]
    assert [row["line"] for row in checked["duplicates"]] == [7]
    assert checked["impossible"] == []
    assert not checked["whole"]

    out = tmp_path / "out.parquet"
    exported = document(run(data_dir, "export", "BTCUSDT", out, "--timerange", "20240101-20240102", "--json"))
    assert exported["rows"] == 3
    moved = document(run(data_dir, "compact", "--older-than-days", "0", "--json"))
    assert moved["rows"] == 0


def test_an_empty_lake_is_told(data_dir: Path) -> None:
    assert "empty" in run(data_dir, "list").stdout
    assert "empty" in run(data_dir, "check").stdout
    assert document(run(data_dir, "list", "--json")) == {"series": []}


def test_a_folder_is_imported_whole_and_a_file_that_fails_does_not_stop_the_others(
    data_dir: Path, file: Path
) -> None:
    (file.parent / "broken.feather").write_text("nonsense")
    (file.parent / "notes.md").write_text("not history")
    done = run(data_dir, "import", file.parent)
    assert done.exit_code == 1
    assert "3 new" in done.stdout
    assert "broken.feather cannot be read" in done.stderr
    assert "notes.md" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "NOPE"], "nothing of 'NOPE'"),
        (["check", "BTCUSDT", "--timeframe", "1d"], "no binance:BTCUSDT 1d"),
        (["export", "NOPE", "x.csv"], "nothing of 'NOPE'"),
        (["export", "BTCUSDT", "x.xlsx"], "the format is told by the name"),
        (["export", "BTCUSDT", "x.csv", "--timerange", "2024"], "no time range"),
        (["export", "BTCUSDT", "x.csv", "--timerange", "20240601-20240101"], "ends before it starts"),
        (["export", "BTCUSDT", "x.csv", "--timerange", "20250101-"], "no 1h bars"),
        (["export", "BTCUSDT", "x.csv", "--timeframe", "7m"], "Unknown interval '7m'"),
        (["export", "BTCUSDT", "x.csv", "--price", "bid"], "Unknown kind of candles"),
    ],
)
def test_wrong_usage_is_told_with_exit_code_2(
    data_dir: Path, file: Path, arguments: list[str], words: str
) -> None:
    run(data_dir, "import", file)
    done = run(data_dir, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_symbol_of_several_venues_must_be_named_whole(data_dir: Path, file: Path) -> None:
    run(data_dir, "import", file)
    run(data_dir, "import", file, "--venue", "bybit")
    done = run(data_dir, "check", "BTCUSDT")
    assert done.exit_code == 2
    assert "binance:BTCUSDT, bybit:BTCUSDT" in done.stderr
    assert run(data_dir, "check", "bybit:BTCUSDT").exit_code == 0


def test_a_damaged_lake_is_told_with_exit_code_1(data_dir: Path) -> None:
    (data_dir / "lake").mkdir(parents=True)
    (data_dir / "lake" / "lake.sqlite3").write_bytes(b"nonsense" * 1000)
    done = run(data_dir, "list")
    assert done.exit_code == 1
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A simulated exchange that the settings point at."""
    with socket.socket() as probe:
        # below the range from which the system gives ports to others
        for port in range(23_000, 32_000, 13):
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                break
    command = [sys.executable, "-m", "candlewick", "sim", "--venues", "sim", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    monkeypatch.setenv("CANDLEWICK_SIM__PORT", str(port))
    monkeypatch.setenv("CANDLEWICK_SIM__VENUES", '["sim"]')
    deadline = time.monotonic() + 60
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield
    process.kill()
    process.wait()


@pytest.mark.usefixtures("exchange")
def test_it_downloads_from_a_venue_only_what_is_missing(data_dir: Path) -> None:
    asked = ["download", "BTC/USDT", "BTCUSDT-PERP", "--timeframe", "1h", "--timerange"]
    spot, perp = document(run(data_dir, *asked, "20240101-20240103", "--json"))["downloads"]
    assert (spot["instrument"], perp["instrument"]) == ("sim:BTCUSDT", "sim:BTCUSDT-PERP")
    assert (spot["bars"], perp["bars"]) == (48, 48)
    assert (spot["settlements"], perp["settlements"]) == (None, 6)
    assert known(data_dir / "lake")["sim:BTCUSDT"].tick is not None

    spot, _ = document(run(data_dir, *asked, "20240102-20240104", "--json"))["downloads"]
    assert spot["bars"] == 24

    for series in document(run(data_dir, "check", "--json"))["series"]:
        rows = 9 if series["kind"] == "funding" else 72
        assert (series["rows"], series["first"], series["whole"]) == (rows, "2024-01-01T00:00:00Z", True)

    done = run(data_dir, "download", "NOPE")
    assert done.exit_code == 2
    assert "Unknown symbol" in done.stderr
    done = run(data_dir, "download", "elsewhere:BTCUSDT")
    assert done.exit_code == 2
    assert "none of the venues sim" in done.stderr


def test_a_venue_that_is_away_is_told_with_exit_code_1(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDLEWICK_SIM__PORT", "1")
    done = run(data_dir, "download", "BTCUSDT")
    assert done.exit_code == 1
    assert "cannot be reached" in done.stderr


def test_it_runs_as_a_command_of_its_own(data_dir: Path, recordings: Path) -> None:
    file = recordings / "ohlcv/binance_spot_1h/BTC_USDT-1h.feather"
    command = [sys.executable, "-m", "candlewick", "data"]
    subprocess.run([*command, "import", file, "--data-dir", data_dir], check=True, capture_output=True)
    checked = subprocess.run(
        [*command, "check", "--json", "--data-dir", data_dir], check=True, capture_output=True
    )
    (series,) = json.loads(checked.stdout)["series"]
    assert (series["rows"], series["missing"], len(series["gaps"])) == (73_265, 122, 27)
