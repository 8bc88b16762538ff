"""The server as a whole: what every answer carries, who it listens to, and how it ends."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from candlewick.core.errors import ConfigError
from candlewick.runtime.settings import Settings
from candlewick.store.models import Role
from candlewick.web.people import tokens
from candlewick.web.server import WebServer
from tests.web.conftest import SETTINGS, Person, Serve, session_of
from tests.web.ground import FakeLink

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/api/market/tickers/", "/api/docs", "/nothing/", "/metrics"]
)
def test_every_answer_carries_the_policies(serve: Serve, path: str) -> None:
    headers = serve().fetch(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_page_allows_its_own_scripts_by_a_nonce_of_its_own(serve: Serve, person: Person) -> None:
    served, session = serve(), session_of(person(Role.VIEWER))
    first, second = (served.fetch("/terminal/", session=session) for _ in range(2))
    assert first.status == 200
    nonces = [
        page.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0] for page in (first, second)
    ]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0]}"' in first.body


def test_an_unknown_host_name_is_refused(serve: Serve) -> None:
    assert serve().fetch("/accounts/login/", headers={"Host": "evil.example"}).status == 400


def test_a_stranger_cannot_fill_the_log_with_host_names(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    assert serve().fetch("/api/watchlist/", headers={"Host": "elsewhere.example"}).status == 400
    assert capfd.readouterr().err == ""


def test_static_files_may_be_kept_for_ever_since_their_address_changes(serve: Serve) -> None:
    served = serve()
    page = served.fetch("/accounts/login/").body
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = served.fetch(address)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    small = served.fetch(address, headers={"Accept-Encoding": "x"})
    assert small.status == 200


def test_it_says_whether_it_is_alive_and_ready(serve: Serve, link: FakeLink) -> None:
    served = serve()
    assert served.fetch("/healthz").status == 200
    assert served.fetch("/readyz").status == 200
    link.connected = False
    answer = served.fetch("/readyz")
    assert answer.status == 503
    assert orjson.loads(answer.body) == {"ready": False, "missing": ["engine"]}
    assert served.fetch("/healthz").status == 200


def test_it_is_not_ready_while_the_ledger_cannot_be_written(serve: Serve, link: FakeLink) -> None:
    served, full = serve(), "The disk is full. Free some space."
    link.answers["readiness"] = lambda: {"missing": ["ledger"], "reason": full}
    answer = served.fetch("/readyz")
    assert answer.status == 503
    assert orjson.loads(answer.body) == {"ready": False, "missing": ["ledger"], "reason": full}


def test_it_is_not_ready_while_another_process_holds_the_lock_of_the_rows(serve: Serve) -> None:
    place = SETTINGS.rows
    assert isinstance(place, Path)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = serve().fetch("/readyz")
    other.close()
    reason = "The database: Another process holds its write lock. Try again."
    assert answer.status == 503
    assert orjson.loads(answer.body) == {"ready": False, "missing": ["database"], "reason": reason}
    assert serve().fetch("/readyz").status == 200


def test_metrics_tell_of_the_hub_and_of_the_engine(serve: Serve, link: FakeLink) -> None:
    link.answers["metrics"] = lambda: {
        "engine_events_total": 7,
        "feed_gaps_total": {"sim": 2},
        "feed_malformed_total": {"sim": {"bad_json": 3}, "sim-east": {}},
    }
    lines = serve().fetch("/metrics").body.splitlines()
    assert "candlewick_web_connections 0.0" in lines
    assert "candlewick_web_engine_connected 1.0" in lines
    assert "candlewick_engine_events_total 7.0" in lines
    assert 'candlewick_feed_gaps_total{venue="sim"} 2.0' in lines
    assert 'candlewick_feed_malformed_total{reason="bad_json",venue="sim"} 3.0' in lines
    assert 'candlewick_web_frame_lag_seconds_bucket{le="+Inf"} 0.0' in lines


def test_metrics_go_on_while_the_engine_is_away(serve: Serve, link: FakeLink) -> None:
    link.connected = False
    answer = serve().fetch("/metrics")
    assert answer.status == 200
    assert "candlewick_web_engine_connected 0.0" in answer.body


def test_metrics_are_for_this_machine_and_for_owners(serve: Serve, person: Person, link: FakeLink) -> None:
    link.answers["metrics"] = dict
    served = serve()
    from_elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    assert served.fetch("/metrics", headers=from_elsewhere).status == 403
    for role, status in ((Role.VIEWER, 403), (Role.TRADER, 403), (Role.OWNER, 200)):
        user = person(role)
        assert served.fetch("/metrics", headers=from_elsewhere, session=session_of(user)).status == status
        token = {"Authorization": f"Bearer {tokens.issue(user, tokens.ACCESS)}"}
        assert served.fetch("/metrics", headers=from_elsewhere | token).status == status


def test_a_port_that_is_taken_is_told_in_a_sentence(settings_in_force: Settings, link: FakeLink) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}.*--port"):
            WebServer(settings_in_force, link=link, port=port).run()


def test_it_starts_without_what_it_may_never_need(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from candlewick.runtime.settings import load
from candlewick.web.boot import boot
boot(load(data_dir=Path(sys.argv[1])))
import candlewick.web.server
import candlewick.web.urls
heavy = {"ccxt", "numba", "pandas", "polars", "prometheus_client", "pyarrow", "talib"}
print(sorted(heavy & set(sys.modules)))
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout.strip() == "[]"


def test_sigterm_ends_it_with_code_0_though_streams_are_open(tmp_path: Path) -> None:
    program = """
import signal, sys
from pathlib import Path
from tests.web import ground
from candlewick.runtime.settings import load
from candlewick.web.boot import boot, migrate
settings = load(data_dir=Path(sys.argv[1]))
boot(settings)
migrate()
from candlewick.store.models import Role
from candlewick.web.live.hub import Limits
from candlewick.web.people import tokens
from candlewick.web.people.first_owner import add_person
from candlewick.web.server import WebServer
token = tokens.issue(add_person("ann", Role.VIEWER), tokens.ACCESS)
server = WebServer(settings, link=ground.FakeLink(), limits=Limits(connections_per_user=1000), port=0)
server.run(lambda: print(server.port, token, flush=True))
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port, token = process.stdout.readline().split()
    streams = []
    for _ in range(200):
        stream = socket.create_connection(("127.0.0.1", int(port)))
        request = [
            "GET /stream/?channels=prices HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {token}",
        ]
        stream.sendall("\r\n".join([*request, "", ""]).encode())
        assert stream.recv(15) == b"HTTP/1.1 200 OK"
        streams.append(stream)
    process.terminate()
    _, errors = process.communicate(timeout=120)
    for stream in streams:
        stream.close()
    assert process.returncode == 0, errors
    assert errors == ""
