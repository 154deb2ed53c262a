"""What no policy edits goes on byte for byte: bodies, but for the model, and what answers them.

Everything over sockets, and compared as bytes: nothing here is parsed to be compared.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access.keys import hash_key
from tests.folder import KEY
from tests.running import Gateway
from tests.upstream import Reply, Upstream

POLICY = """\
models:
  - {{name: small, target: openai-compatible/upstream-model, base_url: {url}, clearance: restricted}}
callers:
  - {{name: app, key_sha256: {key}, clearance: restricted}}
routes:
  - {{name: everything, model: small}}
"""


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("faithful")
    (folder / "policies").mkdir()
    (folder / "policies" / "policy.yaml").write_text(POLICY.format(url=up.url, key=hash_key(KEY)))
    with Gateway(folder / "policies", folder / "data") as running:
        yield running


def posted(gateway: Gateway, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=20)
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    reply = connection.getresponse()
    read = reply.read()
    connection.close()
    return reply.status, read


def arrived(up: Upstream, gateway: Gateway, body: bytes) -> bytes:
    """What the upstream gets of a body."""
    before = len(up.requests)
    status, answer = posted(gateway, body)
    assert status == 200, answer
    assert len(up.requests) == before + 1
    return up.requests[-1].raw


# Bodies

ASKED = b'"messages" : [ {"role":"user" ,"content":"Hi \\u00e9 \xc3\xa9 \\/ \\ud83d\\ude00"} ]'
OWN, THEIRS = b'"auto"', b'"upstream-model"'
PICTURE = base64.b64encode(bytes(range(256)) * 40)

MEMBERS = {
    "user": b'"user" : "u-1"',
    "metadata": b'"metadata":{"b":"2",  "a":"1"}',
    "store": b'"store":true',
    "refusal": b'"messages" : [{"role":"assistant","content":null,"refusal":"No."},{"role":"user",'
    b'"content":"x"}]',
    "developer": b'"messages":[{"role":"developer","content":"Be brief."},{"content":"x","role":"user"}]',
    "names": b'"messages":[{"role":"user","name":"anna","content":"x"}]',
    "logprobs": b'"logprobs":true,"top_logprobs":5',
    "n": b'"n":1',
    "parallel_tool_calls": b'"tools":[{"type":"function","function":{"name":"f","parameters":{'
    b'"type":"object"}}}],'
    b'"parallel_tool_calls":false,"tool_choice":"auto"',
    "custom tool": b'"tools":[{"type":"custom","custom":{"name":"c","format":{"type":"text"}}}]',
    "prediction": b'"prediction":{"type":"content","content":[{"type":"text","text":"x"}]}',
    "audio": b'"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"}',
    "service_tier": b'"service_tier":"flex"',
    "safety_identifier": b'"safety_identifier":"abc"',
    "web_search_options": b'"web_search_options":{"search_context_size":"low","user_location":null}',
    "verbosity": b'"verbosity":"low","reasoning_effort":"minimal"',
    "prompt_cache_key": b'"prompt_cache_key":"k","prompt_cache_retention":"24h"',
    "logit_bias": b'"logit_bias":{"50256":-100,"11":1.50}',
    "response_format": b'"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":'
    b'{ },"strict":true}}',
    "stop": b'"stop":["\\n","\\u0000"],"seed":-9223372036854775808',
    "numbers": b'"temperature":1.0,"top_p":1e0,"frequency_penalty":-0.0,"x":[1e3,1E+2,0.10,'
    b"123456789012345678901234567890]",
    "unknown": b'"vendor":{"model":"auto","model ":"auto","messages":[{"model":"auto"}],"deep":[[[{}]]]}',
    "escaped names": b'"\\u0078-y":1,"tab\\tname":"\\"model\\":\\"auto\\"","":null',
    "white space": b'\t"x"\r\n:\n\n[ 1 ,\t2 ]\r',
    "stream is false": b'"stream" : false',
    "stream is null": b'"stream":null,"stream_options":null',
    "parts": b'"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{'
    b'"type":"ephemeral"}},'
    b'{"type":"image_url","image_url":{"url":"data:image\\/png;base64,' + PICTURE + b'","detail":"low"}},'
    b'{"type":"input_audio","input_audio":{"data":"' + PICTURE + b'","format":"wav"}},'
    b'{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,' + PICTURE + b'"}},'
    b'{"type":"video_url","video_url":{"url":"https://example.org/a.mp4"}},{"type":"brand_new","x":1.0}]}]',
    "tools' results": b'"messages":[{"role":"user","content":"x"},{"role":"assistant","content":'
    b'null,"tool_calls":'
    b'[{"id":"c","type":"function","function":{"name":"f","arguments":"{ \\"a\\" : 1.0 }"},"extra":{'
    b'"sig":"s"}}]},'
    b'{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"y"}]}]',
    "a megabyte": b'"messages":[{"role":"user","content":"' + b"a \\n\xc3\xa9 " * 120_000 + b'"}]',
}


def with_model(model: bytes, *members: bytes) -> bytes:
    """An object with odd white space, whose model stands before its last member."""
    *others, last = members
    return b'\n { "model_" : 1.0,' + b",".join([*others, b'"model" :  ' + model, last]) + b"}\n"


def with_messages(member: bytes) -> list[bytes]:
    return [member] if b'"messages"' in member and b'"vendor"' not in member else [ASKED, member]


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
def test_a_body_arrives_as_it_was_sent_but_for_the_model(
    up: Upstream, gateway: Gateway, member: bytes
) -> None:
    members = with_messages(member)
    for order in (members, members[::-1]):
        assert arrived(up, gateway, with_model(OWN, *order)) == with_model(THEIRS, *order)


@pytest.mark.parametrize("member", [each for name, each in MEMBERS.items() if not name.startswith("stream")])
def test_a_stream_is_asked_for_its_usage_besides(up: Upstream, gateway: Gateway, member: bytes) -> None:
    members = [b'"stream":true', *with_messages(member)]
    added = with_model(THEIRS, *members)[:-2] + b',"stream_options":{"include_usage":true}}\n'
    assert arrived(up, gateway, with_model(OWN, *members)) == added


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (b'{ "include_usage" : true }', b'{ "include_usage" : true }'),
        (b'{ "include_usage" : true, "x":1.0 }', b'{ "include_usage" : true, "x":1.0 }'),
        (b'{"include_obfuscation" : false}', b'{"include_obfuscation" : false,"include_usage":true}'),
        (b'{ "include_usage" : false,"x":1.0 }', b'{ "include_usage" : true,"x":1.0 }'),
        (b'{"include_usage":null}', b'{"include_usage":true}'),
        (b"{ }", b'{"include_usage":true }'),
        (b"null", b'{"include_usage":true}'),
    ],
)
def test_the_other_options_of_a_stream_stay(
    up: Upstream, gateway: Gateway, options: bytes, sent: bytes
) -> None:
    def body(model: bytes, options: bytes) -> bytes:
        return with_model(model, b'"stream_options": ' + options, b'"stream" : true', ASKED)

    assert arrived(up, gateway, body(OWN, options)) == body(THEIRS, sent)


def test_options_of_no_stream_are_left_out_since_upstreams_refuse_them(
    up: Upstream, gateway: Gateway
) -> None:
    sent = arrived(up, gateway, with_model(OWN, b'"stream_options":{"include_usage":true}', ASKED))
    assert set(json.loads(sent)) == {"model_", "model", "messages"}
    assert b'{"role":"user" ,"content":"Hi \\u00e9 \xc3\xa9 \\/ \\ud83d\\ude00"}' in sent


READ = frozenset(
    ("model", "messages", "stream", "stream_options", "metadata", "tools", "response_format", "max_tokens")
)
_space = st.sampled_from(["", "", "", " ", "\n", "\t", "\r\n", "  "])
_numbers = st.sampled_from(
    ["0", "-0", "1.0", "1e3", "1E-2", "0.10", "-12.50", "9" * 30, "18446744073709551616"]
)
_characters = st.text(st.characters(codec="utf-8"), max_size=12)
_escaped = st.sampled_from(["\\/", "\\u0041", "\\ud83d\\ude00", "\\n", '\\"', "\\\\", "data:", '\\"model\\"'])
_strings = st.builds(
    lambda text, ascii_only, escape: json.dumps(text, ensure_ascii=ascii_only)[:-1] + escape + '"',
    *(_characters, st.booleans(), _escaped | st.just("")),
)
_names = _strings.filter(lambda name: json.loads(name) not in READ)


def _joined(opening: str, closing: str, space: str, items: list[str]) -> str:
    return opening + space + f"{space},{space}".join(items) + space + closing


def _object(space: str, members: list[tuple[str, str]]) -> str:
    return _joined("{", "}", space, [f"{name}{space}:{space}{value}" for name, value in members])


def _members_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(_names, values), max_size=4, unique_by=lambda member: json.loads(member[0]))


_values = st.recursive(
    st.sampled_from(["null", "true", "false", "[]", "{}"]) | _numbers | _strings,
    lambda inner: (
        st.builds(_joined, st.just("["), st.just("]"), _space, st.lists(inner, max_size=4))
        | st.builds(_object, _space, _members_of(inner))
    ),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(members=_members_of(_values), space=_space, streams=st.booleans(), data=st.data())
def test_any_body_arrives_as_it_was_sent(
    up: Upstream,
    gateway: Gateway,
    members: list[tuple[str, str]],
    space: str,
    streams: bool,
    data: st.DataObject,
) -> None:
    text = data.draw(_strings)
    own = [*members, ('"messages"', f'[{space}{{"role":"user",{space}"content":{text}}}]')]
    own += [('"stream"', "true"), ('"stream_options"', '{"include_usage":true}')] if streams else []
    order = data.draw(st.permutations(own))
    at = data.draw(st.integers(0, len(order)))

    def body(model: str) -> bytes:
        return _object(
            space, [*order[:at], ('"mod\\u0065l"' if streams else '"model"', model), *order[at:]]
        ).encode()

    assert arrived(up, gateway, body('"auto"')) == body('"upstream-model"')


# Answers

FRAME = b'{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m",'
LAST = FRAME + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop","x":1.0}]'
USAGE = b'"usage":{"prompt_tokens":3 , "completion_tokens":2, "total_tokens":5.0, "cost":1e-3}}'
SAID = (
    FRAME
    + b'"choices":[{"index":0,"delta":{"role":"assistant","content":"H\\u00e9 \\/"},"finish_reason":null}]'
)

STREAMS = {
    "odd spelling": [SAID + b', "unknown" : [1.0, 1e3] ,"usage":null}', LAST + b"}"],
    "tool calls": [
        FRAME + b'"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{'
        b'"index":0,"id":"c",'
        b'"type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}',
        FRAME + b'"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{'
        b'\\"a\\": \\"\\u00e9"}}]}}]}',
        FRAME + b'"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":'
        b'"\\"}"}}]}}]}',
        FRAME + b'"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}',
    ],
    "logprobs and refusals": [
        FRAME + b'"choices":[{"index":0,"delta":{"refusal":"No"},"logprobs":{"content":null,'
        b'"refusal":[{"token":"No",'
        b'"logprob":-0.10,"bytes":[78,111],"top_logprobs":[]}]},"finish_reason":null}],'
        b'"service_tier":"default"}',
        LAST + b',"system_fingerprint":"fp","obfuscation":"xK"}',
    ],
    "reasoning": [
        FRAME + b'"choices":[{"index":0,"delta":{"reasoning_content":"Hm","reasoning":"Hm"}}]}',
        LAST + b"}",
    ],
    "a role by itself": [
        FRAME + b'"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}',
        FRAME + b'"choices":[{"index":0,"delta":{"content":"x"}}],"usage":null}',
        LAST + b',"usage":null}',
    ],
    "spread over lines": [SAID + b"\n,\n\n" + b'"x":[1,\n 2]}', LAST + b"\n}"],
}
TWO = [
    FRAME + b'"choices":[{"index":%d,"delta":{"content":"%d"},"finish_reason":%b}]}' % (i, i, f)
    for i, f in ((1, b"null"), (0, b"null"), (1, b'"length"'), (0, b'"stop"'))
]
COUNTED = FRAME + b'"choices":[],' + USAGE


def event(data: bytes, before: bytes = b"", end: bytes = b"\n") -> bytes:
    return before + end.join(b"data: " + line for line in data.split(b"\n")) + end + end


def data_of(stream: bytes) -> list[bytes]:
    """The data of each event, as a browser reads it."""
    blocks = stream.removesuffix(b"\n\n").split(b"\n\n")
    return [b"\n".join(line.removeprefix(b"data: ") for line in block.split(b"\n")) for block in blocks]


def streamed(up: Upstream, gateway: Gateway, *events: bytes, n: int = 1, usage: bool = False) -> bytes:
    up.script = Reply(events=(*events, b"data: [DONE]\n\n"))
    asked: dict[str, Any] = {
        "model": "auto",
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "n": n,
    }
    if usage:
        asked["stream_options"] = {"include_usage": True}
    status, body = posted(gateway, json.dumps(asked).encode())
    up.script = Reply()
    assert status == 200, body
    return body


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("sent", [*STREAMS.values(), TWO], ids=[*STREAMS, "two choices"])
def test_each_event_is_relayed_as_it_came(
    up: Upstream, gateway: Gateway, sent: list[bytes], asks: bool
) -> None:
    n = 2 if sent is TWO else 1
    got = streamed(up, gateway, *map(event, sent), event(COUNTED), n=n, usage=asks)
    assert data_of(got) == [*sent, *([COUNTED] if asks else []), b"[DONE]"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_of_an_event_its_data_is_relayed(up: Upstream, gateway: Gateway, end: bytes) -> None:
    """An id and a time to wait are how to ask that upstream again; a comment only keeps it open."""
    odd = b": comment" + end + b"id: 7" + end + b"retry: 10" + end + b"event: message" + end
    sent = STREAMS["tool calls"]
    got = streamed(up, gateway, *(event(data, odd, end) for data in sent), b": comment" + end + end)
    assert got == b"".join(event(data) for data in [*sent, b"[DONE]"])


def test_a_usage_that_comes_with_content_is_not_held_back(up: Upstream, gateway: Gateway) -> None:
    sent = [SAID + b"," + USAGE, LAST + b"," + USAGE]
    assert data_of(streamed(up, gateway, *map(event, sent))) == [*sent, b"[DONE]"]


WHOLE = b"""\r\n{ "id":"c-1", "choices" : [{"index":0,"finish_reason":"stop","message":{"role":"assistant",
 "content":"H\\u00e9 \\/","refusal":null,"annotations":[],"audio":null}}, {"index":1,"finish_reason":"length",
 "message":{"role":"assistant","content":"B"},"logprobs":{"content":[{"token":"B","logprob":-1e-3}]}}],
 "usage":{"prompt_tokens":3.0,"completion_tokens":1e0}, "service_tier" : "default", "new":[1.0, 1e3] }\n"""


def test_a_whole_answer_is_relayed_as_it_came(up: Upstream, gateway: Gateway) -> None:
    up.script = Reply(raw=WHOLE)
    assert posted(gateway, with_model(OWN, ASKED)) == (200, WHOLE)
    up.script = Reply()
