"""A real `candlewick up` on free ports and a new data folder, and Chromium in front of it."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
    StorageState,
    expect,
    sync_playwright,
)

ROOT: Final = Path(__file__).resolve().parent.parent.parent
AXE: Final = ROOT / "node_modules/axe-core/axe.min.js"
STATIC: Final = ROOT / "src/candlewick/web/static"
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
# How long to wait for what has to come at last: on a busy machine a second's work takes many.
STARTS_WITHIN_S: Final = 300
PATIENCE_MS: Final = 90_000
TEST_S: Final = 600
DESKTOP, TABLET, PHONE = (1440, 900), (1024, 768), (390, 844)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(TEST_S))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the processes said belongs to a failure."""
    report = yield
    running = getattr(item, "funcargs", {}).get("up")
    if report.failed and isinstance(running, Up):
        report.sections.append(("candlewick up", running.log))
    return report


class Up:
    """`candlewick up`, or `replay` of recordings, as a person starts it."""

    def __init__(self, data_dir: Path, *verb: str | Path) -> None:
        _compile_fill_core()
        self.port, sim_port = _free_port(), _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._lines: list[str] = []
        self._link: str | None = None
        self._said = threading.Event()
        self.data_dir = data_dir
        ours = {"PYTHONPATH": str(ROOT / "src"), "CANDLEWICK_SIM__PORT": str(sim_port)}
        self.environment = os.environ | ours
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "candlewick", *(verb or ("up",))),
                *("--data-dir", data_dir, "--port", str(self.port)),
            ],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def login_link(self) -> str:
        """The link that the first start prints, once it is printed."""
        assert self._said.wait(STARTS_WITHIN_S), self.log
        assert self._link is not None, self.log
        return self._link

    @property
    def log(self) -> str:
        return "".join(self._lines)

    def kill(self, part: str) -> None:
        """`kill -9` one of the processes: `web`, `engine` or `sim`."""
        self._find(part).kill()

    def suspend(self, part: str) -> None:
        """Let one of the processes stand still."""
        self._find(part).suspend()

    def processes(self) -> list[psutil.Process]:
        """Every process it has started."""
        return psutil.Process(self._process.pid).children(recursive=True)

    def _find(self, part: str) -> psutil.Process:
        for child in psutil.Process(self._process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if part in child.cmdline():
                    return child
        raise AssertionError(f"no process {part} among the children of `candlewick up`:\n{self.log}")

    def stop(self) -> None:
        """Ctrl-C."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(120)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._reading.join(10)
            if self._process.stdout is not None:
                self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            found = re.search(r"https?://\S+/login/\S+", line)
            if found:
                self._link = found[0]
                self._said.set()
        self._said.set()


OpenPage = Callable[..., Page]


# Of a module, not of the session: as long as Playwright's synchronous interface runs, asyncio counts its
# loop as running in this thread, and the asynchronous tests of other rooms could not run in between.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One running terminal for the tests of a module; what they change is their own watchlist's."""
    running = Up(tmp_path_factory.mktemp("data"))
    try:
        running.login_link()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def session(up: Up, chromium: Browser) -> StorageState:
    """The owner's session, begun by the printed link."""
    return sign_in(up, chromium)


def sign_in(up: Up, chromium: Browser) -> StorageState:
    """A session begun by the printed link, with the terminal seen alive."""
    context = chromium.new_context(base_url=up.url)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(up.login_link())
    page.goto("/terminal/")  # tries again by itself until the engine is there
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#chart")).to_have_attribute("data-state", "live")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_page(up: Up, chromium: Browser, session: StorageState) -> Iterator[OpenPage]:
    """Opens pages as the owner. A fault on any of them that a test does not expect fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            faults.append(f"{message.type}: {message.text}")

    def open_it(
        path: str = "/terminal/",
        *,
        size: tuple[int, int] = DESKTOP,
        expects_faults: bool = False,
        **options: Any,
    ) -> Page:
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height}, storage_state=session, base_url=up.url, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        if not expects_faults:
            page.on("console", note)
            page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.goto(path)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def modules(chromium: Browser) -> Iterator[Page]:
    """An empty page that can import our scripts, with no server behind it."""
    context = chromium.new_context()
    page = context.new_page()
    page.route("http://modules.test/**", _serve_module)
    page.goto("http://modules.test/")
    yield page
    context.close()


def _serve_module(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path == "/":
        charts = "/vendor/lightweight-charts/lightweight-charts.standalone.production.mjs"
        imports = json.dumps({"imports": {"lightweight-charts": charts}})
        body = f'<!doctype html><title>modules</title><script type="importmap">{imports}</script>'
        route.fulfill(body=body, content_type="text/html")
    else:
        route.fulfill(path=STATIC / path.removeprefix("/"), content_type="text/javascript")


def violations(page: Page) -> list[str]:
    """What axe objects to, as it stands on the screen."""
    # through the debugger, which the page's policy does not bind
    debugger = page.context.new_cdp_session(page)
    debugger.send("Runtime.evaluate", {"expression": AXE.read_text()})
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(({violations}) => violations)")
    return [f"{each['id']}: {json.dumps([node['target'] for node in each['nodes']])}" for each in found]


@functools.cache
def _compile_fill_core() -> None:
    """Have compiled what fills paper orders, as any start but the very first of an installation finds it.

    It takes seconds of processor time, more than a browser's patience where two terminals do it at once.
    """
    with (Path(tempfile.gettempdir()) / f"candlewick-{os.getuid()}-compiling.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the next test process finds it done
        program = "from candlewick.fills.warm import warm_up; warm_up()"
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def _free_port() -> int:
    """A port nobody listens on, below those the kernel gives to outgoing connections.

    Each process begins far from the next one's: two workers of a run have numbers that are near.
    """
    for port in range(20_000 + os.getpid() * 97 % 8_000, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in _taken:
                _taken.add(port)
                return port
    raise AssertionError("no free port between 20,000 and 32,000")


_taken: set[int] = set()
