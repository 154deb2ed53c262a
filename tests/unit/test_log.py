"""What the logs hold, and what they do not."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio, logging, sys
from gateway.backends.mcp import McpServer
from gateway.errors import ProviderError
from gateway.log import set_up
from gateway.policy.schema import ToolSource
from gateway.reach import Reach

async def main():
    loud = ("python", "-c", "import sys\\nfor line in sys.stdin: print('token 4711', flush=True)")
    server = McpServer(ToolSource("loud", command=loud, timeout=1.5), Reach())
    try:
        await server.tools()
    except ProviderError as error:
        logging.getLogger("pointsman.test").info("%s", error)
    await server.close()

set_up("info")
asyncio.run(main())
"""


def test_what_a_tool_server_prints_is_not_logged() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0
    assert "tool server 'loud' did not start" in ran.stderr
    assert "4711" not in ran.stderr
    assert "Traceback" not in ran.stderr
