"""How streams travel: event by event, no faster than they are read, to their end when the gateway stops."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.endpoints import CHAT, MESSAGES, At
from tests.folder import policy_folder
from tests.line import Line
from tests.push import Push
from tests.running import Gateway
from tests.upstream import Reply, Upstream

PIECES = 20_000  # of 10 kB: 200 MB
ROOM = 60_000_000  # bytes that sockets' buffers may take on the way, all of them together
GROWTH = 40_000_000  # bytes by which the process may grow meanwhile


def chunk(text: str = "", index: int = 0, finish: str | None = None, **members: Any) -> bytes:
    choice = {"index": index, "delta": {"content": text} if text else {}, "finish_reason": finish}
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps({**whole, **members}).encode() + b"\n\n"


def usage() -> bytes:
    counted = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100, "of_its_own": 7}
    return chunk(choices=[], usage=counted)


def serving(folder: Path, url: str, *options: str) -> Gateway:
    policies = policy_folder(folder / "policies", url)
    text = (policies / "policy.yaml").read_text()
    (policies / "policy.yaml").write_text(
        text.replace("idle: 1s, total: 3s", "idle: 60s, total: 120s").replace(
            "first_token: 1s", "first_token: 20s"
        )
    )
    return Gateway(policies, folder / "data", *options)


def resident(pid: int) -> int:
    """The bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def until(line: Line, word: bytes) -> bytes:
    """What a stream says up to this word."""
    said = b""
    while word not in said:
        said += line.event()
    return said


@pytest.mark.parametrize("at", [CHAT, MESSAGES], ids=str)
def test_each_event_is_here_before_the_next_one_is_sent(tmp_path: Path, at: At) -> None:
    with Push() as push, serving(tmp_path, push.url) as gateway, Line(gateway.url) as line:
        line.ask("POST", at.path, at.body(stream=True), **at.key)
        push.wait()
        push.send(chunk("word0"))
        assert line.head().headers["content-type"] == "text/event-stream; charset=utf-8"
        until(line, b"word0")
        for number in range(1, 20):
            push.send(chunk(f"word{number}"))
            until(line, b"word%d" % number)
        push.send(chunk(finish="stop"))
        push.send(b"data: [DONE]\n\n")
        push.end()
        until(line, b"[DONE]" if at is CHAT else b"message_stop")


def test_a_caller_who_does_not_read_pauses_the_upstream_and_loses_nothing(tmp_path: Path) -> None:
    with Push() as push, serving(tmp_path, push.url) as gateway, Line(gateway.url, seconds=60) as line:
        line.ask("POST", CHAT.path, CHAT.body(stream=True), **CHAT.key)
        push.wait()
        piece = chunk("x" * 10_000)
        push.send(piece)
        line.head()
        until(line, b"xxx")
        before = resident(gateway.pid)
        taken = push.flood(piece, PIECES, 1.0)
        assert taken * len(piece) < ROOM
        assert resident(gateway.pid) - before < GROWTH
        heard = 0
        while heard < taken * len(piece):  # what stands in the buffers comes, once it is read
            heard += len(line.event())
        assert heard == taken * len(piece)


def test_a_caller_who_leaves_without_having_read_frees_the_upstream(tmp_path: Path) -> None:
    with Push() as push, serving(tmp_path, push.url) as gateway:
        with Line(gateway.url) as line:
            line.ask("POST", CHAT.path, CHAT.body(stream=True), **CHAT.key)
            push.wait()
            push.flood(chunk("x" * 10_000), PIECES, 1.0)
        assert push.is_left(1.0)


def test_a_caller_who_never_reads_is_cut_off(tmp_path: Path) -> None:
    with (
        Push() as push,
        serving(tmp_path, push.url, "--patience", "0.5") as gateway,
        Line(gateway.url) as line,
    ):
        line.ask("POST", CHAT.path, CHAT.body(stream=True), **CHAT.key)
        push.wait()
        push.flood(chunk("x" * 10_000), PIECES, 1.0)
        assert push.is_left(10.0)


def test_choices_that_take_turns_keep_their_places(tmp_path: Path) -> None:
    events = [
        *(chunk("a0", 0), chunk("b0", 1), chunk("a1", 0), chunk("b1", 1)),
        *(chunk(index=1, finish="length"), chunk(index=0, finish="stop"), b"data: [DONE]\n\n"),
    ]
    up = Upstream(Reply(events=tuple(events)))
    with up, serving(tmp_path, up.url) as gateway, Line(gateway.url) as line:
        line.ask("POST", CHAT.path, CHAT.body(stream=True, n=2), **CHAT.key)
        assert line.hear().body == b"".join(events)


@pytest.mark.parametrize("asks", [True, False])
def test_the_cost_stands_in_the_usage_where_the_caller_asked_for_it(tmp_path: Path, asks: bool) -> None:
    events = [chunk("hi", usage=None), chunk(finish="stop", usage=None), usage(), b"data: [DONE]\n\n"]
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if asks else {}
    up = Upstream(Reply(events=tuple(events)))
    with up, serving(tmp_path, up.url) as gateway, Line(gateway.url) as line:
        line.ask("POST", CHAT.path, CHAT.body(stream=True, **options), **CHAT.key)
        said = line.hear().body
    if not asks:
        assert said == b"".join([*events[:2], events[3]])
        return
    assert said.startswith(b"".join(events[:2]))
    *_, told, done = said.removesuffix(b"\n\n").split(b"\n\n")
    told_usage = json.loads(told[6:])["usage"]
    assert told_usage.pop("cost") == pytest.approx(1_000 / 1e6 * 1.0 + 100 / 1e6 * 10.0)
    assert told_usage == json.loads(usage()[6:])["usage"]
    assert done == b"data: [DONE]"


@pytest.mark.parametrize("stream", [True, False])
def test_a_request_that_was_accepted_is_finished_when_the_gateway_is_told_to_stop(
    tmp_path: Path, stream: bool
) -> None:
    reply = Reply("one two three four", between=0.3, before_first=0.0 if stream else 1.0)
    with Upstream(reply) as up, serving(tmp_path, up.url) as gateway:
        with Line(gateway.url) as line, Line(gateway.url) as idle:
            idle.ask("GET", "/healthz")
            assert idle.hear().status == 200
            line.ask("POST", CHAT.path, CHAT.body(stream=stream), **CHAT.key)
            up.wait(lambda: up.requests)
            os.kill(gateway.pid, signal.SIGTERM)
            assert idle.is_closed
            with pytest.raises(ConnectionError):
                _until_refused(lambda: Line(gateway.url).__enter__().__exit__(None, None, None))
            heard = line.hear()
            assert heard.status == 200
            assert b"[DONE]" in heard.body if stream else heard.json["choices"]
            assert line.is_closed
        assert gateway.stop() == -signal.SIGTERM  # as whoever sent it expects
        (row,) = gateway.rows()
        assert row["outcome"] == "ok"


def test_a_body_that_is_on_its_way_may_still_come(tmp_path: Path) -> None:
    with Upstream() as up, serving(tmp_path, up.url) as gateway, Line(gateway.url) as line:
        body = CHAT.body()
        line.ask(
            "POST",
            CHAT.path,
            None,
            **CHAT.key,
            content_length=str(len(body)),
            content_type="application/json",
        )
        time.sleep(0.2)
        os.kill(gateway.pid, signal.SIGTERM)
        time.sleep(0.2)
        line.send(body)
        heard = line.hear()
        assert (heard.status, heard.headers["connection"]) == (200, "close")


def test_what_has_arrived_when_the_gateway_is_told_to_stop_is_answered_though_it_was_not_read(
    tmp_path: Path,
) -> None:
    def ask(line: Line) -> None:
        line.ask("POST", CHAT.path, CHAT.body(), **CHAT.key)

    with Upstream() as up, serving(tmp_path, up.url) as gateway, ExitStack() as stack:
        kept, *fresh = (Line(gateway.url) for _ in range(20))
        ask(stack.enter_context(kept))
        assert kept.hear().status == 200
        os.kill(gateway.pid, signal.SIGSTOP)
        for line in fresh:
            stack.enter_context(line)
        for line in (kept, *fresh):
            ask(line)
        os.kill(gateway.pid, signal.SIGTERM)
        time.sleep(0.3)  # the clock says that it is time to look for signals before it looks for requests
        os.kill(gateway.pid, signal.SIGCONT)
        assert [line.hear().status for line in (kept, *fresh)] == [200] * 20
        assert gateway.stop() == -signal.SIGTERM
        assert [row["outcome"] for row in gateway.rows()] == ["ok"] * 21


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "fresh"])
def test_of_those_who_ask_while_it_stops_each_gets_all_or_nothing(tmp_path: Path, kept: bool) -> None:
    answered: list[int] = []

    def keep_asking(gateway: Gateway) -> None:
        with suppress(OSError, EOFError), ExitStack() as stack:  # until nobody listens
            line = stack.enter_context(Line(gateway.url))
            while True:
                line.ask("POST", CHAT.path, CHAT.body(), **CHAT.key)
                heard = line.hear()
                assert heard.json["choices"][0]["finish_reason"] == "stop"
                answered.append(heard.status)
                if not kept:
                    line = stack.enter_context(Line(gateway.url))

    with Upstream(Reply("one two", before_first=0.02)) as up, serving(tmp_path, up.url) as gateway:
        with ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(keep_asking, gateway) for _ in range(8)]
            up.wait(lambda: len(up.requests) > 50)
            os.kill(gateway.pid, signal.SIGTERM)
            for one in asking:
                one.result()
        assert gateway.stop() == -signal.SIGTERM
        assert len(up.requests) == len(answered)
        assert answered == [200] * len(gateway.rows())
        assert {row["outcome"] for row in gateway.rows()} == {"ok"}


def _until_refused(connect: Callable[[], None]) -> None:
    for _ in range(100):
        connect()
        time.sleep(0.02)
