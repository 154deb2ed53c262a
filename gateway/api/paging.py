"""A page of a listing: how long it may be, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.errors import InvalidRequest

_NUMBER: Final = re.compile(r"[0-9]{1,4}")
Entry = Mapping[str, Any]


def limit_of(asked: Mapping[str, str], usual: int, most: int) -> int:
    """The `limit` of a query; `usual` where it says none. Raises InvalidRequest."""
    given = asked.get("limit", str(usual))
    if not _NUMBER.fullmatch(given) or not 1 <= int(given) <= most:
        raise InvalidRequest(f"'limit' must be a number from 1 to {most}.", param="limit")
    return int(given)


def page_of(entries: Sequence[Entry], more: bool) -> dict[str, Any]:
    """`more`: there are others beyond it."""
    return {
        "data": entries,
        "first_id": entries[0]["id"] if entries else None,
        "last_id": entries[-1]["id"] if entries else None,
        "has_more": more,
    }
