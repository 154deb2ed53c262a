"""Models behind an OpenAI-compatible API."""

from __future__ import annotations

from gateway.backends.calling import ask
from gateway.backends.completions import Reader, answer
from gateway.backends.http import Endpoint, Pool
from gateway.backends.render import chat_body
from gateway.backends.retry import Budget
from gateway.backends.speech import Speech
from gateway.errors import SpeaksAnother
from gateway.interfaces import Emit
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.types import Api, ChatRequest

BASE_URL = "https://api.openai.com/v1"
_LIMITS = {"openai": "max_completion_tokens"}  # whose models that reason take nothing else


class OpenAICompatible:
    """One model of the policy; the pool is shared with others and stays open."""

    def __init__(self, model: Model, pool: Pool) -> None:
        self._model, self._pool = model, pool
        self._budget = Budget()
        self._own: dict[Api, Speech] = {}  # by the APIs, beside chat, that this model speaks
        self._chat = Speech(
            _endpoint(model, "/chat/completions"),
            lambda request: chat_body(request, model.model, _LIMITS.get(model.provider, "max_tokens")),
            lambda request: Reader(_choices(request)),
            answer,
        )

    async def answer(self, request: Cleared[ChatRequest], emit: Emit) -> None:
        """See ChatModel."""
        chat = request.value
        await ask(self._speech(chat), self._pool, chat, emit, self._model, self._budget)

    async def close(self) -> None:
        """Nothing of its own is open."""

    def _speech(self, request: ChatRequest) -> Speech:
        """The API in which this model is asked: the caller's own, where nothing has changed what it sent.

        Raises:
            SpeaksAnother: in chat completions the request cannot be said whole.
        """
        own = self._own.get(request.api)
        if own is not None and request.untouched:
            return own
        if request.only:
            raise SpeaksAnother(self._model.name, request.only)
        return self._chat


def _endpoint(model: Model, path: str) -> Endpoint:
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "user-agent": "pointsman",
    }
    if model.api_key:
        headers["authorization"] = f"Bearer {model.api_key}"
    url = (model.base_url or BASE_URL).rstrip("/") + path
    return Endpoint.of(f"model {model.name!r}", "POST", url, headers)


def _choices(chat: ChatRequest) -> int:
    """How many choices were asked for (`n`)."""
    n = chat.fields.get("n")
    return int(n) if n is not None and n.isdigit() and len(n) < 10 else 1
