"""Clients as applications use them, each against a live gateway and an upstream that records what came.

Each client's script runs once, in the client's own environment; what it saw and what the upstream got is
then looked at case by case.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients import script
from tests.contract.clients.clients import CLIENTS, Client
from tests.contract.clients.heard import Heard
from tests.contract.clients.world import world
from tests.replies import Recorded
from tests.running import Gateway
from tests.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Met:
    """A client's meeting with one model through the gateway: what it saw, and what the upstream heard."""

    client: Client
    name: str
    model: str
    told: Mapping[str, Any]
    requests: list[Recorded]

    def seen(self, case: str) -> dict[str, Any]:
        seen: dict[str, Any] = self.told["seen"][self.model][case]
        assert "error" not in seen, seen["error"]
        return seen

    def error(self, case: str) -> dict[str, Any]:
        error: dict[str, Any] = self.told["seen"][self.model][case]["error"]
        return error

    def heard(self, case: str) -> list[Heard]:
        """The requests of a case, as the upstream got them."""
        return [Heard.of(r) for r in list(self.requests) if script.mark(r) == (self.name, self.model, case)]


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script.answer) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("clients")
    key = {"ANTHROPIC_API_KEY": "key-of-the-upstream"}
    with Gateway(world(folder / "policies", up.url), folder / "data", environment=key) as running:
        yield running


@pytest.fixture(scope="module")
def runs(gateway: Gateway, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Mapping[str, Any]]]:
    """What a client told; the chosen tests' scripts start together, as many at once as there are cores."""
    own = [i for i in request.session.items if i.path == request.path and isinstance(i, pytest.Function)]
    pairs: list[Any] = [item.callspec.params["met"] for item in own]
    chosen = {name for name, _ in pairs}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told: dict[str, Future[dict[str, Any]]] = {
            name: pool.submit(client.run, name, gateway.url)
            for name, client in CLIENTS.items()
            if name in chosen and client.installed
        }
        yield lambda name: told[name].result()


MEETINGS = [(name, model) for name, client in CLIENTS.items() for model in client.models]


@pytest.fixture(scope="module", params=MEETINGS, ids="-".join)
def met(runs: Callable[[str], Mapping[str, Any]], up: Upstream, request: pytest.FixtureRequest) -> Met:
    name, model = request.param
    client = CLIENTS[name]
    if not client.installed:
        assert not os.environ.get("CI"), f"the environment of {client.script} is not installed"
        pytest.skip(f"{client.script} has no environment here; 'make clients' installs it, if npm is there")
    return Met(client, name, model, runs(name), up.requests)


def test_a_chat_is_answered_and_its_usage_told(met: Met) -> None:
    seen = met.seen("chat")
    if met.name == "instructor":  # it asks for structure in every case
        assert seen["parsed"] == script.REPORT
    else:
        assert seen["text"] == script.TEXT
    assert seen.get("finish") in (None, "stop", "end_turn")
    assert (seen["input"], seen["output"]) == (110, 7)
    assert seen.get("cached") in (None, 30)


def test_the_upstream_hears_what_the_client_said(met: Met) -> None:
    (heard,) = met.heard("chat")
    assert "You speak of the weather in few words." in heard.system
    assert heard.prompt.endswith("how is the weather in Paris and in Oslo?")
    assert heard.max_tokens == 64
    assert heard.temperature == 0.5
    said = met.client.said_in_messages if met.model == "claude" else met.client.said
    for name, each in said.items():
        assert heard.said[name] == each


def test_a_stream_comes_piece_by_piece_with_its_usage(met: Met) -> None:
    seen = met.seen("stream")
    if met.name == "instructor":
        assert seen["parsed"] == script.REPORT
        return
    assert seen["text"] == script.TEXT
    assert seen.get("pieces", 2) > 1
    assert seen.get("finish") in (None, "stop", "end_turn")
    assert (seen["input"], seen["output"]) == (110, 7)
    (heard,) = met.heard("stream")
    assert heard.streams


def test_tools_are_called_from_streamed_fragments_and_their_results_go_back(met: Met) -> None:
    seen = met.seen("tools")
    if met.name == "instructor":
        assert seen["parsed"] == script.REPORT
        (heard,) = met.heard("tools")
        assert set(heard.tools["Report"]["properties"]) == {"city", "degrees"}
        return
    assert seen["calls"] == [["weather", {"city": "Paris"}], ["weather", {"city": "Oslo"}]]
    assert seen.get("deltas", 4) >= 4, "two calls, each in two fragments"
    assert seen["text"] == script.AFTER_TOOLS
    first, second = met.heard("tools")
    assert list(first.tools) == ["weather"]
    assert first.tools["weather"]["properties"]["city"]["type"] == "string"
    assert first.streams
    if not second.previous:
        assert second.calls == {"call_paris": {"city": "Paris"}, "call_oslo": {"city": "Oslo"}}
    assert second.results == {"call_paris": "Paris: 21 degrees", "call_oslo": "Oslo: 21 degrees"}


def test_structured_output_is_asked_for_and_parsed(met: Met) -> None:
    assert met.seen("structured")["parsed"] == script.REPORT
    (heard,) = met.heard("structured")
    assert set(heard.schema["properties"]) == {"city", "degrees"}


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("unknown_model", "there is no model 'no-such-model'"),
        ("wrong_key", "The key is not known here"),
        ("context_length", re.escape(script.TOO_LONG)),
        ("busy", "over its rate"),
        ("broken", "closed the connection in the middle of its answer"),
    ],
)
def test_an_error_is_raised_as_the_client_names_it(met: Met, case: str, says: str) -> None:
    error = met.error(case)
    assert error["class"] == met.client.errors[case]
    assert re.search(says, error["message"])


def test_the_client_asks_nobody_but_the_gateway(met: Met) -> None:
    assert met.told["others"] == []


@pytest.mark.parametrize("met", [("openai", "small")], indirect=True, ids="-".join)
def test_the_ledger_has_the_usage_that_the_client_saw(met: Met, gateway: Gateway) -> None:
    seen = met.seen("chat")
    used = gateway.row(seen["request_id"])["usage"]
    assert used["input"] + used["cached_input"] == seen["input"]
    assert used["output"] + used["reasoning"] == seen["output"]
