"""CPU a request of the gateway against what a big installation has more of: routes, keys, streams, turns."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from gateway.types import Task
from tests.bench.held import Held
from tests.bench.load import load, request
from tests.bench.measure import WARM, Asked, checked
from tests.bench.pointsman import filled, hash_of, serve
from tests.bench.prompts import conversations
from tests.bench.rounds import Say
from tests.bench.running import Running, Start, running

ROUTES: Final = (1, 10, 100, 500)
KEYS: Final = (1, 100, 10_000, 100_000)
STREAMS: Final = (0, 500, 1000, 2000)
TURNS: Final = (1, 20, 50, 100, 200)
_CONNECTIONS: Final = 16
_TALKS: Final = 8  # conversations at once: their turns together are fewer than the texts that are remembered
_CALLERS_A_FILE: Final = 5000  # a file of a policy has a megabyte at most
_random = random.Random(5)


@dataclass(frozen=True, slots=True)
class Point:
    """Microseconds of CPU a request: the median, and each round's."""

    at: int
    cpu: float
    rounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """CPU against `name`. `logarithmic`: how that axis is best drawn; `lacks`: why points are missing."""

    name: str
    points: tuple[Point, ...]
    logarithmic: bool
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A value of what is varied, and whom to ask what for it."""

    value: int
    at: Running
    asked: Iterator[bytes]
    connections: int = _CONNECTIONS


@dataclass(frozen=True, slots=True)
class Bench:
    """Where, in front of which upstream, how long and how often."""

    folder: Path
    upstream: int
    asked: Asked
    seconds: float
    rounds: int
    say: Say


def curves(bench: Bench) -> Iterator[Curve]:
    """Each is measured alone; the points of one in turns."""
    by_axes = [(count, _with(f"axes-{count}", routes=_axes(count))) for count in ROUTES]
    yield _of_starts(bench, "routes that task, freshness and sensitivity decide", by_axes)
    by_tokens = [(count, _with(f"tokens-{count}", routes=_tokens(count))) for count in ROUTES]
    yield _of_starts(bench, "routes that task and length decide", by_tokens)
    by_keys = [(count, _with(f"keys-{count}", callers=count)) for count in KEYS]
    yield _of_starts(bench, "keys", by_keys)
    with running(_with("one"), bench.folder / "one", bench.upstream) as at:
        yield _streams(bench, at)
        yield _turns(bench, at)


def _of_starts(bench: Bench, name: str, starts: Sequence[tuple[int, Start]]) -> Curve:
    """A gateway for each value, all of them started before the first is measured."""
    with ExitStack() as stack:
        places = []
        for value, start in starts:
            bench.say(f"{name}: {value:,}")
            folder = bench.folder / f"{name.replace(' ', '-')}-{value}"
            at = stack.enter_context(running(start, folder, bench.upstream))
            places.append(Place(value, at, bench.asked.whole))
        return _curve(bench, name, places, logarithmic=True)


def _turns(bench: Bench, at: Running) -> Curve:
    places = [
        Place(turns, at, (request(body) for body in conversations(turns, _TALKS)), _TALKS) for turns in TURNS
    ]
    return _curve(bench, "turns of a conversation", places, logarithmic=False)


def _curve(bench: Bench, name: str, places: Sequence[Place], logarithmic: bool) -> Curve:
    seen: dict[int, list[float]] = {place.value: [] for place in places}
    for number in range(bench.rounds):
        for place in places[:: -1 if number % 2 else 1]:
            bench.say(f"{name}: {place.value:,}, round {number + 1} of {bench.rounds}")
            with place.at.turn():
                seen[place.value].append(uvloop.run(_cpu(place, bench.seconds)))
    return _drawn(name, seen, logarithmic)


def _streams(bench: Bench, at: Running) -> Curve:
    """The same gateway with more and more streams that are open, and say nothing meanwhile."""
    seen: dict[int, list[float]] = {count: [] for count in STREAMS}
    lacks = ""

    async def grow(number: int) -> None:
        async with Held(at.port) as held:
            for count in STREAMS:
                bench.say(f"live streams: {count:,}, round {number + 1} of {bench.rounds}")
                await held.grow_to(count)
                seen[count].append(await _cpu(Place(count, at, bench.asked.whole), bench.seconds))
                held.check()

    with at.turn():
        for number in range(bench.rounds):
            try:
                uvloop.run(grow(number))
            except TimeoutError:
                least = min(count for count, rounds in seen.items() if not rounds)
                lacks = f"fewer than {least:,} streams began within 10 s: the others waited for them to end"
                break
    return _drawn("live streams", seen, logarithmic=False, lacks=lacks)


def _drawn(name: str, seen: dict[int, list[float]], logarithmic: bool, lacks: str = "") -> Curve:
    points = (Point(at, median(rounds), tuple(rounds)) for at, rounds in seen.items() if rounds)
    return Curve(name, tuple(points), logarithmic, lacks)


async def _cpu(place: Place, seconds: float) -> float:
    """Microseconds a request."""
    process = place.at.process
    assert process
    await load(place.at.port, place.asked, connections=place.connections, seconds=seconds * WARM)
    before = process.cpu()
    run = await load(place.at.port, place.asked, connections=place.connections, seconds=seconds)
    return (process.cpu() - before) / len(checked(place.at, run).took) * 1e6


def _with(name: str, routes: str = "", callers: int = 1) -> Start:
    """The gateway with the policy of the comparison, and other routes or more callers."""

    def start(folder: Path, to: int) -> AbstractContextManager[Running]:
        own = filled("everything", folder / "policy", to)
        file = own / "policy.yaml"
        text = file.read_text()
        if routes:
            text = f"{text[: text.index('routes:')]}routes:\n{routes}  - {{name: rest, model: fast}}\n"
        file.write_text(text)
        for number, more in enumerate(_callers(callers)):
            (own / f"callers-{number:02}.yaml").write_text(more)
        return serve(name, own, folder)

    return start


def _axes(count: int) -> str:
    """Routes whose conditions read nothing but the three guesses; no two of them alike."""
    freshness = [f"freshness {sign} {word}" for sign in ("==", ">=") for word in ("recent", "live")]
    labels = [f"sensitivity {sign} {word}" for sign in (">=", "<=") for word in ("internal", "confidential")]
    pairs = itertools.combinations([task.value for task in Task], 2)
    whens = [
        f"(task == {one} || task == {other}) && {when} && {label}"
        for one, other in pairs
        for when in freshness
        for label in labels
    ]
    return _routes(_random.sample(whens, count - 1))


def _tokens(count: int) -> str:
    """Routes that are open until the length is looked at: none of our requests is so long."""
    tasks = itertools.cycle(task.value for task in Task)
    return _routes([f"task == {next(tasks)} && input_tokens > {20_000 + n}" for n in range(count - 1)])


def _routes(whens: Sequence[str]) -> str:
    return "".join(f"  - {{name: route-{n}, when: '{when}', model: fast}}\n" for n, when in enumerate(whens))


def _callers(count: int) -> Iterator[str]:
    """Files with all callers but one; their names come first, so that whoever asks is the last of all."""
    entries = (
        f'  - {{name: caller-{n}, key_sha256: "{hash_of(f"key-{n}")}", team: team-{n % 40}}}\n'
        for n in range(count - 1)
    )
    while some := "".join(itertools.islice(entries, _CALLERS_A_FILE)):
        yield f"callers:\n{some}"
