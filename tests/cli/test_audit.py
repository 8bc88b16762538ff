"""`candlewick audit verify`: silent about what is whole, and a sentence about what is not."""

from __future__ import annotations

import json

from candlewick.store import keys
from candlewick.store.databases import database_at
from candlewick.store.door import Connection
from candlewick.store.journal.batch import AuditRow, Batch
from candlewick.store.journal.journal import Journal
from tests.cli.ground import Cli, refused
from tests.store.journal.test_replay import disarm


def ledger_of(cli: Cli) -> Connection:
    url = cli._variables.get("DATABASE_URL")
    return database_at(url if url is not None else cli.data_dir / "ledger.sqlite3").connect()


def begun(cli: Cli) -> None:
    """A person, and an engine that wrote a row."""
    cli.done("user", "add", "ann", "--role", "trader")
    url = cli._variables.get("DATABASE_URL")
    place = url if url is not None else cli.data_dir / "ledger.sqlite3"
    journal = Journal.open(place, key=keys.audit_key(cli.data_dir))
    for number in range(3):
        journal.commit(
            [Batch(audit=[AuditRow(actor="ann", action="order.place", subject=f"o{number}", ts=number)])]
        )
    journal.close()


def test_a_place_where_nothing_was_begun_is_not_called_whole_and_stays_empty(any_cli: Cli) -> None:
    for more in ([], ["--json"]):
        ended = any_cli("audit", "verify", *more)
        refused(ended, "There is nothing to check", str(any_cli.data_dir))
        assert ended.stdout == ""
    assert not (any_cli.data_dir / "master.key").exists()


def test_what_is_whole_is_told_with_the_ends_of_its_chains(cli: Cli) -> None:
    begun(cli)
    report = cli.json("audit", "verify")
    assert report["chains"]["audit"]["rows"] == 3
    assert len(report["chains"]["audit"]["head"]) == 64
    assert "What is stored is what the journal makes." in cli.done("audit", "verify")


def test_a_change_ends_with_1_and_says_which_row(any_cli: Cli) -> None:
    begun(any_cli)
    report = any_cli.json("audit", "verify")
    assert report["chains"]["audit"]["rows"] == 3
    connection = ledger_of(any_cli)
    disarm(connection)
    connection.write("UPDATE ledger_audit SET actor = 'bob' WHERE seq = 2")
    refused(any_cli("audit", "verify"), "Row 2 of the engine's audit was changed")
    ended = any_cli("audit", "verify", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["faults"][0]["code"] == "row_changed"
    connection.write("DELETE FROM ledger_audit")
    connection.write("DELETE FROM ledger_head")
    connection.close()
    refused(any_cli("audit", "verify"), "The engine's audit had 3 rows", "has 0 now")


def test_an_engine_does_not_seal_what_somebody_else_left(cli: Cli) -> None:
    begun(cli)
    connection = ledger_of(cli)
    disarm(connection)
    connection.write("DELETE FROM ledger_audit WHERE seq = 3")
    connection.write(
        "UPDATE ledger_head SET audit_seq = 2, audit_hash = (SELECT hash FROM ledger_audit WHERE seq = 2)"
    )
    connection.close()
    journal = Journal.open(cli.data_dir / "ledger.sqlite3", key=keys.audit_key(cli.data_dir))
    journal.commit([Batch(audit=[AuditRow(actor="ann", action="order.place", subject="o9", ts=9)])])
    journal.close()
    refused(cli("audit", "verify"), "not sealed with this master key")


def test_a_folder_that_cannot_be_one_is_told_in_a_sentence(cli: Cli) -> None:
    cli.data_dir.parent.mkdir(parents=True, exist_ok=True)
    cli.data_dir.write_text("a file")
    for verb in (("audit", "verify"), ("account", "list"), ("key", "list"), ("user", "list")):
        refused(cli(*verb), str(cli.data_dir))
