"""Upstreams that misbehave behind one model: who is asked, how often and when, and what the caller sees."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.endpoints import CHAT, MESSAGES, RESPONSES, At
from tests.line import Heard, Line
from tests.running import Gateway
from tests.upstream import FOREVER, Recorded, Reply, Upstream, failure

LONG = " ".join(f"word{n}" for n in range(40))
CLOSED, HALF_OPEN, OPEN = 0, 1, 2


def entry(name: str, urls: Sequence[str], more: str = "") -> str:
    limits = "{connect: 1s, first_token: 500ms, idle: 500ms, total: 5s}"
    return (
        f"  - {{name: {name}, target: openai-compatible/up, deployments: {list(urls)}, clearance: internal, "
        f"price: {{input: 1.0, output: 10.0}}, timeouts: {limits}{more}}}\n"
    )


@contextmanager
def serving(folder: Path, models: str, route: str) -> Iterator[Gateway]:
    policies = folder / "policies"
    policies.mkdir()
    (policies / "policy.yaml").write_text(f"models:\n{models}routes:\n  - {{name: all, {route}}}\n")
    with Gateway(policies, folder / "data") as gateway:
        yield gateway


def ask(gateway: Gateway, at: At = CHAT, **members: Any) -> Heard:
    with Line(gateway.url) as line:
        line.ask("POST", at.path, at.body(**members), **at.key)
        return line.hear()


def outcomes(gateway: Gateway, heard: Heard) -> list[tuple[str, str]]:
    return [
        (tried["model"], tried["outcome"]) for tried in gateway.row(heard.headers["x-request-id"])["tries"]
    ]


def silent(_: Recorded) -> Reply:
    return Reply(before_headers=FOREVER)


@pytest.mark.parametrize("at", [CHAT, RESPONSES, MESSAGES], ids=str)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        (failure(503), "provider_overloaded"),
        (failure(500), "provider_unavailable"),
        (Reply(reset=True), "provider_unavailable"),
        (failure(401), "provider_authentication"),
        (Reply(raw=b"<html>"), "provider_stream_broken"),
    ],
    ids=["503", "500", "reset", "401", "html"],
)
def test_a_failure_of_one_deployment_is_mended_by_another(
    tmp_path: Path, at: At, stream: bool, bad: Reply, outcome: str
) -> None:
    with Upstream(bad) as sick, Upstream(Reply("fine")) as well:
        first = entry("m", [sick.url, well.url], ", retries: 1")
        with serving(tmp_path, first, "model: m") as gateway:
            for _ in range(4):
                heard = ask(gateway, at, stream=stream)
                assert heard.status == 200
                assert b"fine" in heard.body
                assert outcomes(gateway, heard) in ([("m", "ok")], [("m", outcome), ("m", "ok")])
                row = gateway.row(heard.headers["x-request-id"])
                assert row["tries"][-1]["deployment"] == f"127.0.0.1:{well.port}"
                assert len(row["tries"]) == 1 or row["tries"][-1]["again"]
        assert len(well.requests) == 4


def test_a_silent_deployment_is_not_asked_twice_for_one_request(tmp_path: Path) -> None:
    with Upstream(silent) as sick, Upstream(Reply("fine")) as well:
        with serving(tmp_path, entry("m", [sick.url, well.url]), "model: m") as gateway:
            for _ in range(6):
                assert ask(gateway, stream=True).status == 200
        assert len(well.requests) == 6


def test_the_circuit_of_a_lone_deployment_opens_and_closes_again_soon_after_it_has_recovered(
    tmp_path: Path,
) -> None:
    with (
        Upstream(failure(500)) as up,
        serving(tmp_path, entry("m", [up.url], ", retries: 0"), "model: m") as gw,
    ):
        statuses = [ask(gw).status for _ in range(20)]
        assert statuses == [502] * 5 + [503] * 15
        assert len(up.requests) == 5, "while the circuit is open, nothing is asked"
        refused = ask(gw)
        assert CHAT.code(refused.status, refused.body, refused.headers) == "provider_circuit_open"
        assert int(refused.headers["retry-after"]) >= 1
        assert outcomes(gw, refused) == [("m", "provider_circuit_open")]
        assert "given a rest" in gw.get("/readyz")[1]
        up.script = Reply("well again")
        began = time.monotonic()
        gw.until(lambda: ask(gw).status == 200, "well again", 30)
        assert time.monotonic() - began < 5
        assert all(ask(gw).status == 200 for _ in range(5))
        assert "given a rest" not in gw.get("/readyz")[1]


def test_with_a_circuit_open_the_fallback_answers_at_once(tmp_path: Path) -> None:
    with Upstream(silent) as sick, Upstream(Reply("fine")) as well:
        models = entry("m", [sick.url], ", circuit: {failures: 2, rest: 60s, longest: 60s}") + entry(
            "n", [well.url]
        )
        with serving(tmp_path, models, "model: [m, n]") as gateway:
            for _ in range(2):
                assert ask(gateway, stream=True).status == 200
            began = time.monotonic()
            heard = ask(gateway, stream=True)
            assert time.monotonic() - began < 0.4
            assert outcomes(gateway, heard) == [("m", "provider_circuit_open"), ("n", "ok")]
        assert len(sick.requests) == 2


def test_more_than_the_limit_wait_and_more_than_the_queue_fall_over(tmp_path: Path) -> None:
    with Upstream(Reply("slow", before_first=1.0)) as slow, Upstream(Reply("other")) as other:
        models = entry("m", [slow.url], ", concurrency: {limit: 1, queue: 1, wait: 3s}") + entry(
            "n", [other.url]
        )
        with (
            serving(tmp_path, models, "model: [m, n]") as gateway,
            Line(gateway.url) as a,
            Line(gateway.url) as b,
        ):
            a.ask("POST", CHAT.path, CHAT.body(), **CHAT.key)
            slow.wait(lambda: len(slow.requests) == 1)
            b.ask("POST", CHAT.path, CHAT.body(), **CHAT.key)
            time.sleep(0.2)
            third = ask(gateway)
            assert outcomes(gateway, third) == [("m", "provider_overloaded"), ("n", "ok")]
            assert a.hear().status == 200
            waited = b.hear()
            assert outcomes(gateway, waited) == [("m", "ok")]
            (tried,) = gateway.row(waited.headers["x-request-id"])["tries"]
            assert tried["queued_seconds"] > 0.3
        assert slow.open_connections <= 1


@pytest.mark.parametrize("at", [CHAT, RESPONSES, MESSAGES], ids=str)
def test_a_stream_that_is_held_back_falls_over_in_the_middle_of_its_words(tmp_path: Path, at: At) -> None:
    with Upstream(Reply(LONG, cut_after=12)) as cut, Upstream(Reply("whole answer")) as well:
        models = entry("m", [cut.url], ", retries: 0") + entry("n", [well.url])
        with serving(tmp_path, models, "model: [m, n], hold_back: {tokens: 1000}") as gateway:
            heard = ask(gateway, at, stream=True)
            assert heard.status == 200
            assert b"whole" in heard.body
            assert b"word1" not in heard.body
            row = gateway.row(heard.headers["x-request-id"])
            assert [tried["outcome"] for tried in row["tries"]] == ["provider_stream_broken", "ok"]
            assert [line["purpose"] for line in row["costs"]] == ["waste", "answer"]
            assert row["tries"][0]["usage"]["output"] > 0
            assert row["usage"]["output"] == row["tries"][1]["usage"]["output"], "what failed is not billed"


def test_what_is_held_back_for_a_time_leaves_when_it_is_over_though_nothing_more_comes(
    tmp_path: Path,
) -> None:
    with Upstream(Reply(LONG, stall_after=8)) as up:
        models = entry("m", [up.url], ", retries: 0").replace("idle: 500ms", "idle: 2s")
        with (
            serving(tmp_path, models, "model: m, hold_back: {time: 300ms}") as gateway,
            Line(gateway.url) as line,
        ):
            began = time.monotonic()
            line.ask("POST", CHAT.path, CHAT.body(stream=True), **CHAT.key)
            assert line.head().status == 200
            assert b"word0" in line.event()
            assert 0.2 < time.monotonic() - began < 1.5
            rest = b"".join(iter(line.event, b""))
            assert b'"error"' in rest
            assert b"[DONE]" not in rest


def test_without_holding_back_a_break_after_content_is_an_error_and_no_whole_answer(tmp_path: Path) -> None:
    with Upstream(Reply(LONG, cut_after=12)) as cut, Upstream(Reply("whole answer")) as well:
        models = entry("m", [cut.url], ", retries: 0") + entry("n", [well.url])
        with serving(tmp_path, models, "model: [m, n]") as gateway:
            heard = ask(gateway, stream=True)
            assert b'"error"' in heard.body
            assert b"[DONE]" not in heard.body
        assert not well.requests


def test_all_of_a_request_ends_within_the_routes_total(tmp_path: Path) -> None:
    with Upstream(silent) as one, Upstream(silent) as two:
        models = entry("m", [one.url]) + entry("n", [two.url])
        with serving(tmp_path, models, "model: [m, n], timeouts: {first_token: 5s, total: 1s}") as gateway:
            for stream in (True, False):
                began = time.monotonic()
                assert ask(gateway, stream=stream).status == 504
                assert time.monotonic() - began < 2.0


def test_only_the_failures_that_a_route_names_fall_over(tmp_path: Path) -> None:
    with Upstream(failure(503)) as sick, Upstream(Reply("fine")) as well:
        models = entry("m", [sick.url], ", retries: 0") + entry("n", [well.url])
        with serving(tmp_path, models, "model: [m, n], fallback_on: [timeout]") as gateway:
            assert ask(gateway).status == 503
        assert not well.requests
