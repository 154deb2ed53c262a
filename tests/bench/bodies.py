"""What a large body costs in the gateway itself: `python -m tests.bench.bodies`.

CPU of this process for reading a body, understanding it, and writing it for an upstream, beside a copy of the
same bytes and a JSON decoder's time for them, all in one run. Every request has a text of its own, so that
nothing remembered is measured.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from gateway.api.wire import chat_request
from gateway.backends.render import chat_body
from gateway.classify.classifier import LinearClassifier
from tests.bench.process import machine, pin
from tests.bench.prompts import bodies

_TIMES: Final = 12  # bodies of each kind
_ROUNDS: Final = 5  # over all of them; the fastest counts
_IMAGE: Final = 1_000_000  # characters of base64
_WORDS: Final = ("river", "report", "under", "seven", "green", "window", "carry", "because", "later", "the")
_random = random.Random(4)


def _base64(size: int) -> str:
    return base64.b64encode(_random.randbytes(size * 3 // 4)).decode()


def _text(size: int) -> str:
    words = _random.choices(_WORDS, k=size // 5)
    return " ".join(words)[:size]


def _image(size: int) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_base64(size)}"}}


def _body(*messages: dict[str, Any]) -> bytes:
    return json.dumps({"model": "auto", "messages": messages, "temperature": 0.2}).encode()


def _looked_at(*images: dict[str, Any]) -> bytes:
    asked = {"type": "text", "text": f"What is in picture {_random.random()}?"}
    return _body({"role": "user", "content": [asked, *images]})


def _told_by_a_tool() -> bytes:
    call = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"page": 4}'}}
    return _body(
        {"role": "user", "content": f"Read page {_random.random()}"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": _text(_IMAGE)},
    )


def _conversation() -> bytes:
    roles = ("user", "assistant")
    return _body(*({"role": roles[number % 2], "content": _text(5_000)} for number in range(200)))


_KINDS: Final[tuple[tuple[str, Callable[[], bytes]], ...]] = (
    ("1 MB of text", lambda: _body({"role": "user", "content": _text(_IMAGE)})),
    ("an image of 1 MB", lambda: _looked_at(_image(_IMAGE))),
    ("10 images of 100 kB", lambda: _looked_at(*(_image(_IMAGE // 10) for _ in range(10)))),
    ("a tool's result of 1 MB", _told_by_a_tool),
    ("200 messages of 5 kB", _conversation),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU for one body."""

    name: str
    size: int
    copied: float
    decoded: float
    parsed: float
    classified: float
    rendered: float


def _cpu(work: Callable[[Any], object], over: Sequence[Any]) -> float:
    """Microseconds for one of `over`: the fastest of some rounds, since others use the machine too."""
    best = float("inf")
    for _ in range(_ROUNDS):
        before = time.process_time()
        for each in over:
            work(each)
        best = min(best, time.process_time() - before)
    return best / len(over) * 1e6


def _cost(name: str, asked: list[bytes]) -> Cost:
    classifier = LinearClassifier()
    classifier.classify(chat_request(bodies(False)[0]))
    requests = [chat_request(body) for body in asked]
    before = time.process_time()
    for request in requests:  # once: what was read is remembered
        classifier.classify(request)
    classified = (time.process_time() - before) / len(requests) * 1e6
    return Cost(
        name,
        sum(map(len, asked)) // len(asked),
        copied=_cpu(bytearray, asked),
        decoded=_cpu(msgspec.json.decode, asked),
        parsed=_cpu(chat_request, asked),
        classified=classified,
        rendered=_cpu(lambda request: chat_body(request, "bench"), requests),
    )


def measured() -> Iterator[Cost]:
    yield _cost("short", bodies(False)[:300])
    for name, make in _KINDS:
        yield _cost(name, [make() for _ in range(_TIMES)])


def main() -> None:
    print(machine())
    pin(1)
    table = Table(title="CPU µs for one body; in brackets: times a JSON decoder's")
    for title in ("", "bytes", "copied", "decoded", "read", "understood", "written", "read and written"):
        table.add_column(title, justify="right" if title else "left")
    for cost in measured():
        ours = cost.parsed + cost.rendered
        table.add_row(
            cost.name,
            f"{cost.size:,}",
            *(f"{value:.1f}" for value in (cost.copied, cost.decoded, cost.parsed)),
            *(
                f"{value:.0f}" if value > 100 else f"{value:.1f}"
                for value in (cost.classified, cost.rendered)
            ),
            f"{ours:.1f} ({ours / cost.decoded:.2g}×)",
        )
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
