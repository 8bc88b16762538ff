"""Any history of fills, funding and transfers, against a slow model that knows no lots and no postings.

The model adds up cash flows as fractions: what was paid and received, and what is held at the marks. It needs
neither cost nor realised profit, so it cannot make the ledger's mistakes. Lots have a second one, which takes
them from a plain list.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.account import LotMethod
from candlewick.ledger.book import Book
from candlewick.ledger.exact import exact
from candlewick.ledger.trips import RoundTrip
from candlewick.ledger.valuation import value
from tests.ledger.notation import KNOWN, D, History, certain, run

METHODS: tuple[LotMethod, ...] = ("fifo", "lifo", "hifo", "average")
BY_SYMBOL = {instrument.symbol: instrument for instrument in KNOWN}
# what the two-way products of inverse contracts and averages may differ by: shares are to 18 places
NEAR = Fraction(1, 10**12)


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[D]:
    return st.decimals(D(low), D(high), places=places, allow_nan=False, allow_infinity=False)


@st.composite
def lines(draw: st.DrawFn, symbols: tuple[str, ...] = tuple(BY_SYMBOL)) -> str:
    symbol = draw(st.sampled_from(symbols))
    instrument = BY_SYMBOL[symbol]
    what = draw(st.sampled_from(["fill"] * 8 + ["deposit", "funding", "leverage"]))
    if what == "deposit":
        return f"deposit {draw(decimals('0.01', '5000', 2))} {draw(st.sampled_from(['USDT', 'BTC', 'BNB']))}"
    if instrument.kind == "perp" and what == "funding":
        return f"funding {draw(decimals('-5', '5', 8))} {instrument.settle} on {symbol}"
    if instrument.kind == "perp" and what == "leverage":
        mode = draw(st.sampled_from(["cross", "isolated"]))
        return f"leverage {draw(st.integers(1, 20))} {mode} on {symbol}"
    quantity = draw(st.integers(1, 50) if instrument.inverse else decimals("0.001", "9", 3))
    price = draw(decimals("0.1", "900", 2))
    fee = draw(decimals("-0.0005", "0.0009", 4))
    coin = draw(st.sampled_from([instrument.base, instrument.settle, "BNB"]))
    side = draw(st.sampled_from(["buy", "sell"]))
    return f"{side} {quantity} {symbol} @ {price} fee {fee} {coin}"


histories = st.lists(lines(), max_size=25)


@st.composite
def marks(draw: st.DrawFn) -> dict[str, D]:
    ethbtc, btc, bnb = (draw(decimals("0.1", "900", 2)) for _ in range(3))
    known = {"ETHBTC": ethbtc, "BTCUSDT": btc, "ETHUSDT": ethbtc * btc, "BNBUSDT": bnb}
    for symbol in ("BTCUSDT-PERP", "ETHUSDT-PERP", "BTCUSD-PERP", "ETHUSD-PERP"):
        known[symbol] = draw(decimals("0.1", "900", 2))
    return {f"binance:{symbol}": mark for symbol, mark in known.items()}


@given(histories, st.sampled_from(METHODS))
def test_every_transaction_sums_to_zero_in_every_currency(history: list[str], method: LotMethod) -> None:
    for transaction in run("\n".join(history), method).transactions:
        sums: dict[str, D] = defaultdict(D)
        for posting in transaction.postings:
            sums[posting.currency] += posting.amount
        assert not any(sums.values())


@given(histories, st.sampled_from(METHODS))
def test_balances_are_what_the_postings_say(history: list[str], method: LotMethod) -> None:
    done = run("\n".join(history), method)
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for transaction in done.transactions:
        for posting in transaction.postings:
            if posting.book.startswith(("cash:", "margin:")):
                sums[posting.currency] += Fraction(posting.amount)
    assert {coin: Fraction(amount) for coin, amount in done.book.balances.items()} == dict(sums)


@given(histories, st.sampled_from(METHODS))
def test_no_more_is_owed_of_a_coin_than_it_lacks_beside_its_lots(
    history: list[str], method: LotMethod
) -> None:
    book = run("\n".join(history), method).book
    in_lots: dict[str, D] = defaultdict(D)
    for position in book.positions.values():
        if position.is_spot:
            in_lots[position.instrument.base] += position.quantity
    for coin, owed in book.snapshot().owed.items():
        assert 0 < owed <= in_lots[coin] - book.balances[coin]


@given(histories, marks(), st.sampled_from(METHODS))
def test_equity_is_the_sum_of_all_cash_flows_and_what_is_held(
    history: list[str], known: dict[str, D], method: LotMethod
) -> None:
    done = run("\n".join(history), method)
    assert value(done.book, known).missing == ()
    told = value(done.book, known).total_value
    assert abs(Fraction(certain(told)) - equity_by_cash_flows(done, known)) < NEAR


@given(histories, marks(), st.sampled_from(METHODS))
def test_equity_is_explained_to_the_last_digit(
    history: list[str], known: dict[str, D], method: LotMethod
) -> None:
    """capital + realised − fees + funding + unrealised = equity, with nothing left over."""
    book = run("\n".join(history), method).book
    worth = {
        "USDT": D(1),
        "BTC": known["binance:BTCUSDT"],
        "ETH": known["binance:ETHUSDT"],
        "BNB": known["binance:BNBUSDT"],
    }
    told = value(book, known)
    with exact():
        came = [(-it, coin) for (name, coin), it in book.totals.items() if name.startswith("capital:")]
        capital = sum((amount * worth[coin] for amount, coin in came), D(0))
        earned = certain(told.realised) - certain(told.fees) + certain(told.funding)
        assert capital + earned + certain(told.unrealised) == told.total_value


@given(st.lists(lines(("BTCUSDT",)), max_size=25), st.sampled_from(METHODS))
def test_spot_lots_are_those_of_a_plain_list(history: list[str], method: LotMethod) -> None:
    only = [line for line in history if line.startswith(("buy", "sell")) and "BNB" not in line]
    done = run("\n".join(only), method)
    realised, lots = plain_list(done, method)
    assert abs(Fraction(sum((booked.realised for booked in done.booked), D(0))) - realised) < NEAR
    position = done.book.positions.get("binance:BTCUSDT")
    held = sum((quantity for quantity, _ in lots), Fraction(0))
    assert Fraction(position.quantity if position else 0) == held
    cost = sum((quantity * price for quantity, price in lots), Fraction(0))
    assert abs(Fraction(position.signed_cost if position else 0) - cost) < NEAR


@given(histories, st.integers(0, 25), st.sampled_from(METHODS))
def test_a_snapshot_and_the_rest_are_the_whole(history: list[str], cut: int, method: LotMethod) -> None:
    whole = run("\n".join(history), method)
    halved = run("\n".join(history[:cut]), method)
    kept = msgspec.json.encode(halved.book.snapshot())
    halved.book = Book.restore(msgspec.json.decode(kept, type=type(halved.book.snapshot())))
    halved.run("\n".join(history[cut:]))
    assert halved.book.snapshot() == whole.book.snapshot()


@given(histories, st.sampled_from(METHODS))
def test_round_trips_explain_what_was_realised(history: list[str], method: LotMethod) -> None:
    done = run("\n".join(history), method)
    trips: dict[int, RoundTrip] = {}
    for booked in done.booked:
        trips |= {trip.id: trip for trip in booked.trips}
    gross: dict[str, D] = defaultdict(D)
    realised: dict[str, D] = defaultdict(D)
    for trip in trips.values():
        gross[trip.currency] += trip.gross
    for booked in done.booked:
        realised[booked.currency] += booked.realised
    assert {k: v for k, v in gross.items() if v} == {k: v for k, v in realised.items() if v}
    assert sorted(trips) == list(range(1, len(trips) + 1))


def equity_by_cash_flows(done: History, known: dict[str, D]) -> Fraction:
    """The model: nothing but what went in and out, and what it fetches at the marks."""
    worth = {
        "USDT": Fraction(1),
        "BTC": Fraction(known["binance:BTCUSDT"]),
        "ETH": Fraction(known["binance:ETHUSDT"]),
        "BNB": Fraction(known["binance:BNBUSDT"]),
    }
    coins: dict[str, Fraction] = defaultdict(Fraction)
    for transaction in done.transactions:
        if transaction.kind in ("deposit", "withdrawal", "funding"):
            for posting in transaction.postings:
                if posting.book.startswith(("cash:", "margin:")):
                    coins[posting.currency] += Fraction(posting.amount)
    for fill in done.fills:
        instrument = BY_SYMBOL[fill.instrument.removeprefix("binance:")]
        signed = Fraction(fill.quantity) * (1 if fill.side == "buy" else -1)
        price, mark = Fraction(fill.price), Fraction(known[fill.instrument])
        coins[fill.fee_currency] -= Fraction(fill.fee)
        if instrument.kind == "spot":
            coins[instrument.base] += signed
            coins[instrument.quote] -= signed * price
        elif instrument.inverse:
            coins[instrument.base] += signed * Fraction(instrument.contract_size) * (1 / price - 1 / mark)
        else:
            coins[instrument.quote] += signed * (mark - price)
    return sum((amount * worth[coin] for coin, amount in coins.items()), Fraction(0))


def plain_list(done: History, method: str) -> tuple[Fraction, list[tuple[Fraction, Fraction]]]:
    """Realised profit and the open lots (signed quantity, price), oldest first."""
    realised = Fraction(0)
    lots: list[tuple[Fraction, Fraction]] = []
    for fill in done.fills:
        left = Fraction(fill.quantity) * (1 if fill.side == "buy" else -1)
        if fill.fee_currency == "BTC":
            left -= Fraction(fill.fee)
        price = Fraction(fill.price)
        while left and lots and (lots[0][0] > 0) != (left > 0):
            sign = 1 if lots[0][0] > 0 else -1
            if method == "average":
                total = sum((quantity for quantity, _ in lots), Fraction(0))
                lots = [(total, sum((quantity * at for quantity, at in lots), Fraction(0)) / total)]
            nth = {
                "fifo": 0,
                "lifo": -1,
                "hifo": min(range(len(lots)), key=lambda n: (-sign * lots[n][1], n)),
                "average": 0,
            }[method]
            quantity, at = lots.pop(nth)
            matched = min(abs(quantity), abs(left)) * sign
            realised += matched * (price - at)
            left += matched
            if quantity != matched:
                lots.insert(nth if nth >= 0 else len(lots), (quantity - matched, at))
        if left:
            lots.append((left, price))
    return realised, lots
