"""Models behind an OpenAI-compatible API."""

from __future__ import annotations

from urllib.parse import quote

from gateway.backends.calling import ask
from gateway.backends.completions import Reader, answer
from gateway.backends.forwarded import chosen, lines
from gateway.backends.http import Endpoint, Pool
from gateway.backends.render import chat_body
from gateway.backends.responses.body import responses_body, written_out
from gateway.backends.responses.deleting import delete
from gateway.backends.responses.reading import Reader as ResponseReader
from gateway.backends.responses.reading import answer as response_answer
from gateway.backends.speech import Speech
from gateway.backends.text_completions import TextReader, text_answer, text_body
from gateway.backends.upstream import upstream
from gateway.errors import ProviderRefused, SpeaksAnother
from gateway.interfaces import Emit
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.types import Api, ChatRequest, Timeouts

BASE_URL = "https://api.openai.com/v1"
_LIMITS = {"openai": "max_completion_tokens"}  # whose models that reason take nothing else
_REFUSED = {"openai": frozenset({"top_k"})}  # which other servers take


class OpenAICompatible:
    """One model of the policy; the pool is shared with others and stays open."""

    def __init__(self, model: Model, pool: Pool) -> None:
        self._model, self._pool = model, pool
        own = {Api.COMPLETIONS: _text_completions, Api.RESPONSES: _responses}
        self._own = {api: made(model) for api, made in own.items() if api in model.speaks}
        limit = _LIMITS.get(model.provider, "max_tokens")
        refused = _REFUSED.get(model.provider, frozenset())
        self._chat = Speech(
            endpoint(model, "/chat/completions"),
            lambda request: chat_body(request, model.model, limit, refused),
            lambda request: Reader(_choices(request)),
            answer,
        )

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        """See ChatModel."""
        chat = request.value
        try:
            await self._ask(chat, emit, timeouts)
        except ProviderRefused as refused:
            whole = written_out(chat, self._model, refused)
            if whole is None:
                raise
            await self._ask(whole, emit, timeouts)

    async def _ask(self, chat: ChatRequest, emit: Emit, timeouts: Timeouts) -> None:
        await ask(self._speech(chat), self._pool, chat, emit, self._model, timeouts)

    async def forget(self, id_: Cleared[str]) -> None:
        """See ResponseHolder."""
        path = "/responses/" + quote(id_.value, safe="")
        await delete(self._pool, endpoint(self._model, path, "DELETE"))

    async def close(self) -> None:
        """Nothing of its own is open."""

    def _speech(self, request: ChatRequest) -> Speech:
        """The API in which this model is asked: the caller's own, where it can say all that is to be said.

        Raises:
            SpeaksAnother: in chat completions the request cannot be said whole.
        """
        own = self._own.get(request.api)
        acts = bool(request.offered or request.results)  # calls and results are said in chat completions
        if own is not None and (request.untouched or (own.edits and not acts)):
            return own
        if request.only:
            raise SpeaksAnother(self._model.name, Api.CHAT.in_words, request.only)
        return self._chat


def _text_completions(model: Model) -> Speech:
    return Speech(
        endpoint(model, "/completions"),
        lambda request: text_body(request, model.model),
        lambda request: TextReader(len(request.messages) * _choices(request)),
        text_answer,
    )


def _responses(model: Model) -> Speech:
    return Speech(
        endpoint(model, "/responses"),
        lambda request: responses_body(request, model),
        lambda request: ResponseReader(),
        response_answer,
        lambda request: lines(chosen(request, ("openai-beta",))),
        edits=True,
    )


def endpoint(model: Model, path: str, method: str = "POST") -> Endpoint:
    key = {"authorization": f"Bearer {model.api_key}"} if model.api_key else {}
    return upstream(model, (model.base_url or BASE_URL).rstrip("/") + path, key, method)


def _choices(chat: ChatRequest) -> int:
    """How many choices were asked for (`n`)."""
    n = chat.fields.get("n")
    return int(n) if n is not None and n.isdigit() and len(n) < 10 else 1
