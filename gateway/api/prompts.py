"""What a completion goes on from, or embeddings are made of: texts, or tokens, which nobody here reads."""

from __future__ import annotations

from typing import Any, Final

from gateway.api.members import Members
from gateway.api.outline import MAX_VALUES, Room
from gateway.errors import InvalidRequest

# OpenAI's bounds of one request.
MAX_PROMPTS: Final = 2_048
MAX_TOKENS: Final = 300_000

_SHAPES: Final = "a string, a list of strings, a list of tokens or a list of lists of tokens"
_PAST_ALL: Final = 2**63  # no vocabulary is as large


def room() -> Room:
    """For a body whose tokens are values of JSON."""
    return Room(MAX_VALUES + MAX_TOKENS)


def prompts_of(value: Members, name: str) -> tuple[str | None, ...]:
    """The texts of a member; None stands for each list of tokens.

    Raises:
        InvalidRequest: it is missing, empty, of another shape, or too much.
    """
    given = value.get(name)
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, list):
        said = "is required" if given is None else "must be"
        raise InvalidRequest(f"'{name}' {said}{':' if given is None else ''} {_SHAPES}.", param=name)
    if not given:
        raise InvalidRequest(f"'{name}' must not be empty.", param=name)
    if isinstance(given[0], str):
        _bounded(given, name)
        return tuple(_text(item, f"{name}[{i}]", name) for i, item in enumerate(given))
    if isinstance(given[0], list):
        _bounded(given, name)
        _tokens(given, name)
        return (None,) * len(given)
    _tokens([given], name)
    return (None,)


def _text(item: Any, at: str, name: str) -> str:
    if isinstance(item, str):
        return item
    raise InvalidRequest(f"'{at}' is no string: '{name}' must be {_SHAPES}.", param=name)


def _bounded(given: list[Any], name: str) -> None:
    if len(given) > MAX_PROMPTS:
        raise InvalidRequest(f"'{name}' holds {len(given):,} items; {MAX_PROMPTS:,} are allowed.", param=name)


def _tokens(given: list[Any], name: str) -> None:
    """Raises InvalidRequest where these are not lists of tokens, or hold too many."""
    total = 0
    for i, tokens in enumerate(given):
        if not isinstance(tokens, list) or not all(map(_is_token, tokens)):
            raise InvalidRequest(f"'{name}' must be {_SHAPES}.", param=name)
        if not tokens:
            raise InvalidRequest(f"'{name}[{i}]' must not be empty.", param=name)
        total += len(tokens)
    if total > MAX_TOKENS:
        raise InvalidRequest(f"'{name}' holds {total:,} tokens; {MAX_TOKENS:,} are allowed.", param=name)


def _is_token(item: Any) -> bool:
    return type(item) is int and 0 <= item < _PAST_ALL
