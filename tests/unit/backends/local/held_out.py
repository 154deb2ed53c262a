"""Requests written after the wrapper, over tools that it was not fitted on.

At first sight 29 of 39 were called rightly and 14 of 16 left alone, and 14 of 17 handbook questions were
quoted rightly (1 wrongly, 2 not at all). What they taught about reading phrases went into the wrapper since;
`fresh.py` holds what it has not learned from.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from gateway.types import ToolSpec
from tests.unit.backends.local.cases import Case, tool

_S = {"type": "string"}


def shop_tools() -> tuple[ToolSpec, ...]:
    """The demo's tools as they are offered: their servers' words, the policy's examples."""
    policy = yaml.safe_load(
        (Path(__file__).parents[4] / "policies" / "tools.yaml").read_text(encoding="utf-8")
    )
    examples = {name: tuple(said) for t in policy["tools"] for name, said in t["examples"].items()}
    described = (
        ("order_status", "Where an order is: its status, carrier, tracking number, expected delivery, items "
         "and total.", {"order_id": {"type": "integer"}}, ("order_id",)),
        ("find_orders", "List the orders that a customer has placed, newest first, by the customer's name or "
         "e-mail.", {"customer": _S}, ("customer",)),
        ("stock_level", "How many pieces of a product are in stock, what it costs, and when more "
         "will arrive.",
         {"product": _S}, ("product",)),
        ("current_time", "The time of day and the date right now, in a time zone given by its IANA name.",
         {"timezone": {"type": "string", "default": "UTC"}}, ()),
    )  # fmt: skip
    return tuple(tool(n, d, r, *examples[n], **p) for n, d, p, r in described)


SHOP_CASES = (
    Case("Any news on order 1015?", "order_status", {"order_id": 1015}),
    Case("My order number is 1024. When does it get here?", "order_status", {"order_id": 1024}),
    Case("has #1030 left your warehouse", "order_status", {"order_id": 1030}),
    Case("could you look up 1012 for me, I'm waiting for the package", "order_status", {"order_id": 1012}),
    Case("Who is delivering order 1020 and what's the tracking number?", "order_status", {"order_id": 1020}),
    Case("I ordered two weeks ago, no. 1019, did it arrive?", "order_status", {"order_id": 1019}),
    Case("pls check the state of order nr 1009", "order_status", {"order_id": 1009}),
    Case("What did Priya Raman buy?", "find_orders", {"customer": "Priya Raman"}),
    Case("find every order by rory.g@example.co.uk", "find_orders", {"customer": "rory.g@example.co.uk"}),
    Case("Does Leila Haddad have any open orders?", "find_orders", {"customer": "Leila Haddad"}),
    Case("list purchases made by Oskar Brandt", "find_orders", {"customer": "Oskar Brandt"}),
    Case("I need the order numbers of the customer Mei Tanaka", "find_orders", {"customer": "Mei Tanaka"}),
    Case("How many oak bookshelves are in the warehouse?", "stock_level", {"product": "oak bookshelves"}),
    Case("is the brass reading lamp sold out?", "stock_level", {"product": "brass reading lamp"}),
    Case("Are there any wool throws left", "stock_level", {"product": "wool throws"}),
    Case("When do you get new solar garden lanterns in?", "stock_level",
         {"product": "solar garden lanterns"}),
    Case("what's the price of the ceramic oil burner", "stock_level", {"product": "ceramic oil burner"}),
    Case("Do we have enough linen lampshades?", "stock_level", {"product": "linen lampshades"}),
    Case("How late is it in Sydney?", "current_time", {"timezone": "Australia/Sydney"}),
    Case("What day is it today?", "current_time", {}),
    Case("tell me the time over in Chicago", "current_time", {"timezone": "America/Chicago"}),
    Case("Write a haiku about autumn", None),
    Case("What is photosynthesis?", None),
    Case("How long do I have to send something back?", None),
    Case("Do you deliver to Switzerland?", None),
    Case("Can I pay by invoice?", None),
    Case("What is covered by the warranty?", None),
    Case("Fix this Python function: def f(x) return x", None),
    Case("You're very kind, thank you", None),
    Case("Recommend me a good book about sailing", None),
)  # fmt: skip

CLINIC = (
    tool("book_appointment", "Book an appointment for a patient with a doctor.", ("doctor", "date"),
         doctor=_S, date={"type": "string", "format": "date"},
         time={"type": "string", "description": "HH:MM"}),
    tool("lab_result", "Fetch the result of a laboratory test by its sample number.", ("sample_number",),
         sample_number={"type": "integer"}),
    tool("refill_prescription", "Order a refill of a medicine for a patient.", ("medicine",),
         medicine=_S, packs={"type": "integer", "minimum": 1}),
)  # fmt: skip

CLINIC_CASES = (
    Case("I'd like to see Doctor Nguyen on Monday at 10:30", "book_appointment",
         {"doctor": "Nguyen", "date": "2026-11-30", "time": "10:30"}),
    Case("Book me in with doctor Alvarez on 2 December", "book_appointment",
         {"doctor": "Alvarez", "date": "2026-12-02"}),
    Case("Is the result for sample 48213 in?", "lab_result", {"sample_number": 48213}),
    Case("lab test no. 7719 please", "lab_result", {"sample_number": 7719}),
    Case("Please refill my ibuprofen", "refill_prescription", {"medicine": "ibuprofen"}),
    Case("I need a new prescription for metformin, two packs", "refill_prescription",
         {"medicine": "metformin", "packs": 2}),
    Case("What are the side effects of aspirin?", None),
    Case("Tell me about the history of medicine", None),
)  # fmt: skip

OPERATIONS = (
    tool("restart_service", "Restart a service in an environment.", ("service", "environment"),
         "restart the billing service on staging", service=_S,
         environment={"type": "string", "enum": ["production", "staging", "development"]}),
    tool("query_logs", "Search the logs of a service for a text over the last hours.", ("query",),
         "show log lines mentioning 'timeout'", query=_S, hours={"type": "integer", "maximum": 72}),
    tool("server_load", "CPU and memory use of a server.", ("host",), "how busy is db-3?", host=_S),
    tool("create_issue", "Open an issue in the bug tracker.", ("title",), 'file a bug titled "Crash on save"',
         title=_S, labels={"type": "array", "items": {"type": "string", "enum": ["bug", "feature", "docs"]}}),
)  # fmt: skip

OPERATIONS_CASES = (
    Case("Please restart checkout on production", "restart_service",
         {"service": "checkout", "environment": "production"}),
    Case("reboot the search service in development", "restart_service",
         {"service": "search", "environment": "development"}),
    Case('Look for "connection refused" in the logs of the last 6 hours', "query_logs",
         {"query": "connection refused", "hours": 6}),
    Case("What's the CPU load of web-07?", "server_load", {"host": "web-07"}),
    Case("how much memory is cache-2 using", "server_load", {"host": "cache-2"}),
    Case('Open an issue called "Login page is blank"', "create_issue", {"title": "Login page is blank"}),
    Case("What is the difference between TCP and UDP?", None),
    Case("Draft a blog post about observability", None),
    Case("Who founded Debian?", None),
)  # fmt: skip

MUSIC = (
    tool("play_song", "Play a song or an artist on the speakers.", ("title",), title=_S, artist=_S),
    tool("set_volume", "Set the volume of the speakers in percent.", ("percent",),
         percent={"type": "integer", "minimum": 0, "maximum": 100}),
    tool("set_timer", "Set a timer for some minutes.", ("minutes",), minutes={"type": "number"}),
    tool("switch_light", "Switch the light in a room on or off.", ("room", "state"), room=_S,
         state={"type": "string", "enum": ["on", "off"]}),
)  # fmt: skip

MUSIC_CASES = (
    Case('Play "Heroes" by David Bowie', "play_song", {"title": "Heroes", "artist": "David Bowie"}),
    Case("turn the volume to 40 percent", "set_volume", {"percent": 40}),
    Case("volume at 15 please", "set_volume", {"percent": 15}),
    Case("Set a timer for 12 minutes", "set_timer", {"minutes": 12}),
    Case("Switch the kitchen light off", "switch_light", {"room": "kitchen", "state": "off"}),
    Case("turn on the lamp in the bedroom", "switch_light", {"room": "bedroom", "state": "on"}),
    Case("Why did the Beatles break up?", None),
    Case("How do noise-cancelling headphones work?", None),
)  # fmt: skip

UNRELATED = ((CLINIC, CLINIC_CASES), (OPERATIONS, OPERATIONS_CASES), (MUSIC, MUSIC_CASES))

# About policies/handbook; a right quote holds the words; None: it does not say.
HANDBOOK = (
    ("How long does delivery to Denmark take?", "3 to 5 working days"),
    ("what does shipping cost inside germany", "4.90"),
    ("Do you ship to the USA?", "do not deliver to the United Kingdom, the United States"),
    ("Is express possible for a fire bowl?", "cannot be sent by express"),
    ("When is my credit card charged?", "when the parcel leaves our warehouse"),
    ("Can I pay with bitcoin?", "cryptocurrency"),
    ("What interest do I pay on twelve instalments?", "6.9 percent"),
    ("How long is the guarantee on a tent?", "5 years"),
    ("how do I claim warranty", "photo of the fault"),
    ("What does it cost to get a tent zip repaired?", "38 euros"),
    ("How many points do I get for a review?", "20 points"),
    ("When do loyalty points expire?", "24 months"),
    ("Can a company join Oak Circle?", "Companies cannot be members"),
    ("How many days do I have to return something?", "30 days"),
    ("When will I receive my refund?", "5 working days"),
    ("Can I use two discount codes at once?", "Only one discount code"),
    ("What happens if I'm not at home when the parcel comes?", "tries again on the next working day"),
    ("Who is the head of state of Portugal?", None),
    ("Do you rent out canoes?", None),
    ("What is the best programming language?", None),
    ("Can I book a hiking guide through you?", None),
    ("How do I bake sourdough bread?", None),
)
