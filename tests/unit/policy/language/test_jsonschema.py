# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policy.language.document import Reading, compose
from gateway.policy.language.jsonschema import cases_schema, policy_schema
from gateway.policy.language.load import load, names_in
from gateway.policy.mistakes import PolicyMistakes
from tests.policies import KNOWLEDGE, MODELS, ROUTES, TOOLS

ROOT = Path(__file__).parents[4]
POLICY = jsonschema.Draft7Validator(policy_schema())
CASES = jsonschema.Draft7Validator(cases_schema())
DIGEST = "ab" * 32


def data(source: str) -> Any:
    value = compose("a.yaml", source.encode(), Reading())
    return value.plain if value is not None else {}


def loads(folder: Path, source: str) -> bool:
    """Whether a file loads beside models, routes and sources of the usual names."""
    for name, text in {"models": MODELS, "knowledge": KNOWLEDGE, "tools": TOOLS}.items():
        (folder / f"{name}.yaml").write_text(text)
    (folder / "routes.yaml").write_text("" if "routes" in data(source) else ROUTES)
    (folder / "file.yaml").write_text(source)
    try:
        load(folder, secrets={"OPENAI_API_KEY": "key"})
    except PolicyMistakes:
        return False
    return True


def test_the_schemas_are_schemas() -> None:
    for validator in (POLICY, CASES):
        jsonschema.Draft7Validator.check_schema(validator.schema)


@pytest.mark.parametrize("path", sorted((ROOT / "policies").rglob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_file_is_right_and_names_its_schema(path: Path) -> None:
    source = path.read_text()
    first = source.partition("\n")[0]
    named = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert named.resolve().is_file(), first
    validator = jsonschema.Draft7Validator(json.loads(named.read_text()))
    assert list(validator.iter_errors(data(source))) == []


@pytest.mark.parametrize(("name", "options"), [("schema.json", []), ("cases.schema.json", ["--cases"])])
def test_the_shipped_schema_is_what_the_command_prints(name: str, options: list[str]) -> None:
    command = [str(Path(sys.executable).with_name("pointsman")), "policy", "schema", "policies", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    again = f"pointsman policy schema policies {' '.join(options)} > policies/{name}"
    assert done.stdout == (ROOT / "policies" / name).read_text(), again


def test_every_key_is_explained() -> None:
    for schema in (policy_schema(), cases_schema()):
        for place, key in _keys(schema, ""):
            assert key.get("description", "").endswith("."), place


def _keys(schema: Any, place: str) -> Any:
    if isinstance(schema, list):
        for one in schema:
            yield from _keys(one, place)
    elif isinstance(schema, dict):
        for name, key in schema.get("properties", {}).items() if "title" in schema else ():
            yield f"{place}.{name}", key
        for name, member in schema.items():
            yield from _keys(member, f"{place}.{name}")


def test_names_of_a_folder_are_offered_and_others_are_no_error(tmp_path: Path) -> None:
    loads(tmp_path, f"callers: [{{name: app, key_sha256: {DIGEST}}}]\naliases: {{gpt: auto}}\n")
    names = names_in(tmp_path)
    definitions = policy_schema(names)["definitions"]
    assert definitions["chat"]["anyOf"][0]["enum"] == ["house", "small", "tagger"]
    targets = ["auto", "route/rest", "house", "small", "tagger", "embed"]
    assert definitions["target"]["anyOf"][0]["enum"] == targets
    assert {"*", "gpt", "embed"} <= set(definitions["usable"]["anyOf"][0]["enum"])
    assert "knowledge.handbook >= 0.4" in [one["body"] for one in definitions["condition"]["defaultSnippets"]]
    assert DIGEST not in json.dumps(policy_schema(names))
    validator = jsonschema.Draft7Validator(policy_schema(names))
    assert validator.is_valid(data("baseline: new\nroutes: [{name: a, model: {new: 5, small: 1}}]\n"))
    cases = cases_schema(names)["definitions"]
    assert cases["caller"]["anyOf"][0]["enum"] == ["app"]


def test_names_are_found_in_a_folder_with_mistakes(tmp_path: Path) -> None:
    loads(tmp_path, "models: [{name: a, target: x}, {name: b, target: xai/b, colour: red}]\n")
    assert {"a", "b"} < set(names_in(tmp_path)["chat"])


WRONG = (
    "models: [{name: m, target: gpt}]",
    "models: [{name: m}]",
    "models: [{name: auto, target: xai/x}]",
    "models: [{name: two words, target: xai/x}]",
    "models: [{name: m, target: openai-compatible/x}]",
    "models: [{name: m, target: xai/x, clearence: internal}]",
    "models: [{name: m, target: xai/x, clearance: secret}]",
    "models: [{name: m, target: xai/x, kind: embeding}]",
    "models: [{name: m, target: xai/x, price: {input: 1}}]",
    "models: [{name: m, target: xai/x, price: 1}]",
    "models: [{name: m, target: xai/x, timeouts: {total: 30}}]",
    "models: [{name: m, target: xai/x, retries: -1}]",
    "models: [{name: m, target: xai/x, retries: 1.5}]",
    "models: [{name: m, target: xai/x, knows_until: 30.6.2025}]",
    "models: [{name: m, target: xai/x, teacher: []}]",
    "models: [{name: m, target: xai/x, disabled: 'yes'}]",
    "models: [{name: m, target: xai/x, base_url: 'vllm:8000'}]",
    "models: [{name: m, target: xai/x, deployments: [h]}]",
    "models: [{name: m, target: xai/x, retry_on: [404]}]",
    "models: [{name: m, target: xai/x, api_key: [a]}]",
    "models: {name: m}",
    "aliases: {'g*t': auto}",
    "aliases: [gpt]",
    "aliases: {gpt: 5}",
    "knowledge: [{name: h}]",
    "knowledge: [{name: h, documents: /etc/*.md}]",
    "knowledge: [{name: h, documents: a.md, refresh: often}]",
    "tools: [{name: t}]",
    "tools: [{name: t, mcp: {}}]",
    "tools: [{name: t, mcp: {url: 'http://a', command: [b]}}]",
    "tools: [{name: t, mcp: {command: python}}]",
    "tools: [{name: t, mcp: {command: [a], headers: {a: b}}}]",
    "tools: [{name: t, mcp: {url: 'http://a'}, writes: a}]",
    "tools: [{name: t, mcp: {url: 'http://a'}, replies: {a: ''}}]",
    "callers: [{name: c}]",
    "callers: [{name: c, key_sha256: abc}]",
    f"callers: [{{name: c, key_sha256: {DIGEST}, budget: {{usd: 5}}}}]",
    f"callers: [{{name: c, key_sha256: {DIGEST}, budget: {{usd: 5, per: year}}}}]",
    f"callers: [{{name: c, key_sha256: {DIGEST}, limits: {{requests: 600}}}}]",
    f"callers: [{{name: c, key_sha256: {DIGEST}, limits: {{concurrent: 0}}}}]",
    "guards: [{name: g, block: x}]",
    "guards: [{name: g, when: task == coding}]",
    "guards: [{name: g, when: task == coding, block: x, mask: [email]}]",
    "guards: [{name: g, when: task == coding, mask: [emial]}]",
    "guards: [{name: g, when: task == coding, block: x, lowers_to: public}]",
    "guards: [{name: g, when: [a], block: x}]",
    "routes: [{name: r}]",
    "routes: [{name: r, model: []}]",
    "routes: [{name: r, model: {}}]",
    "routes: [{name: r, model: {small: many}}]",
    "routes: [{name: r, model: {cheapest_of: [small]}}]",
    "routes: [{name: r, model: {cheapest_of: [small], quality: 1.5}}]",
    "routes: [{name: r, model: small, retrieve: {top: 3}}]",
    "routes: [{name: r, model: small, retrieve: {from: handbook, when_empty: maybe}}]",
    "routes: [{name: r, model: small, tools: {from: crm, steps: 0}}]",
    "routes: [{name: r, model: small, tools: {from: crm, writes_on_untrusted: true}}]",
    "routes: [{name: r, model: small, hold_back: {}}]",
    "routes: [{name: r, model: small, cache: {kind: vague}}]",
    "routes: [{name: r, model: small, evaluate: [luck]}]",
    "routes: [{name: r, model: small, judge: {share: 0.1}}]",
    "routes: [{name: r, model: small, colour: red}]",
    "unreadable: secret",
    "honour_model: perhaps",
    "on_ledger_failure: shrug",
    "log: {up_to: internal}",
    "log: {content: everything}",
    "guard: []",
    "[a]",
)


@pytest.mark.parametrize("source", WRONG)
def test_a_wrong_file_is_refused_by_the_loader_and_by_the_schema(tmp_path: Path, source: str) -> None:
    assert not loads(tmp_path, source)
    assert not POLICY.is_valid(data(source))


@pytest.mark.parametrize(
    "source",
    [
        "cases: [{say: hi}]",
        "cases: [{expect: {route: rest}}]",
        "cases: [{say: hi, messages: [{role: user, content: hi}], expect: {route: rest}}]",
        "cases: [{say: hi, expect: {}}]",
        "cases: [{say: hi, expect: {sensitivity: secret}}]",
        "cases: [{say: hi, expect: {findings: [emial]}}]",
    ],
)
def test_a_wrong_case_is_refused_by_the_schema(source: str) -> None:
    assert not CASES.is_valid(data(source))


# Documents of right and almost right keys and values: whatever the loader takes, the schema takes.

_WORDS = st.sampled_from(
    ["small", "house", "embed", "handbook", "crm", "rest", "x", "auto", "route/rest", "", "a*", "*"]
)
_LABELS = st.sampled_from(["public", "internal", "confidential", "restricted", "Public"])
_NUMBERS = st.sampled_from([0, 1, 6, 0.5, -1, 95, 1.0])
_TIMES = st.sampled_from(["500ms", "2s", "1.5h", "30d", "5", "600/min", "1M/d"])
_SCALARS = st.one_of(
    _WORDS, _LABELS, _NUMBERS, _TIMES, st.booleans(), st.none(),
    st.sampled_from(["openai/x", "openai-compatible/x", "http://h:1/v1", "https://h", "docs/*.md", "chat", "embedding", "never", "masked", "serve", "say_so", "go_on", "allow", "email", "2025-06-30", "${OPENAI_API_KEY}", "day", "429", "exact", DIGEST]),
    st.sampled_from(["task == coding", "true", "freshness >= recent", "sensitivity > public || input_tokens > 5", '"email" in findings']),
)  # fmt: skip


_NAMED = {
    "chat": st.sampled_from(["small", "house"]),
    "embedding": st.just("embed"),
    "knowledge": st.just("handbook"),
    "tool": st.just("crm"),
    "target": st.sampled_from(["auto", "small", "route/rest"]),
    "usable": st.sampled_from(["auto", "*", "small"]),
    "condition": st.sampled_from(["task == coding", True, '"email" in findings']),
}


_KEYS = {
    "name": st.sampled_from(["a", "b", "c", "two words"]),
    "target": st.sampled_from(["openai/x", "local/x", "openai-compatible/x", "x"]),
    "key_sha256": st.sampled_from([DIGEST, "abc"]),
    "mcp": st.sampled_from([{"url": "http://h/mcp"}, {"command": ["x"]}, {"command": []}, {}]),
}


def _value(schema: Any) -> st.SearchStrategy[Any]:
    """Mostly what a schema wants, sometimes anything."""
    if "$ref" in schema:
        right = _NAMED[schema["$ref"].rpartition("/")[2]]
        return st.one_of(right, right, right, _SCALARS)
    return st.one_of(_alternatives(schema), _alternatives(schema), _alternatives(schema), _SCALARS)


def _alternatives(schema: Any) -> st.SearchStrategy[Any]:
    if "anyOf" in schema:
        return st.one_of([_value(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "array":
        return st.lists(_value(schema["items"]), max_size=2)
    if schema.get("type") == "object":
        return _mapping(schema)
    typed = {"boolean": st.booleans(), "number": _NUMBERS, "integer": _NUMBERS}
    return typed.get(str(schema.get("type")), _SCALARS)


def _mapping(schema: Any) -> st.SearchStrategy[Any]:
    known = schema.get("properties", {})
    required = {key: _KEYS[key] if key in _KEYS else _value(known[key]) for key in schema.get("required", ())}
    rest = {key: _value(member) for key, member in known.items() if key not in required}
    if not known:
        return st.dictionaries(_WORDS, _value(schema["additionalProperties"]), max_size=2)
    return st.fixed_dictionaries(required, optional={key: rest[key] for key in list(rest)}).flatmap(
        _thinned(set(required))
    )


def _thinned(required: set[str]) -> Any:
    """Few of the optional keys, so that some documents load."""
    return lambda made: (
        st.sets(st.sampled_from(sorted(made)), max_size=2).map(
            lambda kept: {key: value for key, value in made.items() if key in required | kept}
        )
        if made
        else st.just(made)
    )


@pytest.mark.parametrize(
    "section",
    [
        "models",
        "aliases",
        "knowledge",
        "tools",
        "callers",
        "guards",
        "routes",
        "log",
        "unreadable",
        "baseline",
    ],
)
def test_what_the_loader_takes_the_schema_takes(
    tmp_path_factory: pytest.TempPathFactory, section: str
) -> None:
    folder = tmp_path_factory.mktemp(section)
    taken = []

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(_value(policy_schema()["properties"][section]))
    def holds(value: Any) -> None:
        source = json.dumps({section: value})
        if loads(folder, source):
            taken.append(source)
            assert list(POLICY.iter_errors(data(source))) == []

    holds()
    assert taken
