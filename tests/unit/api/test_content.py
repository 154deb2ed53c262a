"""What one message of another API says, whichever of them it is."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from gateway.api.content import Content, Part, beyond, body_of, called, take_content
from gateway.api.loose import Loose
from gateway.api.members import Members, member
from gateway.api.outline import Room
from gateway.errors import InvalidRequest
from gateway.types import Api, ToolCall


class Taken(Content):
    api: ClassVar[Api] = Api.RESPONSES


def _text(part: Members, where: str, content: Taken) -> None:
    content.say(member(part, "text", str, where) or "")


def _other(part: Members, where: str, content: Taken) -> None:
    content.lacks("a part of type", part["type"])


def taken(given: Any) -> Taken:
    content = Taken(Loose(Room()))
    take_content(given, "at", content, {"text": _text}, _other, "parts")
    return content


def test_a_text_and_a_part_of_text_say_the_same() -> None:
    for given in ("Hi", [{"type": "text", "text": "Hi"}]):
        content = taken(given)
        assert (content.texts, body_of(content.parts)) == (["Hi"], "Hi")
        assert (content.plain, content.unreadable, content.only) == (True, False, "")


def test_what_nobody_reads_is_named_and_the_first_of_it_stays() -> None:
    content = taken([{"type": "x" * 900}, {"type": "y"}])
    assert content.only == f"a part of type '{'x' * 64}' exists only in the Responses API"
    assert not content.plain
    assert beyond(Api.MESSAGES, "the member") == "the member exists only in the Messages API"


@pytest.mark.parametrize(
    ("given", "param", "word"),
    [
        (7, "at", "a string or a list of parts"),
        (None, "at", "a string or a list of parts"),
        (["x"], "at[0]", "an object"),
        ([{"text": "x"}], "at[0].type", "is required"),
        ([{"type": "text", "text": 7}], "at[0].text", "a string"),
    ],
)
def test_what_is_no_content_is_refused_saying_where(given: Any, param: str, word: str) -> None:
    with pytest.raises(InvalidRequest, match=word) as refused:
        taken(given)
    assert refused.value.param == param


def test_a_file_cannot_be_read_and_tells_what_it_needs() -> None:
    content = taken("see")
    image: Part = {"type": "image_url", "image_url": {"url": "https://x"}}
    content.show(image, "vision")
    assert (content.unreadable, content.plain, content.needs) == (True, False, {"vision"})
    assert body_of(content.parts) == [{"type": "text", "text": "see"}, image]
    assert body_of([image]) == [image]
    assert body_of([]) == ""


def test_a_data_url_in_a_text_or_beside_it_cannot_be_read() -> None:
    url = "data:image/png;base64," + "A" * 64
    assert taken(f"see {url}").unreadable
    beside = taken("see")
    beside.loose.add(url)
    assert (beside.unreadable, beside.hidden) == (True, False)


def test_calls_are_those_of_chat_completions() -> None:
    (call,) = called([ToolCall("c1", "f", "{}")])
    assert call == {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
