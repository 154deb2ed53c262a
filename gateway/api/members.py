"""A body as a JSON object, and its members as they must be."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gateway.api.outline import Room, outline
from gateway.api.sketch import Sketch
from gateway.errors import InvalidRequest

Members = dict[str, Any]
DEEPEST: Final = 128  # objects and lists in each other: what goes through a body by recursion has its room
_CONTAINERS = frozenset({dict, list})
_any = msgspec.json.Decoder()


def object_of(body: bytes, room: Room | None = None, sketch: Sketch | None = None) -> Members:
    """The JSON object that a body is; its values take of `room`. `sketch` is the body's, where there is one.

    Raises:
        InvalidRequest: it is not JSON, not an object, too deep, too many values, or names a member twice.
    """
    return _read(body, sketch or Sketch(body), room or Room())


def readable_object(body: bytes, sketch: Sketch, room: Room) -> Members:
    """The same, but for long files in base64, of which only the beginning is there.

    Raises:
        InvalidRequest: see `object_of`.
    """
    readable = sketch.readable
    try:
        return _read(readable, sketch, room)
    except InvalidRequest:
        if readable is not body:
            _decoded(body)  # says at which byte of the body
        raise


def _read(body: bytes, sketch: Sketch, room: Room) -> Members:
    shape = outline(sketch.text)
    room.take(shape.values)
    value = _decoded(body)
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    if _names(value) != shape.members:
        # Parsing keeps one of each name: the one is read here, and who knows which one upstream reads.
        raise InvalidRequest("An object in the body has two members of one name.")
    return value


def _decoded(body: bytes) -> Any:
    try:
        return _any.decode(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None


def _names(value: Members) -> int:
    """How many members all the objects in a value have. Raises InvalidRequest where it is too deep."""
    count = 0
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                count += len(item)
                item = item.values()
            below += [each for each in item if type(each) in _CONTAINERS]
        if not below:
            return count
        level = below
    raise _too_deep()


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body is too deep: more than {DEEPEST} objects and lists in each other.")


def member(members: Members, name: str, kind: type, where: str = "") -> Any:
    """A member of the given type; None where it is absent or null."""
    value = members.get(name)
    if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    words = {str: "a string", int: "an integer", bool: "true or false", dict: "an object", list: "a list"}
    raise InvalidRequest(f"'{where}{name}' must be {words[kind]}.", param=where + name)


def required(members: Members, name: str, kind: type, where: str = "") -> Any:
    """A member of the given type, which has to be there and not empty."""
    value = member(members, name, kind, where)
    if value is None or value == "":
        raise InvalidRequest(f"'{where}{name}' is required.", param=where + name)
    return value
