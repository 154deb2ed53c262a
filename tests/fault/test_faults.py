"""Each fault that upstreams show, in each API: what the caller sees, who is asked how often and when.

The first model is at an upstream with the fault, the second at one that is well; both speak the caller's API.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests import protocols
from tests.endpoints import CHAT, MESSAGES, RESPONSES, At
from tests.folder import KEY
from tests.line import Heard, Line
from tests.replies import Recorded, chunks
from tests.running import Gateway
from tests.upstream import FOREVER, Reply, Upstream, failure

TARGETS = {
    CHAT: "openai-compatible/up, speaks: chat",
    RESPONSES: "openai-compatible/up, speaks: [chat, responses]",
    MESSAGES: "anthropic/claude-haiku-4-5, api_key: '${ANTHROPIC_API_KEY}'",
}
POLICY = """\
models:
{models}routes:
  - {{name: all, model: [first, second]}}
"""
MODEL = (
    "  - {{name: {name}, target: {target}, base_url: {url}, clearance: restricted, "
    "price: {{input: 1.0, output: 10.0}}, circuit: {{failures: 1000, share: 1, of: 1000}}, retry_budget: 1, "
    "timeouts: {{connect: 500ms, first_token: 400ms, idle: 400ms, total: 1500ms}}}}\n"
)
ENDS = {CHAT: b"[DONE]", RESPONSES: b"response.completed", MESSAGES: b"message_stop"}
HERE, THERE = b"Hello there", b"Hello from another"
_numbers = itertools.count()


def events(request: Recorded) -> tuple[bytes, ...]:
    """A whole stream in the request's API."""
    well = protocols.answer(request)
    return well.events or tuple(chunks(request, well))


def cut_in_a_word(request: Recorded) -> Reply:
    """A clean end of the body when half of the words are out."""
    whole = events(request)
    last = max(n for n, event in enumerate(whole) if b"there" in event and b"ello" not in event)
    return Reply(events=whole[:last])


def cut_before_content(request: Recorded) -> Reply:
    return replace(protocols.answer(request), cut_after=0)


def stalled(request: Recorded) -> Reply:
    whole = events(request)
    first = next(n for n, event in enumerate(whole) if b"Hello" in event)
    return Reply(events=whole, stall_after=first + 1)


def malformed(request: Recorded) -> Reply:
    first, *rest = events(request)
    return Reply(events=(first, b"data: {not json\n\n", *rest))


def silent(request: Recorded) -> Reply:
    return replace(protocols.answer(request), before_headers=FOREVER)


def slow(request: Recorded) -> Reply:
    return replace(protocols.answer(request), before_first=FOREVER)


def zipped(request: Recorded) -> Reply:
    return replace(protocols.answer(request), headers={"content-encoding": "gzip"})


def error_in_200(request: Recorded) -> Reply:
    if request.path.endswith("/messages"):
        return Reply(json={"type": "error", "error": {"type": "api_error", "message": "inner trouble"}})
    return Reply(json={"error": {"message": "inner trouble", "type": "server_error", "code": None}})


Fault = Reply | Callable[[Recorded], Reply]


@dataclass(frozen=True)
class Case:
    """A fault that the first `times` tries meet.

    `tries` are those of the first model; `by` is who answers, or the error. The second try comes `gap`
    seconds after the first, or later. `stale`: one more request may come, since a kept connection that
    closes when it is used may have been closed before.
    """

    name: str
    fault: Fault
    tries: int
    by: str
    times: int = 100
    gap: float = 0.0
    stale: bool = False
    streams: tuple[bool, ...] = (False, True)

    def __str__(self) -> str:
        return self.name


CASES = (
    Case("429 with retry-after", failure(429, retry_after="0.3"), 2, "first", times=1, gap=0.3),
    Case("429 with a long retry-after", failure(429, retry_after="60"), 1, "second"),
    Case("429 for good", failure(429), 3, "second"),
    Case("408 once", failure(408), 2, "first", times=1),
    Case("409 once", failure(409), 2, "first", times=1),
    Case("500 once", failure(500), 2, "first", times=1),
    Case("503 for good", failure(503), 3, "second"),
    Case("529 for good", failure(529), 3, "second"),
    Case("reset before headers", Reply(reset=True), 3, "second", stale=True),
    Case("silence", silent, 1, "second"),
    Case("slow first token", slow, 1, "second"),
    Case("cut before content", cut_before_content, 1, "second"),
    Case("clean close in mid-word", cut_in_a_word, 1, "broken", streams=(True,)),
    Case("stalled", stalled, 1, "broken", streams=(True,)),
    Case("a malformed event", malformed, 1, "first", streams=(True,)),
    Case("gzip where none was asked for", zipped, 1, "second"),
    Case("an error in a 200", error_in_200, 3, "second"),
    Case("HTML in a 200", Reply(raw=b"<html>Traceback</html>"), 1, "second"),
    Case("a key that is refused", failure(401), 1, "second"),
    Case("context length", failure(400, "too long", code="context_length_exceeded"), 1, "second"),
    Case("content filter", failure(400, "not this", code="content_filter"), 1, "400"),
    Case("the caller's mistake", failure(422, "temperature is too hot"), 1, "422"),
)


class Scripted:
    """The first upstream: what a request says after FAULT is what it meets, as often as the case says."""

    def __init__(self) -> None:
        self.met: dict[bytes, int] = {}

    def __call__(self, request: Recorded) -> Reply:
        found = re.search(rb"FAULT(\d+)x(\d+)", request.raw)
        if found is None:
            return protocols.answer(request)
        case = CASES[int(found[1])]
        self.met[found[0]] = self.met.get(found[0], 0) + 1
        if self.met[found[0]] > case.times:
            return protocols.answer(request)
        return case.fault if isinstance(case.fault, Reply) else case.fault(request)


def elsewhere(request: Recorded) -> Reply:
    well = protocols.answer(request)
    if well.events is None and well.json is None:
        return replace(well, text=THERE.decode())
    said = json.dumps(well.json).encode().replace(HERE, THERE) if well.json is not None else None
    told = tuple(event.replace(b"Hello", b"Hello from another") for event in well.events or ())
    return replace(well, json=None, raw=said) if said is not None else replace(well, events=told)


@dataclass
class Stage:
    at: At
    first: Upstream
    second: Upstream
    gateway: Gateway

    def ask(self, say: str, stream: bool) -> Heard:
        with Line(self.gateway.url) as line:
            line.ask("POST", self.at.path, self.at.body(say, stream=stream), **self.at.key)
            return line.hear()


@pytest.fixture(scope="module", params=TARGETS, ids=str)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    at: At = request.param
    folder: Path = tmp_path_factory.mktemp("faults")
    (folder / "policies").mkdir()
    with Upstream(Scripted()) as first, Upstream(elsewhere) as second:
        models = "".join(
            MODEL.format(name=name, target=TARGETS[at], url=up.url)
            for name, up in (("first", first), ("second", second))
        )
        (folder / "policies" / "policy.yaml").write_text(POLICY.format(models=models))
        environment = {"ANTHROPIC_API_KEY": KEY}
        with Gateway(folder / "policies", folder / "data", environment=environment) as gateway:
            yield Stage(at, first, second, gateway)


@pytest.mark.parametrize(
    ("case", "stream"),
    [(case, stream) for case in CASES for stream in case.streams],
    ids=lambda value: str(value) if isinstance(value, Case) else "stream" if value else "whole",
)
def test_a_fault_of_an_upstream(stage: Stage, case: Case, stream: bool) -> None:
    before = len(stage.first.requests), len(stage.second.requests)
    heard = stage.ask(f"FAULT{CASES.index(case)}x{next(_numbers)} hello", stream)
    tried = stage.first.requests[before[0] :]
    assert len(tried) in (case.tries, case.tries + case.stale)
    assert all(later.at - sooner.at < 2 for sooner, later in itertools.pairwise(tried))
    if case.gap:
        assert tried[1].at - tried[0].at >= case.gap
    assert len(stage.second.requests) - before[1] == (case.by == "second")
    _judge(stage, case, stream, heard)
    row = stage.gateway.row(heard.headers["x-request-id"])
    assert [one["model"] for one in row["tries"]] == ["first"] * case.tries + ["second"] * (
        case.by == "second"
    )
    assert [one["again"] for one in row["tries"]][: case.tries] == [False] + [True] * (case.tries - 1)
    assert sum(one["outcome"] == "ok" for one in row["tries"]) == (case.by in ("first", "second"))
    assert not [line for line in row["costs"] if line["purpose"] == "answer" and line["model"] != case.by]
    after = stage.ask("are you well?", stream)
    assert after.status == 200
    assert b"Hello" in after.body


def _judge(stage: Stage, case: Case, stream: bool, heard: Heard) -> None:
    if case.by.isdigit():
        assert heard.status == int(case.by)
        assert b"not this" in heard.body or b"too hot" in heard.body
        return
    assert heard.status == 200
    if case.by == "broken":
        assert b"error" in heard.body
        assert ENDS[stage.at] not in heard.body
        return
    assert (b"another" in heard.body) is (case.by == "second")
    assert not stream or ENDS[stage.at] in heard.body
