"""The `llm` command, through chat completions or Responses: what it prints, and what it logs of usage."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, Asked, Seen, run
from click.testing import CliRunner

FOLDER = Path(os.environ["HOME"]) / "llm"
os.environ["LLM_USER_PATH"] = str(FOLDER)
from llm.cli import cli  # noqa: E402 - it reads its folder's name when imported

FUNCTION = """
def weather(city: str) -> str:
    "What the weather is in a city."
    return f"{city}: 21 degrees"
"""
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}


class CommandError(Exception):
    """The command said that it failed."""


def llm(asked: Asked, *words: str) -> tuple[str, str]:
    """What the command printed and what it said beside that."""
    FOLDER.mkdir(exist_ok=True)
    model = {
        "model_id": "gateway",
        "model_name": asked.model,
        "api_base": URL,
        "api_key_name": "gateway",
        "supports_tools": True,
        "supports_schema": True,
        "responses": os.environ.get("API") == "responses",
    }
    (FOLDER / "extra-openai-models.yaml").write_text(json.dumps([model]))
    (FOLDER / "keys.json").write_text(json.dumps({"gateway": asked.key}))
    command = ["prompt", "-m", "gateway", "-s", SYSTEM, *words]
    command += ["-o", "temperature", str(TEMPERATURE), "-o", "max_tokens", str(MAX_TOKENS), asked.prompt]
    done = CliRunner().invoke(cli, command)  # as the command does it, without a start of Python for each
    if done.exit_code:
        raise CommandError(done.output.strip())
    return done.stdout.strip(), done.stderr


def used(said: str) -> Seen:
    found = re.search(r"([\d,]+) input, ([\d,]+) output", said)
    return {"input": int(found[1]), "output": int(found[2])} if found else {"input": said}


def chat(asked: Asked) -> Seen:
    text, said = llm(asked, "--no-stream", "--usage")
    return {"text": text, **used(said)}


def stream(asked: Asked) -> Seen:
    text, said = llm(asked, "--usage")
    return {"text": text, **used(said)}


def tools(asked: Asked) -> Seen:
    text, said = llm(asked, "--functions", FUNCTION, "--tools-debug")
    calls = re.findall(r"Tool call: (\w+)\((\{.*?\})\)", said)
    return {
        "calls": [(name, json.loads(arguments.replace("'", '"'))) for name, arguments in calls],
        "text": text,
    }


def structured(asked: Asked) -> Seen:
    text, _ = llm(asked, "--schema", json.dumps(SCHEMA))
    return {"parsed": json.loads(text)}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
