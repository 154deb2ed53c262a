"""Replaces members of a JSON object and keeps every other byte of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

_NAME = re.compile(rb'[ \t\r\n]*[{,][ \t\r\n]*("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_SPACE = b" \t\r\n"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)


def with_member(body: bytes, name: str, json: bytes) -> bytes:
    """A JSON object whose top-level member `name` has the value `json`, inserted last where it had none.

    No two of its members may have one name, or who knows which of them would be read.

    Raises:
        ValueError: it is no JSON object, or has two members of one name before the end of the walk.
    """
    end = body.find(b"{") + 1
    for own, start, end in _values(body, _decoded(body)):
        if own == name:
            return b"%b%b%b" % (body[:start], json, body[end:])
    if not body[end:].strip(_SPACE) == b"}":
        raise ValueError("two of its members have one name")
    return b"%b%b%b" % (body[:end], _member(name, json, body[:end].endswith(b"{")), body[end:])


def with_members(body: bytes, known: Mapping[str, bytes], changed: Mapping[str, bytes]) -> bytes:
    """The same for several members of an object that is known: its members' values in their order, as they
    stand in it, at least one. It is walked only to the last of those that change, and no value is read again.

    Raises:
        ValueError: it is no such object.
    """
    missing = [name for name in changed if name not in known]
    left = len(changed) - len(missing)
    pieces: list[bytes] = []
    at = end = 0
    for name, value in known.items():
        if not left:
            break
        named = _next(body, end, value)
        end = named.end() + len(value)
        if name in changed:
            pieces += (body[at : named.end()], changed[name])
            at, left = end, left - 1
    if missing:
        end = body.rindex(b"}")
        pieces += (body[at:end], *(_member(name, changed[name], first=False) for name in missing))
        at = end
    return b"".join((*pieces, body[at:]))


def _member(name: str, json: bytes, first: bool) -> bytes:
    return b"%b%b:%b" % (b"" if first else b",", msgspec.json.encode(name), json)


def _decoded(body: bytes) -> Mapping[str, bytes]:
    try:
        return {name: bytes(raw) for name, raw in _members.decode(body).items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("it is not a JSON object") from error


def _values(body: bytes, members: Mapping[str, bytes]) -> Iterator[tuple[str, int, int]]:
    """Each member's name, and where its value stands.

    How long each value is, is known. That it stands where the walk has come to is checked, so that the walk
    cannot be led astray.
    """
    end = 0
    for own, value in members.items():
        named = _next(body, end, value)
        if _text(named[1]) != own:
            raise ValueError("two of its members have one name")
        end = named.end() + len(value)
        yield own, named.end(), end


def _next(body: bytes, at: int, value: bytes) -> re.Match[bytes]:
    """The name of the member that comes next, after which its value stands."""
    named = _NAME.match(body, at)
    if named is None or not body.startswith(value, named.end()):
        raise ValueError("two of its members have one name")
    return named


def _text(name: bytes) -> str:
    return _string.decode(name) if b"\\" in name else name[1:-1].decode()
