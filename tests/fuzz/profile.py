"""How much is tried: a little in CI, the same each time; much with `make fuzz`, new each time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = os.environ.get("POINTSMAN_NIGHTLY") == "1"
TIMES = int(os.environ.get("POINTSMAN_FUZZ", "50"))
"""How many times as much is tried in the long run."""


def tried(examples: int) -> settings:
    """`examples` in CI. A long run says with which seed it can be had again."""
    return settings(
        max_examples=examples * TIMES if LONG else examples,
        deadline=None,
        database=None,
        derandomize=not LONG,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


Cut = Callable[[bytes], list[bytes]]


def cuts() -> st.SearchStrategy[Cut]:
    """Ways to cut bytes in pieces, as a network does; some pieces may be empty."""

    def cut(sizes: list[int]) -> Cut:
        def pieces(whole: bytes) -> list[bytes]:
            made, at, turn = [], 0, 0
            while at < len(whole):
                size = sizes[turn % len(sizes)]
                made.append(whole[at : at + size])
                at, turn = at + size, turn + 1
            return made

        return pieces

    sizes = st.lists(st.integers(0, 20), min_size=1, max_size=8).filter(any)
    return st.one_of(st.just([1]), sizes).map(cut)


def json_values(leaves: int = 12) -> st.SearchStrategy[Any]:
    """Any JSON value, the odd ones likelier than chance would have them."""
    numbers = st.one_of(
        st.integers(), st.integers(-(10**40), 10**40), st.floats(allow_nan=False, allow_infinity=False)
    )
    return st.recursive(
        st.one_of(st.none(), st.booleans(), numbers, texts()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.one_of(texts(), st.sampled_from(NAMES)), inner)
        ),
        max_leaves=leaves,
    )


def texts() -> st.SearchStrategy[str]:
    """What can be written as UTF-8."""
    odd = st.sampled_from(
        ("", "\0", "﻿", "\u2028", "🧑‍🚒", "data: x\n\n", "\r\n", '"}', "\\u0000", "data:a;base64,")
    )
    return st.one_of(odd, st.text(st.characters(codec="utf-8"), max_size=20))


NAMES = (
    *("model", "messages", "role", "content", "type", "text", "tools", "function", "name", "arguments"),
    *("tool_calls", "id", "input", "stream", "stream_options", "metadata", "system", "thinking", "image_url"),
    *("input_schema", "tool_use_id", "call_id", "output", "instructions", "max_tokens", "prompt", "usage"),
)
"""Members that some API reads."""
