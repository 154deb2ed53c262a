"""Replaces one member of a JSON object and keeps every other byte of it."""

from __future__ import annotations

import re

import msgspec

_OPEN = re.compile(rb"[ \t\r\n]*\{[ \t\r\n]*")
_NAME = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_NEXT = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)


def with_member(body: bytes, name: str, json: bytes) -> bytes:
    """A JSON object whose top-level member `name` has the value `json`, inserted last where it had none.

    No two of its members may have one name, or who knows which of them would be read.

    Raises:
        ValueError: it is no JSON object, or has two members of one name before the end of the walk.
    """
    start, end = _place(body, name)
    if start >= 0:
        return b"%b%b%b" % (body[:start], json, body[end:])
    comma = b"" if body[:end].endswith(b"{") else b","
    return b"%b%b%b:%b%b" % (body[:end], comma, msgspec.json.encode(name), json, body[end:])


def _place(body: bytes, name: str) -> tuple[int, int]:
    """Where the member's value stands; without such a member, -1 and where one can be inserted.

    msgspec finds how long each value is. That it stands where the walk has come to is checked, so that the
    walk cannot be led astray.
    """
    try:
        members = _members.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("it is not a JSON object") from error
    opened = _OPEN.match(body)
    if opened is None:
        raise ValueError("it is not a JSON object")
    place, end = opened.end(), body.index(b"{") + 1
    for own, raw in members.items():
        value = bytes(raw)
        named = _NAME.match(body, place)
        if named is None or _text(named[1]) != own or not body.startswith(value, named.end()):
            raise ValueError("two of its members have one name")
        end = named.end() + len(value)
        if own == name:
            return named.end(), end
        after = _NEXT.match(body, end)
        place = end if after is None else after.end()
    if not body[end:].strip(b" \t\r\n") == b"}":
        raise ValueError("two of its members have one name")
    return -1, end


def _text(name: bytes) -> str:
    return _string.decode(name) if b"\\" in name else name[1:-1].decode()
