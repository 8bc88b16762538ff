"""Wrong usage of each verb is a sentence and 2, never 1, which is work that failed, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from candlewick.cli import VERBS
from tests.cli.ground import ROOT

WRONG = [
    ("up", "--port", "many"),
    ("up", "--venues", "mars"),
    ("up", "--seed", "few"),
    ("engine", "--venues", "mars"),
    ("engine", "--replay", "absent.jsonl"),
    ("engine", "--replay", "{file}", "--speed", "-1"),
    ("web", "--port", "0"),
    ("worker", "--processes", "0"),
    ("worker", "--idle-s", "-1"),
    ("sim", "--misbehave", "nope"),
    ("sim", "--misbehave", "nope=1"),
    ("sim", "--misbehave", "drop=2"),
    ("sim", "--venues", "mars"),
    ("sim", "--venues", "sim,sim"),
    ("sim", "--venues", ""),
    ("sim", "--pace", "0"),
    ("sim", "--pace", "nan"),
    ("sim", "--keys", "absent.json"),
    ("sim", "--port", "99999"),
    ("replay", "absent.jsonl"),
    ("replay", "{file}", "--speed", "0"),
    ("replay", "{file}", "--venue", "mars"),
    ("normalise", "mars"),
    ("normalise", "binance", "{file}", "--format", "nope"),
    ("normalise", "binance", "absent.jsonl"),
    ("backtest", "nope", "--file", "{file}"),
    ("backtest", "ema-cross", "--file", "absent-1h.csv"),
    ("backtest", "ema-cross", "--file", "{file}", "--cash", "nan"),
    ("backtest", "ema-cross", "--file", "{file}", "--fee-taker", "2"),
    ("backtest", "ema-cross", "--file", "{file}", "--timeframe", "7x"),
    ("backtest", "ema-cross", "--symbol", "NOPE", "--timeframe", "1h"),
    ("optimise", "ema-cross", "--file", "{file}", "--method", "hope"),
    ("optimise", "ema-cross", "--file", "{file}", "--trials", "0"),
    ("walk-forward", "ema-cross", "--file", "{file}", "--train", "soon"),
    ("cross-validate", "ema-cross", "--file", "{file}", "--groups", "1"),
    ("monte-carlo", "ema-cross", "--file", "{file}", "--runs", "0"),
    ("monte-carlo", "ema-cross", "--file", "{file}", "--method", "dice"),
    ("stress", "nope", "--file", "{file}"),
    ("compare", "ema-cross", "--file", "{file}"),
    ("readiness", "ema-cross", "--file", "{file}", "--need", "fame"),
    ("readiness", "ema-cross", "--file", "{file}", "--paper", "Nobody"),
    ("lookahead", "ema-cross", "--file", "{file}", "--most", "0"),
    ("strategy", "show", "nope"),
    ("strategy", "new", "1"),
    ("strategy", "new", "Mine", "--like", "nope"),
    ("strategy", "start", "nope", "--symbol", "BTCUSDT"),
    ("strategy", "start", "ema-cross", "--symbol", "BTCUSDT", "--fraction", "half"),
    ("strategy", "start", "ema-cross", "--symbol", "BTCUSDT", "--amount", "nan"),
    ("strategy", "start", "ema-cross", "--symbol", "mars:"),
    ("strategy", "pause", "nope"),
    ("strategy", "resume", "nope"),
    ("strategy", "stop", "nope"),
    ("strategy", "drift", "nope"),
    ("strategy", "at-work", "--account", "Nobody"),
    ("data", "import", "absent.csv"),
    ("data", "list", "--nope"),
    ("data", "check", "NOPE"),
    ("data", "export", "NOPE", "x.csv"),
    ("data", "download", "BTCUSDT", "--timeframe", "7x"),
    ("data", "download", "BTCUSDT", "--venues", "mars"),
    ("data", "compact", "--older-than-days", "-1"),
    ("data", "compact", "--older-than-days", "nan"),
    ("user", "add", "bad name!"),
    ("user", "add", "owner"),
    ("user", "add", "x", "--role", "king"),
    ("user", "role", "nobody", "viewer"),
    ("user", "reset", "nobody"),
    ("account", "show", "--account", "Nobody"),
    ("account", "show", "--account", "9" * 30),
    ("account", "show", "--mark", "BTCUSDT"),
    ("account", "show", "--mark", "BTCUSDT=nan"),
    ("account", "show", "--mark", "BTCUSDT=-1"),
    ("account", "go-live", "Paper"),
    ("account", "import-fills", "absent.csv", "--account", "X"),
    ("account", "import-fills", "{fills}", "--account", "X", "--cash", "much"),
    ("account", "import-fills", "{fills}", "--account", "X", "--venue", "mars"),
    ("account", "import-fills", "{fills}", "--account", "X", "--method", "luck"),
    ("account", "import-fills", "{fills}", "--account", "X", "--user", "nobody"),
    ("key", "add", "mars"),
    ("key", "add", "binance", "--user", "nobody"),
    ("key", "add", "binance", "--account", "Nobody"),
    ("key", "add", "binance", "--secret-file", "absent.pem"),
    ("key", "remove", "99"),
    ("key", "remove", "nope"),
    ("key", "rotate", "--nope"),
    ("audit", "verify", "--nope"),
    ("audit", "mend"),
    ("backup", "{file}"),
    ("restore", "absent.zip"),
    ("doctor", "--nope"),
    ("bench", "--nope"),
    ("version", "--nope"),
    ("nope",),
]

FILL = "2024-01-05T00:00:00Z,BTCUSDT,buy,1,40000,0,USDT,f\n"

# Each in turn, in one process: Django is set up once, on the data folder that the first one names.
EACH = """
import json, sys
from typer.testing import CliRunner
from candlewick.cli import root

for arguments in json.load(sys.stdin):
    ended = CliRunner().invoke(root, arguments)
    known = ended.exception is None or type(ended.exception) is SystemExit
    print(json.dumps([ended.exit_code, ended.stdout, ended.stderr if known else repr(ended.exception)]))
"""

Ended = tuple[int, str, str]  # its exit code, stdout and stderr


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Ended]:
    """How each call ended."""
    folder = tmp_path_factory.mktemp("exit-codes")
    data_dir, file = folder / "data", folder / "BTC_USDT-1h.csv"
    rows = (
        f"{time},100,101,99,{100 + time // 3600 % 3 / 2},5"
        for time in range(1_704_067_200, 1_704_787_200, 3600)
    )
    file.write_text("\n".join(("date,open,high,low,close,volume", *rows)))
    fills = folder / "fills.csv"
    fills.write_text("time,symbol,side,quantity,price,fee,fee_currency,order_id\n" + FILL)
    calls = [["user", "add", "owner", "--role", "owner"]]
    calls += [[part.format(file=file, fills=fills) for part in call] for call in WRONG]
    inside = [call if call == ["nope"] else [*call, "--data-dir", str(data_dir)] for call in calls]
    done = subprocess.run(
        [sys.executable, "-c", EACH], input=json.dumps(inside), capture_output=True, text=True, timeout=600,
        check=True, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    (code, _, said), *told = [json.loads(line) for line in done.stdout.splitlines()]
    assert code == 0, said
    return dict(zip(WRONG, told, strict=True))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", WRONG, ids=" ".join)
def test_wrong_usage_ends_with_2_and_a_sentence(
    ended: dict[tuple[str, ...], Ended], call: tuple[str, ...]
) -> None:
    code, stdout, said = ended[call]
    assert (code, stdout) == (2, ""), said
    assert said.startswith(("candlewick: ", "Usage: "))
    assert "Traceback" not in said


def test_every_verb_is_tried() -> None:
    assert {call[0] for call in WRONG} - {"nope"} == set(VERBS)
