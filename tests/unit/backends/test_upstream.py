"""Where a model's server is asked."""

from __future__ import annotations

from gateway.backends.upstream import upstream
from gateway.policy.schema import Model

MODEL = Model("small", "openai-compatible", "llama", api_key="sk-secret")


def test_the_key_is_sent_as_the_api_has_it_and_shown_nowhere() -> None:
    made = upstream(MODEL, "http://127.0.0.1:9/v1/chat", {"x-api-key": "sk-secret"})
    assert made.head.count(b"x-api-key: sk-secret") == 1
    assert b"authorization" not in made.head
    assert "sk-secret" not in repr(made)
    assert made.name == "model 'small'"
