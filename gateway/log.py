"""Structured logs: JSON lines, or short lines where a person is looking; no content, no secrets."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from traceback import format_tb
from typing import Any, TextIO

import msgspec

_encode = msgspec.json.Encoder().encode
_LONGEST_CHAIN = 8


class JsonFormatter(logging.Formatter):
    """One JSON object a record; `extra={"fields": {…}}` becomes members."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = traced(record.exc_info[1])
        return _encode(line).decode()


class LineFormatter(logging.Formatter):
    """`12:30:01 info request route=… model=…`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        fields = getattr(record, "fields", {})
        told = "".join(f" {name}={value}" for name, value in fields.items() if value not in (None, ""))
        line = f"{at} {record.levelname.lower():7} {_message(record)}{told}"
        error = record.exc_info[1] if record.exc_info else None
        return f"{line}\n{traced(error)}" if error is not None else line


def _message(record: logging.LogRecord) -> str:
    """What is said; asyncio goes on with a task's result, which may be content."""
    said = record.getMessage()
    return said.partition("\n")[0] if record.name == "asyncio" else said


def traced(error: BaseException) -> str:
    """Where an exception comes from, without its own words, which may be a request's; oldest first."""
    chain: list[str] = []
    following: BaseException | None = error
    while following is not None and len(chain) < _LONGEST_CHAIN:
        chain.append("".join(format_tb(following.__traceback__)) + _kind(following))
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\nwhich led to:\n".join(reversed(chain))


def _kind(error: BaseException) -> str:
    """Its type; of an error of the system, what the system says."""
    name = type(error).__name__
    return f"{name}: {os.strerror(error.errno)}" if isinstance(error, OSError) and error.errno else name


def set_up(level: str, stream: TextIO = sys.stderr) -> None:
    """Logs go to `stream`: as JSON unless it is a terminal."""
    # The hot path logs a line a request: what no formatter here reads is not collected.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter() if stream.isatty() else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("pointsman").setLevel(level.upper())
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # The mcp package (`client` is its own, too) logs what a tool server wrote, which may hold content and
    # secrets; what went wrong is in our errors.
    for name in ("mcp", "client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
