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
from gateway.errors import ProviderError, ProviderTimeout, ProviderUnavailable
from gateway.labels import Cleared
from gateway.policy.schema import ToolSource
from gateway.reach import Reach
from gateway.types import ToolCall, ToolResult, ToolSpec

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult, Tool

MAX_TOOLS = 128  # of one server
MAX_DESCRIPTION = 4_000  # characters of a tool's description
MAX_RESULT = 64_000  # characters of a result, as text and as JSON
LISTED_SECONDS = 60.0  # how long a list of tools is good for
COOL_DOWN = 10.0  # seconds after a failure in which no request tries again


class McpServer:
    """Implements `interfaces.ToolServer` for one source of the policy.

    A server that died is started again by the next use; a call that it died under is repeated once,
    unless the tool changes the world. A tool's own failure is a result with `is_error`, not an exception.
    A request waits for a start and a list no longer than the source's `timeout`, though the start goes on
    behind it; for `cool_down` seconds after either has failed, requests fail at once. `start` always tries.

    Raises (from `start`, `tools` and `call`):
        ProviderUnavailable: the server cannot be started or reached.
        ProviderTimeout: it took longer than the source's `timeout`.
    """

    def __init__(
        self,
        source: ToolSource,
        reach: Reach,
        *,
        max_result: int = MAX_RESULT,
        cool_down: float = COOL_DOWN,
    ) -> None:
        self._source, self._reach = source, reach
        self._max_result = max_result
        self._cool_down = cool_down
        self._opening: asyncio.Task[Session] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._session: Session | None = None
        self._listed: _Listed | None = None
        self._failed = _Failure()
        self._closed = False

    async def start(self) -> None:
        """Open the session now rather than at the first use, in as long as `Session.opened` takes."""
        await self._opened(None)

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
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._session is not None:
            self._forget(self._session)
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _call(self, tool: str, arguments: dict[str, Any], *, repeatable: bool) -> ToolResult:
        session = await self._open()
        try:
            return await self._ask(session, tool, arguments)
        except ProviderUnavailable as error:
            self._forget(session)
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
            if (why := self._failed.why) is not None and not self._closed:
                raise ProviderUnavailable(f"{why}; it is tried again in a while")
            end = time.monotonic() + self._source.timeout
            self._listed = await self._ask_list(await self._open(), max(0.0, end - time.monotonic()))
        except ProviderError as error:
            self._failed.note(error, self._cool_down)
            if self._listed is None or self._closed:
                raise
        return self._listed

    async def _ask_list(self, session: Session, seconds: float) -> _Listed:
        from mcp import MCPError

        try:
            found = await session.use(_all_tools(session.client), seconds)
        except MCPError as error:
            raise ProviderUnavailable(f"tool server {self._source.name!r} does not list its tools") from error
        except ProviderUnavailable:
            self._forget(session)
            raise
        return _Listed(self._source, found)

    async def _open(self) -> Session:
        """The session for a request, which does not wait for what has just failed."""
        up = self._session is not None and not self._session.over
        if not up and not self._closed and (why := self._failed.why) is not None:
            raise ProviderUnavailable(f"{why}; it is tried again in a while")
        return await self._opened(self._source.timeout)

    async def _opened(self, seconds: float | None) -> Session:
        """The open session, or one that all who want it wait for; it opens on if one of them leaves."""
        if self._closed:
            raise ProviderUnavailable(f"tool server {self._source.name!r} is closed")
        if self._session is not None and not self._session.over:
            return self._session
        if self._session is not None:
            self._forget(self._session)
        if self._opening is None:
            self._opening = asyncio.create_task(self._start())
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())  # seen
        opening = self._opening
        done, _ = await asyncio.wait({opening}, timeout=seconds)
        if not done:
            raise ProviderTimeout(f"tool server {self._source.name!r} did not start in {seconds:g} s")
        if opening.cancelled():
            raise ProviderUnavailable(f"tool server {self._source.name!r} is closed")
        return opening.result()

    async def _start(self) -> Session:
        try:
            self._session = await Session.opened(self._source, self._reach)
        except ProviderError as error:
            self._failed.note(error, self._cool_down)
            raise
        finally:
            self._opening = None
        self._failed = _Failure()
        return self._session

    def _forget(self, dead: Session) -> None:
        """Drop a session, unless another call has replaced it already; it closes behind us."""
        if self._session is dead:
            self._session = None
            closing = asyncio.create_task(dead.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


class _Failure:
    """Why the server could not be started or asked for its tools lately."""

    def __init__(self) -> None:
        self._why, self._until = "", 0.0

    @property
    def why(self) -> str | None:
        return self._why if time.monotonic() < self._until else None

    def note(self, error: ProviderError, seconds: float) -> None:
        """Remember it for so long; one that it was answered with itself does not prolong it."""
        if self.why is None:
            self._why, self._until = error.message, time.monotonic() + seconds


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
    """The server's own word counts only where it asks for more care than the policy does.

    A tool that says nothing is left to the policy, though the specification takes silence for a write:
    most servers annotate nothing.
    """
    said = tool.annotations
    return said is not None and (said.destructive_hint is True or said.read_only_hint is False)


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
    except (ValueError, RecursionError):
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
