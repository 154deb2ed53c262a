"""Errors in Anthropic's shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.messages.errors import error_body
from gateway.errors import (
    Blocked,
    ContextLength,
    Forbidden,
    GatewayError,
    HeadersTooLarge,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NoModelInService,
    ProviderAuthentication,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    TooLarge,
    Unauthenticated,
    UnknownModel,
)


def told(error: GatewayError) -> dict[str, Any]:
    body = json.loads(error_body(error, "req-1"))
    assert (body["type"], body["request_id"]) == ("error", "req-1")
    return dict(body["error"])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidRequest("x"), "invalid_request_error"),
        (MethodNotAllowed("x"), "invalid_request_error"),
        (HeadersTooLarge("x"), "invalid_request_error"),
        (Unauthenticated("x"), "authentication_error"),
        (Forbidden("x"), "permission_error"),
        (Blocked("x"), "permission_error"),
        (UnknownModel("x"), "not_found_error"),
        (TooLarge("x"), "request_too_large"),
        (ProviderRateLimited("x"), "rate_limit_error"),
        (ProviderOverloaded("x"), "overloaded_error"),
        (ProviderTimeout("x"), "timeout_error"),
        (ProviderAuthentication("x"), "api_error"),
        (NoModelInService("x"), "api_error"),
        (InternalError("x"), "api_error"),
    ],
)
def test_every_error_has_one_of_anthropics_types(error: GatewayError, kind: str) -> None:
    assert told(error)["type"] == kind


def test_the_gateways_own_words_and_code_stay() -> None:
    assert told(InvalidRequest("'model' is required.", param="model")) == {
        "type": "invalid_request_error",
        "message": "'model' is required.",
        "param": "model",
        "code": "invalid_request",
        "details": {"error_code": "invalid_request"},
    }


def test_an_upstreams_own_object_stays_whole() -> None:
    own = {"type": "billing_error", "message": "No credit.", "details": {"error_code": "x"}, "code": None}
    error = ProviderRefused("No credit.", status=402, reply=own)
    assert told(error) == {"type": "billing_error", "message": "No credit.", "details": {"error_code": "x"}}


def test_an_object_of_openais_shape_gets_anthropics_type_and_keeps_its_code() -> None:
    own = {
        "message": "Too long.",
        "type": "BadRequest",
        "param": "messages",
        "code": "context_length_exceeded",
    }
    assert told(ContextLength("Too long.", reply=own)) == {**own, "type": "invalid_request_error"}
