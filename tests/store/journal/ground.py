"""A small account's life as batches, in the words of the heart."""

from __future__ import annotations

from decimal import Decimal

from candlewick.core.instrument import Instrument
from candlewick.core.order import Filled, InFlight, Order, Terms
from candlewick.core.reports import Accepted, Fill
from candlewick.ledger.posting import Posting, Transaction
from candlewick.ledger.trips import RoundTrip
from candlewick.store.journal.batch import AuditRow, Batch, LaneRow
from candlewick.trading.effects import Booked, Journal, OrderChanged, SendOrder
from candlewick.trading.entries import AccountOpened, InstrumentKnown, OrderPlaced, Transferred
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings

DAY_NS = 86_400_000_000_000
T0 = 20_000 * DAY_NS
BTC = Instrument(
    id="sim:BTCUSDT", venue="sim", symbol="BTCUSDT", native="BTCUSDT", kind="spot",
    base="BTC", quote="USDT", settle="USDT",
)  # fmt: skip


def opening(account: int = 1, cash: str = "100000") -> Batch:
    """The account begins, and its money comes."""
    batch = Batch()
    batch.add(
        Journal(
            AccountOpened(
                account=account, name="Paper", kind="paper", currency="USDT", venue=None,
                settings=AccountSettings(), limits=Limits(), actor="ann", ts=T0,
            )
        )
    )  # fmt: skip
    batch.add(Journal(InstrumentKnown(account=0, instrument=BTC, ts=T0)))
    batch.add(
        Journal(
            Transferred(
                account=account, id="opening", kind="deposit", currency="USDT", amount=Decimal(cash),
                memo="", actor="ann", ts=T0,
            )
        )
    )  # fmt: skip
    batch.add(
        Booked(
            account=account,
            transaction=Transaction(
                kind="deposit",
                ref="opening",
                postings=(
                    Posting("cash:USDT", "USDT", Decimal(cash)),
                    Posting("equity:deposits", "USDT", -Decimal(cash)),
                ),
                ts=T0,
            ),
        )
    )
    return batch


def order(number: int, account: int = 1, **changes: object) -> Order:
    """A market order for one bitcoin."""
    terms = Terms(instrument=BTC.id, side="buy", quantity=Decimal(1), order_type="market")
    values: dict[str, object] = {
        "id": f"o{number}", "account": account, "terms": terms, "state": InFlight(), "origin": "manual",
        "created_at": T0 + number, "updated_at": T0 + number,
    }  # fmt: skip
    return Order(**(values | changes))  # type: ignore[arg-type]


def placing(number: int, account: int = 1) -> Batch:
    """An order that is on its way, with what its lane and the audit hear of it."""
    batch = Batch()
    placed = order(number, account)
    batch.add(
        Journal(OrderPlaced(account=account, order=placed, mark=Decimal(100), actor="ann", ts=T0 + number))
    )
    batch.add(OrderChanged(order=placed, what="placed"))
    batch.add(SendOrder(placed))
    batch.lane.append(LaneRow(account, "orders", number, T0 + number, b'{"seq":%d}' % number))
    batch.audit.append(
        AuditRow(actor="ann", action="order.place", subject=placed.id, origin="127.0.0.1", ts=T0 + number)
    )
    return batch


def accepting(number: int, account: int = 1) -> Batch:
    """The venue has it."""
    batch = Batch()
    batch.add(Journal(Accepted(account, f"o{number}", f"v{number}", T0 + number)))
    return batch


def filling(number: int, account: int = 1, *, net: str = "10.5", days: int = 0, **trip: object) -> Batch:
    """The order's fill, and the round trip that it closed."""
    batch = Batch()
    ts = T0 + number + days * DAY_NS
    fill = Fill(
        account=account, id=f"f{number}", order_id=f"o{number}", instrument=BTC.id, side="buy",
        price=Decimal("100.10"), quantity=Decimal(1), fee=Decimal("0.1001"), fee_currency="USDT",
        liquidity="taker", ts=ts,
    )  # fmt: skip
    values: dict[str, object] = {
        "account": account, "id": number, "instrument": BTC.id, "side": "long", "status": "closed",
        "quantity": Decimal(1), "open_quantity": Decimal(0), "entry_price": Decimal(90),
        "exit_price": Decimal("100.10"), "currency": "USDT", "gross": Decimal(net) + Decimal("0.1001"),
        "fees": Decimal("0.1001"), "funding": Decimal(0), "net": Decimal(net), "fills": 2, "scale_ins": 0,
        "scale_outs": 0, "origin": "manual", "tag": "", "entered_at": ts - 3_600_000_000_000,
        "exited_at": ts,
    }  # fmt: skip
    batch.add(Journal(fill))
    batch.add(
        Booked(
            account=account,
            transaction=Transaction(
                kind="fill",
                ref=fill.id,
                postings=(
                    Posting("cash:USDT", "USDT", Decimal("-100.2001")),
                    Posting("trading:USDT", "USDT", Decimal("100.10")),
                    Posting("fees:USDT", "USDT", Decimal("0.1001")),
                ),
                ts=ts,
            ),
            fill=fill,
            realised=Decimal(net),
            trips=(RoundTrip(**(values | trip)),),  # type: ignore[arg-type]
        )
    )
    batch.add(
        OrderChanged(
            order=order(number, account, state=Filled(), filled=Decimal(1)), what="filled", fill=fill
        )
    )
    return batch
