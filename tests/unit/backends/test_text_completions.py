"""The JSON of text completions: what is asked, and what is read."""

from __future__ import annotations

import json

import pytest

from gateway.access.keys import ANYONE
from gateway.api.completions import parse
from gateway.backends.speech import Announced, NotJson
from gateway.backends.text_completions import TextReader, text_answer, text_body
from gateway.types import Api, Usage


def chunk(text: str = "", index: int = 0, finish: str | None = None) -> bytes:
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": None}).encode()


def test_a_body_stays_as_it_came_but_for_the_model_and_the_usage_of_a_stream() -> None:
    whole = b'{ "prompt":"x" ,"model":"auto", "best_of": 2, "seed":1.0e0}'
    assert text_body(parse(whole, ANYONE), "m/x") == whole.replace(b'"auto"', b'"m/x"')
    plain = b'{"prompt":"x","stream":true, "model":"auto"}'
    sent = text_body(parse(plain, ANYONE), "m")
    assert sent == b'{"prompt":"x","stream":true, "model":"m","stream_options":{"include_usage":true}}'
    own = b'{"prompt":"x","stream_options":{"obfuscate":false},"stream":true,"model":"auto"}'
    options = json.loads(text_body(parse(own, ANYONE), "m"))["stream_options"]
    assert options == {"obfuscate": False, "include_usage": True}


def test_an_event_is_read_as_the_first_choices_text_and_kept_whole() -> None:
    reader = TextReader()
    delta = reader.delta(chunk("once"))
    assert (delta.text, delta.finish, delta.usage, delta.raw) == ("once", None, None, chunk("once"))
    assert (delta.api, delta.has_content, reader.finished) == (Api.COMPLETIONS, True, False)
    assert not reader.delta(chunk()).has_content
    assert (reader.delta(chunk(finish="length")).finish, reader.finished) == ("length", True)


def test_the_finish_comes_with_the_last_of_the_choices_and_is_the_firsts() -> None:
    reader = TextReader(3)
    other = reader.delta(chunk("b", 1))
    assert (other.text, other.has_content) == ("", True)
    assert reader.delta(chunk("", 0, "length")).finish is None
    assert reader.delta(chunk("", 2, "stop")).finish is None
    assert reader.delta(chunk("", 1, "stop")).finish == "length"
    usage = reader.delta(b'{"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":6}}').usage
    assert usage == Usage(input=4, output=6)


def test_a_whole_answer_is_read_and_kept() -> None:
    body = json.dumps(
        {
            "choices": [
                {"text": "b", "index": 1, "finish_reason": "stop"},
                {"text": "a", "index": 0, "finish_reason": "length"},
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2},
        }
    ).encode()
    answer = text_answer(body)
    assert (answer.text, answer.finish, answer.raw, answer.api) == ("a", "length", body, Api.COMPLETIONS)
    assert answer.usage == Usage(input=9, output=2)


def test_what_fits_is_read_where_a_server_has_shapes_of_its_own() -> None:
    answer = text_answer(b'{"choices":[7,{"index":"0","text":"a","finish_reason":1}],"usage":[]}')
    assert (answer.text, answer.finish, answer.usage) == ("a", "stop", None)


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[]", b"7", b"{}", b'{"choices":[]}', b"[" * 100_000])
def test_what_is_no_completion_is_told(body: bytes) -> None:
    with pytest.raises(NotJson):
        text_answer(body)


def test_an_error_in_a_200_is_told() -> None:
    with pytest.raises(Announced) as caught:
        TextReader().delta(b'{"error":{"message":"slow down","code":429}}')
    assert caught.value.error["code"] == 429
