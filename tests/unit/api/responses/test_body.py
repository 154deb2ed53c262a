"""The response object: what was asked for is echoed, and what was not asked for has its usual value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.accounting.exchange import Exchange
from gateway.api.responses.body import Outcome, response_object, status_of, usage_body
from gateway.api.responses.reading import RequestReader
from gateway.policy.schema import Policy
from gateway.stored.memory import Memory
from gateway.types import Caller, Usage

APP = Caller("app")
USED = Usage(input=5, cached_input=3, cache_write=2, output=7, reasoning=4, audio_input=1, audio_output=1)


def made(outcome: Outcome, kept: bool = True, **asked: Any) -> dict[str, Any]:
    exchange = Exchange("id", 0.0, 0.0, Policy("r", {}, ()), model="small", caller=APP)
    body = json.dumps({"model": "auto", "input": "hello", **asked}).encode()
    exchange.request = RequestReader(Memory())(body, APP)
    return response_object("resp_1", 7, exchange, outcome, kept)


def test_what_was_not_asked_for_has_its_usual_value() -> None:
    response = made(Outcome("in_progress"))
    usual = {
        "temperature": 1.0,
        "top_p": 1.0,
        "tool_choice": "auto",
        "truncation": "disabled",
        "metadata": {},
    }
    assert {name: response[name] for name in usual} == usual
    assert (response["tools"], response["text"]) == ([], {"format": {"type": "text"}})
    assert response["reasoning"] == {"effort": None, "summary": None}
    assert (response["id"], response["created_at"], response["model"]) == ("resp_1", 7, "small")


def test_null_asks_for_the_usual_and_nothing_else_is_lost() -> None:
    response = made(
        Outcome("completed"), temperature=None, text={"format": None, "verbosity": "low"}, top_p=0
    )
    assert (response["temperature"], response["top_p"]) == (1.0, 0)
    assert response["text"] == {"format": {"type": "text"}, "verbosity": "low"}


def test_what_was_said_to_the_model_is_not_echoed() -> None:
    assert "input" not in made(Outcome("completed"), instructions="Be brief.")
    assert made(Outcome("completed"), instructions="Be brief.")["instructions"] == "Be brief."


def test_a_function_has_the_members_that_one_always_has_and_other_tools_are_left() -> None:
    search = {"type": "web_search", "size": "low"}
    function = {"type": "function", "name": "f", "strict": True}
    assert made(Outcome("completed"), tools=[function, search])["tools"] == [
        {**function, "description": None, "parameters": None},
        search,
    ]


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_how_it_ended_is_told(finish: str, status: str, reason: str | None) -> None:
    response = made(Outcome.of(finish, [{"type": "message"}], USED))
    details = None if reason is None else {"reason": reason}
    assert (response["status"], response["incomplete_details"]) == (status, details)
    assert status_of(finish) == status
    assert (response["completed_at"] is None) == (status != "completed")
    assert (response["output"], response["usage"]) == ([{"type": "message"}], usage_body(USED))


def test_what_has_not_ended_or_failed_has_no_usage() -> None:
    failed = made(Outcome("failed", error={"code": "server_error", "message": "m"}), kept=False)
    assert (failed["usage"], failed["completed_at"], failed["store"]) == (None, None, False)
    assert failed["error"] == {"code": "server_error", "message": "m"}
    assert made(Outcome("in_progress"))["store"] is True


def test_sums_of_usage_include_their_parts() -> None:
    assert usage_body(USED) == {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 23,
    }
