"""Markdown to passages: by headings, then by paragraphs; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

AIM = 120  # words: a passage is closed before the paragraph that would pass this
MOST = 200  # words: a longer paragraph is cut
SEPARATOR = " › "

_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*\Z")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[^a-z\s])")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document; `title` is its headings, outermost first."""

    title: str
    text: str


def chunks(text: str, name: str = "") -> tuple[Chunk, ...]:
    """The passages of a document, in order. `name` is the title of what stands under no heading."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    text = _COMMENT.sub("", _FRONT_MATTER.sub("", text))
    return tuple(
        Chunk(title, piece)
        for title, lines in _sections(text.split("\n"), name)
        for piece in _packed(_paragraphs(lines))
    )


def _sections(lines: list[str], name: str) -> Iterator[tuple[str, list[str]]]:
    """Title and body of every part between two headings."""
    path: list[tuple[int, str]] = []
    body: list[str] = []
    fence = ""
    for line in lines:
        fence = _fence_after(line, fence)
        heading = None if fence else _heading(line, body)
        if heading is None:
            body.append(line)
            continue
        yield _title(path, name), body
        path = [step for step in path if step[0] < heading[0]] + [heading]
        body = []
    yield _title(path, name), body


def _fence_after(line: str, fence: str) -> str:
    """The code fence that is open after this line; empty: none."""
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    closes = found[1][0] == fence[0] and len(found[1]) >= len(fence)
    return "" if closes else fence


def _heading(line: str, body: list[str]) -> tuple[int, str] | None:
    """Level and words of a heading; one that is underlined takes its words back out of `body`."""
    if found := _HEADING.match(line):
        return len(found[1]), found[2]
    underline = _UNDERLINE.match(line)
    alone = body and body[-1].strip() and (len(body) == 1 or not body[-2].strip())
    if underline and alone and not body[-1].lstrip().startswith(("-", "*", "+", ">", "|", "#")):
        return (1 if underline[1][0] == "=" else 2), body.pop().strip()
    return None


def _title(path: list[tuple[int, str]], name: str) -> str:
    return SEPARATOR.join(words for _, words in path if words) or name


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Blocks between blank lines; a code block stays whole."""
    block: list[str] = []
    fence = ""
    for line in lines:
        fence = _fence_after(line, fence)
        if line.strip() or fence:
            block.append(line.rstrip())
            continue
        yield "\n".join(block)
        block = []
    yield "\n".join(block)


def _packed(paragraphs: Iterable[str]) -> Iterator[str]:
    """Neighbouring paragraphs together, about `AIM` words and never more than `MOST`."""
    held: list[str] = []
    size = 0
    for piece in (part for paragraph in paragraphs for part in _cut(paragraph)):
        words = len(piece.split())
        if held and size + words > AIM:
            yield "\n\n".join(held)
            held, size = [], 0
        held.append(piece)
        size += words
    if held:
        yield "\n\n".join(held)


def _cut(paragraph: str) -> Iterator[str]:
    """A paragraph whole, or in sentences packed up to `MOST` words where it is longer."""
    paragraph = paragraph.strip()
    if not paragraph:
        return
    if len(paragraph.split()) <= MOST:
        yield paragraph
        return
    held: list[str] = []
    for words in (run for sentence in _SENTENCE_END.split(paragraph) for run in _runs(sentence.split())):
        if len(held) + len(words) > MOST:
            yield " ".join(held)
            held = []
        held += words
    yield " ".join(held)


def _runs(words: list[str]) -> Iterator[list[str]]:
    """A sentence that is longer than a passage, in passage-long runs."""
    for start in range(0, len(words), MOST):
        yield words[start : start + MOST]
