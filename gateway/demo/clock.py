"""An MCP server that knows the time: `python -m gateway.demo.clock`, or with `--http PORT`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from mcp.server import MCPServer


@dataclass(frozen=True)
class Now:
    timezone: str
    time: str  # 24 hours
    weekday: str
    date: str
    utc_offset: str


def now_in(timezone: str, at: datetime) -> Now:
    """The moment `at` as clocks in an IANA time zone show it.

    Raises:
        LookupError: no such zone.
    """
    try:
        local = at.astimezone(UTC if timezone.upper() == "UTC" else ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise LookupError(f"There is no time zone {timezone!r}; one would be Europe/Berlin.") from error
    offset = f"{local:%z}"
    return Now(timezone, f"{local:%H:%M}", f"{local:%A}", f"{local:%Y-%m-%d}", f"{offset[:3]}:{offset[3:5]}")


def server() -> MCPServer:
    """The clock as an MCP server."""
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp_types import ToolAnnotations

    clock = MCPServer("clock", log_level="ERROR")

    @clock.tool(annotations=ToolAnnotations(read_only_hint=True))
    def current_time(timezone: str = "UTC") -> Now:
        """The time of day and the date right now, in a time zone given by its IANA name."""
        try:
            return now_in(timezone, datetime.now(UTC))
        except LookupError as error:
            raise ToolError(str(error)) from error

    return clock


def main() -> None:
    parser = argparse.ArgumentParser(prog="gateway.demo.clock", description=__doc__)
    parser.add_argument(
        "--http", type=int, metavar="PORT", help="serve streamable HTTP on 127.0.0.1:PORT/mcp"
    )
    options = parser.parse_args()
    if options.http is None:
        server().run("stdio")
    else:
        server().run("streamable-http", host="127.0.0.1", port=options.http)


if __name__ == "__main__":
    main()
