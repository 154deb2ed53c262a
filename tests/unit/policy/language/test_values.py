from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from gateway.policy.language import values
from gateway.policy.language.document import Reading, Value, Wrong, compose
from gateway.types import Label


def value(source: str) -> Value:
    root = compose("a.yaml", f"key: {source}".encode(), Reading())
    assert root is not None
    return root.pairs()[0][1]


@pytest.mark.parametrize(
    ("reader", "source", "expected"),
    [
        (values.duration, "500ms", 0.5),
        (values.duration, "2s", 2.0),
        (values.duration, "5m", 300.0),
        (values.duration, "1h", 3600.0),
        (values.duration, "30d", 2592000.0),
        (values.rate, "600/min", (600.0, "min")),
        (values.rate, "200k/min", (200000.0, "min")),
        (values.label, "restricted", Label.RESTRICTED),
        (values.flag, "true", True),
        (values.number, "0.25", 0.25),
        (values.whole, "3", 3),
        (values.day, "2025-06-30", date(2025, 6, 30)),
        (values.digest, "AB" * 32, "ab" * 32),
        (values.url, "http://vllm.internal:8000/v1/", "http://vllm.internal:8000/v1"),
        (values.glob, "handbook/**/*.md", "handbook/**/*.md"),
        (values.name, "gpt-5.1", "gpt-5.1"),
    ],
)
def test_a_value_is_read(reader: Callable[[Value], object], source: str, expected: object) -> None:
    assert reader(value(source)) == expected


@pytest.mark.parametrize(
    ("reader", "source", "message", "proposal"),
    [
        (values.duration, "2 weeks", "no duration", "2s, 5m"),
        (values.duration, "30", "no duration", "2s, 5m"),
        (values.rate, "600", "no rate", "600/min"),
        (values.label, "confidental", "confidental is not a label", "did you mean confidential?"),
        (values.flag, "'true'", "true or false is wanted", "true or false"),
        (values.number, "-1", "a number from 0", ""),
        (values.number, ".inf", "a number from 0 is wanted", "0.25"),
        (values.number, "many", "a number from 0 is wanted", "0.25"),
        (values.whole, "1.5", "a whole number", ""),
        (values.number, "1_000", "a number from 0", "digits"),
        (values.number, "0x10", "a number from 0", "digits"),
        (values.day, "20250630", "no date", "2025-06-30"),
        (values.digest, "pm-" + "aB3-" * 9, "a key, not its hash", "pointsman keys hash"),
        (values.positive, "0", "from 1", ""),
        (values.share, "1.5", "between 0 and 1", ""),
        (values.day, "30.6.2025", "no date", "2025-06-30"),
        (values.digest, "abc", "64 hexadecimal digits, and these are 3", "pointsman keys hash"),
        (values.digest, "a" * 63, "64 hexadecimal digits, and these are 63", "pointsman keys hash"),
        (values.digest, "z" + "a" * 63, "64 hexadecimal", "pointsman keys hash"),
        (values.positive, "three", "a whole number from 1 is wanted here, not 'three'", "such as 2"),
        (values.positive, "-1", "a whole number from 1 is wanted here, not '-1'", "such as 2"),
        (values.whole, "-1", "a whole number from 0 is wanted here, not '-1'", "such as 2"),
        (values.share, "half", "a number between 0 and 1 is wanted here, not 'half'", "0.25 for 25 %"),
        (values.said, "", "nothing stands here", "say what is meant"),
        (values.url, "vllm:8000", "no http address", "http://"),
        (values.url, "http://me:pw@host/v1", "no name or password", "api_key"),
        (values.url, "http://${HOST}/v1", "secret fields only", "api_key"),
        (values.glob, "/etc/*.md", "leaves the knowledge root", "below it"),
        (values.glob, "a/../../*.md", "leaves the knowledge root", "below it"),
        (values.name, "two words", "no name", "letters"),
        (values.name, "a/b", "no name", "slash"),
        (values.model_name, "auto", "stands for routing", "another name"),
        (values.text, "12", "text is wanted here, not a whole number", "quotes"),
        (values.said, "' '", "empty", ""),
        (values.one_of("say_so", "go_on"), "sayso", "sayso is not known here", "did you mean say_so?"),
    ],
)
def test_a_value_that_is_none_is_refused_with_what_would_be_right(
    reader: Callable[[Value], object], source: str, message: str, proposal: str
) -> None:
    with pytest.raises(Wrong) as caught:
        reader(value(source))
    assert message in caught.value.message
    assert proposal in caught.value.proposal


def test_a_scalar_stands_for_a_list_of_one() -> None:
    assert [one.scalar for one in values.several(value("a"))] == ["a"]
    assert [one.scalar for one in values.several(value("[a, b]"))] == ["a", "b"]


@pytest.mark.parametrize(
    "address",
    [
        "http://[::1",
        "http://127.0.0.1:8/v 1",
        "http://127.0.0.1:99999999/v1",
        "http://a:b/v1",
        "http://ünï/v1",
        "http://h/\u00a0",
    ],
)
def test_an_address_that_cannot_be_asked_is_a_mistake(address: str) -> None:
    with pytest.raises(Wrong, match="no http address"):
        values.url(value(f"'{address}'"))
