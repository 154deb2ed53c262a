# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

from pathlib import Path

import pytest

from gateway.deployments.circuit import Breaker
from gateway.deployments.deployments import Concurrency
from gateway.policy.language.load import load
from gateway.policy.mistakes import PolicyMistakes
from gateway.policy.schema import Address
from gateway.types import Label
from tests.policies import loaded, mistakes, only_mistake, write

ONE = "models: [{{name: m, target: openai/x, {0}}}]\n"
REST = "routes: [{name: rest, model: m}]\n"


def test_a_target_is_a_provider_and_what_the_provider_calls_the_model(tmp_path: Path) -> None:
    model = loaded(
        tmp_path, models="models: [{name: m, target: openrouter/meta/llama}]\n", routes=REST
    ).models["m"]
    assert (model.provider, model.model) == ("openrouter", "meta/llama")


def test_clearance_is_public_unless_said_and_restricted_inside_the_gateway(tmp_path: Path) -> None:
    models = loaded(
        tmp_path, models="models: [{name: m, target: openai/x}, {name: in, target: local/x}]\n", routes=REST
    ).models
    assert (models["m"].clearance, models["in"].clearance) == (Label.PUBLIC, Label.RESTRICTED)


@pytest.mark.parametrize(
    ("rest", "warned"),
    [
        ("target: anthropic/x", True),
        ("target: openai/x", True),
        ("target: anthropic/x, api_key: '${ANTHROPIC_API_KEY}'", False),
        ("target: anthropic/x, base_url: 'http://127.0.0.1:1/v1'", False),
        ("target: anthropic/x, disabled: true", False),
        ("target: mistral/x", False),
    ],
)
def test_a_model_that_would_be_asked_without_a_key_is_warned_about(
    rest: str, warned: bool, tmp_path: Path
) -> None:
    """Only the policy's own key is sent: none is looked for around the gateway."""
    models = f"models: [{{name: m, {rest}}}]\n"
    secrets = {"ANTHROPIC_API_KEY": "k"}
    policy = load(write(tmp_path, models=models, routes=REST), secrets=secrets)
    assert any("without a key" in warning.message for warning in policy.warnings) is warned


def test_price_timeouts_and_the_rest_are_read(tmp_path: Path) -> None:
    text = "price: {input: 0.25, output: 2}, timeouts: {connect: 2s, total: 2m}, retries: 0, knows_until: 2025-06-30"
    model = loaded(tmp_path, models=ONE.format(text), routes=REST).models["m"]
    assert model.price is not None
    assert (model.price.input, model.price.output) == (0.25, 2.0)
    assert (model.timeouts.connect, model.timeouts.total, model.retries) == (2.0, 120.0, 0)
    assert str(model.knows_until) == "2025-06-30"


def test_a_key_is_never_in_the_repr_of_a_model(tmp_path: Path) -> None:
    write(tmp_path, models=ONE.format("api_key: '${OPENAI_API_KEY}'"), routes=REST)
    model = load(tmp_path, secrets={"OPENAI_API_KEY": "s3cret"}).models["m"]
    assert model.api_key == "s3cret"
    assert "s3cret" not in repr(model)


def test_a_missing_variable_is_a_mistake_with_the_next_step(tmp_path: Path) -> None:
    assert only_mistake(tmp_path, models=ONE.format("api_key: '${OPENAI_API_KEY}'"), routes=REST) == (
        "models.yaml:1:47: OPENAI_API_KEY is not set; export OPENAI_API_KEY, or say if_available: true"
    )


def test_a_model_that_may_be_absent_is_left_out_of_service_with_a_note(tmp_path: Path) -> None:
    policy = loaded(
        tmp_path, models=ONE.format("api_key: '${OPENAI_API_KEY}', if_available: true"), routes=REST
    )
    assert policy.models["m"].disabled
    assert policy.notes == ("model m is out of service: OPENAI_API_KEY is not set",)


def test_a_model_without_a_key_that_may_be_absent_is_probed_at_its_address(tmp_path: Path) -> None:
    write(tmp_path, models=ONE.format("base_url: 'http://h:1/v1', if_available: true"), routes=REST)
    asked: list[str] = []

    def nothing_listens(url: str) -> bool:
        asked.append(url)
        return False

    policy = load(tmp_path, secrets={}, available=nothing_listens)
    assert asked == ["http://h:1/v1"]
    assert policy.models["m"].disabled
    assert policy.notes == ("model m is out of service: nothing listens at http://h:1/v1",)
    assert not load(tmp_path, secrets={}, available=lambda url: True).models["m"].disabled


def test_a_model_that_must_be_there_is_not_probed(tmp_path: Path) -> None:
    write(tmp_path, models=ONE.format("base_url: 'http://h:1/v1'"), routes=REST)
    assert not load(tmp_path, secrets={}, available=lambda url: False).models["m"].disabled


@pytest.mark.parametrize(
    ("provider", "hint"),
    [
        ("opnai", "did you mean openai?"),
        ("OpenAI", "did you mean openai?"),
        ("openai-compatibel", "did you mean openai-compatible?"),
        ("locla", "did you mean local?"),
        (
            "our-own",
            "write openai-compatible/MODEL and a base_url for a server that speaks OpenAI's protocol",
        ),
    ],
)
def test_a_provider_that_nobody_knows_is_a_mistake(tmp_path: Path, provider: str, hint: str) -> None:
    models = f"models: [{{name: m, target: {provider}/x}}]\n"
    assert only_mistake(tmp_path, models=models, routes=REST) == (
        f"models.yaml:1:28: there is no provider {provider}; {hint}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models: [{name: m, target: gpt}]", "models.yaml:1:28: 'gpt' is no target; write provider/model"),
        ("models: [{name: m, target: openai-compatible/x}]", "models.yaml:1:10: an openai-compatible model needs base_url"),
        ("models: [{name: m, target: xai/x, clearence: internal}]", "models.yaml:1:35: a model has no key clearence; did you mean clearance?"),
        ("models: [{name: m, target: xai/x, clearance: secret}]", "models.yaml:1:46: secret is not a label"),
        ("models: [{name: m, target: xai/x, kind: embeding}, {name: n, target: xai/y}]", "models.yaml:1:41: embeding is not known here; did you mean embedding?"),
        ("models: [{name: m, target: local/smollm2, kind: embedding}]", "models.yaml:1:28: local/smollm2 makes no embeddings; write local/minilm"),
        ("models: [{name: m, target: local/mails, kind: embedding}]", "models.yaml:1:28: local/mails makes no embeddings; write local/minilm"),
        ("models: [{name: m, target: local/minilm}]", "models.yaml:1:28: local/minilm makes embeddings and does not answer; add 'kind: embedding'"),
        ("models: [{target: xai/x}, {name: m, target: xai/x}]", "models.yaml:1:10: a model needs name; add 'name:'"),
        ("models: [{name: m, target: xai/x}, {name: m, target: xai/y}]", "models.yaml:1:43: m is defined already, at models.yaml:1"),
        ("models: [{name: m, target: xai/x, teacher: m}]", "models.yaml:1:17: m is its own teacher in the end"),
        ("models: [{name: m, target: xai/x, teacher: n}]", "models.yaml:1:44: there is no model n"),
        ("models: [{name: m, target: xai/x, api_key: '${HOME}'}]", "models.yaml:1:44: HOME may not be read by a policy"),
        ("models: [{name: m, target: xai/x, price: {input: 1}}]", "models.yaml:1:42: a price needs output"),
        ("models: [{name: m, target: xai/x}]\naliases: {'g*t': auto}", "models.yaml:2:11: '*' stands at the end of a pattern only; write g*"),
        ("models: [{name: m, target: xai/x}]\naliases: {gpt: mm}", "models.yaml:2:16: there is no model or route mm; did you mean m?"),
        ("models: [{name: m, target: xai/x}]\naliases: {gpt: route/rst}", "models.yaml:2:16: there is no model or route route/rst; did you mean route/rest?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    printed = [str(mistake) for mistake in mistakes(tmp_path, models=text, routes=REST)]
    assert any(line.startswith(expected) for line in printed), printed


def test_an_alias_may_stand_for_a_model_for_embeddings(tmp_path: Path) -> None:
    models = "models: [{name: m, target: xai/x}, {name: e, target: local/minilm, kind: embedding}]\n"
    assert loaded(tmp_path, models=models + "aliases: {ada: e}\n", routes=REST).aliases == {"ada": "e"}


def test_teachers_may_be_a_list(tmp_path: Path) -> None:
    text = "models: [{name: m, target: local/x, teacher: [a, b]}, {name: a, target: xai/a}, {name: b, target: xai/b}]\n"
    model = loaded(tmp_path, models=text, routes=REST).models["m"]
    assert (model.teacher, model.teachers) == ("a", ("a", "b"))


def test_an_alias_given_twice_is_a_mistake(tmp_path: Path) -> None:
    write(
        tmp_path,
        other="aliases: {gpt: auto}\n",
        models=ONE.format("retries: 1") + "aliases: {gpt: auto}\n",
        routes=REST,
    )
    with pytest.raises(PolicyMistakes, match="gpt is defined already"):
        load(tmp_path, secrets={})


def test_a_head_that_is_not_trained_is_out_of_service_where_it_may_be(tmp_path: Path) -> None:
    write(
        tmp_path,
        models="models:\n- {name: tagger, target: local/tagger, if_available: true}\n",
        routes=TAGGED,
    )
    policy = load(tmp_path, secrets={}, trained=lambda name: name != "tagger")
    assert policy.models["tagger"].disabled
    assert policy.notes == (
        "model tagger is out of service: there is no head named tagger; train it: pointsman tune train tagger"
        " --examples FILE.jsonl",
    )
    assert not load(tmp_path, secrets={}, trained=lambda name: True).models["tagger"].disabled
    assert not load(tmp_path, secrets={}).models["tagger"].disabled


TAGGED = "routes: [{name: rest, model: tagger}]\n"


def test_a_head_is_a_name_and_no_path(tmp_path: Path) -> None:
    models = "models:\n- {name: tagger, target: local/../../etc}\n"
    assert "names no model in process" in only_mistake(tmp_path, models=models, routes=TAGGED)


def test_a_head_that_is_not_trained_is_a_mistake_where_it_may_not_be_absent(tmp_path: Path) -> None:
    write(tmp_path, models="models:\n- {name: tagger, target: local/tags}\n", routes=TAGGED)
    with pytest.raises(PolicyMistakes) as raised:
        load(tmp_path, secrets={}, trained=lambda name: False)
    assert str(raised.value) == (
        "models.yaml:2:26: there is no head named tags; train it: pointsman tune train tags --examples FILE.jsonl"
    )


@pytest.mark.parametrize(
    ("target", "meant"), [("smolm2", "smollm2"), ("smollm", "smollm2"), ("minilm2", "minilm")]
)
def test_a_name_that_is_nearly_one_of_our_own_models_is_doubted(
    tmp_path: Path, target: str, meant: str
) -> None:
    write(tmp_path, models=f"models:\n- {{name: tagger, target: local/{target}}}\n", routes=TAGGED)
    (warning,) = load(tmp_path, secrets={}).warnings
    assert str(warning) == (
        f"models.yaml:2:26: {target} would be a head that you train; did you mean local/{meant}?"
    )
    assert load(tmp_path, secrets={}, trained=lambda name: True).warnings == ()
    with pytest.raises(PolicyMistakes, match=f"no head named {target}; did you mean local/{meant}"):
        load(tmp_path, secrets={}, trained=lambda name: False)


@pytest.mark.parametrize("target", ["smollm2", "minilm-of-tickets", "tagger"])
def test_other_names_of_heads_are_not_doubted(tmp_path: Path, target: str) -> None:
    models = f"models:\n- {{name: tagger, target: local/{target}}}\n"
    assert loaded(tmp_path, models=models, routes=TAGGED).warnings == ()


def test_only_a_model_that_says_so_has_servers_called_that_a_caller_names(tmp_path: Path) -> None:
    for said, meant in (("remote_tools: true", True), ("remote_tools: false", False), ("retries: 1", False)):
        folder = tmp_path / str(len(said))
        folder.mkdir()
        assert loaded(folder, models=ONE.format(said), routes=REST).models["m"].remote_tools is meant


def test_a_model_names_the_headers_that_it_gets(tmp_path: Path) -> None:
    policy = loaded(tmp_path, models=ONE.format("forward: [x-tenant, x-team, x-tenant]"), routes=REST)
    assert policy.models["m"].forward == ("x-tenant", "x-team")
    assert policy.forwards == {b"x-tenant", b"x-team"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("X-Tenant", "'X-Tenant' is no header's name in small letters; write it like x-tenant"),
        ("'x tenant'", "'x tenant' is no header's name in small letters; write it like x-tenant"),
        ("'x:y'", "'x:y' is no header's name in small letters; write it like x-tenant"),
        *(
            (name, f"{name} never goes on as the caller sent it; take it out")
            for name in (
                *("authorization", "cookie", "host", "content-length", "content-type", "x-api-key"),
                *("transfer-encoding", "connection", "proxy-authorization", "traceparent", "anthropic-beta"),
            )
        ),
    ],
)
def test_a_header_that_must_not_go_on_is_a_mistake(tmp_path: Path, name: str, said: str) -> None:
    mistake = only_mistake(tmp_path, models=ONE.format(f"forward: [{name}]"), routes=REST)
    assert mistake.partition(": ")[2] == said


SERVED = "models: [{{name: m, target: openai-compatible/x, api_key: '${{OPENAI_API_KEY}}', {0}}}]\n"


def test_several_deployments_serve_a_model_each_with_its_weight_and_key(tmp_path: Path) -> None:
    text = (
        "deployments: ['http://a/v1', {base_url: 'http://b/v1', api_key: '${POINTSMAN_SECRET_B}', weight: 3}]"
    )
    secrets = {"OPENAI_API_KEY": "sk-a", "POINTSMAN_SECRET_B": "sk-b"}
    model = load(write(tmp_path, models=SERVED.format(text), routes=REST), secrets=secrets).models["m"]
    assert model.deployments == (Address("http://a/v1"), Address("http://b/v1", "sk-b", 3.0))
    assert "sk-b" not in repr(model)


def test_limits_on_what_a_model_gets_and_when_it_is_given_a_rest(tmp_path: Path) -> None:
    text = (
        "concurrency: {limit: 8, queue: 4, wait: 2s}, circuit: {failures: 3, longest: 10s}, "
        "retry_on: ['503', timeout], retry_budget: 0.2"
    )
    model = loaded(tmp_path, models=ONE.format(text), routes=REST).models["m"]
    assert model.concurrency == Concurrency(8, 4, 2.0)
    assert model.circuit == Breaker(failures=3, longest=10.0)
    assert (model.retry_on, model.retry_budget) == (frozenset({"503", "timeout"}), 0.2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base_url: 'http://a/v1', deployments: ['http://b/v1']", "base_url and deployments say the same"),
        ("deployments: [{base_url: 'http://b/v1', weight: 0}]", "a weight of 0 gets no requests"),
        ("deployments: []", "the list is empty"),
        ("deployments: ['b/v1']", "this is no http address"),
        ("base_url: 'http://a/v1', concurrency: {queue: 3}", "concurrency needs limit"),
        ("base_url: 'http://a/v1', circuit: {failures: 0}", "0"),
        ("base_url: 'http://a/v1', retry_on: ['418']", "418"),
    ],
)
def test_deployments_and_limits_that_make_no_sense_are_mistakes(tmp_path: Path, text: str, said: str) -> None:
    models = f"models: [{{name: m, target: openai-compatible/x, {text}}}]\n"
    assert any(said in str(each) for each in mistakes(tmp_path, models=models, routes=REST))
