"""Real PostgreSQL and Redis for tests: one server of each a test process, an empty database for each test.

Both listen on this machine alone, ask for a password, and offer TLS with a certificate of the test's own.
Where a server's program is absent the test is skipped, and says so.
"""

from __future__ import annotations

import ctypes
import datetime
import ipaddress
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PASSWORD: Final = "correct-horse"
_START_S: Final = 60.0
_PR_SET_PDEATHSIG: Final = 1
_numbers = itertools.count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A server that runs. `authority` is what `sslmode=verify-full` wants as `sslrootcert`."""

    port: int
    authority: Path

    def url(self, database: str = "postgres", *, password: str = PASSWORD, **options: str) -> str:
        """The URL of a database, with options such as `sslmode`."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"postgresql://candle:{password}@127.0.0.1:{self.port}/{database}{'?' if query else ''}{query}"


@dataclass(frozen=True)
class RedisServer:
    """A server that runs, with and without TLS."""

    port: int
    tls_port: int
    authority: Path

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    @property
    def tls_url(self) -> str:
        """Over TLS; the server's certificate is checked against the test's authority."""
        return f"rediss://:{PASSWORD}@127.0.0.1:{self.tls_port}/0?ssl_ca_certs={self.authority}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process alone."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine; install the package postgresql")
    with _folder() as folder:
        _certificate(folder)
        data, secret = folder / "data", folder / "password"
        secret.write_text(PASSWORD)
        user = _give_away(folder)
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "candle", "-A", "scram-sha-256", f"--pwfile={secret}",
             "--encoding=UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **user,
        )  # fmt: skip
        port = _free_port()
        settings = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
            "ssl": "on", "ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key",
            "max_connections": 60, "shared_buffers": "64MB", "log_min_messages": "fatal",
        }  # fmt: skip
        options = [f"-c{name}={value}" for name, value in settings.items()]
        server = PostgresServer(port, folder / "server.pem")
        with _running([programs / "postgres", "-D", data, *options], folder, signal.SIGINT, user):
            _until_ready(lambda: psycopg.connect(server.url(), connect_timeout=2).close(), psycopg.Error)
            yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database, which is gone after the test."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield postgres.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server of this test process alone."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no Redis on this machine; install the package redis-server")
    with _folder() as folder:
        _certificate(folder)
        server = RedisServer(_free_port(), _free_port(), folder / "server.pem")
        options: dict[str, object] = {
            "port": server.port, "tls-port": server.tls_port, "bind": "127.0.0.1", "requirepass": PASSWORD,
            "tls-cert-file": folder / "server.pem", "tls-key-file": folder / "server.key",
            "tls-ca-cert-file": folder / "server.pem", "tls-auth-clients": "no",
            "save": "", "appendonly": "no", "dir": folder, "logfile": folder / "log",
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        with _running([program, *words], folder, signal.SIGTERM, {}):
            client = redis.Redis.from_url(server.url)
            _until_ready(client.ping, redis.ConnectionError)
            client.close()
            yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> Iterator[str]:
    """The URL of an empty Redis, emptied again after the test."""
    client = redis.Redis.from_url(redis_server.url)
    client.flushall()
    yield redis_server.url
    client.flushall()
    client.close()


def _postgres_programs() -> Path | None:
    """The folder of PostgreSQL's programs: on the path, or where Debian keeps its newest."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda program: int(program.parts[-3]))
    return newest[-1].parent if newest else None


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="candlewick-server-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _give_away(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: hand the folder to somebody else, and say as whom to run."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    person = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, person.pw_uid, person.pw_gid)
    return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


@contextmanager
def _running(
    command: Sequence[str | Path], folder: Path, stop: signal.Signals, user: dict[str, Any]
) -> Iterator[None]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            preexec_fn=_die_with(os.getpid()), **user,
        )  # fmt: skip
        try:
            yield
        finally:
            process.send_signal(stop)
            process.wait(30)


def _die_with(parent: int) -> Any:
    """A server must not outlive a test process that is killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _until_ready(attempt: Any, away: type[Exception]) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            attempt()
        except away:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    """A port below those that the system gives to clients, so that none of them takes it meanwhile."""
    for port in itertools.chain(range(20_000 + os.getpid() * 97 % 5_000, 32_000), range(10_000, 20_000)):
        if port in _given:
            continue
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                _given.add(port)
                return port
    raise RuntimeError("no free port")


_given: set[int] = set()


def _certificate(folder: Path) -> None:
    """A key and a certificate of 127.0.0.1 that vouches for itself, as `server.key` and `server.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path = folder / "server.key"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
