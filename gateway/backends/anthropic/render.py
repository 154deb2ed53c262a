"""A request of chat completions as a body of Anthropic's Messages API.

What the one says and the other has no words for is refused by name, so that another model can be asked; what
changes no more than how likely an answer is, or how it is billed and kept, is left out: see LEFT_OUT. So are
the `name` of who speaks and the `detail` of an image.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.anthropic.abilities import Abilities
from gateway.backends.anthropic.schema import constrained
from gateway.backends.anthropic.thinking import thinking_of
from gateway.backends.anthropic.tools import allowed_of, choice_of, offered_tools, own_tools, stubs
from gateway.backends.anthropic.turns import Turns, settled
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.types import ChatRequest

LEFT_OUT = frozenset(
    {
        *("frequency_penalty", "metadata", "prediction", "presence_penalty", "prompt_cache_key"),
        *("prompt_cache_options", "prompt_cache_retention", "seed", "service_tier", "store"),
        *("stream_options", "verbosity"),
    }
)
"""Members that the Messages API has nothing like, and without which an answer is still what was asked for."""

OWN = frozenset(
    {
        *("cache_control", "container", "context_management", "inference_geo", "mcp_servers"),
        *("output_config", "speed", "thinking", "user_profile_id"),
    }
)
"""Members of the Messages API itself, which callers of chat completions add where they know the model."""

_ASK_JSON = "Answer with one JSON object and nothing else: no words around it, no code fence."
_WRITTEN = frozenset(
    {
        *("max_completion_tokens", "max_tokens", "messages", "model", "parallel_tool_calls"),
        *("reasoning_effort", "response_format", "safety_identifier", "stop", "stream", "temperature"),
        *("tool_choice", "tools", "top_k", "top_p", "user"),
    }
)
_HARMLESS: dict[str, Any] = {"n": 1, "logprobs": False, "top_logprobs": 0, "logit_bias": {}}
_HARMLESS |= {"modalities": ["text"], "functions": [], "function_call": "none"}
_LONGEST = 64  # characters of a caller's name in an error
_json = msgspec.json.Encoder()


def translated(request: ChatRequest, model: str, abilities: Abilities) -> bytes:
    """The body for `model`.

    Where the caller gives no limit the model may write as much as it can, as with OpenAI. `temperature`
    above 1 is 1; of it and `top_p` the first one counts; neither is sent to a model that refuses them.

    Raises:
        Unsaid: the request holds what there are no words for.
    """
    return _Body(request, abilities).written(model)


class _Body:
    """The members of one body."""

    def __init__(self, request: ChatRequest, abilities: Abilities) -> None:
        self._request, self._abilities = request, abilities
        decoded = {
            name: msgspec.json.decode(raw) for name, raw in request.fields.items() if name != "messages"
        }
        self._fields = {name: value for name, value in decoded.items() if value is not None}
        self._made: dict[str, Any] = {}

    def written(self, model: str) -> bytes:
        self._check()
        turns = self._conversation()
        most = self._abilities.most_output
        self._made = {"model": model, "max_tokens": min(self._request.max_tokens or most, most)}
        self._made |= {name: self._fields[name] for name in OWN & self._fields.keys()}
        self._tools(turns)
        self._format(turns)
        settled(turns)
        self._think(turns)
        self._sample()
        self._say_rest()
        if turns.system:
            self._made["system"] = turns.system
        return _json.encode({**self._made, "messages": turns.turns})

    def _check(self) -> None:
        for name, value in self._fields.items():
            known = name in _WRITTEN or name in LEFT_OUT or name in OWN
            if not known and not (name in _HARMLESS and value == _HARMLESS[name]):
                word = name[:_LONGEST]
                raise Unsaid(word, f"'{word}' as it is here has no counterpart there")

    def _conversation(self) -> Turns:
        turns, sent = Turns(), self._request.sent
        places = {id(m.raw): i for i, m in enumerate(sent.messages)} if sent is not None else {}
        for i, message in enumerate(self._request.messages):
            turns.add(message, f"messages[{places.get(id(message.raw), i)}]")
        return turns

    def _tools(self, turns: Turns) -> None:
        wish = self._fields.get("tool_choice")
        names, wish = allowed_of(wish) or (None, wish)
        own = own_tools(self._fields.get("tools"), names)
        choice = {} if wish is None or (names is not None and not own) else choice_of(wish)
        tools = own + offered_tools(self._request)
        if not tools:
            tools, choice = stubs(turns.called), {"type": "none"}
        if not tools:
            return
        if self._fields.get("parallel_tool_calls") is False and choice.get("type") != "none":
            choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
        self._made["tools"] = tools
        if choice:
            self._made["tool_choice"] = choice

    def _format(self, turns: Turns) -> None:
        wanted = self._fields.get("response_format", {"type": "text"})
        match wanted.get("type") if isinstance(wanted, dict) else None:
            case "text":
                pass
            case "json_object":
                turns.system.append({"type": "text", "text": _ASK_JSON})
            case "json_schema":
                given, param = wanted.get("json_schema"), "response_format.json_schema.schema"
                schema = constrained(given.get("schema") if isinstance(given, dict) else None, param)
                self._configure("format", {"type": "json_schema", "schema": schema})
            case _:
                raise Unsaid("response_format", "'response_format' is none that this API has")

    def _think(self, turns: Turns) -> None:
        effort = self._fields.get("reasoning_effort")
        if "thinking" in self._fields or not isinstance(effort, str):
            return
        forced = self._made.get("tool_choice", {}).get("type") in ("any", "tool")
        # With a budget, a turn that calls has to begin with its thoughts, which chat completions do not keep.
        barred = forced or (turns.ends_with_a_result and not self._abilities.adaptive)
        thinking, own = thinking_of(effort, self._abilities, self._made["max_tokens"], barred)
        if thinking is not None:
            self._made["thinking"] = thinking
        if own is not None:
            self._configure("effort", own)

    def _configure(self, name: str, value: Any) -> None:
        own = self._made.get("output_config")
        self._made["output_config"] = {name: value, **(own if isinstance(own, dict) else {})}

    def _sample(self) -> None:
        """What is not set is not sent; a model that thinks takes no sampling."""
        thinking = self._made.get("thinking")
        thinks = isinstance(thinking, dict) and thinking.get("type") != "disabled"
        if not self._abilities.sampling or thinks:
            return
        temperature, top_p = self._fields.get("temperature"), self._fields.get("top_p")
        if isinstance(temperature, int | float):
            self._made["temperature"] = min(temperature, 1)
        elif top_p not in (None, 1):
            self._made["top_p"] = top_p
        if "top_k" in self._fields:
            self._made["top_k"] = self._fields["top_k"]

    def _say_rest(self) -> None:
        user = self._fields.get("safety_identifier") or self._fields.get("user")
        if user:
            self._made["metadata"] = {"user_id": str(user)}
        if "stop" in self._fields:
            self._made["stop_sequences"] = _stops(self._fields["stop"])
        if self._request.stream:
            self._made["stream"] = True


def _stops(given: Any) -> list[Any]:
    stops = [given] if isinstance(given, str) else given
    if not isinstance(stops, list) or any(not isinstance(stop, str) or not stop.strip() for stop in stops):
        raise Unsaid("stop", "'stop' has a sequence without anything in it but space")
    return stops
