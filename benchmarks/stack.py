"""A running `candlewick up` and Chromium in front of it, for the benchmarks of the page."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final

import psutil
from playwright.sync_api import Browser, sync_playwright

from candlewick.runtime.supervisor import claimed_port

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class Stack:
    """`candlewick up` as a person starts it: `begun` is when, on the monotonic clock."""

    process: psutil.Popen
    link: str
    begun: float

    @property
    def base(self) -> str:
        return self.link.partition("/login/")[0]

    def parts(self) -> list[psutil.Process]:
        return [psutil.Process(self.process.pid), *self.process.children(recursive=True)]


@contextlib.contextmanager
def running_up(folder: str | None = None, variables: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Start everything on free ports, with more environment `variables`, and wait for the login link."""
    with contextlib.ExitStack() as exits:
        data_dir = folder or exits.enter_context(tempfile.TemporaryDirectory())
        port = exits.enter_context(claimed_port("127.0.0.1", 19_500))
        sim_port = exits.enter_context(claimed_port("127.0.0.1", 19_600))
        begun = time.monotonic()
        process = psutil.Popen(
            [sys.executable, "-m", "candlewick", "up", "--data-dir", data_dir, "--port", str(port)],
            env={
                **os.environ,
                **(variables or {}),
                "CANDLEWICK_SIM__PORT": str(sim_port),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Stack(process, _login_link(process), begun)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def signed_in(stack: Stack) -> dict[str, str]:
    """Headers of somebody who came by the login link: their cookies, and the token that changes take."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with opener.open(stack.link) as answer:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
    if token is not None:  # the page asks for a click, so that no preview of a link spends it
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1]}).encode()
        opener.open(urllib.request.Request(stack.link, form, {"Referer": stack.link})).close()
    cookies = {each.name: each.value or "" for each in jar}
    return {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": cookies["candlewick_csrf"],
    }


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def _login_link(process: psutil.Popen) -> str:
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(r"http://\S+/login/\S+", line):
            return found[0]
    raise AssertionError(f"candlewick up ended without a login link:\n{said}")
