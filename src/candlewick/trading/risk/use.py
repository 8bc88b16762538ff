"""How much of each limit is used now, and to what the account is exposed: at worst, orders included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from candlewick.trading.account import AccountState
from candlewick.trading.marks import Market
from candlewick.trading.risk.exposure import ZERO, Exposure, claims, exposures
from candlewick.trading.risk.groups import correlated_with
from candlewick.trading.valuing import rate, value_of

UNKNOWN_SECTOR: Final = "Unknown"  # as it is shown; to the door what is unknown belongs to no sector


class Use(NamedTuple):
    """A limit that is set, and what stands against it, in the limit's own unit; None: not known."""

    code: str
    title: str
    value: Decimal | None
    limit: Decimal


class Share(NamedTuple):
    """Gross exposure, in the account's currency, to what the name stands for; None: a mark is missing."""

    name: str
    notional: Decimal | None


class Summary(NamedTuple):
    """An account's risk.

    Attributes:
        gross, net: of the positions held, without orders; in the account's currency.
        sectors, groups: largest first; a group is named by its members, a sector that nobody knows `Unknown`.
    """

    uses: tuple[Use, ...]
    gross: Decimal | None
    net: Decimal | None
    sectors: tuple[Share, ...]
    groups: tuple[Share, ...]


def summarise(account: AccountState, market: Market, ts: int) -> Summary:
    """The account's risk at the marks of now."""
    exposed = exposures(account, market, claims(account))
    held = [_held(account, market, id) for id in account.book.positions]
    sectors = _sectors(exposed.values())
    groups = _groups(exposed, market)
    return Summary(
        uses=tuple(_uses(account, market, exposed, sectors, groups, ts)),
        gross=_sum(None if each is None else abs(each) for each in held),
        net=_sum(held),
        sectors=sectors,
        groups=groups,
    )


def _uses(
    account: AccountState,
    market: Market,
    exposed: Mapping[str, Exposure],
    sectors: tuple[Share, ...],
    groups: tuple[Share, ...],
    ts: int,
) -> Iterable[Use]:
    limits, equity = account.limits, value_of(account, market).total_value
    lost = None if equity is None or account.day_equity is None else max(account.day_equity - equity, ZERO)
    peak = None if equity is None or account.peak_equity is None else max(account.peak_equity, equity)
    fallen = None if peak is None or equity is None else peak - equity
    notionals = [each.notional for each in exposed.values()]
    margins = (_product(each.margin, rate(account, market, each.currency)) for each in exposed.values())
    leverages = [account.book.leverage_of(id)[0] for id, each in exposed.items() if each.margin]
    known = tuple(each for each in sectors if each.name != UNKNOWN_SECTOR)
    found = {
        "max_daily_loss": ("Loss today", lost),
        "max_daily_loss_pct": ("Loss today, %", _pct(lost, account.day_equity)),
        "max_drawdown_pct": ("Drawdown, %", _pct(fallen, peak)),
        "max_margin_pct": ("Margin, %", _pct(_sum(margins), equity)),
        "max_leverage": ("Leverage", max(leverages, default=ZERO)),
        "max_position_notional": ("Largest position", _largest(notionals)),
        "max_gross_notional": ("All positions", _sum(notionals)),
        "max_sector_pct": ("Largest sector, %", _pct(_top(known), equity)),
        "max_correlated_pct": ("Largest group, %", _pct(_top(groups), equity)),
        "max_open_orders": ("Open orders", Decimal(len(account.orders))),
        "max_orders_per_minute": ("Orders in a minute", Decimal(account.orders_in_last_minute(ts))),
    }
    for code, (title, value) in found.items():
        limit = getattr(limits, code)
        if limit is not None:
            yield Use(code, title, value, Decimal(limit))


def _held(account: AccountState, market: Market, id: str) -> Decimal | None:
    """What a position is worth, signed."""
    position, mark = account.book.positions[id], market.exact(id)
    if mark is None:
        return None
    value = _product(position.notional(mark), rate(account, market, position.currency))
    return value if value is None or position.is_long else -value


def _sectors(exposed: Iterable[Exposure]) -> tuple[Share, ...]:
    by_name: dict[str, list[Decimal | None]] = {}
    for each in exposed:
        by_name.setdefault(each.instrument.sector or UNKNOWN_SECTOR, []).append(each.notional)
    return _ranked(Share(name, _sum(parts)) for name, parts in by_name.items())


def _groups(exposed: Mapping[str, Exposure], market: Market) -> tuple[Share, ...]:
    instruments = {id: each.instrument for id, each in exposed.items()}
    found: dict[frozenset[str], None] = {}
    for instrument in instruments.values():
        together = frozenset(correlated_with(instrument, instruments, market))
        if len(together) > 1:
            found[together] = None
    return _ranked(
        Share(
            ", ".join(sorted(instruments[id].symbol for id in ids)),
            _sum(exposed[id].notional for id in sorted(ids)),
        )
        for ids in found
    )


def _ranked(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda each: (-(each.notional or ZERO), each.name)))


def _top(shares: tuple[Share, ...]) -> Decimal | None:
    return _largest([each.notional for each in shares])


def _largest(values: list[Decimal | None]) -> Decimal | None:
    known = [each for each in values if each is not None]
    return None if len(known) < len(values) else max(known, default=ZERO)


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _product(value: Decimal | None, factor: Decimal | None) -> Decimal | None:
    return None if value is None or factor is None else value * factor


def _pct(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    if part is None or whole is None:
        return None
    return part / whole * 100 if whole > 0 else None if part else ZERO
