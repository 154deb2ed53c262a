"""Random worlds: a policy with its models, knowledge, tools, callers and guards, and who talks in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st

from gateway.access.keys import hash_key
from gateway.types import Api, Label
from tests.guarantee.conversations import APIS, LABELS, Conversation, conversations
from tests.guarantee.needles import Kind, Needle, Needles, Shape

T = TypeVar("T")
MOST_MODELS, MOST_BASES, MOST_TOOLS, TALKS = 5, 2, 2, 12
TIMEOUTS = {"connect": "2s", "first_token": "250ms", "idle": "250ms", "total": "350ms"}
CONDITIONS = (
    "task == knowledge_lookup",
    "task == tool_action || freshness >= recent",
    "task != coding",
    "sensitivity >= confidential",
    "sensitivity == public",
    '"credential" in findings',
    'caller.team == "red"',
    "request.stream",
    "true",
)
BLOCKS = ('"credential" in findings', 'sensitivity == restricted && caller.team == "red"')
MASKS = ("true", '"email" in findings', 'caller.team == "red"')
MASKED = (("email",), ("contact", "account"), ("payment",), ("credential",), ("email", "iban", "api_key"))


@dataclass(frozen=True, slots=True)
class ModelSpec:
    clearance: Label
    teachers: tuple[int, ...]
    retries: int
    api: Api = Api.CHAT  # beside chat, what its upstream speaks; an upstream of MESSAGES speaks nothing else


@dataclass(frozen=True, slots=True)
class BaseSpec:
    """A knowledge base with a document for each of `documents`, which holds a needle of that shape."""

    label: Label
    clearance: Label
    trusted: bool
    documents: tuple[Shape, ...]

    def label_of(self, shape: Shape) -> Label:
        """Of a document: its base's, or a credential's; an address in a handbook is what its base says."""
        return max(self.label, shape.label if shape.label is Label.RESTRICTED else Label.PUBLIC)


@dataclass(frozen=True, slots=True)
class ToolSpec:
    label: Label
    clearance: Label
    trusted: bool


@dataclass(frozen=True, slots=True)
class RouteSpec:
    when: str | None
    models: tuple[int, ...]
    choice: str  # list, weights or cheapest_of
    fallback: tuple[int, ...]
    bases: tuple[int, ...]
    tools: tuple[int, ...]
    writes_on_untrusted: bool


@dataclass(frozen=True, slots=True)
class CallerSpec:
    label: Label
    clearance: Label
    team: str

    @staticmethod
    def key(number: int) -> str:
        return f"pm-test-key-of-caller-{number}"


@dataclass(frozen=True, slots=True)
class GuardSpec:
    """Blocks where it masks nothing."""

    when: str
    masks: tuple[str, ...] = ()
    lowers_to: Label | None = None
    accept_residual: bool = False

    def hides(self, shape: Shape) -> bool:
        return not shape.words.isdisjoint(self.masks)


@dataclass(frozen=True, slots=True)
class World:
    models: tuple[ModelSpec, ...]
    bases: tuple[BaseSpec, ...]
    tools: tuple[ToolSpec, ...]
    routes: tuple[RouteSpec, ...]
    callers: tuple[CallerSpec, ...]
    guards: tuple[GuardSpec, ...]
    unreadable: Label
    log_up_to: Label
    talks: tuple[Conversation, ...]

    def came(self, talk: Conversation) -> Label:
        """What is true of a whole request as it came."""
        return max(*self._around(talk), *(piece.shape.label for piece in talk.pieces))

    def label(self, talk: Conversation) -> Label:
        """What is true of it once guards have masked it, where they do."""
        left = (self._left(talk, piece.shape, piece.shape.label) for piece in talk.pieces)
        return max(*self._around(talk), *left)

    def flows(self, talk: Conversation, source: Label, shape: Shape) -> Label:
        """What is true of a passage or a result, in this conversation, that holds something of a shape.

        Only what is restricted counts: an address in a handbook is what its base says.
        """
        own = shape.label if shape.label is Label.RESTRICTED else Label.PUBLIC
        return max(source, self._left(talk, shape, own))

    def hides(self, talk: Conversation, shape: Shape) -> bool:
        """Whether values of a shape are masked in this conversation."""
        return any(guard.hides(shape) for guard in self.masking(talk))

    def masking(self, talk: Conversation) -> tuple[GuardSpec, ...]:
        return tuple(guard for guard in self.guards if guard.masks and self._acts(guard, talk))

    def must_block(self, talk: Conversation) -> bool:
        return any(self._acts(guard, talk) for guard in self.guards if not guard.masks)

    def _acts(self, guard: GuardSpec, talk: Conversation) -> bool:
        red = self.callers[talk.caller].team == "red"
        acts = {
            "true": True,
            '"email" in findings': "email" in talk.findings,
            '"credential" in findings': "credential" in talk.findings,
            'caller.team == "red"': red,
            'sensitivity == restricted && caller.team == "red"': red and self.came(talk) is Label.RESTRICTED,
        }
        return acts[guard.when]

    def _around(self, talk: Conversation) -> tuple[Label, ...]:
        return (Label.PUBLIC, *talk.labels(self.callers[talk.caller].label, self.unreadable))

    def _left(self, talk: Conversation, shape: Shape, label: Label) -> Label:
        """What remains of a label that something of this shape gives: it falls where a guard lowers it."""
        hiding = [guard for guard in self.masking(talk) if guard.hides(shape)]
        lowered = [guard.lowers_to for guard in hiding if guard.lowers_to is not None]
        return min(label, max(lowered)) if lowered else label

    def chain(self, starts: tuple[int, ...]) -> frozenset[int]:
        """The models that may answer in place of these: they, their teachers, and theirs."""
        found: set[int] = set()
        waiting = list(starts)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting.extend(self.models[number].teachers)
        return frozenset(found)

    def candidates(self, route: int) -> frozenset[int]:
        return self.chain((*self.routes[route].models, *self.routes[route].fallback))


def told(world: World, needle: Needle, number: int) -> Label:
    """A needle's label within a conversation, whose masks apply to what flows in, too."""
    if needle.kind not in (Kind.PASSAGE, Kind.RESULT):
        return needle.label
    talk = world.talks[number]
    if world.hides(talk, needle.shape):
        return needle.label
    sources = world.bases if needle.kind is Kind.PASSAGE else world.tools
    return world.flows(talk, sources[int(needle.source[1:])].label, needle.beside)


def write(world: World, folder: Path, models: Mapping[int, str], tools: Mapping[int, str]) -> Path:
    """The policy's folder; `models` and `tools` are the addresses by number."""
    folder.mkdir(parents=True)
    sections = {**_sources(world, tools), **_rules(world)}
    sections["models"] = [
        {
            "name": f"m{n}",
            **_spoken(model.api, n),
            "base_url": models[n],
            "clearance": model.clearance.word,
            "timeouts": TIMEOUTS,
            "retries": model.retries,
            **({"teacher": [f"m{t}" for t in model.teachers]} if model.teachers else {}),
        }
        for n, model in enumerate(world.models)
    ]
    (folder / "policy.yaml").write_text(json.dumps({k: v for k, v in sections.items() if v}, indent=1))
    return folder


def _spoken(api: Api, number: int) -> dict[str, Any]:
    if api is Api.MESSAGES:
        return {"target": f"anthropic/upstream-{number}"}
    speaks = {"speaks": [Api.CHAT.value, api.value]} if api is not Api.CHAT else {}
    return {"target": f"openai-compatible/upstream-{number}", **speaks}


def _sources(world: World, tools: Mapping[int, str]) -> dict[str, Any]:
    knowledge = [
        {
            "name": f"k{n}",
            "documents": f"k{n}/*.md",
            "label": base.label.word,
            "clearance": base.clearance.word,
            "trusted": base.trusted,
        }
        for n, base in enumerate(world.bases)
    ]
    servers = [
        {
            "name": f"t{n}",
            "mcp": {"url": tools[n]},
            "label": tool.label.word,
            "clearance": tool.clearance.word,
            "trusted": tool.trusted,
            "writes": ["write"],
            "timeout": "400ms",
        }
        for n, tool in enumerate(world.tools)
    ]
    return {"knowledge": knowledge, "tools": servers}


def _rules(world: World) -> dict[str, Any]:
    callers = [
        {
            "name": f"c{n}",
            "key_sha256": hash_key(CallerSpec.key(n)),
            "label": caller.label.word,
            "clearance": caller.clearance.word,
            "team": caller.team,
        }
        for n, caller in enumerate(world.callers)
    ]
    guards = [{"name": f"g{n}", **_guard(guard)} for n, guard in enumerate(world.guards)]
    routes = [dict(_route(n, route)) for n, route in enumerate(world.routes)]
    return {
        "unreadable": world.unreadable.word,
        "log": {"content": "never", "up_to": world.log_up_to.word},
        "callers": callers,
        "guards": guards,
        "routes": routes,
    }


def _guard(guard: GuardSpec) -> dict[str, Any]:
    if not guard.masks:
        return {"when": guard.when, "block": "Take it out and send again."}
    lowers = {} if guard.lowers_to is None else {"lowers_to": guard.lowers_to.word}
    return {"when": guard.when, "mask": list(guard.masks), "accept_residual": guard.accept_residual, **lowers}


def _route(number: int, route: RouteSpec) -> Iterator[tuple[str, Any]]:
    yield "name", f"r{number}"
    if route.when is not None:
        yield "when", route.when
    names = [f"m{n}" for n in route.models]
    match route.choice:
        case "weights":
            yield "model", {name: 10 + n for n, name in enumerate(names)}
        case "cheapest_of":
            yield "model", {"cheapest_of": names, "quality": 0.8}
        case _:
            yield "model", names
    if route.fallback:
        yield "fallback", [f"m{n}" for n in route.fallback]
    if route.bases:
        yield "retrieve", {"from": [f"k{n}" for n in route.bases], "top": 4}
    if route.tools:
        permission = "allow" if route.writes_on_untrusted else "deny"
        from_ = [f"t{n}" for n in route.tools]
        yield "tools", {"from": from_, "steps": 3, "time": "1s", "writes_on_untrusted": permission}


def plant(world: World, root: Path, needles: Needles) -> None:
    """The documents of every base, each about what half of the callers ask."""
    for n, base in enumerate(world.bases):
        (root / f"k{n}").mkdir(parents=True)
        for at, shape in enumerate(base.documents):
            words = [
                needles.put(
                    Kind.PASSAGE,
                    base.label_of(shape),
                    each,
                    source=f"k{n}",
                    trusted=base.trusted,
                    beside=shape,
                )
                for each in (Shape.PLAIN, shape)
            ]
            (root / f"k{n}" / f"parcel{at}.md").write_text(
                f"# Returning a parcel\n\nThe handbook says: you have {10 + at} days to return a parcel. "
                f"Quote {words[0]}, see {words[1]} there.\n"
            )


# Strategies


def _some(count: int, least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[int, ...]]:
    """Some of so many numbers, each once, in any order."""
    sizes = st.integers(min(least, count), min(most, count))
    return st.tuples(sizes, st.permutations(range(count))).map(lambda drawn: tuple(drawn[1][: drawn[0]]))


def _several(one: st.SearchStrategy[T], least: int, most: int) -> st.SearchStrategy[tuple[T, ...]]:
    """A number of them that is as likely as any other, where a list would mostly be short."""
    return st.integers(least, most).flatmap(lambda count: st.tuples(*[one] * count))


def _routes(models: int, bases: int, tools: int, when: str | None) -> st.SearchStrategy[RouteSpec]:
    return st.builds(
        RouteSpec,
        when=st.just(when),
        models=_some(models, 1),
        choice=st.sampled_from(["list", "list", "weights", "cheapest_of"]),
        fallback=_some(models, 0, 2),
        bases=st.integers(0, 2).flatmap(lambda least: _some(bases, least, 2)),
        tools=st.integers(0, 2).flatmap(lambda least: _some(tools, least, 2)),
        writes_on_untrusted=st.sampled_from([False, False, False, True]),
    )


_HIGHER = st.sampled_from([*Label, Label.CONFIDENTIAL, Label.RESTRICTED, Label.RESTRICTED])
_LOWER = st.sampled_from([*Label, Label.PUBLIC, Label.INTERNAL, Label.CONFIDENTIAL])
_BASES = st.builds(
    BaseSpec,
    label=_LOWER,
    clearance=_HIGHER,
    trusted=st.booleans(),
    documents=st.tuples(
        *[st.sampled_from([Shape.PLAIN, Shape.PLAIN, Shape.EMAIL, Shape.API_KEY, Shape.CARD])] * 2
    ),
)
_TOOLS = st.builds(ToolSpec, label=_LOWER, clearance=_HIGHER, trusted=st.booleans())
_GUARDS = st.one_of(
    st.builds(GuardSpec, when=st.sampled_from(BLOCKS)),
    *[
        st.builds(
            GuardSpec,
            when=st.sampled_from(MASKS),
            masks=st.sampled_from(MASKED),
            lowers_to=st.one_of(st.none(), LABELS),
            accept_residual=st.booleans(),
        )
    ]
    * 2,
)
_FLOORS = st.sampled_from([*Label] + [Label.PUBLIC] * 5)
_CALLERS = st.builds(CallerSpec, label=_FLOORS, clearance=_HIGHER, team=st.sampled_from(["red", "blue"]))


@st.composite
def worlds(draw: st.DrawFn, talks: int = TALKS) -> World:
    """A world, in which `talks` conversations take place at once."""
    count = draw(st.integers(1, MOST_MODELS))
    models = tuple(
        ModelSpec(draw(_HIGHER), draw(_some(n, 0, 1)), draw(st.integers(0, 2)), draw(APIS))
        for n in range(count)
    )
    bases = draw(_several(_BASES, 0, MOST_BASES))
    tools = draw(_several(_TOOLS, 0, MOST_TOOLS))
    whens = (*draw(_several(st.sampled_from(CONDITIONS), 0, 3)), None)
    routes = tuple(draw(_routes(count, len(bases), len(tools), when)) for when in whens)
    callers = draw(_several(_CALLERS, 1, 3))
    guards = draw(_several(_GUARDS, 0, 2))
    one = conversations(len(callers), count, len(routes))
    drawn = draw(_several(one, talks, talks))
    return World(models, bases, tools, routes, callers, guards, draw(LABELS), draw(LABELS), drawn)
