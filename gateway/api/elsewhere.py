"""What a body names instead of saying it: files, containers and stores that a provider holds."""

from __future__ import annotations

from typing import Any, Final

# Members that hold what is no text, wherever an upstream may look for it.
FILES: Final = frozenset(
    (
        *("image", "images", "image_url", "input_image", "audio", "audio_url", "input_audio", "video"),
        *("videos", "video_url", "file", "files", "file_id", "file_ids", "file_data", "attachments"),
    )
)
_HELD: Final = FILES | {"container", "container_id", "skill_id", "vector_store_id", "vector_store_ids"}
_SCHEMAS: Final = frozenset({"parameters", "input_schema"})  # of tools: what they name is a name


def points_elsewhere(value: Any) -> bool:
    """Whether a value holds a file, or names what a provider holds, at any depth."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        elif isinstance(item, dict):
            if any(_names(name, item[name]) for name in _HELD.intersection(item)):
                return True
            stack += (each for name, each in item.items() if name not in _SCHEMAS)
    return False


def _names(name: str, value: Any) -> bool:
    """A container that is made for the request holds nothing yet."""
    return bool(value) and not (name == "container" and isinstance(value, dict) and not value.get("id"))
