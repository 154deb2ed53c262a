"""Embeddings in the shape of OpenAI's."""

from __future__ import annotations

import base64
import json
import struct

import pytest

from gateway.backends.vectors import Wanted, vectors_body, wanted
from gateway.errors import ProviderRefused
from gateway.types import ChatRequest


def asked(**fields: bytes) -> ChatRequest:
    return ChatRequest("embed", (), fields)


def test_a_caller_gets_numbers_unless_it_says_otherwise() -> None:
    assert wanted(asked()) == Wanted(None, base64=False)
    assert wanted(asked(encoding_format=b"null", dimensions=b"8")) == Wanted(8, base64=False)
    assert wanted(asked(encoding_format=b'"base64"')) == Wanted(None, base64=True)
    with pytest.raises(ProviderRefused, match="float or base64") as refused:
        wanted(asked(encoding_format=b'"int8"'))
    assert refused.value.param == "encoding_format"


def test_both_formats_hold_the_same_numbers() -> None:
    vectors = [[0.5, -1.0], [0.25, 2.0]]
    plain, packed = (json.loads(vectors_body(vectors, "m", 3, each)) for each in (False, True))
    assert [item["embedding"] for item in plain["data"]] == vectors
    read = [struct.unpack("<2f", base64.b64decode(item["embedding"])) for item in packed["data"]]
    assert [list(each) for each in read] == vectors
    assert [item["index"] for item in packed["data"]] == [0, 1]
    assert (plain["model"], plain["usage"]) == ("m", {"prompt_tokens": 3, "total_tokens": 3})
