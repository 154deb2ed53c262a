"""Base64, which says nothing that can be read: as a data URL anywhere in a text, or as a whole string."""

from __future__ import annotations

import re
from typing import Final

import re2

LONG_BASE64: Final = 1024  # characters; a shorter string without a data URL's head may be a word or a name
# Characters from which on base64 may be what an upstream encrypted, to read it again: signatures of reasoning
# have 224 and more, and keys of 164 are given out.
_SHORTEST_SEAL: Final = 200
_LONG: Final = 4096  # characters from which on a text is searched as bytes
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_HEAD: Final = re.compile(r"(?:(?i:data:[^,\s]*;base64,))?")
_WHOLE: Final = re.compile(_HEAD.pattern + r"[A-Za-z0-9+/_-]*={0,2}")
_DATA_URL: Final = re.compile(r"data:[\w.+/-]*+(?:;[\w.=+-]++)*?;base64,[a-z0-9+/_-]{16}")  # in small letters
_NEVER_BEFORE: Final = re2.compile(rb"64,")  # without which there is no data URL, in letters of any size


def is_opaque(text: str) -> bool:
    """Whether some of the text is a data URL in base64, or all of it base64 and no word."""
    if len(text) >= LONG_BASE64 and is_base64(text):
        return True
    if ";" not in text:
        return False
    if len(text) >= _LONG and not _NEVER_BEFORE.search(text.encode("utf-8", "replace")):
        return False
    small = text.lower()
    return ";base64," in small and _DATA_URL.search(small) is not None


def is_base64(text: str) -> bool:
    """Whether it may be base64 from end to end, of whatever length."""
    if len(text) < _LONG:
        return _WHOLE.fullmatch(text) is not None
    if not _WHOLE.fullmatch(text, 0, LONG_BASE64) or not text.isascii():
        return False  # most texts
    head = _HEAD.match(text)
    return holds_base64(text[head.end() if head else 0 :].encode())


def is_sealed(value: object) -> bool:
    """Whether it may be what an upstream encrypted of what it had been given."""
    return isinstance(value, str) and len(value) >= _SHORTEST_SEAL and is_base64(value)


def holds_base64(payload: bytes) -> bool:
    """Whether there is nothing but base64 in it, padded or not."""
    padding = payload.translate(None, _BASE64)
    return padding in (b"", b"=", b"==") and payload.endswith(padding)


def may_be_base64(start: bytes) -> bool:
    """Whether base64 begins so, in a string of JSON: it may hold escapes."""
    return not start.translate(None, _BASE64 + b"\\")
