"""Words, stems and sentences of English text: what the wrapper compares by, beside embeddings. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

_WORD = re.compile(r"[a-zA-Z0-9À-ɏ]+(?:['’][a-z]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_FUNCTION_WORDS = """
a an the this that these those my your our his her its their me you us him them i we he she it they
who whom whose which what when where why how is are was were be been being am do does did done have
has had having will would shall should can could may might must of in on at to for from with without
by about into onto over under after before between through during until since as than and or but nor
so if then else not no yes any some all both each every more most much many few less other another
such own same there here just only also too very still already yet ever never again please thanks
thank hi hello hey ok okay let lets want need like wonder wondering know tell give show get got find
look see say check help make go going up out off s t re ve ll d m isn't aren't don't doesn't didn't
can't what's where's who's how's when's i'm i'd i've it's that's there's let's you're we're
"""
FUNCTION = frozenset(_FUNCTION_WORDS.split())


def words(text: str) -> list[str]:
    return [w.lower().replace("’", "'") for w in _WORD.findall(text)]


def stem(word: str) -> str:
    """A word without its commonest endings: enough to bring `refunds` and `refunded` together."""
    for ending, put, least in (
        ("ies", "y", 5),
        ("sses", "ss", 6),
        ("ings", "", 7),
        ("ing", "", 6),
        ("ied", "y", 5),
        ("ed", "", 5),
        ("ments", "", 8),
        ("ment", "", 8),
        ("ations", "", 9),
        ("ation", "", 8),
        ("es", "", 5),
        ("s", "", 4),
        ("ly", "", 6),
    ):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            word = word.removesuffix(ending) + put
            break
    return word.removesuffix("e") if len(word) > 4 else word


def stems(text: str) -> frozenset[str]:
    """The stems of a text's words, function words left out."""
    return frozenset(stem(w) for w in words(text) if w not in FUNCTION)


def name_words(name: str) -> list[str]:
    """The words of an identifier, in snake_case, kebab-case or camelCase."""
    return words(re.sub(r"[_\-.]+", " ", _CAMEL.sub(" ", name)))


def rarity(texts: Iterable[Collection[str]]) -> Mapping[str, float]:
    """How much each stem tells among these texts: the logarithm of one in how many of them holds it."""
    counted: Counter[str] = Counter()
    number = 0
    for text in texts:
        number += 1
        counted.update(set(text))
    return {word: math.log(1 + number / count) for word, count in counted.items()}


def covered(asked: Collection[str], held: Collection[str], weight: Mapping[str, float]) -> float:
    """Which share of `asked`, by weight, is in `held`; a word without a weight counts as the rarest."""
    rarest = max(weight.values(), default=1.0)
    total = sum(weight.get(w, rarest) for w in asked)
    return sum(weight.get(w, rarest) for w in asked if w in held) / total if total else 0.0


_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|approx|incl|no|nr|mr|mrs|ms|dr|st|vs|p)|\b[A-Z])\.$", re.IGNORECASE
)
_BREAK = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[\"“‘(\[]?[A-Z0-9À-Þ])")


def sentences(paragraph: str) -> list[str]:
    """A paragraph's sentences."""
    found: list[str] = []
    start = 0
    for gap in _BREAK.finditer(paragraph):
        if not _ABBREVIATION.search(paragraph[max(start, gap.start() - 10) : gap.start()]):
            found.append(paragraph[start : gap.end()].strip())
            start = gap.end()
    return [s for s in (*found, paragraph[start:].strip()) if s]


def plain(markdown: str) -> list[str]:
    """The sentences of Markdown as one would read them aloud: list items and table rows are sentences too.

    A line that introduces a list (it ends in a colon) is joined with the list.
    """
    units: list[str] = []
    for block in re.split(r"\n\s*\n", markdown):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        units.extend(_table(lines) if all("|" in line for line in lines) else _prose(lines))
    return _with_lists([_bare(unit) for unit in units])


_ITEM = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+")


def _prose(lines: list[str]) -> list[str]:
    units: list[str] = []
    paragraph: list[str] = []

    def end() -> None:
        units.extend(sentences(" ".join(paragraph)))
        paragraph.clear()

    for line in lines:
        if line.startswith(("#", "```", "---", "===", "<!--")):
            end()
        elif _ITEM.match(line):
            end()
            paragraph.append("• " + _ITEM.sub("", line))
        else:
            paragraph.append(line.removeprefix("> "))
    end()
    return units


def _table(lines: list[str]) -> list[str]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rows = [row for row in rows if not all(re.fullmatch(r":?-*:?", cell) for cell in row)]
    if len(rows) < 2:
        return [", ".join(row) for row in rows]
    head, *body = rows
    return [", ".join(f"{h}: {c}" if h else c for h, c in zip(head, row, strict=False) if c) for row in body]


def _with_lists(units: list[str]) -> list[str]:
    """Joins `You need:` with the items below it; a list without such a line stays apart."""
    joined: list[str] = []
    open_list = False
    for unit in units:
        item = unit.startswith("• ")
        text = unit.removeprefix("• ")
        if item and joined and (joined[-1].endswith(":") or open_list):
            joined[-1] += f" {text}" if joined[-1].endswith(":") else f"; {text.rstrip('.')}"
            open_list = True
        else:
            joined.append(text)
            open_list = False
    return joined


def _bare(text: str) -> str:
    """Without Markdown's marks."""
    text = re.sub(r"!?\[([^\[\]]{0,300})\]\([^()]{0,600}\)", r"\1", text)
    return re.sub(r"(\*\*|__|`)(.+?)\1", r"\2", text).replace("**", "").strip()
