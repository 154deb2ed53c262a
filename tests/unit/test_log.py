"""What the logs hold, and what they do not."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.log import JsonFormatter, LineFormatter

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


def logged(formatter: logging.Formatter, name: str, message: str, error: BaseException | None) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    exc_info = (type(error), error, error.__traceback__) if error else None
    handler.handle(logging.LogRecord(name, logging.ERROR, "", 0, message, None, exc_info))
    return out.getvalue()


SECRET = "what Anna said"


def failed() -> BaseException:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"cannot read {SECRET}") from error
    except ValueError as error:
        return error


@pytest.mark.parametrize("formatter", [JsonFormatter(), LineFormatter()])
def test_an_exception_is_traced_without_its_own_words(formatter: logging.Formatter) -> None:
    text = logged(formatter, "pointsman.pipeline", "Request 1 failed", failed())
    assert SECRET not in text
    assert "test_log.py" in text
    assert text.index("KeyError") < text.index("which led to:") < text.rindex("ValueError")


def test_an_error_of_the_system_says_what_the_system_says() -> None:
    try:
        Path("/nowhere/anna.txt").read_text()
    except OSError as error:
        text = logged(JsonFormatter(), "pointsman", "failed", error)
    assert "FileNotFoundError: No such file or directory" in text
    assert "[Errno" not in text


def test_what_a_task_left_behind_is_not_logged() -> None:
    said = "Task exception was never retrieved\nfuture: <Task finished exception=ValueError('Anna')>"
    assert "Anna" not in logged(JsonFormatter(), "asyncio", said, None)
    assert "never retrieved" in logged(LineFormatter(), "asyncio", said, None)
