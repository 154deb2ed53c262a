"""What of YAML a policy does without, so that a file says at each place what holds there.

Anchors, aliases, tags, several documents, deep nesting and control characters are mistakes, each at its
place; so is a file that is no YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from gateway.policy.mistakes import Mistake, shortened

LARGEST = 1 << 20  # bytes in a file
DEEPEST = 40  # lists and mappings in each other
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONDITION = re.compile(r"""[ -]*when: *("[^"']*"[^"'#{}]+[^'#{}]*)$""")  # begins with a text, ends beyond it
_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE


class Unreadable(Exception):
    """A file of which no value can be read, with every mistake found in it."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__(*mistakes)
        self.mistakes = mistakes


def text_of(file: str, data: bytes) -> str:
    """The file's text.

    Raises:
        Unreadable: it is too large, no UTF-8, or holds a control character.
    """
    if len(data) > LARGEST:
        raise Unreadable(Mistake(file, 1, 1, f"the file is larger than {LARGEST} bytes", "split it"))
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = _place(before, len(before))
        raise Unreadable(
            Mistake(file, line, column, "the file is not UTF-8 text", "save it as UTF-8")
        ) from None
    if match := _UNPRINTABLE.search(text):
        line, column = _place(text, match.start())
        said = f"not YAML: the character U+{ord(match[0]):04X} stands here"
        raise Unreadable(Mistake(file, line, column, said, "take it out"))
    return text


def refused(file: str, text: str) -> list[Mistake]:
    """What a policy does without and the file holds.

    Raises:
        Unreadable: the file is no YAML, or what it holds keeps its values from being told apart.
    """
    events: list[tuple[bool, Mistake]] = []
    try:
        events.extend(_refused(file, text))
    except yaml.MarkedYAMLError as error:
        raise Unreadable(*(mistake for _, mistake in events), _no_yaml(file, text, error)) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Unreadable(Mistake(file, 1, 1, "this is not YAML", "mind the indentation")) from None
    mistakes = [mistake for _, mistake in events]
    if any(fatal for fatal, _ in events):
        raise Unreadable(*mistakes)
    return mistakes


def _refused(file: str, text: str) -> Iterator[tuple[bool, Mistake]]:
    """Each mistake, and whether it keeps the file from being read."""
    depth = documents = 0
    for event in yaml.parse(text, LOADER):
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.AliasEvent):
            said = f"*{shortened(event.anchor or '')} stands for what is written elsewhere"
            yield True, Mistake(file, line, column, said, "write it out: a policy has no aliases")
        elif anchor := getattr(event, "anchor", None):
            said = f"&{shortened(anchor)} is an anchor"
            yield False, Mistake(file, line, column, said, "take it out: a policy has no aliases")
        if getattr(event, "tag", None):
            yield False, Mistake(file, line, column, "a policy has no tags", "take out what begins with '!'")
        if isinstance(event, yaml.DocumentStartEvent) and documents > 1:
            yield True, Mistake(file, line, column, "a second document begins here", "one document a file")
        if depth > DEEPEST:
            yield True, Mistake(file, line, column, f"nested deeper than {DEEPEST}", "write it flatter")
            return


def _no_yaml(file: str, text: str, error: yaml.MarkedYAMLError) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n")
    indentation = lines[line - 1][: column - 1 + 1] if line <= len(lines) else ""
    if "\t" in indentation and not indentation.strip():
        at = indentation.index("\t") + 1
        return Mistake(file, line, at, "not YAML: a tab in the indentation", "indent by spaces")
    condition = _CONDITION.match(lines[line - 1]) if line <= len(lines) else None
    if condition:
        said = "not YAML: the value ends with its second quote, and goes on"
        return Mistake(file, line, column, said, f"put all of it in single quotes: '{condition[1].strip()}'")
    return Mistake(file, line, column, f"not YAML: {error.problem}", "mind the indentation and the quotes")


def _place(text: str, at: int) -> tuple[int, int]:
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
