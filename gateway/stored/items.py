"""Items of the Responses API as JSON, as far as the store of responses reads them."""

from __future__ import annotations

import msgspec


class _Item(msgspec.Struct):
    id: str


_item = msgspec.json.Decoder(_Item)


def id_of(item: bytes) -> str:
    """The id of an item that is kept. Raises msgspec.ValidationError where it has none that is a string."""
    return _item.decode(item).id
