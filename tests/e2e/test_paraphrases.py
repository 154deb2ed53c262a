"""Ten ways to ask for each way of serving, and five requests that need none of them.

Written after the code and not tuned on: a request that turns out wrong stays here, and the number that
must be right is near what was reached, so that a change for the worse shows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import Gateway

ROOT = Path(__file__).parents[2]

TICKETS = {
    "Which category: hello, you took 49 euro from my account twice this month, give one back": "billing",
    "classify this ticket -> 'parcel says delivered but there is nothing at my door???'": "shipping",
    "Label this request.\n\nThe zip of the jacket has the wrong colour, I want to return it.": "returns",
    'Please categorize: "i cant log in anymore, it keeps telling me the password is wrong"': "account",
    "Tag this message: does the storm lantern also run on rechargeable batteries?": "product_question",
    "What kind of ticket is this: your website shows a white page when i press pay": "technical",
    "Sort into the right queue: Dear team, I would like to apply for the warehouse job.": "other",
    "ticket category? my invoice has the old company address on it, need a corrected one": "billing",
    "Categorise this email: it's been nine days and the tracking hasn't moved since Leipzig": "shipping",
    "Which label fits this ticket: how do i change the e-mail address of my profile": "account",
}
FACTS = {
    "How many days may I keep an item before I have to return it?": "30 days",
    "What do you charge for a return label?": "3.95",
    "Is there a warranty on your tents, and for how long?": "5 years",
    "Until what order value can I buy on invoice?": "400 euros",
    "Do you deliver to Switzerland?": "Switzerland",
    "How long is a gift card valid?": "3 years",
    "When do my loyalty points expire?": "24 months",
    "What are the opening hours of the shops?": "10:00 to 19:00",
    "How much is express delivery?": "14.50",
    "Can I have my initials engraved on a mug, and what does it cost?": "9 euros",
}
ORDERS = {
    "Could you check on order 1002 for me?": 1002,
    "What's happening with my order #1004": 1004,
    "status of order no. 1009 please": 1009,
    "Has order 1011 left your warehouse yet?": 1011,
    "When will my order 1013 arrive?": 1013,
    "I ordered some things, number 1016. Where are they?": 1016,
    "Track 1018 for me, that's my order": 1018,
    "Is order 1020 already on its way?": 1020,
    "Tell me the current state of order 1023.": 1023,
    "my order is 1026, any news?": 1026,
}
NEITHER = (
    "Write a limerick about a snail who wants to be a postman.",
    "Explain the difference between a list and a tuple in Python.",
    "Good morning! How are you?",
    "Give me five ideas for a team outing in spring.",
    "If a train covers 180 km in 2.5 hours, what is its average speed?",
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(ROOT / "policies", tmp_path_factory.mktemp("paraphrases") / "data") as running:
        yield running


def ask(gateway: Gateway, text: str, max_tokens: int = 200) -> tuple[str, httpx.Headers]:
    body = {"model": "auto", "max_tokens": max_tokens, "messages": [{"role": "user", "content": text}]}
    reply = httpx.post(gateway.url + "/v1/chat/completions", json=body, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()["choices"][0]["message"]["content"], reply.headers


@pytest.fixture(scope="module")
def statuses() -> dict[int, str]:
    book = sqlite3.connect(":memory:")
    book.executescript((ROOT / "gateway/demo/orders.sql").read_text())
    return dict(book.execute("select id, status from orders"))


def test_tickets_are_tagged_right_or_handed_on(gateway: Gateway) -> None:
    told = {text: ask(gateway, text, 5) for text in TICKETS}
    tagged = {
        t: said for t, (said, headers) in told.items() if headers["x-pointsman-model"] == "ticket-tagger"
    }
    wrong = {text: said for text, said in tagged.items() if said != TICKETS[text]}
    assert not wrong
    assert len(tagged) >= 6, [t for t in TICKETS if t not in tagged]


def test_facts_are_quoted_with_their_source(gateway: Gateway) -> None:
    told = {text: ask(gateway, text)[0] for text in FACTS}
    right = [text for text, fact in FACTS.items() if fact in told[text] and "Sources: [" in told[text]]
    assert len(right) >= 8, {text: said for text, said in told.items() if text not in right}


def test_orders_are_looked_up(gateway: Gateway, statuses: dict[int, str]) -> None:
    told = {text: ask(gateway, text)[0] for text in ORDERS}
    right = [t for t, n in ORDERS.items() if str(n) in told[t] and f"is {statuses[n]}" in told[t]]
    assert len(right) >= 8, {text: said for text, said in told.items() if text not in right}


def test_what_needs_none_of_it_gets_none_of_it(gateway: Gateway) -> None:
    routes = {text: ask(gateway, text, 8)[1]["x-pointsman-route"] for text in NEITHER}
    assert set(routes.values()) == {"everything-else"}, routes
