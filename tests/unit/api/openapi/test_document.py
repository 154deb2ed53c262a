"""The gateway's own OpenAPI document: valid, and in step with what is served and with the errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
import yaml
from starlette.routing import Route

from gateway import __version__
from gateway.accounting.metrics import Metrics
from gateway.api.headers import response_headers
from gateway.api.openapi import document
from gateway.app import App, build
from gateway.errors import GatewayError
from gateway.holder import Holder
from gateway.parts import PartsBuilder
from gateway.policy.language.load import load
from gateway.settings import Settings
from tests.folder import policy_folder

FILES = sorted(Path(document.__file__).parent.glob("*.yaml"))
Operation = dict[str, Any]


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return document.document()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    folder = tmp_path_factory.mktemp("served")
    policy = load(policy_folder(folder / "policies", "http://127.0.0.1:1/v1"), secrets={})
    settings = Settings(policies=folder / "policies", data_dir=folder / "data", knowledge_root=folder)
    settings.data_dir.mkdir()
    metrics = Metrics(__version__)
    builder = PartsBuilder(settings, metrics)
    holder = Holder(policy, lambda: policy, lambda: "", builder, metrics, settings.reload_every)
    return build(settings, holder, metrics)


def served(app: App) -> Iterator[tuple[str, str]]:
    """Paths with their methods, as OpenAPI writes them."""
    yield from ((path, "post") for path in app.endpoints)
    for route in app.rest.routes:
        assert isinstance(route, Route)
        path = route.path.replace(":path}", "}")
        methods = (route.methods or set()) - {"HEAD"} if route.include_in_schema else ()
        yield from ((path, method.lower()) for method in methods)


def operations(whole: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in whole["paths"].items():
        yield from ((path, method, methods[method]) for method in methods if method != "parameters")


def kinds() -> Iterator[type[GatewayError]]:
    """Every class of errors in the modules that are loaded, those of tests left out."""
    modules = [module for name, module in sys.modules.items() if name.startswith("gateway.")]
    for value in (value for module in modules for value in vars(module).values()):
        if isinstance(value, type) and issubclass(value, GatewayError):
            yield value


def test_it_is_a_valid_document(whole: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(whole).validate()


def test_it_describes_exactly_what_is_served(whole: dict[str, Any], app: App) -> None:
    assert {(path, method) for path, method, _ in operations(whole)} == set(served(app))


def test_every_reference_leads_somewhere(whole: dict[str, Any]) -> None:
    for reference in _references(whole):
        target: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, reference
            target = target[step]


def test_every_schema_and_header_is_used(whole: dict[str, Any]) -> None:
    used = set(_references(whole))
    for kind in ("schemas", "headers", "parameters"):
        for name in whole["components"][kind]:
            assert f"#/components/{kind}/{name}" in used


def test_no_two_files_say_the_same_path_or_component(whole: dict[str, Any]) -> None:
    parts = [yaml.safe_load(path.read_text()) for path in FILES]
    assert sum(len(part["paths"]) for part in parts) == len(whole["paths"])
    for kind in whole["components"]:
        said = sum(len(part.get("components", {}).get(kind, {})) for part in parts)
        assert said == len(whole["components"][kind])


def test_operations_have_names_of_their_own(whole: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(whole)]
    assert len(names) == len(set(names))


def test_every_code_that_a_caller_may_see_is_listed(whole: dict[str, Any]) -> None:
    codes = {kind.code for kind in kinds()} - {"hung_up"}
    assert set(whole["components"]["schemas"]["ErrorCode"]["enum"]) == codes


def test_an_endpoint_lists_every_status_that_an_error_can_have(whole: dict[str, Any]) -> None:
    responses = whole["paths"]["/v1/chat/completions"]["post"]["responses"]
    statuses = {str(kind.status) for kind in kinds()} - {"499"}
    assert set(responses) == {"200", "4XX"} | statuses
    assert "`policy_blocked`" in responses["403"]["description"]


def test_every_header_of_the_gateways_own_is_described(whole: dict[str, Any]) -> None:
    """Those that the module of headers can write, and no other."""
    names = {
        name
        for constants in _constants(response_headers.__globals__)
        for name in constants
        if name.startswith(b"x-pointsman-")
    }
    told = whole["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["headers"]
    assert {name for name in told if name.startswith("x-pointsman-")} == {n.decode() for n in names}


def test_what_stands_for_something_else_is_filled_in(whole: dict[str, Any]) -> None:
    assert "$errors" not in str(whole)
    assert "$served" not in str(whole)
    assert whole["info"]["version"] == __version__


def test_it_is_made_once() -> None:
    assert document.encoded() is document.encoded()
    assert msgspec.json.decode(document.encoded()) == document.document()


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _references(each)


def _constants(module: dict[str, Any]) -> Iterator[set[bytes]]:
    """The bytes that the functions of a module are written with."""
    for function in module.values():
        code = getattr(function, "__code__", None)
        if code is not None and function.__module__ == module["__name__"]:
            found = {each for each in code.co_consts if isinstance(each, bytes)}
            nested = (each for each in code.co_consts if isinstance(each, tuple))
            yield found | {one for each in nested for one in each if isinstance(one, bytes)}
