"""`candlewick account`: histories of fills come in exactly, once, or not at all."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candlewick.store.journal.reader import Records
from candlewick.web.performance import study
from candlewick.web.performance.span import Span
from tests.cli.ground import Cli, refused

HISTORY = """\
time,symbol,side,quantity,price,fee,fee_currency,order_id
2024-01-01T00:00:00Z,BTCUSDT,buy,1,40000,40,USDT,a
2024-01-02T00:00:00Z,BTCUSDT,buy,1,42000,0.001,BTC,b
2024-01-03T00:00:00Z,BTCUSDT,sell,1.5,45000,67.5,USDT,c
2024-01-03T00:00:00Z,ETHUSDT-PERP,sell,10,2500,5,USDT,d
2024-01-04T00:00:00Z,ETHUSDT-PERP,buy,15,2400,5,USDT,e
"""


class Command(Cli):
    """`candlewick account` on a data folder."""

    def __call__(
        self, *arguments: str, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return super().__call__("account", *arguments, stdin=stdin, **variables)

    def statement(self, name: str, *more: str) -> dict[str, Any]:
        told = self.done("show", "--account", name, "--json", *more)
        found: dict[str, Any] = json.loads(told, parse_float=Decimal)
        return found


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "data")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    file = tmp_path / "history.csv"
    file.write_text(HISTORY)
    return file


def test_a_history_is_booked_to_the_last_digit(command: Command, history: Path) -> None:
    done = command("import-fills", str(history), "--account", "History", "--method", "fifo")
    assert (done.returncode, done.stderr) == (0, "")
    account = command.statement("History")
    # 1 BTC of the first lot and half of the second were sold at 45,000; 10 ETH short gained 100 each
    realised = {each["symbol"]: each["amount"] for each in account["realized"]}
    assert realised == {"BTCUSDT": Decimal(6500), "ETHUSDT-PERP": Decimal(1000)}
    balances = {each["currency"]: each["total"] for each in account["balances"]}
    assert balances["BTC"] == Decimal("0.499")
    assert balances["USDT"] == Decimal(-40000 - 40 - 42000 + 67500 - 5 + 1000 - 5) - Decimal("67.5")
    held = {each["symbol"]: each for each in account["positions"]}
    [lot] = held["BTCUSDT"]["lots"]
    assert (lot["quantity"], lot["price"]) == (Decimal("0.499"), 42000)
    assert (held["ETHUSDT-PERP"]["quantity"], held["ETHUSDT-PERP"]["avg_price"]) == (5, 2400)


@pytest.mark.parametrize(
    ("method", "realised", "left_at"),
    [("fifo", 6500, 42000), ("lifo", 5500, 40000), ("hifo", 5500, 40000), ("average", 6000, 41000)],
)
def test_the_method_decides_which_lots_are_sold(
    command: Command, tmp_path: Path, method: str, realised: int, left_at: int
) -> None:
    file = tmp_path / "fills.csv"
    file.write_text(
        "time,symbol,side,quantity,price\n"
        "1704067200,BTCUSDT,buy,1,40000\n1704067201,BTCUSDT,buy,1,42000\n1704067202,BTCUSDT,sell,1.5,45000\n"
    )
    command("import-fills", str(file), "--account", "M", "--method", method)
    account = command.statement("M")
    assert account["realized_pnl"] == realised
    assert account["positions"][0]["avg_price"] == left_at


def test_a_method_that_comes_late_is_told_to_hold_from_now_on(command: Command, history: Path) -> None:
    command.done("import-fills", str(history), "--account", "Early", "--method", "fifo")
    again = command("import-fills", str(history), "--account", "Early", "--method", "lifo", "--json")
    assert "Early took lots by fifo until now" in again.stderr
    assert json.loads(again.stdout)["method"] == "lifo"
    assert command("import-fills", str(history), "--account", "Early", "--method", "lifo").stderr == ""


def test_the_same_file_again_changes_nothing(command: Command, history: Path) -> None:
    command("import-fills", str(history), "--account", "History")
    before = command.statement("History")
    assert command("import-fills", str(history), "--account", "History").returncode == 0
    assert command.statement("History") == before


def test_a_mark_that_is_given_values_the_position(command: Command, history: Path) -> None:
    command("import-fills", str(history), "--account", "History")
    account = command.statement("History", "--mark", "BTCUSDT=50000")
    held = {each["symbol"]: each for each in account["positions"]}
    assert held["BTCUSDT"]["marked_by"] == "you"
    assert held["BTCUSDT"]["unrealized_pnl"] == Decimal("0.499") * 8000
    assert held["ETHUSDT-PERP"]["marked_by"] == "last fill"


def test_one_line_that_cannot_be_read_keeps_the_whole_file_out(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "fills.csv"
    file.write_text(HISTORY + "2024-01-05T00:00:00Z,BTCUSDT,buy,minus one,40000,0,USDT,f\n")
    done = command("import-fills", str(file), "--account", "History")
    refused(done, "line 7")
    file.write_text(HISTORY + 12 * "2024-01-05T00:00:00Z,BTCUSDT,up,1,40000,0,USDT,f\n")
    told = command("import-fills", str(file), "--account", "History").stderr.splitlines()
    assert [each.split(":")[0] for each in told[1:]] == [f"  line {number}" for number in range(7, 19)]
    assert json.loads(command.done("list", "--json")) == []


def test_a_history_that_cannot_be_booked_leaves_no_account_behind(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "fills.csv"
    file.write_text(HISTORY + "2924-01-05T00:00:00Z,BTCUSDT,buy,1,40000,0,USDT,f\n")
    early = file.read_text().replace("2024-", "2923-")
    (tmp_path / "early.csv").write_text(early)
    refused(command("import-fills", str(tmp_path / "early.csv"), "--account", "History"), "still to come")
    elsewhere = command("import-fills", str(file), "--account", "X", "--venue", "nope")
    refused(elsewhere, "Use one of sim, sim-east", code=2)
    assert json.loads(command.done("list", "--json")) == []


def test_its_money_is_there_before_the_first_fill_so_that_returns_are_known(
    command: Command, history: Path
) -> None:
    command.done("import-fills", str(history), "--account", "History", "--cash", "100000")
    records = Records(command.data_dir / "ledger.sqlite3")
    try:
        accounts = json.loads(command.done("list", "--json"))
        [number] = [each["number"] for each in accounts if each["name"] == "History"]
        found = study.study(records, number, "USDT", Span(None, None))
    finally:
        records.close()
    assert found.days[0].day == date(2023, 12, 31)
    assert found.days[0].flows == found.days[0].worth == 100_000
    assert sum(each.flows for each in found.days[1:]) == 0
    assert found.known_days == len(found.days)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "--account", "Nobody's"),
        ("import-fills", "absent.csv", "--account", "X"),
        ("show", "--account", "Paper", "--mark", "BTCUSDT"),
        ("go-live", "Real"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(command: Command, arguments: tuple[str, ...]) -> None:
    refused(command(*arguments), code=2)


def test_an_account_goes_live_only_by_the_file_and_its_name_typed_again(
    command: Command, history: Path
) -> None:
    command.data_dir.mkdir(parents=True)
    (command.data_dir / "candlewick.toml").write_text('[accounts.Real]\nlive = true\nkey = "main"\n')
    command.done("import-fills", str(history), "--account", "any")  # an owner comes into being
    refused(command("go-live", "Real", stdin="yes\n"), "nothing was made", code=2)
    assert "Real" not in command("list").stdout
    done = command("go-live", "Real", stdin="Real\n")
    assert done.returncode == 0, done.stderr
    assert "Real" in command("list").stdout
