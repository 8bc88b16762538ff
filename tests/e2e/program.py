"""A program in front of a real `candlewick up`: its token, its requests, its live connections."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from requests import Response
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.e2e.calls import patiently
from tests.e2e.conftest import ROOT, Up

GENEROUS: Final = {
    "CANDLEWICK_WEB__LIMITS__ORDERS_PER_MINUTE": "1000000",
    "CANDLEWICK_WEB__LIMITS__REQUESTS_PER_MINUTE": "1000000",
    "CANDLEWICK_WEB__LIMITS__SIGN_INS_PER_MINUTE": "1000000",
}
# a request that met the end of an idle connection was perhaps never read: what only reads is sent again
LOST: Final = Retry(3, allowed_methods={"GET"}, respect_retry_after_header=False)
PASSWORD: Final = "correct horse battery staple"
_TOKEN: Final = """
import sys
from candlewick.runtime.settings import load
from candlewick.web.boot import boot
boot(load())
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from candlewick.store.models import User
from candlewick.web.people import api_tokens, two_factor
user = User.objects.get(username=sys.argv[1])
if not two_factor.is_on(user.pk):  # which live accounts ask for
    TOTP.activate(user, generate_totp_secret())
print(api_tokens.issue(user, "program", sys.argv[2].split(","))[1])
"""


@contextmanager
def generous() -> Iterator[None]:
    """Whatever is started within this asks for as much as it likes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in GENEROUS.items():
            patch.setenv(name, value)
        yield


def command(data_dir: Path, *verb: str, given: str = "") -> str:
    """What `candlewick` prints, when it is done with this."""
    return _run(data_dir, "-m", "candlewick", *verb, "--data-dir", str(data_dir), given=given)


def token_of(data_dir: Path, name: str, *scopes: str) -> str:
    """A new API token of somebody, who signs in with two factors from now on."""
    return _run(data_dir, "-c", _TOKEN, name, ",".join(scopes)).strip().splitlines()[-1]


def _run(data_dir: Path, *arguments: str, given: str = "") -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "CANDLEWICK_DATA_DIR": str(data_dir)}
    done = subprocess.run(
        [sys.executable, *arguments],
        input=given, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def until(is_so: Callable[[], Any], within_s: float = 180.0) -> Any:
    """What `is_so` answers once that is something."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = is_so()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"it did not come to be within {within_s:.0f} s")


class Program:
    """A program with a token."""

    def __init__(self, up: Up, token: str) -> None:
        self.up = up
        self.token = token
        self._session = requests.Session()
        self._session.mount(up.url, HTTPAdapter(max_retries=LOST))
        self._session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """One request."""
        url = self.up.url + path
        return self._session.request(method, url, json=body, headers=headers, timeout=60)

    def insist(self, method: str, path: str, body: Any = None) -> Response:
        """A request that is sent again while the engine is away, and done once."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return patiently(
            lambda: self.ask(method, path, body, **key),
            lambda answer: float(answer.headers["Retry-After"]) if answer.status_code == 503 else None,
        )

    def get(self, path: str) -> Any:
        """What stands at a path, its numbers exact."""
        answer = self.insist("GET", path)
        assert answer.status_code == 200, answer.text
        return exact(answer)

    def place(self, **order: Any) -> dict[str, Any]:
        """An order that is taken."""
        answer = self.insist("POST", "/api/orders/", order)
        assert answer.status_code == 201, answer.text
        placed: dict[str, Any] = exact(answer)
        return placed

    def is_served(self, account: str | int) -> bool:
        """Whether engine and market are there for an account."""
        try:
            return self.ask("GET", f"/api/risk/?account={account}").status_code == 200
        except requests.ConnectionError:
            return False

    def close(self) -> None:
        self._session.close()


def exact(answer: Response) -> Any:
    """JSON with its numbers as Decimals."""
    return answer.json(parse_float=Decimal)
