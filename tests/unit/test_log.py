"""What the logs hold, and what they do not."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from gateway.log import BATCH_SECONDS, Entry, JsonFormatter, JsonHandler, LineFormatter, enter

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


class Request(Entry, frozen=True):
    id: str


def entry(id_: str) -> Request:
    return Request(datetime(2026, 1, 1, tzinfo=UTC), "info", "pointsman.requests", "request", id_)


@contextmanager
def logging_to(stream: io.StringIO) -> Iterator[JsonHandler]:
    handler, root = JsonHandler(stream), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)


def ids(stream: io.StringIO) -> list[str]:
    return [line.get("id", line["message"]) for line in map(json.loads, stream.getvalue().splitlines())]


def test_entries_are_written_together_soon() -> None:
    out = io.StringIO()

    async def some() -> None:
        for round_ in range(2):
            enter(partial(entry, f"{round_}a"))
            enter(partial(entry, f"{round_}b"))
            assert len(ids(out)) == 2 * round_
            await asyncio.sleep(2 * BATCH_SECONDS)
            assert len(ids(out)) == 2 * round_ + 2

    with logging_to(out):
        asyncio.run(some())
    assert ids(out) == ["0a", "0b", "1a", "1b"]
    assert json.loads(out.getvalue().splitlines()[0]) == {
        "at": "2026-01-01T00:00:00Z",
        "level": "info",
        "logger": "pointsman.requests",
        "message": "request",
        "id": "0a",
    }


def test_a_record_is_written_at_once_and_after_the_entries_before_it() -> None:
    out = io.StringIO()

    async def some() -> None:
        enter(partial(entry, "a"))
        logging.getLogger("pointsman.test").error("it failed")
        assert ids(out) == ["a", "it failed"]

    with logging_to(out):
        asyncio.run(some())


def test_entries_are_written_at_once_where_no_event_loop_runs() -> None:
    out = io.StringIO()
    with logging_to(out):
        enter(partial(entry, "a"))
        assert ids(out) == ["a"]


def test_a_loop_that_ended_before_its_time_takes_no_entries_along() -> None:
    out = io.StringIO()

    async def say(id_: str) -> None:
        enter(partial(entry, id_))

    async def wait() -> None:
        enter(partial(entry, "b"))
        await asyncio.sleep(2 * BATCH_SECONDS)

    with logging_to(out):
        asyncio.run(say("a"))
        asyncio.run(wait())
    assert ids(out) == ["a", "b"]


PROGRAM_THAT_ENDS = """
import asyncio
from datetime import UTC, datetime
from gateway.log import Entry, enter, set_up

async def main():
    enter(lambda: Entry(datetime.now(UTC), "info", "pointsman.requests", "request"))

set_up("info")
asyncio.run(main())
"""


def test_entries_are_written_when_the_process_ends() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM_THAT_ENDS], capture_output=True, text=True, timeout=30
    )
    assert [json.loads(line)["message"] for line in ran.stderr.splitlines()] == ["request"]


def test_a_stream_that_is_gone_does_not_stop_who_logs() -> None:
    out = io.StringIO()
    with logging_to(out):
        out.close()
        enter(partial(entry, "a"))


def test_on_a_terminal_an_entry_is_a_line_for_people(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pointsman.requests")
    enter(partial(entry, "a"))
    (record,) = caplog.records
    assert LineFormatter().format(record).endswith(" info    request id=a")
