"""A conversation of chat completions as the Messages API has it: instructions, and turns that alternate."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.anthropic.blocks import Block, Members, call_blocks, content_blocks, result_block
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.types import Message


class Turns:
    """Takes messages one by one.

    `system` holds the blocks of every system and developer message, wherever it stood; `turns` what users and
    assistants say, of which what stands together is one turn, so that the results of several tools are one.
    """

    def __init__(self) -> None:
        self.system: list[Block] = []
        self.turns: list[Any] = []
        self._open: list[Block] = []
        self._role = ""

    def add(self, message: Message, where: str) -> None:
        """A message in the shape of chat completions; `where` is its path in the caller's body.

        Raises:
            Unsaid: for what there is no block for.
        """
        members = msgspec.json.decode(message.raw)
        match message.role:
            case "system" | "developer":
                self.system += content_blocks(members.get("content"), where)
            case "user":
                self._say("user", _asked(members, where))
            case "assistant":
                self._say("assistant", _assistant(members, where))
            case "tool":
                self._say("user", [result_block(members, where)])
            case role:
                raise Unsaid(f"{where}.role", f"'{where}' is a message of a {role}")

    def add_native(self, turn: bytes) -> None:
        """A message as it came in the Messages API: it stands for itself."""
        self.turns.append(msgspec.Raw(turn))
        self._role = ""

    def _say(self, role: str, blocks: list[Block]) -> None:
        if not blocks:
            return
        if self._role == role:
            self._open += blocks
            return
        self._role, self._open = role, blocks
        self.turns.append({"role": role, "content": blocks})

    @property
    def ends_with_a_result(self) -> bool:
        """Whether a tool has answered and the model is to go on."""
        return self._role == "user" and self._open[0]["type"] == "tool_result"

    @property
    def called(self) -> list[str]:
        """The names of the tools that were called in what is not native."""
        turns = (turn["content"] for turn in self.turns if isinstance(turn, dict))
        return list(dict.fromkeys(b["name"] for blocks in turns for b in blocks if b["type"] == "tool_use"))


def _asked(members: Members, where: str) -> list[Block]:
    """What a user said. Left out, it would make the words before it the beginning of the answer."""
    blocks = content_blocks(members.get("content"), where)
    if not blocks:
        raise Unsaid(where, f"'{where}' is a user's message with nothing in it but space")
    return blocks


def _assistant(members: Members, where: str) -> list[Block]:
    """What an assistant said and called. Its reasoning is not sent back: it would need a signature."""
    if members.get("audio") or members.get("function_call"):
        name = "audio" if members.get("audio") else "function_call"
        raise Unsaid(f"{where}.{name}", f"'{where}' has a member '{name}'")
    said = content_blocks(members.get("content") or members.get("refusal"), where)
    return said + call_blocks(members.get("tool_calls"), where)


def settled(turns: Turns) -> None:
    """What the API wants of a conversation as a whole: somebody speaks, and no last word ends in a space.

    Raises:
        Unsaid: nobody says anything.
    """
    if not turns.turns and turns.system:
        turns.turns.append({"role": "user", "content": turns.system})
        turns.system = []
    if not turns.turns:
        raise Unsaid("messages", "'messages' says nothing")
    last = turns.turns[-1]
    if isinstance(last, dict) and last["role"] == "assistant" and last["content"][-1]["type"] == "text":
        last["content"][-1]["text"] = last["content"][-1]["text"].rstrip()
