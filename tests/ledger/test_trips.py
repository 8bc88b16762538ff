"""Round trips: what a person calls a trade."""

from __future__ import annotations

from candlewick.ledger.book import Book
from candlewick.ledger.trips import RoundTrip
from tests.ledger.notation import SECOND, D, History, run, spot


def trips(history: History) -> list[RoundTrip]:
    """The newest of each round trip, oldest first."""
    newest = {trip.id: trip for booked in history.booked for trip in booked.trips}
    return [newest[id] for id in sorted(newest)]


def test_from_flat_to_flat_is_one_trip() -> None:
    (trip,) = trips(
        run("""
            buy  1 BTCUSDT @ 100 fee 0.1 USDT
            buy  1 BTCUSDT @ 120 fee 0.1 USDT
            sell 0.5 BTCUSDT @ 130 fee 0.1 USDT
            sell 1.5 BTCUSDT @ 150 fee 0.1 USDT
        """)
    )
    assert (trip.id, trip.side, trip.status, trip.quantity, trip.open_quantity) == (
        1,
        "long",
        "closed",
        D(2),
        D(0),
    )
    assert (trip.entry_price, trip.exit_price) == (D(110), D(145))
    assert (trip.gross, trip.fees, trip.net) == (D(70), D("0.4"), D("69.6"))
    assert (trip.fills, trip.scale_ins, trip.scale_outs) == (4, 1, 1)
    assert (trip.entered_at, trip.exited_at) == (1 * SECOND, 4 * SECOND)


def test_an_open_trip_tells_what_it_has_realised_so_far() -> None:
    (trip,) = trips(
        run("sell 2 BTCUSDT-PERP @ 100\nbuy 1 BTCUSDT-PERP @ 90\nfunding 0.5 USDT on BTCUSDT-PERP")
    )
    assert (trip.side, trip.status, trip.open_quantity, trip.exited_at) == ("short", "open", D(1), None)
    assert (trip.gross, trip.funding, trip.net) == (D(10), D("0.5"), D("10.5"))
    assert (trip.scale_ins, trip.scale_outs) == (0, 1)


def test_a_reversal_ends_one_trip_and_begins_another_and_divides_the_fee() -> None:
    first, second = trips(
        run("""
            buy  1 BTCUSDT-PERP @ 100
            sell 3 BTCUSDT-PERP @ 110 fee 0.3 USDT
        """)
    )
    assert (first.status, first.gross, first.fees, first.exited_at) == ("closed", D(10), D("0.1"), 2 * SECOND)
    assert (second.side, second.quantity, second.fees, second.entered_at) == (
        "short",
        D(2),
        D("0.2"),
        2 * SECOND,
    )


def test_it_carries_origin_and_tag_of_the_order_that_opened_it() -> None:
    history = run("buy 1 BTCUSDT @ 100\nsell 0.5 BTCUSDT @ 100")
    book = Book(1, "USDT")
    book.know(spot("BTC"))
    book.fill(history.fills[0], origin="strategy", tag="ema-cross")
    booked = book.fill(history.fills[1], origin="manual", tag="ticket")
    assert (booked.trips[0].origin, booked.trips[0].tag) == ("strategy", "ema-cross")


def test_each_instrument_has_trips_of_its_own() -> None:
    history = run("buy 1 BTCUSDT @ 100\nbuy 1 ETHUSDT @ 10\nsell 1 BTCUSDT @ 100\nbuy 1 BTCUSDT @ 100")
    assert [(it.id, it.instrument, it.status) for it in trips(history)] == [
        (1, "binance:BTCUSDT", "closed"),
        (2, "binance:ETHUSDT", "open"),
        (3, "binance:BTCUSDT", "open"),
    ]


def test_a_trip_is_over_when_what_is_left_is_less_than_can_be_sold() -> None:
    history = History()
    history.book.know(spot("BTC", lot=D("0.001")))
    history.run("""
        buy  1 BTCUSDT @ 100 fee 0.0005 BTC
        sell 0.999 BTCUSDT @ 110
    """)
    (trip,) = trips(history)
    assert (trip.status, trip.open_quantity, trip.gross) == ("closed", D("0.0005"), D("9.99"))
    assert history.book.positions["binance:BTCUSDT"].quantity == D("0.0005")
    history.run("""
        buy  1 BTCUSDT @ 120 fee 0.0005 BTC
        sell 1 BTCUSDT @ 120
    """)
    again = trips(history)[1]
    assert (again.id, again.status, again.open_quantity) == (2, "closed", D(0))
    assert again.gross == D("0.01")  # 0.0005 of the dust, bought at 100


def test_one_lot_can_be_sold_so_the_trip_goes_on() -> None:
    history = History()
    history.book.know(spot("BTC", lot=D("0.001")))
    history.run("buy 1 BTCUSDT @ 100\nsell 0.999 BTCUSDT @ 110")
    assert [trip.status for trip in trips(history)] == ["open"]


def test_its_quantity_is_the_most_that_was_held() -> None:
    (trip,) = trips(run("buy 3 BTCUSDT @ 100\nsell 2 BTCUSDT @ 100\nbuy 1 BTCUSDT @ 100"))
    assert (trip.quantity, trip.open_quantity) == (D(3), D(2))


def test_an_inverse_trip_counts_in_its_coin() -> None:
    (trip,) = trips(run("buy 10 BTCUSD-PERP @ 10000\nsell 10 BTCUSD-PERP @ 12500"))
    assert (trip.currency, trip.gross, trip.entry_price, trip.exit_price) == (
        "BTC",
        D("0.02"),
        D(10000),
        D(12500),
    )


def test_coins_that_leave_shrink_the_trip() -> None:
    history = run("buy 2 BNBUSDT @ 300\nbuy 1 BTCUSDT @ 100 fee 0.5 BNB")
    bnb, btc = trips(history)
    assert (bnb.open_quantity, bnb.status, bnb.exit_price) == (D("1.5"), "open", None)
    assert btc.fees == 150
