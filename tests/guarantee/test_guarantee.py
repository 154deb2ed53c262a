"""No byte labelled above a destination's clearance ever reaches that destination's socket.

500 random conversations, the same each time; with POINTSMAN_NIGHTLY=1 10,000 that are new each time, or those
of `--hypothesis-seed=N`. With `-s`, what came about is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import example, given

from gateway.types import Api
from tests.guarantee.examples import EXAMPLES
from tests.guarantee.oracle import BROKEN, faults, happenings
from tests.guarantee.profile import CONVERSATIONS, HUNT, NIGHT, tried
from tests.guarantee.stage import Stage
from tests.guarantee.worlds import TALKS, World, worlds

WORLDS = HUNT or -(-CONVERSATIONS // TALKS)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")).open() as opened:
        yield opened


@pytest.mark.timeout(7200 if NIGHT else 600)
def test_no_byte_reaches_a_destination_that_is_not_cleared_for_it(stage: Stage) -> None:
    seen: Counter[str] = Counter()

    @tried(WORLDS)
    @given(worlds())
    def holds(world: World) -> None:
        played = stage.play(world)
        seen.update(happenings(played))
        found = faults(played)
        assert not found, "\n".join([f"{BROKEN}:", *found])

    for world in EXAMPLES:
        holds = example(world)(holds)
    holds()
    print(dict(seen))
    if not HUNT:
        assert seen["conversations"] >= CONVERSATIONS + sum(len(world.talks) for world in EXAMPLES)
        assert not [what for what, times in seen.items() if not times], "something never came about"
        for asked, spoken in product((Api.CHAT, Api.MESSAGES, Api.RESPONSES), repeat=2):
            if spoken is not Api.RESPONSES or asked is Api.RESPONSES:  # nobody is translated into it
                assert seen[f"{asked} answered in {spoken}"], f"no {asked} was answered in {spoken}"
