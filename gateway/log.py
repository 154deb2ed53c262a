"""Structured logs: JSON lines, or short lines where a person is looking; no content, no secrets."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

_encode = msgspec.json.Encoder().encode


class JsonFormatter(logging.Formatter):
    """One JSON object a record; `extra={"fields": {…}}` becomes members."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _encode(line).decode()


class LineFormatter(logging.Formatter):
    """`12:30:01 info request route=… model=…`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        fields = getattr(record, "fields", {})
        told = "".join(f" {name}={value}" for name, value in fields.items() if value not in (None, ""))
        line = f"{at} {record.levelname.lower():7} {record.getMessage()}{told}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


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
