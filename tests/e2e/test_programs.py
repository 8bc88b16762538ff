"""Programs at a running terminal: live channels that lose nothing, and many hands on one order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal
from typing import Any, Final

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import Up
from tests.e2e.program import PASSWORD, Program, command, generous, token_of, until

SYMBOL: Final = "BTCUSDT"
BURST: Final = 100
SNAPSHOT_WITHIN_S: Final = 60
DONE: Final = ("CANCELLED", "FILLED", "REJECTED", "EXPIRED")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data_dir = tmp_path_factory.mktemp("programs")
    with generous():
        up = Up(data_dir)
    try:
        up.login_link()
        made = Program(up, token_of(data_dir, "owner", "read", "write", "trade", "risk", "accounts"))
        until(lambda: made.is_served("Paper"))
        limits = {"max_orders_per_minute": None, "max_open_orders": None}
        assert made.ask("PUT", "/api/risk/limits/", limits).status_code == 200
        until(lambda: made.ask("POST", "/api/orders/preview/", resting()).json()["ok"])
        yield made
        made.close()
    finally:
        up.stop()


def resting() -> dict[str, Any]:
    """An order that stays: far below any market."""
    return {"symbol": SYMBOL, "side": "buy", "quantity": 0.001, "order_type": "limit", "limit_price": 55_000}


@asynccontextmanager
async def websocket(program: Program, *channels: str) -> AsyncIterator[ClientConnection]:
    """A program's live connection, subscribed."""
    address = f"ws://127.0.0.1:{program.up.port}/ws/"
    headers = {"Authorization": f"Bearer {program.token}"}
    async with connect(address, additional_headers=headers, max_size=2**24) as socket:
        await socket.send(json.dumps({"action": "subscribe", "channels": channels}))
        yield socket


async def received(socket: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), SNAPSHOT_WITHIN_S))
    return message


async def snapshot_of(socket: ClientConnection, channel: str) -> dict[str, Any]:
    while True:
        message = await received(socket)
        if message["type"] == f"{channel}_snapshot":
            return message


async def streamed(
    program: Program, channels: str, last_id: str = ""
) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
    """Events of `/stream/` with their ids."""
    headers = {"Authorization": f"Bearer {program.token}"} | ({"Last-Event-ID": last_id} if last_id else {})
    timeout = aiohttp.ClientTimeout(total=None, sock_read=SNAPSHOT_WITHIN_S)
    address = f"{program.up.url}/stream/?channels={channels}"
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(address, headers=headers) as answer,
    ):
        assert answer.status == 200
        id = ""
        async for raw in answer.content:
            name, _, value = raw.decode().rstrip("\r\n").partition(": ")
            if name == "id":
                id = value
            elif name == "data":
                yield id, json.loads(value)


def burst(program: Program, count: int) -> list[str]:
    """Places orders from several threads at once; their ids."""
    with ThreadPoolExecutor(4) as pool:
        return [each["id"] for each in pool.map(lambda _: program.place(**resting()), range(count))]


def cancel_all(program: Program) -> None:
    program.ask("DELETE", "/api/orders/")
    until(lambda: program.get("/api/orders/?status=working")["items"] == [])


def in_a_row(messages: list[dict[str, Any]], after: int) -> bool:
    """Whether the numbers go on from `after` without a gap."""
    return [each["seq"] for each in messages] == list(range(after + 1, after + 1 + len(messages)))


async def test_a_burst_of_orders_is_told_without_a_gap(program: Program) -> None:
    async with websocket(program, "orders") as socket:
        first = await snapshot_of(socket, "orders")
        events: list[dict[str, Any]] = []
        reading = asyncio.create_task(_keep(socket, events))
        placed = set(await asyncio.to_thread(burst, program, BURST))
        await asyncio.to_thread(until, lambda: placed <= _named(events, "order_accepted"))
        assert placed <= _named(events, "order_placed")
        last = events[-1]["seq"]
        assert in_a_row(events, first["seq"])
        assert len([each for each in events if each["data"]["id"] in placed]) == 2 * BURST

        events.clear()  # a snapshot may be an older one, with every event since then behind it
        await socket.send(json.dumps({"action": "resync", "channel": "orders"}))
        await asyncio.to_thread(until, lambda: events and events[-1]["seq"] >= last)
        reading.cancel()
    again, *rest = events
    assert again["type"] == "orders_snapshot"
    assert in_a_row(rest, again["seq"])
    assert placed <= {each["id"] for each in again["data"]} | _named(rest, "order_accepted")
    await asyncio.to_thread(cancel_all, program)


def _named(events: list[dict[str, Any]], type: str) -> set[str]:
    return {each["data"]["id"] for each in events if each["type"] == type}


async def test_a_stream_that_comes_back_gets_exactly_what_it_missed(program: Program) -> None:
    probe = (await asyncio.to_thread(program.place, **resting()))["id"]
    async with aclosing(streamed(program, "orders")) as stream:
        async for cursor, first in stream:
            id, told = cursor, first.get("data", [])
            told = told if isinstance(told, list) else [told]
            if any(each["id"] == probe and each["status"] == "OPEN" for each in told):
                break
    missed = await asyncio.to_thread(burst, program, 5)
    await asyncio.to_thread(cancel_all, program)
    events: list[dict[str, Any]] = []
    async with aclosing(streamed(program, "orders", id)) as stream:
        async for _, message in stream:
            assert message["type"] != "orders_snapshot"
            if "seq" in message:
                events.append(message)
            ended = [each for each in events if each["type"] == "order_cancelled"]
            if len(ended) == len(missed) + 1:  # the probe too
                break
    assert in_a_row(events, first["seq"])
    placed = [each["data"]["id"] for each in events if each["type"] == "order_placed"]
    assert sorted(placed) == sorted(missed)


async def test_many_hands_on_one_order_agree_on_what_became_of_it(program: Program) -> None:
    async with websocket(program, "orders") as ours, websocket(program, "orders") as theirs:
        await snapshot_of(ours, "orders")
        await snapshot_of(theirs, "orders")
        id = (await asyncio.to_thread(program.place, **resting()))["id"]
        path = f"/api/orders/{id}/"

        def act(turn: int) -> int:
            bigger = {"quantity": float(f"0.0{turn + 10}")}
            method, body = [("PATCH", bigger), ("DELETE", None), ("GET", None)][turn % 3]
            answer = program.ask(method, path, body)
            assert answer.status_code in (200, 409), answer.text
            return answer.status_code

        with ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(act, range(18)))
        assert 200 in statuses[1::3]
        last = await asyncio.to_thread(until, lambda: ended(program, path))

        async def heard(socket: ClientConnection) -> list[tuple[str, int]]:
            found: list[tuple[str, int]] = []
            while not found or found[-1][0] != "order_cancelled":
                message = await received(socket)
                if "seq" in message and message["data"]["id"] == id:
                    found.append((message["type"], message["seq"]))
            return found

        assert await heard(ours) == await heard(theirs)
        assert last["status"] == "CANCELLED"


def ended(program: Program, path: str) -> dict[str, Any] | None:
    order: dict[str, Any] = program.get(path)
    return order if order["status"] in DONE else None


async def test_after_a_kill_in_the_middle_every_order_was_told_once(program: Program) -> None:
    """By its number, or by a snapshot: for each client, and for whoever asks the journal."""
    placed: list[str] = []
    killed = asyncio.Event()

    def keep_placing() -> None:
        for turn in range(60):
            if turn == 20:
                program.up.kill("engine")
                loop.call_soon_threadsafe(killed.set)
            answer = program.ask("POST", "/api/orders/", resting(), **{"Idempotency-Key": f"kill-{turn}"})
            if answer.status_code == 201:
                placed.append(answer.json()["id"])

    loop = asyncio.get_running_loop()
    async with websocket(program, "orders") as socket, websocket(program, "orders") as other:
        begun = [await snapshot_of(each, "orders") for each in (socket, other)]
        seen: list[list[dict[str, Any]]] = [[], []]
        reading = [
            asyncio.create_task(_keep(each, kept)) for each, kept in zip((socket, other), seen, strict=True)
        ]
        await asyncio.to_thread(keep_placing)
        await killed.wait()
        await asyncio.to_thread(until, lambda: program.is_served("Paper"))
        probe = (await asyncio.to_thread(program.place, **resting()))["id"]
        placed.append(probe)
        await asyncio.to_thread(until, lambda: all(probe in _told(kept) for kept in seen))
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    journal = await asyncio.to_thread(_all_orders, program)
    assert len(journal) == len(set(journal))
    assert set(placed) <= set(journal)
    for first, kept in zip(begun, seen, strict=True):
        known = {each["id"] for each in first["data"]}
        number = first["seq"]
        for message in kept:
            if message["type"] == "orders_snapshot":
                assert message["seq"] >= number
                number = message["seq"]
                known |= {each["id"] for each in message["data"]}
            else:
                assert message["seq"] == number + 1
                number = message["seq"]
                if message["type"] == "order_placed":
                    assert message["data"]["id"] not in known
                    known.add(message["data"]["id"])
        assert set(placed) <= known
    await asyncio.to_thread(cancel_all, program)


async def _keep(socket: ClientConnection, kept: list[dict[str, Any]]) -> None:
    async for text in socket:
        message = json.loads(text)
        if "seq" in message:
            kept.append(message)


def _told(messages: list[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for each in messages:
        found |= {one["id"] for one in (each["data"] if isinstance(each["data"], list) else [each["data"]])}
    return found


def _all_orders(program: Program) -> list[str]:
    ids: list[str] = []
    cursor = ""
    while True:
        page = program.get(f"/api/orders/?limit=50{cursor}")
        ids += [each["id"] for each in page["items"]]
        if page["next"] is None:
            return ids
        cursor = f"&cursor={page['next']}"


async def test_a_stranger_gets_nothing_of_an_account_and_a_program_without_a_token_nothing_at_all(
    program: Program,
) -> None:
    command(
        program.up.data_dir,
        "user",
        "add",
        "stranger",
        "--role",
        "viewer",
        "--password-stdin",
        given=f"{PASSWORD}\n",
    )
    token = token_of(program.up.data_dir, "stranger", "read")
    stranger = Program(program.up, token)
    number = program.get("/api/dashboard/portfolio/")["account"]
    assert stranger.ask("GET", f"/api/dashboard/portfolio/?account={number}").status_code == 404
    async with websocket(stranger, f"orders:{number}", "prices") as socket:
        refused = next(each for each in [await received(socket) for _ in range(2)] if each["type"] == "error")
    assert (refused["code"], refused["channel"]) == ("forbidden", f"orders:{number}")
    stranger.close()
    async with connect(f"ws://127.0.0.1:{program.up.port}/ws/") as nobody:
        with pytest.raises(ConnectionClosed) as closed:
            await nobody.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_money_is_exact_both_ways(program: Program) -> None:
    placed = program.place(**resting() | {"limit_price": 55_000.1, "quantity": 0.00123})
    assert (placed["limit_price"], placed["quantity"]) == (Decimal("55000.1"), Decimal("0.00123"))
    cancel_all(program)
