"""Which API an error is told in."""

from __future__ import annotations

import pytest

from gateway.api.shapes import dialect_at
from gateway.types import Api


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/v1/messages", Api.MESSAGES),
        ("/v1/messages?beta=true", Api.MESSAGES),
        ("/v1/messages/batches", Api.MESSAGES),
        ("/v1/messages_of_ours", Api.CHAT),
        ("/v1/chat/completions", Api.CHAT),
        ("/", Api.CHAT),
        ("", Api.CHAT),
    ],
)
def test_it_is_the_one_that_is_spoken_at_the_path(path: str, api: Api) -> None:
    assert dialect_at(path).api is api


def test_anthropics_clients_are_told_in_theirs_wherever_they_ask() -> None:
    assert dialect_at("/v1/models", {b"anthropic-version"}).api is Api.MESSAGES
