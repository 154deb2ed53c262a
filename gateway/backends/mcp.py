"""Tool servers that speak MCP, over stdio or streamable HTTP.

A session is opened by the first use, or by `start`, and stays open: a Python server takes seconds to start.
The `mcp` package is imported only when a session is opened, since that takes a second.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from gateway.backends.mcp_session import Session
from gateway.errors import ProviderError, ProviderUnavailable
from gateway.labels import Cleared
from gateway.policy.schema import ToolSource
from gateway.types import ToolCall, ToolResult, ToolSpec

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult, Tool

MAX_TOOLS = 128  # of one server
MAX_DESCRIPTION = 4_000  # characters of a tool's description
MAX_RESULT = 64_000  # characters of a result, as text and as JSON
LISTED_SECONDS = 60.0  # how long a list of tools is good for


class McpServer:
    """Implements `interfaces.ToolServer` for one source of the policy.

    A server that died is started again by the next use; a call that it died under is repeated once,
    unless the tool changes the world. A tool's own failure is a result with `is_error`, not an exception.

    Raises (from `start`, `tools` and `call`):
        ProviderUnavailable: the server cannot be started or reached.
        ProviderTimeout: it took longer than the source's `timeout`.
    """

    def __init__(self, source: ToolSource, *, max_result: int = MAX_RESULT) -> None:
        self._source = source
        self._max_result = max_result
        self._opening = asyncio.Lock()
        self._session: Session | None = None
        self._listed: _Listed | None = None
        self._closed = False

    async def start(self) -> None:
        """Open the session now rather than at the first use."""
        await self._open()

    async def tools(self) -> tuple[ToolSpec, ...]:
        return (await self._list()).specs

    async def call(self, call: Cleared[ToolCall]) -> ToolResult:
        wanted = call.value
        listed = await self._list()
        own_name = listed.own_names.get(wanted.name)
        if own_name is None:
            return _failed(f"There is no tool {wanted.name!r} here.")
        arguments = _arguments(wanted.arguments)
        if arguments is None:
            return _failed(f"The arguments of {wanted.name!r} are not a JSON object.")
        return await self._call(own_name, arguments, repeatable=own_name not in listed.writes)

    async def close(self) -> None:
        """End the session, and the server where it is a child of ours."""
        self._closed = True
        async with self._opening:
            await self._drop()

    async def _call(self, tool: str, arguments: dict[str, Any], *, repeatable: bool) -> ToolResult:
        session = await self._open()
        try:
            return await self._ask(session, tool, arguments)
        except ProviderUnavailable as error:
            await self._forget(session)
            if not repeatable:
                raise ProviderUnavailable(
                    f"tool server {self._source.name!r} broke off in {tool!r}, which may have taken effect"
                ) from error
        return await self._ask(await self._open(), tool, arguments)

    async def _ask(self, session: Session, tool: str, arguments: dict[str, Any]) -> ToolResult:
        from mcp import MCPError

        try:
            answer = await session.use(session.client.call_tool(tool, arguments), self._source.timeout)
        except MCPError as error:  # the server's own no: unknown tool, bad arguments
            return _failed(_cut(error.message, self._max_result))
        return _result(answer, self._max_result)

    async def _list(self) -> _Listed:
        """The tools, asked for again when the list is old; an old list serves while the server is down."""
        if self._listed is not None and time.monotonic() < self._listed.until:
            return self._listed
        try:
            self._listed = await self._ask_list(await self._open())
        except ProviderError:
            if self._listed is None or self._closed:
                raise
        return self._listed

    async def _ask_list(self, session: Session) -> _Listed:
        from mcp import MCPError

        try:
            found = await session.use(_all_tools(session.client), self._source.timeout)
        except MCPError as error:
            raise ProviderUnavailable(f"tool server {self._source.name!r} does not list its tools") from error
        except ProviderUnavailable:
            await self._forget(session)
            raise
        return _Listed(self._source, found)

    async def _open(self) -> Session:
        async with self._opening:
            if self._closed:
                raise ProviderUnavailable(f"tool server {self._source.name!r} is closed")
            if self._session is not None and not self._session.over:
                return self._session
            await self._drop()
            self._session = await Session.opened(self._source)
            return self._session

    async def _forget(self, dead: Session) -> None:
        """Drop a session, unless another call has replaced it already."""
        async with self._opening:
            if self._session is dead:
                await self._drop()

    async def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _all_tools(client: Client) -> list[Tool]:
    tools: list[Tool] = []
    cursor: str | None = None
    while len(tools) < MAX_TOOLS:
        page = await client.list_tools(cursor=cursor)
        tools.extend(page.tools)
        cursor = page.next_cursor
        if cursor is None or not page.tools:
            break
    return tools[:MAX_TOOLS]


class _Listed:
    """The tools of a server that the policy allows, under names that any model takes."""

    def __init__(self, source: ToolSource, found: Iterable[Tool]) -> None:
        allowed = [t for t in found if source.allow is None or t.name in source.allow]
        self.own_names = dict(
            zip(offered_names([t.name for t in allowed]), [t.name for t in allowed], strict=True)
        )
        own = {t.name: t for t in allowed}
        self.writes = source.writes | {t.name for t in allowed if _says_it_writes(t)}
        self.specs = tuple(self._spec(source, name, own[tool]) for name, tool in self.own_names.items())
        self.until = time.monotonic() + LISTED_SECONDS

    def _spec(self, source: ToolSource, offered: str, tool: Tool) -> ToolSpec:
        return ToolSpec(
            name=offered,
            description=_cut(tool.description or tool.title or tool.name, MAX_DESCRIPTION),
            parameters=tool.input_schema,
            server=source.name,
            examples=source.examples.get(tool.name, ()),
            reply=source.replies.get(tool.name, ""),
            writes=tool.name in self.writes,
        )


def _says_it_writes(tool: Tool) -> bool:
    """The server's own word counts only where it asks for more care than the policy does."""
    return tool.annotations is not None and tool.annotations.destructive_hint is True


def offered_names(names: Iterable[str]) -> list[str]:
    """Names that any model takes (`[a-zA-Z0-9_-]`, at most 64), no two alike; a good name stays as it is."""
    taken: set[str] = set()
    offered = []
    for name in names:
        clean = re.sub(r"[^a-zA-Z0-9_-]+", "_", name)
        if clean != name or len(clean) > 64 or not clean or clean in taken:
            clean = f"{clean[:55]}_{blake2b(name.encode(), digest_size=4).hexdigest()}"
        taken.add(clean)
        offered.append(clean)
    return offered


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _failed(why: str) -> ToolResult:
    return ToolResult(text=why, is_error=True)


def _result(answer: CallToolResult, most: int) -> ToolResult:
    text = "\n".join(_block(block) for block in answer.content)
    fields = answer.structured_content
    return ToolResult(
        text=_cut(text, most),
        is_error=bool(answer.is_error),
        structured=fields if isinstance(fields, Mapping) and len(json.dumps(fields)) <= most else None,
    )


def _block(block: Any) -> str:
    """What a model can read of a piece of content."""
    if block.type == "text":
        return str(block.text)
    if block.type == "resource" and getattr(block.resource, "text", None) is not None:
        return str(block.resource.text)
    if block.type == "resource_link":
        return f"[{block.name}: {block.uri}]"
    return f"[{block.type} left out]"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n[cut here: {len(text) - most} characters more]"
