"""What a strategy's capital was worth, close by close."""

from __future__ import annotations

from candlewick.runtime.strategies.course import Course, Pause, Point
from candlewick.runtime.strategies.rules import Rules

DAY = 86_400


def test_a_pause_is_counted_anew_from_where_it_began() -> None:
    pause = Pause(Rules(pause_at=0.1, pause_for=2), 100.0, 60)
    pause.close([Point(60, 110.0), Point(120, 99.5)])
    assert not pause.holds(120)
    pause.close([Point(180, 99.0)])
    assert pause.holds(180)
    assert pause.holds(299)
    assert not pause.holds(300)
    pause.close([Point(240, 90.0), Point(300, 89.0)])  # from 99 on
    assert pause.holds(300)


def test_a_day_begins_with_the_last_close_before_it() -> None:
    course = Course(Rules(), Point(DAY - 3_600, 100.0), [], 3_600)
    assert course.day_equity == 100.0
    course.close([Point(DAY, 110.0)])
    assert course.day_equity == 100.0, "the bar that ends at midnight is of the day that ends"
    course.close([Point(DAY + 3_600, 120.0)])
    assert course.day_equity == 110.0
    course.close([Point(DAY + 7_200, 130.0)])
    assert course.day_equity == 110.0


def test_what_was_known_before_is_counted_as_what_comes() -> None:
    rules, begun = Rules(pause_at=0.1, pause_for=2), Point(0, 100.0)
    points = [Point(3_600, 110.0), Point(7_200, 99.0), Point(DAY + 3_600, 90.0)]
    told = Course(rules, begun, [], 3_600)
    for point in points:
        told.close([point])
    read = Course(rules, begun, points, 3_600)
    assert read.day_equity == told.day_equity == 99.0
    for opens in range(0, 2 * DAY, 3_600):
        assert read.rests(None, opens) == told.rests(None, opens)
    assert read.rests(None, 7_200 + 3_600)
    assert not read.rests(None, 2 * DAY)
