"""Faults below HTTP and of it, in each API, through the gateway: the fallback answers soon, all is noted.

Each fault has a route of its own: first the model that shows it, then one that is well. How the pool tells
such faults apart stands in test_upstream_wire.py and test_upstream_ways.py.
"""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.endpoints import At
from tests.fault.test_faults import ENDS, MODEL, TARGETS, elsewhere
from tests.folder import KEY
from tests.line import Heard, Line
from tests.protocols import answer
from tests.running import Gateway
from tests.upstream import Upstream
from tests.wire_upstream import Talk, WireUpstream

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
ROUTE = "  - {{name: {name}, when: request.model == 'nobody says this', model: [{name}, second]}}\n"
REST = "  - {name: rest, model: second}\n"
TOTAL = 1.5  # seconds that a model may take, as MODEL says
Script = Callable[[Talk], object]


@dataclass(frozen=True)
class Fault:
    """`play` follows the request; `tries` of the model are made, and then `by` answers."""

    play: Script
    tries: int
    by: str = "second"


def trickle(talk: Talk) -> None:
    talk.trickle(HEAD + b"x-slow: " + b"x" * 1000)


def half_close(talk: Talk) -> None:
    talk.send(HEAD)
    talk.half_close()


def say_too_much(talk: Talk) -> None:
    talk.send(HEAD + b"content-length: 500\r\n\r\n{}")
    talk.close()


def say_too_little(talk: Talk) -> None:
    talk.send(HEAD + b'content-length: 5\r\n\r\n{"a": "much longer than it says"}')


def flood(talk: Talk) -> None:
    talk.send(HEAD + b"content-length: 9000000000\r\n\r\n" + b" " * 65536)
    talk.hang()


# What comes after the connection was made.
PLAYED = {
    "trickled-head": Fault(trickle, 1),
    "half-closed": Fault(half_close, 3),
    "length-too-long": Fault(say_too_much, 1),
    "length-too-short": Fault(say_too_little, 1),
    "larger-than-allowed": Fault(flood, 1),
    "http-1-0": Fault(lambda talk: None, 1, by="first"),
}
# No connection comes about.
UNMADE = {"refused": 3, "no-such-name": 3, "nobody-vouches": 1, "no-tls": 3}


@dataclass
class Stage:
    at: At
    gateway: Gateway

    def ask(self, route: str, say: str, stream: bool) -> Heard:
        with Line(self.gateway.url) as line:
            line.ask("POST", self.at.path, self.at.body(say, model=route, stream=stream), **self.at.key)
            return line.hear()


def playing(fault: Fault, well: str) -> Script:
    """The fault, where a request asks for it; else, and in HTTP/1.0, what the upstream that is well says."""

    def play(talk: Talk) -> None:
        while True:
            said = talk.request()
            if b"FAULT" in said:
                fault.play(talk)
            if fault.by == "first" or b"FAULT" not in said:
                head, _, body = said.partition(b"\r\n\r\n")
                path = head.split()[1].decode()
                request = urllib.request.Request(well + path, body, {"content-type": "application/json"})
                with urllib.request.urlopen(request) as reply:
                    kind = reply.headers["content-type"].encode()
                    talk.send(b"HTTP/1.0 200 OK\r\ncontent-type: " + kind + b"\r\n\r\n" + reply.read())
                talk.close()

    return play


@pytest.fixture(scope="module")
def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(scope="module", params=TARGETS, ids=str)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nowhere: str
) -> Iterator[Stage]:
    at: At = request.param
    folder: Path = tmp_path_factory.mktemp("wire")
    (folder / "policies").mkdir()
    with ExitStack() as stack:
        well, second = (stack.enter_context(Upstream(script)) for script in (answer, elsewhere))
        origin = origin_of(well)
        up = {
            name: stack.enter_context(WireUpstream(playing(fault, origin))).url
            for name, fault in PLAYED.items()
        }
        certified = WireUpstream(tls=Authority(folder).server("127.0.0.1"))
        plain = WireUpstream(lambda talk: talk.send(b"SSH-2.0-x\r\n"))
        up |= {
            "refused": nowhere,
            "no-such-name": "http://nowhere.invalid",
            "nobody-vouches": stack.enter_context(certified).url,
            "no-tls": stack.enter_context(plain).url.replace("http:", "https:"),
        }
        models = "".join(
            MODEL.format(name=name, target=TARGETS[at], url=url.rstrip("/") + "/v1")
            for name, url in {**up, "second": origin_of(second)}.items()
        )
        routes = "".join(ROUTE.format(name=name) for name in up)
        (folder / "policies" / "policy.yaml").write_text(f"models:\n{models}routes:\n{routes}{REST}")
        environment = {"ANTHROPIC_API_KEY": KEY}
        with Gateway(folder / "policies", folder / "data", environment=environment) as gateway:
            yield Stage(at, gateway)


def origin_of(upstream: Upstream) -> str:
    return upstream.url.removesuffix("/v1")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", [*PLAYED, *UNMADE])
def test_a_fault_of_the_wire(stage: Stage, name: str, stream: bool) -> None:
    tries, by = (PLAYED[name].tries, PLAYED[name].by) if name in PLAYED else (UNMADE[name], "second")
    began = time.monotonic()
    heard = stage.ask(f"route/{name}", "FAULT hello", stream)
    assert time.monotonic() - began < 2 * TOTAL
    assert heard.status == 200
    assert (b"another" in heard.body) is (by == "second")
    assert not stream or ENDS[stage.at] in heard.body
    row = stage.gateway.row(heard.headers["x-request-id"])
    assert [one["model"] for one in row["tries"]] == [name] * tries + ["second"] * (by == "second")
    assert [one["outcome"] for one in row["tries"]].index("ok") == len(row["tries"]) - 1
    after = stage.ask(f"route/{name}", "are you well?", stream)
    assert after.status == 200
    assert (b"another" in after.body) is (name in UNMADE)
