"""What the benchmark asks: short requests of many kinds, none twice, so that no cached text is measured."""

from __future__ import annotations

import itertools
import json

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


_ROUNDS = 150  # of all of them in one list: more texts than the gateway remembers
_numbers = itertools.count(1)  # makes each text its own, in later lists too


def bodies(stream: bool) -> list[bytes]:
    """Request bodies, as a client's library writes them: one system prompt, and never the same question."""
    return [_body(asked, stream) for _ in range(_ROUNDS) for asked in _ASKED]


def _body(asked: str, stream: bool) -> bytes:
    number = next(_numbers)
    messages = [
        {"role": "system", "content": "You answer briefly and say when you do not know."},
        {"role": "user", "content": f"{asked} ({number})"},
    ]
    body = {"model": "auto", "messages": messages, "temperature": 0.2, "user": f"u{number % 30}"}
    return json.dumps({**body, "stream": True} if stream else body).encode()
