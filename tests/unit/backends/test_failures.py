"""An upstream's failure becomes one of our errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.backends.failures import announced, error_object, failure, retry_after
from gateway.errors import (
    ContextLength,
    ProviderAuthentication,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)


def failed(status: int, body: Any = None, **headers: str) -> ProviderError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failure("model 'm'", status, named, b"" if body is None else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "kind", "http_status", "retryable"),
    [
        (400, ProviderRefused, 400, False),
        (401, ProviderAuthentication, 502, False),
        (403, ProviderAuthentication, 502, False),
        (404, ProviderRefused, 404, False),
        (408, ProviderTimeout, 504, True),
        (409, ProviderUnavailable, 502, True),
        (422, ProviderRefused, 422, False),
        (429, ProviderOverloaded, 429, True),
        (500, ProviderUnavailable, 502, True),
        (502, ProviderUnavailable, 502, True),
        (503, ProviderOverloaded, 503, True),
        (504, ProviderUnavailable, 502, True),
        (529, ProviderOverloaded, 503, True),
    ],
)
def test_each_status_has_its_error(
    status: int, kind: type[ProviderError], http_status: int, retryable: bool
) -> None:
    error = failed(status, {"error": {"message": "no"}})
    assert isinstance(error, kind)
    assert (error.http_status, error.retryable) == (http_status, retryable)


def test_a_quota_that_is_used_up_is_not_asked_again() -> None:
    assert not failed(429, {"error": {"message": "no", "code": "insufficient_quota"}}).retryable
    assert not failed(503, x_should_retry="false").retryable


def test_what_does_not_get_better_by_asking_again_is_told_to_the_callers_client() -> None:
    quota = failed(429, {"error": {"message": "no", "type": "insufficient_quota"}}, retry_after="1")
    assert quota.headers == {"retry-after": "1", "x-should-retry": "false"}
    for error in (failed(401), failed(402), failed(403), failed(503, x_should_retry="false")):
        assert error.headers == {"x-should-retry": "false"}
    assert all(failed(status).headers == {} for status in (400, 408, 409, 429, 500, 502, 503, 504, 529))


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_how_long_to_wait_is_kept_under_its_own_names(status: int) -> None:
    said = {"retry-after": "7", "retry-after-ms": "6500"}
    assert failure("m", status, {**said, "server": "x"}, b"").headers == said


@pytest.mark.parametrize("error", [{"message": "no", "code": None}, {"message": "no"}, "no"])
def test_a_refusal_without_a_code_gets_one(error: Any) -> None:
    assert failed(404, {"error": error}).body()["error"]["code"] == "provider_refused"
    assert failed(404, {"error": {"message": "no", "code": 17}}).body()["error"]["code"] == 17


def test_unknown_members_of_an_error_survive() -> None:
    error = {"message": "no", "type": "t", "param": "p", "code": "c", "innererror": {"a": 1}}
    assert failed(400, {"error": error}).body() == {"error": error}


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "the request exceeds the available context size",
        "Please reduce the length of the messages",
        "The input token count (9) exceeds the maximum number of tokens allowed (8)",
    ],
)
def test_a_prompt_that_does_not_fit_is_recognised_by_its_words(words: str) -> None:
    assert isinstance(failed(400, {"error": {"message": words}}), ContextLength)


def test_a_limit_on_the_answer_is_not_one_on_the_context() -> None:
    error = failed(400, {"error": {"message": "max_tokens must be at most 4096"}})
    assert type(error) is ProviderRefused


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "a"}}, "a"),
        ([{"error": {"message": "a"}}], "a"),
        ({"error": "a"}, "a"),
        ({"object": "error", "message": "a", "code": 400}, "a"),
        ({"detail": "a"}, "a"),
        ({"detail": [{"loc": ["x"]}]}, '[{"loc":["x"]}]'),
    ],
)
def test_the_error_is_found_in_the_shapes_that_servers_use(body: Any, message: str) -> None:
    found = error_object(json.dumps(body).encode())
    assert found is not None
    assert found["message"] == message
    assert {"type", "param", "code"} <= set(found)


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"[]", b"3", b"[" * 100_000, b"\xff"])
def test_what_is_no_error_object_is_none(body: bytes) -> None:
    assert error_object(body) is None


def test_an_error_inside_a_200_is_told_by_its_number_or_its_name() -> None:
    assert isinstance(announced("m", {"message": "x", "code": 503}), ProviderOverloaded)
    assert isinstance(announced("m", {"message": "x", "code": "429"}), ProviderOverloaded)
    assert isinstance(announced("m", {"message": "x", "type": "overloaded_error"}), ProviderOverloaded)
    assert isinstance(announced("m", {"message": "x", "code": "context_length_exceeded"}), ContextLength)
    assert isinstance(announced("m", {"message": "x"}), ProviderUnavailable)


def test_retry_after_is_seconds_milliseconds_or_a_date() -> None:
    assert retry_after({"retry-after": "2"}) == 2
    assert retry_after({"retry-after": "9", "retry-after-ms": "250"}) == 0.25
    date = {"date": "Tue, 01 Jul 2025 10:00:00 GMT", "retry-after": "Tue, 01 Jul 2025 10:00:30 GMT"}
    assert retry_after(date) == 30
    assert retry_after({}) is None
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({"retry-after": "nan"}) is None
    assert retry_after({"retry-after": "-5"}) == 0


def test_a_code_of_any_length_is_read_as_a_status_only_if_it_is_one() -> None:
    assert isinstance(announced("m", {"code": "9" * 5000}), ProviderUnavailable)
    assert isinstance(announced("m", {"code": 10**400}), ProviderUnavailable)
    assert announced("m", {"code": "429"}).http_status == 429


@pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 304, 307, 308])
def test_a_success_without_an_answer_and_a_redirect_go_to_the_next_candidate(status: int) -> None:
    error = failed(status, {"error": {"message": "no"}})
    assert isinstance(error, ProviderBroken)
    assert (error.http_status, error.falls_over) == (502, True)
