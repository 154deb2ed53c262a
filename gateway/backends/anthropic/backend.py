"""Models behind Anthropic's Messages API."""

from __future__ import annotations

from functools import partial

from gateway.backends.anthropic.abilities import abilities_of
from gateway.backends.anthropic.native import edited, relayed
from gateway.backends.anthropic.reading import Reader, answer, counted
from gateway.backends.anthropic.render import translated
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.backends.calling import ask
from gateway.backends.forwarded import chosen, lines
from gateway.backends.http import Endpoint, Pool
from gateway.backends.speech import Speech
from gateway.backends.upstream import upstream
from gateway.errors import SpeaksAnother
from gateway.interfaces import Emit
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.types import Api, ChatRequest, Timeouts

BASE_URL = "https://api.anthropic.com/v1"
VERSION = "2023-06-01"
"""Of the API, where the caller's own is not sent: the one that lets a temperature be set."""

_OWN_HEADERS = ("anthropic-beta", "anthropic-version")
_NATIVE = (Api.MESSAGES, Api.COUNT)


class AnthropicMessages:
    """One model of the policy; the pool is shared with others and stays open.

    Only the policy's own key is sent.
    """

    def __init__(self, model: Model, pool: Pool) -> None:
        self._model, self._pool = model, pool
        self._abilities = abilities_of(model.model)
        messages = _endpoint(model, "/messages")
        self._chat = Speech(
            messages, self._body, lambda _: Reader(False), partial(answer, relays=False), self._headers
        )
        self._relay = Speech(
            messages, self._body, lambda _: Reader(True), partial(answer, relays=True), self._headers
        )
        self._count = Speech(
            _endpoint(model, "/messages/count_tokens"),
            self._body,
            lambda _: Reader(True),
            counted,
            self._headers,
        )

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        """See ChatModel."""
        asked = request.value
        speech = {Api.MESSAGES: self._relay, Api.COUNT: self._count}.get(asked.api, self._chat)
        await ask(speech, self._pool, asked, emit, self._model, timeouts)

    async def close(self) -> None:
        """Nothing of its own is open."""

    def _body(self, request: ChatRequest) -> bytes:
        """Raises SpeaksAnother."""
        sent, name = request.sent, self._model.model
        try:
            if sent is None or sent.api not in _NATIVE:
                return translated(request, name, self._abilities)
            return relayed(sent, name) if request.untouched else edited(request, sent, name)
        except Unsaid as lacking:
            asked_in = Api.MESSAGES.in_words
            raise SpeaksAnother(self._model.name, asked_in, lacking.why, param=lacking.param) from lacking

    def _headers(self, request: ChatRequest) -> bytes:
        """The version, and what else of a caller's headers belongs to this API."""
        own = chosen(request, _OWN_HEADERS) if request.api in _NATIVE else {}
        return lines({"anthropic-version": VERSION, **own})


def _endpoint(model: Model, path: str) -> Endpoint:
    key = {"x-api-key": model.api_key} if model.api_key else {}
    return upstream(model, _base(model) + path, key)


def _base(model: Model) -> str:
    """Up to and with /v1, whether or not the policy says it."""
    url = (model.base_url or BASE_URL).rstrip("/").removesuffix("/messages")
    return url if url.endswith("/v1") else url + "/v1"
