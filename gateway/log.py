"""Structured logs: JSON lines, or short lines where a person is looking; no content, no secrets."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from traceback import format_tb
from typing import Any, TextIO

import msgspec

_encoder = msgspec.json.Encoder()
_LONGEST_CHAIN = 8
BATCH_SECONDS = 0.05  # that an entry waits for others


class Entry(msgspec.Struct, frozen=True):
    """What is logged so often that a record of `logging` costs too much: subclasses say more, in order."""

    at: datetime
    level: str
    logger: str
    message: str


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
        return _encoder.encode(line).decode()


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


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes records at once, and entries soon: many of them together.

    Whatever is still to be written is so before a record, and when `logging` closes down at exit.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.setFormatter(JsonFormatter())
        self._entries: list[Callable[[], Entry]] = []
        self._waiting: asyncio.AbstractEventLoop | None = None  # the loop that will write them

    def enter(self, entry: Callable[[], Entry]) -> None:
        """`entry` makes it, when it is written."""
        self._entries.append(entry)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if loop is not self._waiting:
            self._waiting = loop
            loop.call_later(BATCH_SECONDS, self._due)

    def _due(self) -> None:
        self._waiting = None
        self.flush()

    def emit(self, record: logging.LogRecord) -> None:
        self._write()
        super().emit(record)

    def flush(self) -> None:
        self._write()
        super().flush()

    def _write(self) -> None:
        self.acquire()  # other threads log, too
        try:
            entries = self._entries[:]
            del self._entries[: len(entries)]
            if entries:
                lines = _encoder.encode_lines([make() for make in entries])
                with suppress(OSError, ValueError):  # as a record that cannot be written
                    self.stream.write(lines.decode())
        finally:
            self.release()


def enter(entry: Callable[[], Entry]) -> None:
    """Logs an entry whose level is enabled; `entry` makes it, maybe a little later."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, JsonHandler):
            handler.enter(entry)
            return
    fields = msgspec.structs.asdict(entry())
    said = {name: fields.pop(name) for name in Entry.__struct_fields__}
    level = logging.getLevelName(said["level"].upper())
    record = logging.LogRecord(said["logger"], level, "", 0, said["message"], None, None)
    record.fields = fields
    logging.getLogger(record.name).handle(record)


def _line_handler(stream: TextIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    return handler


def set_up(level: str, stream: TextIO = sys.stderr) -> None:
    """Logs go to `stream`: as JSON unless it is a terminal."""
    # The hot path logs a line a request: what no formatter here reads is not collected.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [_line_handler(stream) if stream.isatty() else JsonHandler(stream)]
    root.setLevel(logging.WARNING)
    logging.getLogger("pointsman").setLevel(level.upper())
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # The mcp package (`client` is its own, too) logs what a tool server wrote, which may hold content and
    # secrets; what went wrong is in our errors.
    for name in ("mcp", "client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
