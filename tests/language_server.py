"""The real YAML language server, as an editor runs it: a process that speaks LSP over its streams."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

PACKAGE = "yaml-language-server@1.25.0"
SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
CURSOR = "|"


def installed(folder: Path) -> list[str]:
    """The command of the server, installed below a folder.

    Outside CI, the test is skipped without node, or where the package cannot be fetched.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        _missing("node and npm are not installed, which the YAML language server needs")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--prefix", str(folder)]
    done = subprocess.run([npm, "install", *options, PACKAGE], capture_output=True, text=True, timeout=90)
    if done.returncode:
        _missing(f"npm could not install {PACKAGE}: {done.stderr}")
    return [node, str(folder / "node_modules/yaml-language-server/bin/yaml-language-server"), "--stdio"]


def _missing(why: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


class Editor:
    """An editor with a folder open in it."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.folder, self.asked, self.opened = folder, 0, 0
        self.problems: dict[str, list[str]] = {}
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        item = {"snippetSupport": True, "documentationFormat": ["markdown"]}
        document = {"completion": {"completionItem": item}, "hover": {"contentFormat": ["markdown"]}}
        abilities = {"textDocument": document, "workspace": {"configuration": True}}
        self._ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": abilities})
        self._tell("initialized", {})

    def close(self) -> None:
        self.server.kill()
        self.server.communicate()

    def complete(self, text: str) -> dict[str, str]:
        """What is offered at the cursor, each with its explanation."""
        answer = self._at("textDocument/completion", text)
        return {item["label"]: _words(item.get("documentation")) for item in answer["items"]}

    def hover(self, text: str) -> str:
        """What is shown where the cursor rests."""
        answer = self._at("textDocument/hover", text)
        return _words(answer and answer["contents"])

    def diagnose(self, text: str) -> list[str]:
        """Every problem that is underlined, with the line (from 1) of the file."""
        uri = self._open(text)
        while uri not in self.problems:
            self._hear(self._receive())
        return self.problems[uri]

    def _at(self, method: str, text: str) -> Any:
        before, _, after = text.partition(CURSOR)
        line = before.rpartition("\n")[2]
        place = {"line": before.count("\n"), "character": len(line)}
        return self._ask(method, {"textDocument": {"uri": self._open(before + after)}, "position": place})

    def _open(self, text: str) -> str:
        self.opened += 1
        uri = (self.folder / f"open{self.opened}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _ask(self, method: str, params: Any) -> Any:
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self.asked and "method" not in message:
                return message["result"]
            self._hear(message)

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _hear(self, message: Any) -> None:
        """Answers what the server asks, and keeps the problems that it finds."""
        if message.get("method") == "textDocument/publishDiagnostics":
            found = message["params"]["diagnostics"]
            lines = [f"{one['range']['start']['line'] + 1}: {one['message']}" for one in found]
            self.problems[message["params"]["uri"]] = lines
        elif "id" in message and "method" in message:
            asked = (
                message["params"].get("items", []) if message["method"] == "workspace/configuration" else []
            )
            answer = [SETTINGS if item.get("section") == "yaml" else None for item in asked]
            self._send({"id": message["id"], "result": answer or None})

    def _send(self, message: Any) -> None:
        assert self.server.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.server.stdin.flush()

    def _receive(self) -> Any:
        assert self.server.stdout is not None
        size = 0
        while line := self.server.stdout.readline().strip():
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        assert size, "the language server has ended"
        return json.loads(self.server.stdout.read(size))


def _words(documentation: Any) -> str:
    return str(documentation["value"] if isinstance(documentation, dict) else documentation or "")
