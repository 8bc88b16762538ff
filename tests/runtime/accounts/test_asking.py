"""Reading requests: words, numbers and times, each refused by its field."""

from __future__ import annotations

from decimal import Decimal

import pytest

from candlewick.core.errors import UsageError
from candlewick.runtime.accounts import asking
from candlewick.trading.risk.limits import Limits


@pytest.mark.parametrize("text", ["0.1", 0.1, "1e-8", 12, "123456789012345678"])
def test_it_reads_numbers_exactly(text: object) -> None:
    assert asking.decimal("quantity", text) == Decimal(str(text))


@pytest.mark.parametrize(
    "text", ["", "one", "NaN", "Infinity", "-Infinity", "1e40", "1e-40", None, [], "0x1"]
)
def test_it_refuses_what_is_no_usable_number_by_its_field(text: object) -> None:
    with pytest.raises(UsageError, match=r"^quantity: "):
        asking.decimal("quantity", text)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_it_refuses_words_that_a_database_cannot_keep(text: str) -> None:
    with pytest.raises(UsageError, match=r"^reason: "):
        asking.words("reason", text)
    assert asking.words("reason", "Zoë left\nfor the day 🌙") == "Zoë left\nfor the day 🌙"


def test_it_tells_a_distance_in_price_from_one_in_percent() -> None:
    assert asking.trail("150") == (Decimal(150), None)
    assert asking.trail(" 1.5 % ") == (None, Decimal("1.5"))
    assert asking.trail(None) == (None, None)


def test_it_reads_a_moment_with_its_zone() -> None:
    assert asking.moment("good_till", "2026-01-26T12:00:00Z") == 1_769_428_800_000_000_000
    assert asking.moment("good_till", "2026-01-26T13:00:00+01:00") == 1_769_428_800_000_000_000


@pytest.mark.parametrize("text", ["2026-01-26T12:00:00", "tomorrow", "1769428800"])
def test_it_refuses_a_moment_that_could_mean_two_things(text: str) -> None:
    with pytest.raises(UsageError, match=r"^good_till: "):
        asking.moment("good_till", text)


def test_it_changes_only_the_limits_that_are_named() -> None:
    changed = asking.merged(
        Limits(), {"max_order_notional": "1000.5", "max_leverage": None}, Limits, "limits"
    )
    assert changed == Limits(max_order_notional=Decimal("1000.5"), max_leverage=None)


@pytest.mark.parametrize("changes", [{"max_orders": 3}, {"warn_pct": None}, {"max_order_notional": "much"}])
def test_it_refuses_limits_that_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        asking.merged(Limits(), changes, Limits, "limits")


def test_order_ids_rise_with_time_and_do_not_repeat() -> None:
    second = 1_000_000_000
    ids = [asking.new_order_id(1_769_428_800 * second + n * second) for n in range(100)]
    assert ids == sorted(ids)
    same_moment = {asking.new_order_id(1_769_428_800 * second) for _ in range(1_000)}
    assert len(same_moment) == 1_000
    assert all(len(each) == 16 for each in same_moment)
