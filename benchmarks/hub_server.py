"""The server half of bench_hub: the real web server, with a producer in step with its wheel.

`python -m benchmarks.hub_server FOLDER` prints the port and an access token, then for every line on stdin
one line of JSON with what it has done so far.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import orjson

from candlewick.runtime.settings import load
from candlewick.web.boot import boot, migrate
from tests.web.ground import FakeLink

CHANNEL = "book:BTCUSDT"
FRAME_BYTES = 2_048


def main(folder: Path) -> None:
    """Serve until stdin ends."""
    settings = load(data_dir=folder)
    boot(settings)
    migrate()

    from candlewick.web.live.cohorts import EVERY
    from candlewick.web.live.hub import Hub, Limits
    from candlewick.web.people import tokens
    from candlewick.web.people.first_owner import add_person
    from candlewick.web.server import WebServer

    link = FakeLink()
    serve = Hub.serve
    filler = b"x" * (FRAME_BYTES - 64)

    def serve_stamped(hub: Hub, now: float) -> None:
        # A new state just before every slot: each reader gets its ten frames a second, and the stamp in
        # a frame is the moment at which its slot began.
        stamp = b'{"type":"book","channel":"%b","t":%d,"f":"%b"}' % (
            CHANNEL.encode(),
            time.monotonic_ns(),
            filler,
        )
        hub.take_market(CHANNEL, stamp)
        serve(hub, now)

    Hub.serve = serve_stamped  # type: ignore[method-assign, assignment]
    token = tokens.issue(add_person("bench", "viewer"), tokens.ACCESS)
    server = WebServer(settings, link=link, limits=Limits(connections_per_user=10_000), port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    server.started.wait()
    print(server.port, token, 1 / (0.01 * EVERY["fast"]), flush=True)
    for _ in sys.stdin:
        metrics = server.hub.metrics
        done = {"cpu_s": time.process_time(), "frames": metrics.frames, "skipped": metrics.skipped}
        print(orjson.dumps(done | {"readers": len(server.hub.readers)}).decode(), flush=True)
    server.stop()
    thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
