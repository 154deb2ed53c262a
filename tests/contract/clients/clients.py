"""The clients that are tested: which script runs where, what each says, and what it calls an error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.folder import KEY

HERE = Path(__file__).parent
ENVIRONMENTS = Path(sys.prefix) / "clients"
SECONDS = 100


def _errors(
    unknown_model: str, wrong_key: str, context_length: str, busy: str, broken: str
) -> Mapping[str, str]:
    """The class of each case's error."""
    return {
        "unknown_model": unknown_model,
        "wrong_key": wrong_key,
        "context_length": context_length,
        "busy": busy,
        "broken": broken,
    }


SDK = _errors("NotFoundError", "AuthenticationError", "BadRequestError", "RateLimitError", "APIError")
SAID = {
    "user": "user-1",
    "metadata": {"team": "weather"},
    "stop": ["END", "STOP"],
    "safety_identifier": "safe-1",
    "prompt_cache_key": "cache-1",
}
SAID_OF_RESPONSES = {name: value for name, value in SAID.items() if name not in ("stop", "user")}


@dataclass(frozen=True, slots=True)
class Client:
    """One client: its script, where its packages are, the models that it asks, the classes of its errors.

    `said` are members beside the usual that an upstream of chat completions has to hear.
    """

    script: str
    environment: str = "openai-3"  # empty: the tests' own; node: Node.js
    models: tuple[str, ...] = ("small",)
    errors: Mapping[str, str] = field(default_factory=lambda: SDK)
    said: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        if self.environment == "node":
            return ["node", str(HERE / "node" / self.script)]
        prefix = ENVIRONMENTS / self.environment if self.environment else Path(sys.prefix)
        return [str(prefix / "bin" / "python"), str(HERE / "python" / self.script)]

    @property
    def said_in_messages(self) -> Mapping[str, Any]:
        """What Messages has words for: one name of a user, and the newer member's where there are both."""
        user = self.said.get("safety_identifier") or self.said.get("user")
        words = {"stop": self.said.get("stop"), "user": user}
        return {name: value for name, value in words.items() if value is not None}

    @property
    def installed(self) -> bool:
        packages = self.environment != "node" or (HERE / "node" / "node_modules").is_dir()
        return packages and shutil.which(self.command()[0]) is not None

    def run(self, name: str, gateway: str) -> dict[str, Any]:
        """What the client saw, by model and case, and whom else it connected to."""
        with tempfile.TemporaryDirectory() as home:
            around = self._around(name, gateway, home)
            done = subprocess.run(
                self.command(), capture_output=True, text=True, timeout=SECONDS, env=around, check=False
            )
        assert done.returncode == 0, f"{self.script} ended with {done.returncode}:\n{done.stderr[-4000:]}"
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def _around(self, name: str, gateway: str, home: str) -> dict[str, str]:
        """Its environment: no key of this machine's, no way out, and nothing that reports home."""
        nowhere = "http://127.0.0.1:9"
        return {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "CLIENT": name,
            "GATEWAY_URL": gateway,
            "GATEWAY_KEY": KEY,
            "MODELS": ",".join(self.models),
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1",
            "OPENAI_AGENTS_DISABLE_TRACING": "1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **self.options,
        }


EVERY = ("small", "claude", "native")
_INSTRUCTOR = "InstructorRetryException"
_LLM = "CommandError"
_VERCEL = _errors("APICallError", "APICallError", "APICallError", "APICallError", "object")

CLIENTS = {
    "openai": Client("openai_client.py", models=EVERY, said=SAID),
    "openai-2": Client("openai_client.py", "openai-2", said=SAID),
    "openai-async": Client("openai_async_client.py", said=SAID),
    "langchain": Client(
        "langchain_client.py",
        models=EVERY,
        errors=_errors(
            "OpenAIModelNotFoundError",
            "OpenAIAuthenticationError",
            "OpenAIContextOverflowError",
            "OpenAIRateLimitError",
            "APIError",
        ),
    ),
    "llama-index": Client("llama_index_client.py", "openai-2"),
    "instructor": Client("instructor_client.py", "openai-2", errors=_errors(*[_INSTRUCTOR] * 5)),
    "pydantic-ai": Client(
        "pydantic_ai_client.py",
        models=EVERY,
        errors=_errors(
            "ModelNotFoundError",
            "ModelAuthenticationError",
            "ModelContextWindowExceededError",
            "ModelRateLimitError",
            "ModelAPIError",
        ),
    ),
    "agents": Client("agents_client.py", models=EVERY),
    "litellm": Client(
        "litellm_client.py",
        "",
        errors={
            **SDK,
            "context_length": "ContextWindowExceededError",
            "broken": "MidStreamFallbackError",
        },
    ),
    "llm": Client("llm_client.py", errors=_errors(*[_LLM] * 5)),
    "anthropic": Client(
        "anthropic_client.py",
        models=EVERY,
        said={"stop": ["END", "STOP"], "user": "user-1"},
        errors={**SDK, "broken": "APIStatusError"},
    ),
    "openai-responses": Client("openai_responses_client.py", models=EVERY, said=SAID_OF_RESPONSES),
    "agents-responses": Client("agents_client.py", models=EVERY, options={"API": "responses"}),
    "llm-responses": Client("llm_client.py", errors=_errors(*[_LLM] * 5), options={"API": "responses"}),
    "node-openai-responses": Client(
        "openai_responses_client.mjs", "node", models=EVERY, said=SAID_OF_RESPONSES
    ),
    "vercel-responses": Client(
        "vercel_client.mjs", "node", models=EVERY, errors=_VERCEL, options={"PROVIDER": "openai-responses"}
    ),
    "node-openai": Client("openai_client.mjs", "node", models=EVERY, said=SAID),
    "node-anthropic": Client(
        "anthropic_client.mjs", "node", models=EVERY, said={"stop": ["END", "STOP"], "user": "user-1"}
    ),
    "vercel-openai": Client(
        "vercel_client.mjs", "node", models=EVERY, errors=_VERCEL, options={"PROVIDER": "openai-chat"}
    ),
    "vercel-compatible": Client(
        "vercel_client.mjs", "node", models=EVERY, errors=_VERCEL, options={"PROVIDER": "openai-compatible"}
    ),
    "vercel-anthropic": Client(
        "vercel_client.mjs", "node", models=EVERY, errors=_VERCEL, options={"PROVIDER": "anthropic"}
    ),
}
