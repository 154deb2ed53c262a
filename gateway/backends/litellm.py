"""Models of every provider that speaks neither OpenAI's protocol nor Anthropic's, through the litellm SDK."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from gateway.backends.addresses import OutOfReach, addresses, port_of
from gateway.backends.ambient import fence
from gateway.backends.completions import Reader, answer
from gateway.backends.failures import announced
from gateway.backends.forwarded import carried
from gateway.backends.litellm_errors import translated
from gateway.backends.render import tool
from gateway.backends.speech import Announced, NotJson
from gateway.errors import ProviderBroken, ProviderTimeout, ProviderUnavailable
from gateway.interfaces import Emit
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.reach import Reach
from gateway.types import ChatRequest, Delta, Timeouts

# What a caller may set. A closed list: among litellm's keywords are addresses, keys and files, and a member
# of the caller's body must never become one of those.
_PASSED = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "min_p",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "repetition_penalty",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
# Providers that litellm looks for on this machine where nothing else is said.
_AT_HOME = frozenset(
    {
        *("docker_model_runner", "langflow", "langgraph", "lemonade", "llamafile", "ollama", "ollama_chat"),
        *("vllm", "xinference"),
    }
)
# Providers that are not asked with a key alone: requests are signed, or a token is got.
_BY_LOGIN = frozenset(
    {
        *("azure", "azure_ai", "azure_text", "bedrock", "bedrock_mantle", "chatgpt", "databricks"),
        *("databricks_agent", "gigachat", "github_copilot", "microsoft_365_copilot", "oci", "sagemaker"),
        *("sagemaker_chat", "sagemaker_nova", "sap", "snowflake", "vertex_ai", "vertex_ai_beta", "watsonx"),
        "watsonx_text",
    }
)
NO_KEY = "none"  # said where there is none: litellm looks for one of its own where nothing is said


def load(secrets: Collection[str], reach: Reach) -> Any:
    """litellm, told to stay off the network and to read no .env file; takes seconds the first time.

    It finds the credentials that a policy may use (`secrets` are those of `--secret`), and no other.
    """
    fence(os.environ, secrets, reach)
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)  # its warnings may quote a request
    loaded = litellm()
    loaded.telemetry = False
    loaded.user_url_validation = True  # what a caller has it fetch, as an image, is at a public address
    loaded.suppress_debug_info = True
    return loaded


def litellm() -> Any:
    return importlib.import_module("litellm")


class Call(Protocol):
    """One request to one model."""

    async def run(self) -> None:
        """Raises ProviderError."""
        ...


Asking = Callable[[Model, str, ChatRequest, Emit, Timeouts], Call]
"""Makes the call of a model, of which the second is the name in errors."""


class LiteLLM:
    """One model of the policy; `secrets` are the variables of `--secret`, and `asking` makes its calls.

    litellm looks names up and follows redirects itself. So the addresses that the model names are held
    against `reach` before each call, which a name that changes its answer at that moment, or a server that
    redirects, can get round; a model that speaks OpenAI's protocol has no such gap as `openai-compatible`.
    """

    def __init__(
        self,
        model: Model,
        reach: Reach,
        secrets: Collection[str] = (),
        asking: Asking | None = None,
    ) -> None:
        self._model, self._reach, self._secrets = model, reach, secrets
        self._asking = asking or _Call
        self._name = f"model {model.name!r}"
        self._warm = False

    async def warm(self) -> None:
        """Import litellm beside the event loop, once, so that the first request need not wait for it."""
        if self._warm:
            return
        try:
            await asyncio.to_thread(load, self._secrets, self._reach)
        except ImportError as error:
            raise ProviderUnavailable(
                f"{self._name} needs the extra 'litellm', which is not installed"
            ) from error
        self._warm = True

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        """See ChatModel."""
        await self.warm()
        await self._within_reach(timeouts.connect)
        await self._asking(self._model, self._name, request.value, emit, timeouts).run()

    async def close(self) -> None:
        """Nothing of its own is open."""

    async def _within_reach(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                for url in named_urls(self._model):
                    await addresses(self._reach, urlsplit(url).hostname or "", port_of(url))
        except OutOfReach as error:
            said = f"{self._name} is at an address that this gateway may not connect to"
            raise ProviderUnavailable(said) from error
        except OSError as error:
            raise ProviderUnavailable(f"{self._name} cannot be reached", retryable=True) from error


def named_urls(model: Model) -> list[str]:
    """The URLs that a model names or implies; none where it is at its provider's own."""
    inside = model.model[max(model.model.find("http"), 0) :]  # as in huggingface/https://…
    urls = [url for url in (model.base_url, inside) if url and "://" in url]
    return urls or (["http://localhost"] if model.provider in _AT_HOME else [])


def arguments(model: Model, chat: ChatRequest, total: float) -> dict[str, Any]:
    """The keywords for litellm: what the caller may set, then what it may not."""
    own = {name: msgspec.json.decode(raw) for name, raw in chat.fields.items() if name in _PASSED}
    if chat.offered:
        taken = {spec.name for spec in chat.tools}
        offered = [dict(tool(spec)) for spec in chat.offered if spec.name not in taken]
        own["tools"] = [*(own.get("tools") or []), *offered]
    fixed: dict[str, Any] = {
        "model": f"{model.provider}/{model.model}",
        "messages": [msgspec.json.decode(m.raw) for m in chat.messages],
        "stream": chat.stream,
        **settings(model, chat, total),
    }
    if chat.stream:
        fixed["stream_options"] = {"include_usage": True}
    return {**{name: value for name, value in own.items() if value is not None}, **fixed}


def settings(model: Model, chat: ChatRequest, total: float) -> dict[str, Any]:
    """The keywords that no caller may set, whatever is asked for; `total` is in seconds."""
    fixed: dict[str, Any] = {
        "timeout": total,
        "num_retries": 0,
        "max_retries": 0,
        "drop_params": True,  # a parameter that the provider does not know is left out, not an error
    }
    if headers := carried(chat, model):
        fixed["extra_headers"] = headers
    if model.base_url is not None:
        fixed["api_base"] = model.base_url
    if model.api_key is not None:
        fixed["api_key"] = model.api_key
    elif model.base_url is not None and model.provider not in _BY_LOGIN:
        fixed["api_key"] = NO_KEY
    return fixed


class _Call:
    """See Call."""

    def __init__(self, model: Model, name: str, chat: ChatRequest, emit: Emit, timeouts: Timeouts) -> None:
        self._model, self._name, self._chat, self._emit = model, name, chat, emit
        self._timeouts = timeouts
        self._begun = False  # content has come

    async def run(self) -> None:
        try:
            async with asyncio.timeout(self._timeouts.total):
                await self._stream() if self._chat.stream else await self._whole()
        except TimeoutError as error:
            raise ProviderTimeout(f"{self._name} did not finish its answer in time") from error

    async def _ask(self) -> Any:
        keywords = arguments(self._model, self._chat, self._timeouts.total)
        try:
            async with asyncio.timeout(self._timeouts.first_token):
                return await litellm().acompletion(**keywords)
        except TimeoutError as error:
            raise ProviderTimeout(f"{self._name} did not begin to answer in time") from error
        except Exception as error:
            raise translated(self._name, error, self._begun) from error

    async def _whole(self) -> None:
        reply = await self._ask()
        try:
            whole = answer(reply.model_dump_json().encode())
        except Announced as error:
            raise announced(self._name, error.error) from error
        except NotJson as error:
            raise ProviderBroken(f"{self._name} answered with what is not a chat completion") from error
        await self._emit(whole)

    async def _stream(self) -> None:
        reader, last = Reader(), list[Delta]()
        stream = await self._ask()
        try:
            while (delta := await self._next(stream, reader)) is not None:
                # litellm tells the end of one choice only, though others may go on: it waits for theirs.
                if delta.finish or (last and not delta.has_content):
                    last.append(delta)
                    continue
                self._begun = self._begun or delta.has_content
                await self._emit(delta)
        finally:
            await _closed(stream)
        if not reader.finished:
            raise ProviderBroken(f"{self._name} ended its stream before its answer was whole")
        for delta in last:
            await self._emit(delta)

    async def _next(self, stream: AsyncIterator[Any], reader: Reader) -> Delta | None:
        limits = self._timeouts
        try:
            async with asyncio.timeout(limits.idle if self._begun else limits.first_token):
                chunk = await anext(stream)
            return reader.delta(chunk.model_dump_json().encode())
        except StopAsyncIteration:
            return None
        except TimeoutError as error:
            what = "paused too long" if self._begun else "did not begin to answer in time"
            raise ProviderTimeout(f"{self._name} {what}") from error
        except Exception as error:
            raise translated(self._name, error, self._begun) from error


async def _closed(stream: Any) -> None:
    """End the upstream call also where the stream was left half read."""
    inner = getattr(stream, "completion_stream", None)
    for each in (stream, inner):
        close = getattr(each, "aclose", None) or getattr(each, "close", None)
        if close is not None:
            result = close()
            if asyncio.iscoroutine(result):
                await result
