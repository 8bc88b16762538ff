"""How much property tests try: on a build machine the same each time, in `make soak` much and always anew."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import settings

# of one property in a profile that states no other number, as Hypothesis has it
USUAL: Final = 100
DEEPER: Final = 20


def load_profile() -> None:
    """Choose the profile named in `HYPOTHESIS_PROFILE`: `house`, `ci` (where `CI` is set) or `deep`.

    No test depends on how long something takes, so none has a deadline.
    """
    settings.register_profile("house", deadline=None, max_examples=USUAL)
    # what fails there has to fail again here, and what a change did not touch has to stay green
    settings.register_profile("ci", deadline=None, max_examples=USUAL, derandomize=True, print_blob=True)
    settings.register_profile("deep", deadline=None, max_examples=USUAL * DEEPER, print_blob=True)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if "CI" in os.environ else "house"))


def examples(count: int) -> int:
    """So many examples, or as many times more as the loaded profile is deeper than usual."""
    return count * settings().max_examples // USUAL
