"""Words to the terms that the full-text index knows: stems as SQLite's own tokenizer makes them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator

from gateway.knowledge.index import TOKENIZER

MOST_KNOWN = 50_000  # words whose stem is remembered
MOST_CHARACTERS = 4_000  # of a query: what is longer is a text, not a question

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text, lower case, in order."""
    return _WORD.findall(text.lower())


# Words that say how something is asked, not what about; each as it is written.
STOP_WORDS = frozenset(
    words(
        """
    a about after again all almost already also although always am an and another any anybody anyone
    anything are aren as ask asking at away back be because been before being between both but by came can
    cannot come could couldn d did didn do does doesn doing don done during each either else ever every
    everything explain few find for from further gave get gets getting give given gives go goes going gonna
    good got had hadn happen happened happens has hasn have haven having he hello help her here hers hey hi
    him his hope how however i if in into is isn it its itself just kind kindly know let like ll long look
    looking m made make makes many may maybe me might more most much must mustn my myself name need needs
    no nor not now of off often oh ok okay on once one only or other our ours out over own per perhaps
    please possible put question quite rather re really regarding s said same say see seem shall she should
    shouldn show since so some somebody someone something soon still such suppose sure t take tell than
    thank thanks that the their theirs them then there these they thing things think this those though
    through to too toward towards try under until up upon us use used using usually ve very want wanted
    wants was wasn way we well were weren what whatever when where whether which while who whole whom whose
    why will with within without won wonder wondering would wouldn yes yet you your yours yourself
    """
    )
)


def content_words(query: str) -> list[str]:
    """The words of a query that say what it is about, each once, in order."""
    found = dict.fromkeys(words(query[:MOST_CHARACTERS]))
    return [word for word in found if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]


class Stemmer:
    """Asks a scratch FTS5 table, so that its stems are the index's; belongs to one thread."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._scratch = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._scratch.execute(f"CREATE VIRTUAL TABLE words USING fts5(word, tokenize='{TOKENIZER}')")
        self._scratch.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(words, instance)")

    def close(self) -> None:
        self._scratch.close()

    def stems(self, words: Iterable[str]) -> Iterator[str]:
        """The stem of every word, in order."""
        asked = list(words)
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._learn({word for word in asked if word not in self._known})
        return (self._known[word] for word in asked)

    def _learn(self, unknown: set[str]) -> None:
        if not unknown:
            return
        numbered = list(enumerate(unknown, 1))
        self._scratch.execute("BEGIN")
        self._scratch.executemany("INSERT INTO words(rowid, word) VALUES (?, ?)", numbered)
        stems = dict(self._scratch.execute("SELECT doc, term FROM stems"))
        self._scratch.execute("ROLLBACK")
        self._known.update((word, stems.get(row, word)) for row, word in numbered)
