"""All that is measured, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.bench.peers import direct, envoy, haproxy, litellm, no_envoy, no_haproxy, no_litellm
from tests.bench.pointsman import gateway
from tests.bench.running import Start


@dataclass(frozen=True, slots=True)
class Subject:
    """`missing` says what it lacks here and how to get it.

    Where `unsure`, a fifth of what it is asked is text that the linear models are not sure of. One that is
    not `compared` is measured for its start and its memory only.
    """

    name: str
    start: Start
    missing: Callable[[], str | None] = field(default=lambda: None)
    unsure: bool = False
    compared: bool = True


SUBJECTS: Final = (
    Subject("direct", direct),
    Subject("haproxy", haproxy, no_haproxy),
    Subject("envoy", envoy, no_envoy),
    Subject("litellm", litellm, no_litellm),
    Subject("pointsman", gateway("pointsman", "everything")),
    Subject("pointsman-unsure", gateway("pointsman-unsure", "everything"), unsure=True),
    Subject("pointsman-embedder", gateway("pointsman-embedder", "embedder"), compared=False),
)
