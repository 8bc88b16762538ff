"""What an account has in one market, and what came to it: balances, contracts, income, funding."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from candlewick.core.clock import NS_PER_MS
from candlewick.core.errors import VenueError
from candlewick.core.reports import FundingPaid, VenueBalance, VenuePosition
from candlewick.venues.binance.orders import requests, wire
from candlewick.venues.binance.orders.mapper import tidy
from candlewick.venues.binance.orders.side import Side

FUNDING_LATE_MS: Final = 600_000  # how long after a settlement its payment may be booked
ZERO: Final = Decimal(0)


async def holdings(side: Side) -> tuple[list[VenueBalance], list[VenuePosition]]:
    """What the account has in a market: balances, and contracts.

    Raises:
        VenueError: the venue does not say, or keeps two positions of one contract.
    """
    if side.market == "spot":
        account = await side.rest.ask(requests.account("spot"), wire.decode_spot_account)
        coins = [each for each in account.balances if each.free or each.locked]
        return [VenueBalance(each.asset, tidy(each.free), tidy(each.locked)) for each in coins], []
    balances: list[VenueBalance] = []
    contracts: list[VenuePosition] = []
    wallet = await side.rest.ask(requests.account("usdm"), wire.decode_futures_account)
    for asset in wallet.assets:
        bound = min(max(asset.initial_margin, ZERO), max(asset.wallet_balance, ZERO))
        if asset.wallet_balance:
            free = tidy(asset.wallet_balance - bound)
            balances.append(VenueBalance(asset.asset, free, tidy(bound)))
    for row in await side.rest.ask(requests.positions(), wire.decode_positions):
        if row.position_side != "BOTH":
            raise VenueError(
                "The futures account is in hedge mode, which keeps two positions of one contract. "
                "Set its position mode to one-way at the venue."
            )
        if row.position_amt:
            contracts.append(
                VenuePosition(
                    instrument=side.mapper.instrument(row.symbol),
                    quantity=tidy(row.position_amt),
                    avg_price=tidy(row.entry_price),
                )
            )
    return balances, contracts


async def income(side: Side, end_ms: int) -> list[wire.IncomeRow]:
    """What moved the futures wallet since it was last read, oldest first."""
    if side.market == "spot":
        return []
    rows: list[wire.IncomeRow] = []
    start_ms = side.income_until_ms - FUNDING_LATE_MS
    while start_ms <= end_ms:
        window_end_ms = min(end_ms, start_ms + requests.TRADES_WINDOW_MS["usdm"] - 1)
        page = await side.rest.ask(requests.income(start_ms, window_end_ms), wire.decode_income)
        rows += page
        # a full page may end in the middle of a millisecond, which is then read again
        full = len(page) >= requests.INCOME_A_PAGE and page[-1].time > start_ms
        start_ms = page[-1].time if full else window_end_ms + 1
    return rows


async def fundings(side: Side, account: int, rows: list[wire.IncomeRow]) -> list[FundingPaid]:
    """Settled funding. The income tells the payment; the rate and the mark stand in the list of rates."""
    paid = []
    for row in rows:
        if row.income_type != "FUNDING_FEE" or not row.income:
            continue
        window = (row.time - FUNDING_LATE_MS, row.time)
        rates = await side.rest.ask(requests.funding_rates(row.symbol, *window), wire.decode_fundings)
        settled = [rate for rate in rates if rate.funding_time <= row.time and rate.mark_price]
        if not settled:
            continue  # not listed yet: the next reading reaches back far enough
        rate = settled[-1]
        mark = tidy(Decimal(rate.mark_price))
        paid.append(_funding(side, account, row, rate, mark))
    return paid


def _funding(
    side: Side, account: int, row: wire.IncomeRow, rate: wire.FundingRow, mark: Decimal
) -> FundingPaid:
    # longs pay rate × mark × quantity: the venue tells the payment, and the position follows from it
    quantity = -row.income / (rate.funding_rate * mark) if rate.funding_rate and mark else ZERO
    instrument = side.instrument(row.symbol)
    if instrument is not None and instrument.lot:
        quantity = (quantity / instrument.lot).to_integral_value(ROUND_HALF_EVEN) * instrument.lot
    return FundingPaid(
        account=account,
        id=str(rate.funding_time),
        instrument=side.mapper.instrument(row.symbol),
        rate=tidy(rate.funding_rate),
        mark=mark,
        quantity=tidy(quantity),
        amount=tidy(row.income),
        currency=row.asset,
        ts=rate.funding_time * NS_PER_MS,
    )
