"""What the supervisor holds, refuses and gives up. Restarts are proved end to end with real parts."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from candlewick.core.errors import CandlewickError, ConfigError, StoreError, StoreLocked
from candlewick.runtime.supervisor import Part, claimed_port, owning, require_port, supervise


@pytest.fixture
def taken() -> Iterator[int]:
    for port in range(21_000, 22_000):
        listener = socket.socket()
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        listener.listen()
        try:
            yield port
        finally:
            listener.close()
        return
    raise AssertionError("no free port")


def test_a_second_owner_of_a_data_folder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with (
        owning(tmp_path),
        pytest.raises(StoreLocked, match=f"already runs on .*process {os.getpid()}"),
        owning(tmp_path),
    ):
        pass


def test_a_folder_is_free_again_when_its_owner_has_left(tmp_path: Path) -> None:
    with owning(tmp_path):
        pass
    with owning(tmp_path):
        pass


def test_a_data_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match=r"data folder .* cannot be used"),
        owning(tmp_path / "file" / "data"),
    ):
        pass


def test_a_taken_port_is_a_sentence_that_names_the_flag(taken: int) -> None:
    with pytest.raises(ConfigError, match=f"Port {taken} on 127.0.0.1 cannot be used.*--port"):
        require_port("127.0.0.1", taken, "--port")


def test_a_taken_port_is_passed_over_where_any_will_do(taken: int) -> None:
    with claimed_port("127.0.0.1", taken) as port:
        assert port > taken


def test_a_port_that_another_start_has_claimed_is_passed_over_before_anybody_listens(taken: int) -> None:
    with claimed_port("127.0.0.1", taken) as first, claimed_port("127.0.0.1", taken) as second:
        assert taken < first < second
    with claimed_port("127.0.0.1", taken) as again:
        assert again == first


async def test_a_part_that_cannot_stay_up_is_given_up_with_a_sentence() -> None:
    lines: list[str] = []
    with pytest.raises(CandlewickError, match="short ended with code 2 6 times in a row"):
        await supervise([Part("short", ("no-such-verb",))], os.environ, lines.append)
    assert lines[0] == "short ended with code 2; starting it again."


@pytest.mark.parametrize("file", ["ledger.sqlite3", "lanes.sqlite3", "lake/lake.sqlite3"])
async def test_a_part_whose_data_are_damaged_is_not_started_again(
    tmp_path: Path, file: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_bytes(b"this is no database" * 100)
    lines: list[str] = []
    environment = os.environ | {"CANDLEWICK_DATA_DIR": str(tmp_path)}
    with pytest.raises(CandlewickError, match="engine cannot run; its last message says why"):
        await supervise([Part("engine", ("engine",))], environment, lines.append)
    assert lines == []
    assert "damaged" in capfd.readouterr().err
