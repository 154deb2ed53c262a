"""Requests written last, after the wrapper was done with: nothing was changed on their account."""

from __future__ import annotations

from tests.unit.backends.local.cases import Case, tool

_S = {"type": "string"}

SHOP = (
    Case("Could you check whether 1028 has been sent?", "order_status", {"order_id": 1028}),
    Case("I'm still waiting for order 1012, where did it get stuck?", "order_status", {"order_id": 1012}),
    Case("ETA for order #1007?", "order_status", {"order_id": 1007}),
    Case("What's going on with my purchase, order number 1011", "order_status", {"order_id": 1011}),
    Case("Pull up the orders of Hannah Weiss", "find_orders", {"customer": "Hannah Weiss"}),
    Case("what has jonas@example.se ordered so far", "find_orders", {"customer": "jonas@example.se"}),
    Case("Has Diego Fuentes bought anything lately?", "find_orders", {"customer": "Diego Fuentes"}),
    Case("Have you got any beeswax candles?", "stock_level", {"product": "beeswax candles"}),
    Case("is the oak writing desk in stock", "stock_level", {"product": "oak writing desk"}),
    Case("number of paper lantern garlands on hand?", "stock_level", {"product": "paper lantern garlands"}),
    Case("When will the oak side table be back?", "stock_level", {"product": "oak side table"}),
    Case("what time do they have in Toronto now", "current_time", {"timezone": "America/Toronto"}),
    Case("Time in Nairobi?", "current_time", {"timezone": "Africa/Nairobi"}),
    Case("Compose a slogan for a bakery", None),
    Case("How often should I oil a wooden table?", None),
    Case("Are returns free?", None),
    Case("What is the square root of 1764?", None),
    Case("good evening!", None),
)

HOUSE = (
    tool("find_recipe", "Find a recipe with an ingredient.", ("ingredient",), ingredient=_S,
         diet={"type": "string", "enum": ["vegan", "vegetarian", "gluten_free"]}),
    tool("add_to_list", "Put something on the shopping list.", ("item",), item=_S,
         quantity={"type": "integer"}),
    tool("parcel_tracking", "Track a parcel by its tracking number.", ("tracking_number",),
         tracking_number=_S),
    tool("bus_departures", "The next departures of buses from a stop.", ("stop",), stop=_S),
    tool("convert_units", "Convert a quantity between units of measurement.", ("value", "unit"),
         value={"type": "number"},
         unit={"type": "string", "enum": ["miles", "kilometers", "pounds", "kilograms"]}),
    tool("remind_me", "Set a reminder for a day.", ("text", "date"), text=_S,
         date={"type": "string", "format": "date"}),
)  # fmt: skip

HOUSE_CASES = (
    Case("Find a vegan recipe with chickpeas", "find_recipe", {"ingredient": "chickpeas", "diet": "vegan"}),
    Case("what can I cook with leeks? a recipe please", "find_recipe", {"ingredient": "leeks"}),
    Case("put oat milk on the shopping list", "add_to_list", {"item": "oat milk"}),
    Case("Add 6 eggs to my shopping list", "add_to_list", {"item": "eggs", "quantity": 6}),
    Case("Track parcel JD0146000", "parcel_tracking", {"tracking_number": "JD0146000"}),
    Case("where is the package with number 1Z999AA1", "parcel_tracking", {"tracking_number": "1Z999AA1"}),
    Case("When does the next bus leave from Market Square?", "bus_departures", {"stop": "Market Square"}),
    Case("Convert 26.2 into miles", "convert_units", {"value": 26.2, "unit": "miles"}),
    Case('Remind me to "water the plants" on Saturday', "remind_me",
         {"text": "water the plants", "date": "2026-11-28"}),
    Case("How did the metric system come about?", None),
    Case("Who invented the bus?", None),
    Case("write me a bedtime story about a dragon", None),
)  # fmt: skip
