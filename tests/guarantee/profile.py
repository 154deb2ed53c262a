"""How much is tried: in CI, by night, and against a package in which a fault is known to be."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

NIGHT = os.environ.get("POINTSMAN_NIGHTLY") == "1"
CONVERSATIONS = 10_000 if NIGHT else 500
HUNT = int(os.environ.get("POINTSMAN_WORLDS", 0))
"""Worlds in which a fault is looked for that has to be there: once found, it need not be made small."""


def tried(examples: int) -> settings:
    """By night they are new each time, else the same; `--hypothesis-seed` gives a night's again."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=not NIGHT and not HUNT,
        phases=(Phase.explicit, Phase.generate, *(() if HUNT else (Phase.shrink,))),
        report_multiple_bugs=not HUNT,
        suppress_health_check=list(HealthCheck),
    )
