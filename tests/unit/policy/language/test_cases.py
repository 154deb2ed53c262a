# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.api.wire import chat_request
from gateway.policy.language.cases import Case, read_cases, schema
from gateway.policy.language.load import File
from gateway.policy.mistakes import PolicyMistakes
from gateway.types import Label
from tests.policies import KNOWLEDGE, TOOLS, loaded

GUARDS = """\
guards:
  - {name: no-credentials, when: '"credential" in findings', block: No.}
callers:
  - {name: support-app, key_sha256: %s}
aliases: {"gpt-*": auto}
""" % ("ab" * 32)
ROUTES = """\
routes:
  - {name: facts, when: task == knowledge_lookup, retrieve: {from: handbook}, model: [small, house]}
  - {name: rest, model: [small, house]}
"""


def read(tmp_path: Path, text: str, parse: Callable[[bytes], object] | None = None) -> tuple[Case, ...]:
    policy = loaded(tmp_path, guards=GUARDS, routes=ROUTES, knowledge=KNOWLEDGE, tools=TOOLS)
    return read_cases([File("a.cases.yaml", text.encode())], policy, parse)


def case(tmp_path: Path, entry: str) -> Case:
    (one,) = read(tmp_path, f"cases:\n  - {entry}\n")
    return one


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(PolicyMistakes) as caught:
        read(tmp_path, text)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_what_is_said_is_a_conversation_of_one_message(tmp_path: Path) -> None:
    one = case(tmp_path, "{say: Hello there, expect: {route: rest}}")
    assert one.request == {"model": "auto", "messages": [{"role": "user", "content": "Hello there"}]}
    assert one.name == "Hello there"
    assert one.place == "a.cases.yaml:2"
    assert one.expect == {"route": "rest"}
    assert one.caller is None


def test_messages_and_what_stands_beside_them_are_the_request(tmp_path: Path) -> None:
    one = case(
        tmp_path,
        "{messages: [{role: system, content: Be brief}, {role: user, content: [{type: text, text: Hi}]}],"
        " model: gpt-4o, metadata: {tier: gold}, stream: true, as: support-app,"
        " headers: {X-Pointsman-Sensitivity: internal}, name: greets,"
        " tools: [{type: function, function: {name: f, parameters: {n: [1, 2.5, null, false]}}}],"
        " expect: {sensitivity: internal, candidates: [small, house], refused: false}}",
    )
    assert one.request["model"] == "gpt-4o"
    assert one.request["messages"][1] == {"role": "user", "content": [{"type": "text", "text": "Hi"}]}
    assert one.request["metadata"] == {"tier": "gold"}
    assert one.request["stream"] is True
    assert one.request["tools"][0]["function"]["parameters"] == {"n": [1, 2.5, None, False]}
    assert one.headers == {"x-pointsman-sensitivity": "internal"}
    assert (one.name, one.caller) == ("greets", "support-app")
    assert one.expect == {"sensitivity": Label.INTERNAL, "candidates": ("small", "house"), "refused": False}


def test_a_request_is_sent_as_it_is_written(tmp_path: Path) -> None:
    one = case(
        tmp_path,
        "{request: {model: auto, messages: [{role: user, content: Hi}], temperature: 0.2},"
        " expect: {reason: default}}",
    )
    assert one.request["temperature"] == 0.2
    assert one.name == "Hi"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{say: Hi, expect: {route: rets}}", "2:31: there is no route rets; did you mean rest?"),
        ("{say: Hi, expect: {task: codign}}", "did you mean coding?"),
        ("{say: Hi, expect: {sensitivity: confidental}}", "did you mean confidential?"),
        ("{say: Hi, expect: {findings: [credntial]}}", "did you mean credential?"),
        ("{say: Hi, expect: {blocked_by: no-credential}}", "did you mean no-credentials?"),
        ("{say: Hi, expect: {model: embed}}", "there is no model embed; there are: house, small, tagger"),
        ("{say: Hi, expect: {tools: [crn]}}", "there is no tool source crn; did you mean crm?"),
        ("{say: Hi, expect: {retrieve: handbok}}", "did you mean handbook?"),
        ("{say: Hi, expect: {rout: rest}}", "expect has no key rout; did you mean route?"),
        ("{say: Hi, expect: {refused: 1}}", "true or false is wanted here"),
        ("{say: Hi, as: suport-app, expect: {route: rest}}", "did you mean support-app?"),
        ("{say: Hi, model: smal, expect: {route: rest}}", "did you mean 'small'?"),
        ("{say: Hi, model: 5, expect: {route: rest}}", "text is wanted here, not a whole number"),
        ("5", "a mapping is wanted here, not a whole number"),
        ("{say: Hi, model: embed, expect: {route: rest}}", "makes embeddings"),
        ("{say: Hi, expect: {}}", "nothing is expected; expect one of: task, freshness"),
        ("{say: Hi}", "a case needs expect"),
        ("{expect: {route: rest}}", "a case sends one thing; give it one of: say, messages, request"),
        ("{say: Hi, messages: [{}], expect: {route: rest}}", "a case sends one thing"),
        ("{request: {}, model: auto, expect: {route: rest}}", "model stands inside of request"),
        ("{say: Hi, sya: Ho, expect: {route: rest}}", "a case has no key sya; did you mean say?"),
        ("{messages: [Hi], expect: {route: rest}}", "a mapping is wanted here, not text"),
    ],
)
def test_a_wrong_case_is_a_mistake_at_its_place(tmp_path: Path, entry: str, said: str) -> None:
    (mistake,) = mistakes(tmp_path, f"cases:\n  - {entry}\n")
    assert mistake.startswith("a.cases.yaml:2:")
    assert said in mistake


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{messages: [{role: usr, content: Hi}], expect: {route: rest}}", "2:24: 'messages[0].role' must be one of"),
        ("{messages: [{rolle: user}], expect: {route: rest}}", "2:17: 'messages[0].role' is required"),
        ("{request: {messages: [{role: user}], stream: 5}, expect: {route: rest}}", "2:50: 'stream' must be true or false"),
        ("{request: {messages: []}, expect: {route: rest}}", "2:26: 'messages' must hold 1 to"),
        ("{say: Hi, headers: {X-Pointsman-Sensitivity: secrt}, expect: {route: rest}}", "2:50: secrt is not a label"),
    ],
)  # fmt: skip
def test_a_request_that_the_gateway_would_not_read_is_a_mistake(
    tmp_path: Path, entry: str, said: str
) -> None:
    with pytest.raises(PolicyMistakes) as raised:
        read(tmp_path, f"cases:\n  - {entry}\n", chat_request)
    assert str(raised.value).startswith(f"a.cases.yaml:{said}")


def test_a_request_that_the_gateway_would_not_read_may_be_what_is_tested(tmp_path: Path) -> None:
    text = (
        "cases:\n- {messages: [{role: usr}], headers: {x-pointsman-sensitivity: no},"
        " expect: {error: invalid_request}}\n"
    )
    assert read(tmp_path, text, chat_request)


def test_a_request_without_a_model_is_for_auto(tmp_path: Path) -> None:
    one = case(tmp_path, "{request: {messages: [{role: user, content: Hi}]}, expect: {reason: default}}")
    assert one.request["model"] == "auto"


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = "cases:\n  - {say: Hi, expect: {route: a}}\n  - {say: Ho, expect: {route: b}}\n"
    assert [m.partition(": ")[0] for m in mistakes(tmp_path, text)] == [
        "a.cases.yaml:2:31",
        "a.cases.yaml:3:31",
    ]


def test_a_name_that_nothing_answers_to_may_be_what_is_tested(tmp_path: Path) -> None:
    one = case(tmp_path, "{say: Hi, model: nobody, expect: {error: model_not_found}}")
    assert one.request["model"] == "nobody"


@pytest.mark.parametrize("text", ["cases: {say: Hi}\n", "case: []\n", "- say: Hi\n", "cases: [\n"])
def test_what_is_no_file_of_cases_is_a_mistake_and_no_traceback(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text)


def test_the_schema_describes_every_key() -> None:
    entry = schema()["properties"]["cases"]["items"]
    expect = entry["properties"]["expect"]
    assert entry["required"] == ["expect"]
    assert "coding" in expect["properties"]["task"]["enum"]
    assert all(
        "description" in key for key in (*entry["properties"].values(), *expect["properties"].values())
    )
