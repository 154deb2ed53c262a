"""What every client script has in common: what it asks, and how it tells what the client saw.

A script is given where the gateway is, a key and the models to ask by its environment, runs each case with
each model, and prints one JSON object: model → case → what the client saw, or the error that it raised.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

GATEWAY = os.environ["GATEWAY_URL"]
URL = f"{GATEWAY}/v1"
SYSTEM = "You speak of the weather in few words."
CITIES = ("Paris", "Oslo")
WEATHER = "What the weather is in a city."
MAX_TOKENS = 64
TEMPERATURE = 0.5

Seen = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One case: the words and the model to ask. The prompt begins with a mark that no other request has."""

    client: str
    asked_of: str  # the model whose case it is
    case: str

    @property
    def model(self) -> str:
        return "no-such-model" if self.case == "unknown_model" else self.asked_of

    @property
    def key(self) -> str:
        return "wrong-key" if self.case == "wrong_key" else os.environ["GATEWAY_KEY"]

    @property
    def prompt(self) -> str:
        return f"{self.client}/{self.asked_of}/{self.case}: how is the weather in Paris and in Oslo?"


Ask = Callable[[Asked], Seen]


def weather(city: str) -> str:
    """What the weather is in a city."""
    return f"{city}: 21 degrees"


def weather_schema() -> dict[str, Any]:
    """The schema of the tool `weather`."""
    return {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }


def run(*, chat: Ask, stream: Ask, tools: Ask, structured: Ask) -> None:
    """Run every case with every model, and print what came of it."""
    client, others = os.environ["CLIENT"], _watch()
    cases = {
        "chat": chat,
        "stream": stream,
        "tools": tools,
        "structured": structured,
        "unknown_model": chat,
        "wrong_key": chat,
        "context_length": chat,
        "busy": chat,
        "broken": stream,
    }
    seen = {
        model: {case: _seen(ask, Asked(client, model, case)) for case, ask in cases.items()}
        for model in os.environ["MODELS"].split(",")
    }
    print(json.dumps({"seen": seen, "others": others}))


def _seen(ask: Ask, asked: Asked) -> Seen:
    try:
        return ask(asked)
    except Exception as error:
        return {"error": told(error)}


def told(error: Exception) -> Seen:
    """An error as an application sees it: the class and the words, and what the client read of the body."""
    says = {name: getattr(error, name, None) for name in ("status_code", "code", "param")}
    return {"class": type(error).__name__, "message": str(error), **says}


def _watch() -> Sequence[str]:
    """Whom this process connects to beside the gateway: nobody, it is hoped."""
    gateway = urlsplit(GATEWAY)
    others: list[str] = []

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            host, port, *_ = arguments[1]
            if (host, port) != (gateway.hostname, gateway.port):
                others.append(f"{host}:{port}")

    sys.addaudithook(audit)
    return others
