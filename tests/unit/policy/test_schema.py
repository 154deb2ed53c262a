from __future__ import annotations

from gateway.policy.schema import Model, Policy, Route, ToolSource


def test_a_route_is_found_by_its_name() -> None:
    route = Route("rest", models=("m",))
    policy = Policy("0" * 12, {"m": Model("m", "openai", "x")}, (route,))
    assert policy.route("rest") is route
    assert policy.route("other") is None


def test_secrets_are_not_in_a_repr() -> None:
    model = Model("m", "openai", "x", api_key="s3cret")
    source = ToolSource("t", url="http://t", headers={"authorization": "s3cret"})
    assert "s3cret" not in repr((model, source))
