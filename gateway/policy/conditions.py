"""CEL conditions: typed when the folder is loaded, three-valued when a request is decided."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition; `text` is as written."""

    text: str
