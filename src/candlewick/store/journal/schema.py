"""The ledger's tables and their migrations, for SQLite and PostgreSQL alike.

The journal and the postings are append-only: the database itself refuses to change or remove a row. All the
other tables follow from them, and can be made again.
"""

from __future__ import annotations

from typing import Final

from candlewick.core.errors import StoreError
from candlewick.store.chain import AUDIT, GENESIS, JOURNAL, seal
from candlewick.store.door import Connection, Database
from candlewick.store.sqlite import SqliteDatabase

_TABLES: Final = """
CREATE TABLE ledger_journal (
    seq BIGINT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    hash {bytes} NOT NULL
);
CREATE INDEX ledger_journal_account ON ledger_journal (account, seq);
CREATE TABLE ledger_posting (
    tx BIGINT NOT NULL,
    line BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    account BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount {money} NOT NULL,
    PRIMARY KEY (tx, line)
);
CREATE INDEX ledger_posting_account ON ledger_posting (account, tx);
CREATE TABLE ledger_audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    ts BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    origin TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    hash {bytes} NOT NULL
);
CREATE INDEX ledger_audit_ts ON ledger_audit (ts, seq);
-- one row; `commits` tells a writer whether the commit whose answer it never heard took effect
CREATE TABLE ledger_head (
    one BIGINT NOT NULL PRIMARY KEY,
    commits BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash {bytes} NOT NULL,
    mac {bytes} NOT NULL,
    tx BIGINT NOT NULL,
    audit_seq BIGINT NOT NULL,
    audit_hash {bytes} NOT NULL,
    audit_mac {bytes} NOT NULL
);
CREATE TABLE ledger_snapshot (
    seq BIGINT NOT NULL PRIMARY KEY,
    digest {bytes} NOT NULL,
    body {bytes} NOT NULL
);
CREATE TABLE ledger_lane_event (
    account BIGINT NOT NULL,
    channel TEXT NOT NULL,
    seq BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    message {bytes} NOT NULL,
    PRIMARY KEY (account, channel, seq)
);
CREATE TABLE ledger_account (
    account BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    opened BIGINT NOT NULL
);
CREATE TABLE ledger_instrument (
    id TEXT NOT NULL PRIMARY KEY,
    symbol TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE ledger_order (
    account BIGINT NOT NULL,
    id TEXT NOT NULL,
    instrument TEXT NOT NULL,
    symbol TEXT NOT NULL,
    status TEXT NOT NULL,
    origin TEXT NOT NULL,
    tag TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE INDEX ledger_order_created ON ledger_order (account, created, id);
CREATE INDEX ledger_order_status ON ledger_order (account, status, created, id);
CREATE INDEX ledger_order_symbol ON ledger_order (account, symbol, created, id);
CREATE TABLE ledger_fill (
    account BIGINT NOT NULL,
    instrument TEXT NOT NULL,
    id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    order_id TEXT NOT NULL,
    ts BIGINT NOT NULL,
    realised {money} NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account, instrument, id)
);
CREATE INDEX ledger_fill_ts ON ledger_fill (account, ts, seq);
CREATE INDEX ledger_fill_symbol ON ledger_fill (account, symbol, ts, seq);
CREATE INDEX ledger_fill_order ON ledger_fill (account, order_id);
-- Trips that are alike in all that people filter by. A filter or a search chooses among these few rows, whose
-- counts tell how to find the trips; a trip itself carries only the number of its class.
CREATE TABLE ledger_trip_class (
    id BIGINT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL,
    instrument TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    outcome TEXT NOT NULL,
    origin TEXT NOT NULL,
    tag TEXT NOT NULL,
    trips BIGINT NOT NULL
);
CREATE INDEX ledger_trip_class_account ON ledger_trip_class (account);
-- net_sort, return_sort: for ordering alone, and never shown
CREATE TABLE ledger_trip (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    class BIGINT NOT NULL,
    entered BIGINT NOT NULL,
    exited BIGINT,
    held BIGINT,
    net_sort DOUBLE PRECISION NOT NULL,
    return_sort DOUBLE PRECISION NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account, id)
);
-- every order stands in it, so that the rare is sorted without a look at its rows
CREATE INDEX ledger_trip_by_class
    ON ledger_trip (account, class, entered, id, exited, held, net_sort, return_sort);
CREATE INDEX ledger_trip_by_entered ON ledger_trip (account, entered, id, class);
CREATE INDEX ledger_trip_by_exited ON ledger_trip (account, exited, id, class);
CREATE INDEX ledger_trip_by_net_sort ON ledger_trip (account, net_sort, id, class);
CREATE INDEX ledger_trip_by_return_sort ON ledger_trip (account, return_sort, id, class);
CREATE INDEX ledger_trip_by_held ON ledger_trip (account, held, id, class);
CREATE TABLE ledger_trip_fill (
    account BIGINT NOT NULL,
    trip BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    instrument TEXT NOT NULL,
    fill TEXT NOT NULL,
    PRIMARY KEY (account, trip, ts, instrument, fill)
);
CREATE TABLE ledger_equity (
    account BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    equity {money} NOT NULL,
    cash {money} NOT NULL,
    unrealised {money} NOT NULL,
    PRIMARY KEY (account, ts)
);
CREATE TABLE ledger_equity_hour (
    account BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    equity {money} NOT NULL,
    cash {money} NOT NULL,
    unrealised {money} NOT NULL,
    low {money} NOT NULL,
    high {money} NOT NULL,
    PRIMARY KEY (account, hour)
);
CREATE TABLE ledger_day (
    account BIGINT NOT NULL,
    day BIGINT NOT NULL,
    currency TEXT NOT NULL,
    opening {money},
    closing {money},
    realised {money} NOT NULL,
    fees {money} NOT NULL,
    funding {money} NOT NULL,
    flows {money} NOT NULL,
    volume {money} NOT NULL,
    fills BIGINT NOT NULL,
    PRIMARY KEY (account, day, currency)
);
CREATE TABLE ledger_bucket (
    account BIGINT NOT NULL,
    day BIGINT NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    currency TEXT NOT NULL,
    trades BIGINT NOT NULL,
    wins BIGINT NOT NULL,
    losses BIGINT NOT NULL,
    net {money} NOT NULL,
    gross {money} NOT NULL,
    fees {money} NOT NULL,
    funding {money} NOT NULL,
    profit {money} NOT NULL,
    loss {money} NOT NULL,
    best {money} NOT NULL,
    worst {money} NOT NULL,
    held BIGINT NOT NULL,
    PRIMARY KEY (account, dimension, day, value, currency)
)
"""

_SQLITE: Final = """
CREATE TRIGGER ledger_journal_stays BEFORE UPDATE ON ledger_journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER ledger_journal_kept BEFORE DELETE ON ledger_journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER ledger_posting_stays BEFORE UPDATE ON ledger_posting
    BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER ledger_posting_kept BEFORE DELETE ON ledger_posting
    BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER ledger_audit_stays BEFORE UPDATE ON ledger_audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER ledger_audit_kept BEFORE DELETE ON ledger_audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""

_POSTGRES: Final = """
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''% is append-only'', TG_TABLE_NAME; END';
CREATE TRIGGER ledger_journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_posting_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_audit
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""

_FIRST_HEAD: Final = "INSERT INTO ledger_head VALUES (1, 0, 0, ?, ?, 0, 0, ?, ?)"
_VERSIONS: Final = 1
"""How many migrations there are. Never change one that was released: add one."""


def migrate(database: Database, connection: Connection, key: bytes) -> None:
    """Bring the tables to this version's schema. `key` seals the heads of the chains.

    Raises:
        StoreError: a newer Candlewick wrote them.
    """
    with connection.transaction():
        connection.write("CREATE TABLE IF NOT EXISTS ledger_version (version BIGINT NOT NULL)")
        found = connection.read("SELECT version FROM ledger_version")
        version = found[0][0] if found else 0
        if version > _VERSIONS:
            raise StoreError(
                f"The ledger in {database.name} was written by a newer Candlewick (its version {version}, "
                f"known {_VERSIONS}). Install the newer one."
            )
        if version == _VERSIONS:
            return
        own = _SQLITE if isinstance(database, SqliteDatabase) else _POSTGRES
        for script in (_TABLES, own):
            for name, word in database.words.items():
                script = script.replace(f"{{{name}}}", word)
            for statement in script.strip().removesuffix(";").split(";\n"):
                connection.write(statement)
        connection.write(
            _FIRST_HEAD, [(GENESIS, seal(key, JOURNAL, 0, GENESIS), GENESIS, seal(key, AUDIT, 0, GENESIS))]
        )
        connection.write("DELETE FROM ledger_version")
        connection.write("INSERT INTO ledger_version VALUES (?)", [(_VERSIONS,)])
