from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policy.language.load import files_of, fingerprint, load, names_in, revision_of
from gateway.policy.mistakes import Mistake, PolicyMistakes
from gateway.types import Label
from tests.policies import KNOWLEDGE, MODELS, ROUTES, loaded, mistakes, only_mistake, write


def test_the_keys_decide_what_a_file_holds_and_its_name_does_not(tmp_path: Path) -> None:
    (tmp_path / "everything.yaml").write_text(MODELS + ROUTES)
    assert list(load(tmp_path, secrets={}).models) == ["small", "house", "tagger", "embed"]


def test_cases_hidden_files_and_other_endings_are_not_policy(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("routes.cases.yaml", ".swap.yaml", "README.md", "other.yml"):
        (tmp_path / name).write_text("nonsense: [")
    policy = load(tmp_path, secrets={})
    assert [str(warning) for warning in policy.warnings] == [
        "other.yml:1:1: not read; rename it to end in .yaml"
    ]


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    files = {
        "a": "aliases: {x: nobody}\n",
        "b": "knowledge: [{name: h, documents: h, label: secret}]\n",
        "c": "[broken",
        "routes": "routes:\n- {name: a, when: task == codign, model: smal}\n- {name: rest, model: house}\n",
    }
    places = [(m.file, m.line, m.column) for m in mistakes(tmp_path, **files)]
    assert places == [
        ("a.yaml", 1, 14),
        ("b.yaml", 1, 44),
        ("c.yaml", 2, 1),
        ("routes.yaml", 2, 27),
        ("routes.yaml", 2, 42),
    ]


def test_an_unknown_section_is_a_mistake_with_the_nearest_name(tmp_path: Path) -> None:
    assert (
        only_mistake(tmp_path, a="guard: []\n")
        == "a.yaml:1:1: a policy has no key guard; did you mean guards?"
    )


def test_routes_live_in_one_file(tmp_path: Path) -> None:
    printed = [str(mistake) for mistake in mistakes(tmp_path, x="routes: [{name: other, model: house}]\n")]
    assert "x.yaml:1:9: routes is given already, in routes.yaml; keep it in one file" in printed


def test_models_may_live_in_several_files(tmp_path: Path) -> None:
    policy = loaded(tmp_path, more="models: [{name: extra, target: openai/e}]\n")
    assert "extra" in policy.models
    assert [model.name for model in policy.chat_models] == ["small", "house", "tagger", "extra"]


def test_a_folder_without_models_or_routes_says_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(PolicyMistakes) as caught:
        load(tmp_path, secrets={})
    assert [m.message for m in caught.value.mistakes] == [
        "no file says models, what can answer",
        "no file says routes, who gets what",
    ]


def test_a_folder_that_is_not_there_is_a_mistake_without_the_path_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(PolicyMistakes, match="absent:1:1: there is no such folder") as caught:
        load(tmp_path / "absent", secrets={})
    assert str(tmp_path) not in str(caught.value)


def test_top_level_settings_are_read(tmp_path: Path) -> None:
    text = "unreadable: restricted\nhonour_model: false\ndisclose: false\n"
    text += "on_ledger_failure: refuse\nlog: {content: never}\n"
    policy = loaded(tmp_path, a=text)
    assert (policy.unreadable, policy.honour_model, policy.disclose) == (Label.RESTRICTED, False, False)
    assert (policy.on_ledger_failure, policy.warnings) == ("refuse", ())


def test_logging_of_content_is_warned_about_as_it_is_not_enforced_yet(tmp_path: Path) -> None:
    (warning,) = loaded(tmp_path, a="log: {content: masked, up_to: internal, keep: 30d}\n").warnings
    assert str(warning) == "a.yaml:1:6: log: content is not enforced yet; no content is logged"


def test_the_revision_follows_content_and_names(tmp_path: Path) -> None:
    first = loaded(tmp_path).revision
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert loaded(tmp_path).revision == first
    assert loaded(tmp_path, routes=ROUTES + "# a word\n").revision != first
    loaded(tmp_path)
    (tmp_path / "routes.yaml").rename(tmp_path / "rules.yaml")
    assert revision_of(files_of(tmp_path)) != first


def test_the_fingerprint_changes_with_a_file_and_reads_none(tmp_path: Path) -> None:
    write(tmp_path)
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    os.utime(tmp_path / "routes.yaml", ns=(1, 1))
    assert fingerprint(tmp_path) != first
    assert fingerprint(tmp_path / "absent") == "unreadable"


def test_a_policy_knows_what_its_conditions_look_up_and_which_headers_they_name(tmp_path: Path) -> None:
    text = (
        'routes:\n- {name: a, when: \'task == coding && request.headers["x-team"] == "a"\', model: house}\n'
        "- {name: b, when: freshness == live, model: house}\n- {name: rest, model: house}\n"
    )
    policy = loaded(tmp_path, routes=text)
    assert policy.reads == frozenset({"task", "request.headers"})
    assert policy.header_names == {"x-team"}


def test_three_hundred_routes_load(tmp_path: Path) -> None:
    routes = "".join(
        f"- {{name: r{i}, when: 'task == coding && input_tokens > {i}', model: house}}\n" for i in range(300)
    )
    policy = loaded(tmp_path, routes="routes:\n" + routes + "- {name: rest, model: house}\n")
    assert len(policy.routes) == 301


@pytest.mark.parametrize(
    "text",
    [
        "models: [{name: m, target: xai/x, teacher: [5, {a: b}]}]",
        "models: &a [*a]",
        "models: &a {name: *a}",
        "routes: &a [{name: r, when: &b [*b], model: *a}]",
        "callers: [{name: c, key_sha256: [1]}]",
        "models: [{name: m, target: xai/x, retries: 1e400, timeouts: {total: " + "9" * 400 + "s}}]",
        "models: [{name: m, target: xai/x, retries: " + "9" * 5000 + "}]",
        "? [a, b]\n: c",
        "models: " + "[" * 500 + "]" * 500,
        "log: [5]\nbaseline: {a: b}\naliases: [1]\ntools: [{name: t, mcp: 5}]",
        "models: !!python/object:os.system [1]",
    ],
)
def test_no_content_of_a_folder_leaves_as_anything_but_mistakes(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(PolicyMistakes):
        load(tmp_path, secrets={})


def test_a_value_in_the_wrong_place_is_not_repeated_whole(tmp_path: Path) -> None:
    secret = "sk-proj-" + "A1b2C3d4" * 8
    (tmp_path / "p.yaml").write_text(
        f"models:\n  - {{name: {secret}, target: {secret}, clearance: {secret}, base_url: '{secret}',"
        f" api_key: '${{{secret}}}', kind: {secret}, retries: {secret}, teacher: {secret}, {secret}: 1}}\n"
        f"  - {{name: m, target: xai/x, api_key: ['{secret}']}}\n"
        f"tools: [{{name: t, mcp: {{url: 'http://a', headers: {{x-key: ['{secret}']}}}}}}]\n"
        f"callers: [{{name: c, key_sha256: {secret}}}, {{name: a, key_sha256: {'0' * 64}}},"
        f" {{name: b, key_sha256: {'0' * 64}}}]\n"
        f"baseline: {secret}\nunreadable: {secret}\nhonour_model: {secret}\n"
    )
    with pytest.raises(PolicyMistakes) as raised:
        load(tmp_path, secrets={})
    assert len(raised.value.mistakes) > 12
    assert secret[:42] not in str(raised.value)
    assert "0" * 20 not in str(raised.value)


def test_a_key_that_no_header_takes_is_a_mistake_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("models: [{name: m, target: xai/x, api_key: 'sk-ключ-漢'}]\n", "utf-8")
    with pytest.raises(PolicyMistakes, match=r"p\.yaml:1:44: .* no header takes") as raised:
        load(tmp_path, secrets={})
    assert "sk-" not in str(raised.value)


SHIPPED = {path.name: path.read_bytes() for path in (Path(__file__).parents[4] / "policies").glob("*.yaml")}
_MARKS = "\t|\n| |:|- |[|]|{|}|&a |*a|<<: |!t |---\n|'|\"|>\n|#|\0|é|${X}|? |~|%|@|1e400|name: |when: |\ufeff"
PIECES = st.sampled_from([*(mark.encode() for mark in _MARKS.split("|")), b"|\n", b"\xff"])


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, bytes]:
    """The shipped files, a few of their bytes cut, put in, moved or doubled."""
    files = dict(SHIPPED)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(files)))
        text = files[name]
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 30)))
        middle = draw(st.one_of(st.just(b""), PIECES, st.just(text[at:end] * 2), st.binary(max_size=4)))
        files[name] = text[:at] + middle + text[end:]
    return files


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(files=mutated())
def test_a_folder_with_any_bytes_loads_or_tells_mistakes_with_their_places(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("policies")
    for name, text in files.items():
        (folder / name).write_bytes(text)
    for mistake in told(folder):
        assert "cannot be read (" not in mistake.message  # what stands in for a traceback
        lines = files.get(mistake.file, b"").decode("utf-8", "replace").count("\n") + 1
        assert 1 <= mistake.line <= lines + 1
        assert mistake.column >= 1


def told(folder: Path) -> tuple[Mistake, ...]:
    try:
        load(folder, secrets={})
    except PolicyMistakes as error:
        return error.mistakes
    return ()


def test_warnings_come_in_the_order_of_their_places(tmp_path: Path) -> None:
    model = "{name: m, target: xai/x, api_key: clear, deployments: ['http://a/v1'], if_available: true}"
    text = f"models:\n- {model}\n"
    warnings = loaded(tmp_path, b="log: {content: masked}\n", a=text).warnings
    assert [(warning.file, warning.line, warning.column) for warning in warnings] == [
        ("a.yaml", 2, 37),
        ("a.yaml", 2, 57),
        ("b.yaml", 1, 6),
    ]


def test_warnings_are_told_beside_mistakes(tmp_path: Path) -> None:
    write(tmp_path, a="models: [{name: m, target: x, api_key: clear}]\n")
    with pytest.raises(PolicyMistakes) as caught:
        load(tmp_path, secrets={})
    assert [str(warning) for warning in caught.value.warnings] == [
        "a.yaml:1:40: a secret stands in clear; name a variable or a file under /run/secrets"
    ]
    assert "clear" not in str(caught.value)


def test_what_a_file_that_cannot_be_read_may_define_is_not_missed(tmp_path: Path) -> None:
    broken = MODELS + "  - {name: [\n"
    (mistake,) = mistakes(tmp_path, models=broken, a="baseline: house\naliases: {gpt: small}\n")
    assert (mistake.file, mistake.message[:8]) == ("models.yaml", "not YAML")


def test_names_are_told_by_kind_and_no_digest_of_a_key_is_among_them(tmp_path: Path) -> None:
    write(tmp_path, c=f"callers: [{{name: app, key_sha256: {'ab' * 32}}}]\n")
    names = names_in(tmp_path)
    assert (names["chat"], names["embedding"], names["route"]) == (
        ("small", "house", "tagger"),
        ("embed",),
        ("rest",),
    )
    assert names["caller"] == ("app",)
    assert "ab" * 32 not in str(names)


def test_a_url_that_the_operator_has_not_allowed_is_told_at_its_place_with_all_the_rest(
    tmp_path: Path,
) -> None:
    models = "models:\n- {name: m, target: openai-compatible/x, base_url: 'http://near/v1'}\n"
    tools = "tools:\n- {name: t, mcp: {url: 'http://near/mcp'}, labl: public}\n"
    routes = "routes: [{name: rest, model: m}]\n"
    write(tmp_path, models=models, tools=tools, routes=routes)
    with pytest.raises(PolicyMistakes) as failed:
        load(tmp_path, secrets={}, forbids=lambda url: (f"{url} is near", "name a far one"))
    said = [str(mistake) for mistake in failed.value.mistakes]
    assert said[0] == "models.yaml:2:52: http://near/v1 is near; name a far one"
    assert said[1] == "tools.yaml:2:24: http://near/mcp is near; name a far one"
    assert "labl" in said[2]


def test_a_model_that_need_not_be_there_is_left_out_where_its_url_is_not_allowed(tmp_path: Path) -> None:
    models = (
        "models:\n- {name: m, target: openai-compatible/x, base_url: 'http://near/v1', if_available: true}\n"
    )
    write(tmp_path, models=models, routes="routes: [{name: rest, model: m}]\n")
    probed: list[str] = []
    policy = load(
        tmp_path,
        secrets={},
        available=lambda url: not probed.append(url),  # type: ignore[func-returns-value]
        forbids=lambda url: ("it is near", "name a far one"),
    )
    assert policy.models["m"].disabled
    assert policy.notes == ("model m is out of service: it is near; name a far one",)
    assert probed == []


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ("models:\n", "models.yaml:1:8: a list is wanted here, not nothing"),
        ("models: []\n", "models.yaml:1:9: there is nothing in models, what can answer; name at least one"),
        ("", "no file says models, what can answer; add 'models:' to a *.yaml file"),
    ],
)
def test_a_folder_without_a_model_is_told_once_and_not_of_every_name(
    tmp_path: Path, models: str, said: str
) -> None:
    files = {"knowledge": KNOWLEDGE, "aliases": "aliases: {gpt: small}\n", "baseline": "baseline: house\n"}
    assert said in only_mistake(tmp_path, models=models, **files)


def test_a_rule_that_is_wrong_is_no_name_that_is_missing(tmp_path: Path) -> None:
    routes = (
        "aliases: {t: route/tickets}\ntools: [{name: shop}]\nroutes:\n"
        "- {name: tickets, when: task == codign, tools: {from: shop}, model: house}\n"
        "- {name: rest, model: house}\n"
    )
    assert [(one.line, one.message) for one in mistakes(tmp_path, routes=routes)] == [
        (2, "a tool source needs mcp"),
        (4, "codign is not a label of task"),
    ]


def test_files_of_a_policy_in_a_folder_below_are_told_to_be_passed_over(tmp_path: Path) -> None:
    for name, text in {
        "sub/x.yaml": "guards: []\n",
        "sub/y.yml": "# more\nmodels: []\n",
        "sub/x.cases.yaml": "cases: []\n",
        "sub/other.yaml": "openapi: 3.1.0\n",
        ".hidden/x.yaml": "routes: []\n",
        "examples/one/x.yaml": "routes: []\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [str(warning) for warning in loaded(tmp_path).warnings] == [
        f"sub/{name}:1:1: not read: a policy is the files of one folder; move it up"
        for name in ("x.cases.yaml", "x.yaml", "y.yml")
    ]
