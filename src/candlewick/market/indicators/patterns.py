"""The 61 candle patterns of TA-Lib, after S. Nison (1991) and G. Morris (1992)."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import Final

from numpy.typing import ArrayLike

from candlewick.market.bars import Column
from candlewick.market.indicators.columns import checked, one_of, warm_up_of
from candlewick.market.indicators.registry import Indicator, Output
from candlewick.market.indicators.run import Run, Value, line

# Name here, name in TA-Lib without its CDL, title.
_TABLE: Final = """
abandoned_baby            ABANDONEDBABY        Abandoned baby
advance_block             ADVANCEBLOCK         Advance block
belt_hold                 BELTHOLD             Belt-hold
breakaway                 BREAKAWAY            Breakaway
closing_marubozu          CLOSINGMARUBOZU      Closing marubozu
concealing_baby_swallow   CONCEALBABYSWALL     Concealing baby swallow
counterattack             COUNTERATTACK        Counterattack
dark_cloud_cover          DARKCLOUDCOVER       Dark cloud cover
doji                      DOJI                 Doji
doji_star                 DOJISTAR             Doji star
dragonfly_doji            DRAGONFLYDOJI        Dragonfly doji
engulfing                 ENGULFING            Engulfing
evening_doji_star         EVENINGDOJISTAR      Evening doji star
evening_star              EVENINGSTAR          Evening star
gap_side_by_side_white    GAPSIDESIDEWHITE     Gap with side-by-side white lines
gravestone_doji           GRAVESTONEDOJI       Gravestone doji
hammer                    HAMMER               Hammer
hanging_man               HANGINGMAN           Hanging man
harami                    HARAMI               Harami
harami_cross              HARAMICROSS          Harami cross
high_wave                 HIGHWAVE             High-wave candle
hikkake                   HIKKAKE              Hikkake
hikkake_modified          HIKKAKEMOD           Modified hikkake
homing_pigeon             HOMINGPIGEON         Homing pigeon
identical_three_crows     IDENTICAL3CROWS      Identical three crows
in_neck                   INNECK               In-neck
inverted_hammer           INVERTEDHAMMER       Inverted hammer
kicking                   KICKING              Kicking
kicking_by_length         KICKINGBYLENGTH      Kicking, by the longer marubozu
ladder_bottom             LADDERBOTTOM         Ladder bottom
long_legged_doji          LONGLEGGEDDOJI       Long-legged doji
long_line                 LONGLINE             Long line
marubozu                  MARUBOZU             Marubozu
mat_hold                  MATHOLD              Mat hold
matching_low              MATCHINGLOW          Matching low
morning_doji_star         MORNINGDOJISTAR      Morning doji star
morning_star              MORNINGSTAR          Morning star
on_neck                   ONNECK               On-neck
piercing                  PIERCING             Piercing line
rickshaw_man              RICKSHAWMAN          Rickshaw man
rise_fall_three_methods   RISEFALL3METHODS     Rising or falling three methods
separating_lines          SEPARATINGLINES      Separating lines
shooting_star             SHOOTINGSTAR         Shooting star
short_line                SHORTLINE            Short line
side_gap_three_methods    XSIDEGAP3METHODS     Upside or downside gap three methods
spinning_top              SPINNINGTOP          Spinning top
stalled                   STALLEDPATTERN       Stalled pattern
stick_sandwich            STICKSANDWICH        Stick sandwich
takuri                    TAKURI               Takuri: dragonfly doji with a very long shadow
tasuki_gap                TASUKIGAP            Tasuki gap
three_black_crows         3BLACKCROWS          Three black crows
three_inside              3INSIDE              Three inside up or down
three_line_strike         3LINESTRIKE          Three-line strike
three_outside             3OUTSIDE             Three outside up or down
three_stars_in_south      3STARSINSOUTH        Three stars in the south
three_white_soldiers      3WHITESOLDIERS       Three white soldiers
thrusting                 THRUSTING            Thrusting
tristar                   TRISTAR              Tristar
two_crows                 2CROWS               Two crows
unique_three_river        UNIQUE3RIVER         Unique three river
upside_gap_two_crows      UPSIDEGAP2CROWS      Upside gap two crows
"""
_ROWS: Final = tuple(row.split(maxsplit=2) for row in _TABLE.strip().splitlines())
_FUNCTIONS: Final = {name: f"CDL{function}" for name, function, _ in _ROWS}

PATTERNS: Final = MappingProxyType({name: title for name, _, title in _ROWS})
"""Names of the candle patterns and their titles."""


def pattern(name: str, open: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike) -> Column:
    """A candle pattern: +100 where a bullish one ends, −100 a bearish one, 0 none; ±200 when confirmed.

    `name` is one of `PATTERNS`. What counts as a long body, a short shadow and so on is TA-Lib's own measure
    against the bars before. NaN in the rows that this measure needs.

    Raises:
        UsageError: no such pattern, or columns that differ in length or have a hole.
    """
    function = _FUNCTIONS[one_of("pattern", name, tuple(PATTERNS))]
    columns = checked(("open", open), ("high", high), ("low", low), ("close", close))
    return line(partial(_pattern_of, function), *columns)


def _pattern_of(function: str, run: Run, open: Value, high: Value, low: Value, close: Value) -> Value:
    return run(function, open, high, low, close)


def _indicator(name: str, title: str) -> Indicator:
    function = _FUNCTIONS[name]
    return Indicator(
        name=f"cdl_{name}", title=title, group="patterns", pane="price",
        columns=("open", "high", "low", "close"),
        outputs=(Output("pattern", "marker"),), formula=partial(_pattern_of, function),
        convention=f"TA-Lib's {function} with its usual settings: ±100 where it ends, 0 elsewhere.",
        warm_up=partial(warm_up_of, function), lookback=partial(warm_up_of, function),
    )  # fmt: skip


INDICATORS: Final = tuple(_indicator(name, title) for name, title in PATTERNS.items())
