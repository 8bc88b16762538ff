"""Django for the tests of the rows; the lake's tests do without it."""

from __future__ import annotations

from tests.web import ground

ground.stand_up()  # models cannot be imported before Django is set up
