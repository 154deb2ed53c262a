"""What a body of another API asks for beside what it says, in the shape of chat completions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.api.content import beyond
from gateway.api.members import Members, member, required
from gateway.errors import InvalidRequest
from gateway.types import Api, ToolSpec

_json = msgspec.json.Encoder()


@dataclass(slots=True)
class Options:
    """`fields` are in the shape of chat completions, but for `only`, which they have no words for.

    `api` is the one that the body is of.
    """

    api: Api
    fields: dict[str, bytes] = field(default_factory=dict)
    tools: tuple[ToolSpec, ...] = ()
    wants_json: bool = False
    only: str = ""

    def put(self, name: str, value: Any) -> None:
        self.fields[name] = _json.encode(value)

    def lacks(self, what: str, named: object) -> None:
        self.only = self.only or beyond(self.api, what, named)

    def offer(
        self,
        value: Members,
        kinds: Collection[str | None],
        schema: str,
        allowed: Collection[str] | None = None,
    ) -> None:
        """Takes up the caller's own tools: those of a type of `kinds`, each with its schema in `schema`.

        Only those of a name in `allowed`, unless that is None. A tool that the provider defines or runs is
        none of chat completions.

        Raises:
            InvalidRequest: they are no tools.
        """
        functions, specs = list[Members](), list[ToolSpec]()
        for i, tool in enumerate(member(value, "tools", list) or []):
            where = f"tools[{i}]"
            if not isinstance(tool, dict):
                raise InvalidRequest(f"'{where}' must be an object.", param=where)
            kind = (member if None in kinds else required)(tool, "type", str, where + ".")
            if kind not in kinds:
                self.lacks("the tool", kind)
                continue
            spec = _spec(tool, schema, where + ".")
            if allowed is None or spec.name in allowed:
                specs.append(spec)
                functions.append(_function(tool, spec))
        self.tools = tuple(specs)
        if functions:
            self.put("tools", functions)


def _spec(tool: Members, schema: str, where: str) -> ToolSpec:
    name = required(tool, "name", str, where)
    description = member(tool, "description", str, where) or ""
    return ToolSpec(name, description, member(tool, schema, dict, where) or {})


def _function(tool: Members, spec: ToolSpec) -> Members:
    function: Members = {"name": spec.name}
    if spec.description:
        function["description"] = spec.description
    function["parameters"] = spec.parameters
    if isinstance(tool.get("strict"), bool):
        function["strict"] = tool["strict"]
    return {"type": "function", "function": function}
