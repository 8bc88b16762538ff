"""The rows: what people want of strategies, and what the engine writes beside it. On both databases."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candlewick.core.errors import Conflict, UsageError
from candlewick.research import describing, loading
from candlewick.runtime.strategies import desk
from candlewick.runtime.strategies.rows import KEPT_LINES, Line, Rows
from candlewick.store.models import Account, StrategyAtWork
from candlewick.web.boot import settings_in_force

EMA = describing.describe(loading.bundled_of("EmaCross"))


@pytest.fixture
def rows() -> Iterator[Rows]:
    made = Rows(settings_in_force().rows)
    yield made
    made.close()


def begin(account: Account, **more: Any) -> StrategyAtWork:
    asked: dict[str, Any] = {
        "symbols": ["sim:BTCUSDT"], "timeframe": "1h", "parameters": {}, "fraction": Decimal("0.5"),
    }  # fmt: skip
    return desk.start(account, EMA, **(asked | more))


def test_what_a_person_wants_is_what_the_engine_finds(account: Account, rows: Rows) -> None:
    assert rows.is_ready()
    row = begin(account, parameters={"fast": "10"})
    assert rows.wanted() == {row.pk: 1}
    found = rows.find(row.pk)
    assert found is not None
    assert (found.account, found.tag, found.state, found.capital) == (account.pk, row.tag, "running", None)
    assert found.spec["parameters"] == {"fast": 10}
    assert found.spec["fraction"] == "0.5"


def test_each_change_is_a_revision_and_what_has_ended_is_wanted_no_more(account: Account, rows: Rows) -> None:
    row = begin(account)
    desk.pause(row, "ann")
    assert rows.wanted() == {row.pk: 2}
    assert rows.move(row.pk, "paused", "stopped", "Over.", 5, b'{"trades":3}')
    assert rows.wanted() == {}
    now = StrategyAtWork.objects.get(pk=row.pk)
    assert (now.state, now.reason, now.ended_ns, now.figures) == ("stopped", "Over.", 5, {"trades": 3})


def test_the_engine_changes_no_state_that_somebody_has_changed_meanwhile(
    account: Account, rows: Rows
) -> None:
    row = begin(account)
    desk.stop(row, "ann", close=True)
    assert not rows.move(row.pk, "running", "paused", "It raised.", 5)
    assert StrategyAtWork.objects.get(pk=row.pk).state == "stopping"


def test_it_begins_once(account: Account, rows: Rows) -> None:
    row = begin(account)
    rows.begin(row.pk, Decimal("123.45000000000000000001"), 7)
    rows.begin(row.pk, Decimal(9), 8)
    found = rows.find(row.pk)
    assert found is not None
    assert (found.capital, found.begun_ns) == (Decimal("123.45000000000000000001"), 7)


def test_of_a_log_the_newest_lines_are_kept(account: Account, rows: Rows) -> None:
    row = begin(account)
    assert rows.last_line(row.pk) == 0
    for start in range(1, KEPT_LINES + 101, 100):
        rows.add([Line(row.pk, seq, seq, "print", f"line {seq}") for seq in range(start, start + 100)])
    lines = desk.lines(row, limit=1000)
    assert [lines[0].seq, lines[-1].seq, len(lines)] == [101, KEPT_LINES + 100, KEPT_LINES]
    assert rows.last_line(row.pk) == KEPT_LINES + 100
    rows.add([Line("gone", 1, 1, "print", "of a strategy that was deleted")])


def test_one_market_of_an_account_belongs_to_one_strategy(account: Account) -> None:
    first = begin(account, symbols=["sim:ETHUSDT", "sim:BTCUSDT"])
    with pytest.raises(Conflict, match="EmaCross trades sim:BTCUSDT on this account already"):
        begin(account)
    desk.stop(first, "ann", close=True)
    with pytest.raises(Conflict):
        begin(account)  # its position is still being closed
    StrategyAtWork.objects.update(state="stopped")
    begin(account)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"timeframe": "7m"}, "Unknown interval '7m'"),
        ({"timeframe": ""}, "say of which bars"),
        ({"symbols": []}, "at least one market"),
        ({"symbols": ["sim:BTCUSDT"] * 2}, "more than once"),
        ({"fraction": None}, "a fraction of the account, or an amount"),
        ({"fraction": Decimal("1.5")}, "above 0 and at most 1"),
        ({"fraction": Decimal("nan")}, "above 0 and at most 1"),
        ({"fraction": None, "amount": Decimal(-1)}, "above zero"),
        ({"parameters": {"fst": 1}}, "no parameter 'fst'"),
        ({"parameters": {"fast": 10_000}}, "from 5 to 50"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    account: Account, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        begin(account, **more)
    assert not StrategyAtWork.objects.exists()


def test_only_what_runs_is_paused_and_only_what_is_paused_resumed(account: Account) -> None:
    row = begin(account)
    with pytest.raises(Conflict, match="is running and cannot be resumed"):
        desk.resume(row, "ann")
    desk.pause(row, "ann")
    with pytest.raises(Conflict, match="is paused and cannot be paused"):
        desk.pause(row, "ann")
    desk.resume(row, "ann")
    assert desk.find([account.pk], row.pk).reason == ""


def test_of_other_accounts_nothing_is_known(account: Account) -> None:
    row = begin(account)
    with pytest.raises(desk.UnknownStrategy):
        desk.find([account.pk + 1], row.pk)


_ON_POSTGRES = """
from decimal import Decimal
from candlewick.runtime.settings import load
from candlewick.web import boot
boot.boot(load())
boot.migrate()
from candlewick.runtime.strategies.rows import Line, Rows
from candlewick.store.models import Account, StrategyAtWork, User
account = Account.objects.create(user=User.objects.create(username="ann"), name="Paper")
spec = {"symbols": []}
row = StrategyAtWork(account=account, name="A", tag="A-1", spec=spec, created_ns=1, changed_ns=1)
row.save()
rows = Rows(load().rows)
assert rows.is_ready()
assert rows.wanted() == {row.pk: 1}
rows.begin(row.pk, Decimal("12.5"), 7)
rows.restarted(row.pk)
found = rows.find(row.pk)
assert (found.spec, found.capital, found.restarts) == ({"symbols": []}, Decimal("12.5"), 1)
rows.add([Line(row.pk, 1, 1, "print", "one"), Line("gone", 1, 1, "print", "two")])
assert rows.last_line(row.pk) == 1
assert rows.move(row.pk, "running", "stopped", "Over.", 5, b'{"trades": 3}')
assert StrategyAtWork.objects.get(pk=row.pk).figures == {"trades": 3}
rows.close()
print("all of it")
"""


def test_postgresql_keeps_the_same(postgres_url: str, tmp_path: Path) -> None:
    environment = os.environ | {"DATABASE_URL": postgres_url, "CANDLEWICK_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _ON_POSTGRES], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.endswith("all of it\n"), done.stderr
