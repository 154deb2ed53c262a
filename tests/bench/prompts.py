"""What the benchmark asks: short requests of many kinds, none twice, so that no cached text is measured.

Which of them the linear models are sure of, the classifier itself says.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from functools import cache

from gateway.api.wire import chat_request
from gateway.classify.classifier import LinearClassifier
from tests.bench.upstream import HOLD

_ASKED = (
    "Is this message a complaint, a question or praise: the parcel came two days early, thank you",
    "Sort into billing, delivery or other: I was charged twice for the same order",
    "Pull every date out of this: we met on 3 May and again on the 17th",
    "Give me the company names in: Harbour Mills sold its plant to Alder & Sons",
    "Sum up in two lines: the meeting moved the launch to autumn because the tests ran late",
    "Shorten this to one sentence: our new office has a garden, a kitchen and too few chairs",
    "Make this friendlier: send the report today",
    "Rewrite for a ten-year-old: photosynthesis turns light into chemical energy",
    "Translate into French: the train leaves at noon from platform four",
    "Auf Englisch bitte: Der Drucker im zweiten Stock ist wieder kaputt",
    "From the text 'the bridge was opened in 1931', when was the bridge opened?",
    "Why is the sky red at dusk?",
    "Who wrote the first novel that was printed in Iceland?",
    "What does our handbook say about returning an opened box?",
    "How many days of leave does a new colleague get in the first year?",
    "Open a ticket for the broken scanner in room 12",
    "Where is my order 48213 right now?",
    "Write a Python function that merges two sorted lists",
    "Why does this loop never end: while i < 10: print(i)",
    "What is 17 percent of 2340, and how did you get there?",
    "A tank fills in 3 hours and drains in 5; how long with both open?",
    "Write a poem of four lines about a ferry in fog",
    "Begin a story about a clock that runs backwards",
    "Ten names for a bakery next to a railway station",
    "Ideas for a rainy afternoon with three children",
    "Hello, how are you today?",
    "Thanks, that was all!",
    "What is the weather in Oslo this evening?",
    "What did the euro close at against the dollar yesterday?",
    "Which version of the language came out last month, and what is new in it?",
)
_SYSTEM = {"role": "system", "content": "You answer briefly and say when you do not know."}
_ANSWER = (
    "In short: yes, though it depends on the week. The first half is settled and written down; what is left "
    "are two open points, the budget and the date, and both can wait until everybody is back."
)
TEXTS = 4500  # in one list: more than the gateway remembers
EVERY = 5  # of the mixed texts, one in so many is unsure
_numbers = itertools.count(1)  # makes each text its own, in later lists too


def bodies(stream: bool) -> list[bytes]:
    """Request bodies, as a client's library writes them: one system prompt, and never the same question."""
    return [_body(next(texts), stream) for texts in [_texts()] for _ in range(TEXTS)]


def chosen(unsure: bool, texts: int = TEXTS) -> list[str]:
    """Texts that the classifier is sure of, or, where `unsure`, of which every EVERYth is not.

    Sure is: of the task, of the freshness and of the sensitivity, in the request that is sent.
    """
    sure, not_sure = _sorted(texts)
    if not unsure:
        return sure
    mixed = zip(*[iter(sure)] * (EVERY - 1), not_sure, strict=False)
    return list(itertools.chain.from_iterable(mixed))


@cache
def _sorted(texts: int) -> tuple[list[str], list[str]]:
    """So many that it is sure of, and a fourth as many that it is not."""
    classifier, sure, unsure = LinearClassifier(), list[str](), list[str]()
    for text in _texts():
        signals = classifier.classify(chat_request(_body(text, False)))
        guesses = (signals.task, signals.freshness, signals.sensitivity)
        (unsure if any(guess.unsure for guess in guesses) else sure).append(text)
        if len(sure) >= texts and len(unsure) * (EVERY - 1) >= texts:
            return sure[:texts], unsure
    raise AssertionError("there is always another text")


def wire_bodies(texts: list[str], stream: bool) -> list[bytes]:
    return [_body(text, stream) for text in texts]


def held() -> bytes:
    """A request whose answer stays open after its first event."""
    return _body(f"{next(_numbers)} {HOLD}", True)


def conversations(turns: int, count: int) -> Iterator[bytes]:
    """Requests of `count` conversations in turn: so many questions, and answers between.

    The last question is new; what was said before it comes again each time, as conversations do.
    """
    texts = _texts()
    earlier = [[next(texts) for _ in range(turns - 1)] for _ in range(count)]
    while True:
        for number, asked in enumerate(earlier):
            said = [
                {"role": role, "content": text}
                for place, question in enumerate(asked)
                for role, text in (("user", question), ("assistant", f"{number}.{place}: {_ANSWER}"))
            ]
            yield _body(next(texts), False, said)


def _texts() -> Iterator[str]:
    return (f"{asked} ({next(_numbers)})" for asked in itertools.cycle(_ASKED))


def _body(asked: str, stream: bool, said: list[dict[str, str]] | None = None) -> bytes:
    messages = [_SYSTEM, *(said or []), {"role": "user", "content": asked}]
    body = {"model": "auto", "messages": messages, "temperature": 0.2, "user": f"u{len(asked) % 30}"}
    return json.dumps({**body, "stream": True} if stream else body).encode()
