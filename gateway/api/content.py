"""What one message of another API than chat completions says, in the parts that those have for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeVar

from gateway.api.loose import Loose
from gateway.api.members import Members, required
from gateway.api.opaque import is_opaque
from gateway.errors import InvalidRequest
from gateway.types import Api, ToolCall

_LONGEST_NAMED: Final = 64  # characters of a caller's word in an error
Part = dict[str, Any]


def beyond(api: Api, what: str, named: object = None) -> str:
    """The clause for `ChatRequest.only`; `named` is the caller's word for it."""
    word = "" if named is None else f" '{str(named)[:_LONGEST_NAMED]}'"
    return f"{what}{word} exists only in the {api.capitalize()} API"


@dataclass(slots=True)
class Content:
    """Taken up part by part; `only` is what chat completions have no words for.

    `plain`: it is what an answer of the gateway's is that comes back, and nothing beside it.
    """

    api: ClassVar[Api]
    loose: Loose
    texts: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    hidden: bool = False  # something cannot be read
    plain: bool = True
    only: str = ""

    @property
    def unreadable(self) -> bool:
        return self.hidden or self.loose.unreadable

    def say(self, text: str) -> None:
        self.texts.append(text)
        self.parts.append({"type": "text", "text": text})
        self.hidden = self.hidden or is_opaque(text)

    def show(self, part: Part, need: str = "") -> None:
        """A file, as chat completions have it; `need` is what it asks of a model."""
        self.hide()
        self.parts.append(part)
        self.needs |= {need} if need else set()

    def hide(self) -> None:
        """Something that cannot be read."""
        self.hidden, self.plain = True, False

    def lacks(self, what: str, named: object = None) -> None:
        """`what` is beyond chat completions."""
        self.plain = False
        self.only = self.only or beyond(self.api, what, named)


Taken = TypeVar("Taken", bound=Content)
Readers = Mapping[str, Callable[[Members, str, Taken], None]]


def take_content(
    given: Any,
    at: str,
    content: Taken,
    readers: Readers[Taken],
    other: Callable[[Members, str, Taken], None],
    called: str,
) -> None:
    """Takes up a text, or parts, each by the reader of its type; `called` is what the API calls them.

    Raises:
        InvalidRequest: it is neither, or a part lacks what it is known by.
    """
    if isinstance(given, str):
        content.say(given)
        return
    if not isinstance(given, list):
        raise InvalidRequest(f"'{at}' must be a string or a list of {called}.", param=at)
    for i, part in enumerate(given):
        where = f"{at}[{i}]"
        if not isinstance(part, dict):
            raise InvalidRequest(f"'{where}' must be an object.", param=where)
        readers.get(required(part, "type", str, where + "."), other)(part, where + ".", content)


def body_of(parts: Sequence[Part]) -> str | list[Part]:
    """The member `content`: one text as what every server takes; several stay several."""
    if len(parts) > 1 or (parts and parts[0]["type"] != "text"):
        return list(parts)
    return str(parts[0]["text"]) if parts else ""


def called(calls: Sequence[ToolCall]) -> list[Members]:
    """The member `tool_calls`."""
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
