"""Requests over tools of many trades, by which the wrapper's thresholds were chosen: none is the demo's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.types import ToolSpec

TODAY = date(2026, 11, 24)  # a Tuesday


@dataclass(frozen=True)
class Case:
    """A request, the tool that serves it (None: none does), and its arguments."""

    request: str
    tool: str | None
    arguments: dict[str, Any] = field(default_factory=dict)


def tool(
    tool_name: str, description: str, required: tuple[str, ...], /, *examples: str, **properties: Any
) -> ToolSpec:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return ToolSpec(tool_name, description, schema, examples=examples)


_S = {"type": "string"}
OFFICE = (
    tool("get_weather", "Current weather and forecast for a city.", ("city",), city=_S,
         units={"type": "string", "enum": ["celsius", "fahrenheit"]}),
    tool("create_event", "Put an appointment in the calendar.", ("title", "date"), title=_S,
         date={"type": "string", "format": "date"}, time={"type": "string", "description": "HH:MM"}),
    tool("convert_currency", "Convert an amount of money from one currency to another.",
         ("amount", "from_currency", "to_currency"), amount={"type": "number"},
         from_currency={"type": "string", "description": "ISO 4217 code"},
         to_currency={"type": "string", "description": "ISO 4217 code"}),
    tool("get_ticket", "Show a support ticket: who has it, its priority and its history.", ("ticket_id",),
         ticket_id=_S),
    tool("set_priority", "Change the priority of a support ticket.", ("ticket_id", "priority"), ticket_id=_S,
         priority={"type": "string", "enum": ["low", "medium", "high", "urgent"]}),
    tool("search_employees", "Find a colleague's phone number, desk and team by name.", ("name",), name=_S),
    tool("book_room", "Reserve a meeting room for a number of people on a day.", ("people", "date"),
         people={"type": "integer"}, date={"type": "string", "format": "date"}),
    tool("send_email", "Send an e-mail message to somebody.", ("to", "body"),
         to={"type": "string", "format": "email"}, subject=_S, body=_S),
)  # fmt: skip

OFFICE_CASES = (
    Case("What's the weather like in Lisbon?", "get_weather", {"city": "Lisbon"}),
    Case("Will it rain in Buenos Aires tomorrow", "get_weather", {"city": "Buenos Aires"}),
    Case("how warm is it in oslo right now, in celsius please", "get_weather",
         {"city": "oslo", "units": "celsius"}),
    Case("do I need an umbrella in Dublin today?", "get_weather", {"city": "Dublin"}),
    Case('Add "Dentist" to my calendar on 3 March 2027 at 9 am', "create_event",
         {"title": "Dentist", "date": "2027-03-03", "time": "09:00"}),
    Case("Schedule an appointment called budget review for Friday at 14:30", "create_event",
         {"title": "budget review", "date": "2026-11-27", "time": "14:30"}),
    Case("How much is 250 dollars in euros?", "convert_currency",
         {"amount": 250, "from_currency": "USD", "to_currency": "EUR"}),
    Case("convert 1,200.50 CHF to GBP", "convert_currency",
         {"amount": 1200.5, "from_currency": "CHF", "to_currency": "GBP"}),
    Case("what would ¥5000 be in pounds", "convert_currency",
         {"amount": 5000, "from_currency": "JPY", "to_currency": "GBP"}),
    Case("Who is working on ticket INC-2041?", "get_ticket", {"ticket_id": "INC-2041"}),
    Case("pull up the history of REQ-77 please", "get_ticket", {"ticket_id": "REQ-77"}),
    Case("Make INC-310 urgent", "set_priority", {"ticket_id": "INC-310", "priority": "urgent"}),
    Case("lower the priority of ticket INC-12 to low", "set_priority",
         {"ticket_id": "INC-12", "priority": "low"}),
    Case("What is Ingrid Solberg's phone number?", "search_employees", {"name": "Ingrid Solberg"}),
    Case("which team is Tom Becker in", "search_employees", {"name": "Tom Becker"}),
    Case("Reserve a meeting room for 8 people on Thursday", "book_room", {"people": 8, "date": "2026-11-26"}),
    Case("we need a room for twelve tomorrow", "book_room", {"people": 12, "date": "2026-11-25"}),
    Case("Email kim@example.com saying the contract is signed", "send_email",
         {"to": "kim@example.com", "body": "the contract is signed"}),
    Case('Send "Running ten minutes late" to jo@example.org', "send_email",
         {"to": "jo@example.org", "body": "Running ten minutes late"}),
    Case("Write a limerick about a cat", None),
    Case("Who painted the Mona Lisa?", None),
    Case("hello there!", None),
    Case("Explain recursion to a beginner", None),
    Case("What is the capital of Norway?", None),
    Case("Give me three names for a puppy", None),
    Case("Translate 'good evening' into French", None),
    Case("Why is the sky blue?", None),
    Case("How many days of annual leave do we get?", None),
    Case("What is our policy on remote work?", None),
    Case("Is a degree Celsius the same as a kelvin?", None),
    Case("Who approves travel expenses?", None),
    Case("How do I write a polite e-mail to decline an offer?", None),
)  # fmt: skip

TRAVEL = (
    tool("flight_status", "Whether a flight is on time, its gate and its departure time.", ("flight_number",),
         "Is LH400 delayed?", "Which gate does BA117 leave from?", flight_number=_S),
    tool("search_trains", "Find train connections between two cities on a day.", ("origin", "destination"),
         "Trains from Bern to Basel tomorrow", "How do I get from Lyon to Nice by rail?",
         origin=_S, destination=_S, date={"type": "string", "format": "date"}),
    tool("hotel_booking", "Book a hotel for some nights.", ("city", "nights"),
         "Get me a hotel in Graz for 3 nights", city=_S, nights={"type": "integer", "minimum": 1}),
    tool("loyalty_points", "How many loyalty points a member has, by member number.", ("member_id",),
         "points balance for member 5512", member_id={"type": "integer"}),
    tool("local_time", "The time of day in a city.", (), "what's the time in Lagos",
         timezone={"type": "string", "description": "IANA name", "default": "UTC"}),
)  # fmt: skip

TRAVEL_CASES = (
    Case("Is flight UA932 on time?", "flight_status", {"flight_number": "UA932"}),
    Case("when does SK1425 take off", "flight_status", {"flight_number": "SK1425"}),
    Case("Find me a train from Hamburg to Prague on 5 December", "search_trains",
         {"origin": "Hamburg", "destination": "Prague", "date": "2026-12-05"}),
    Case("any connections from turin to milan today?", "search_trains",
         {"origin": "turin", "destination": "milan", "date": "2026-11-24"}),
    Case("I'd like to stay two nights in Salzburg, can you book a hotel", "hotel_booking",
         {"city": "Salzburg", "nights": 2}),
    Case("book accommodation in Porto for 4 nights", "hotel_booking", {"city": "Porto", "nights": 4}),
    Case("How many points does member 88120 have?", "loyalty_points", {"member_id": 88120}),
    Case("balance of loyalty account #40077", "loyalty_points", {"member_id": 40077}),
    Case("What time is it in Auckland?", "local_time", {"timezone": "Pacific/Auckland"}),
    Case("current time in New York please", "local_time", {"timezone": "America/New_York"}),
    Case("Tell me a joke about pilots", None),
    Case("Summarise the plot of Hamlet", None),
    Case("Is it rude to tip in Japan?", None),
    Case("Thanks, that was all", None),
    Case("hey, how are you doing today?", None),
    Case("Good morning", None),
    Case("What can you help me with?", None),
    Case("What is the baggage allowance in economy?", None),
    Case("How long do loyalty points stay valid?", None),
    Case("Can I cancel a hotel booking free of charge?", None),
    Case("Are pets allowed on the train?", None),
    Case("What documents do I need to fly with a baby?", None),
)  # fmt: skip
