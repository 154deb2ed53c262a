"""Reads `models` and `aliases`: what can answer, and the names that applications send."""

from __future__ import annotations

from gateway.deployments.circuit import Breaker
from gateway.deployments.deployments import Concurrency
from gateway.policy.language import values
from gateway.policy.language.definitions import Fields, Key, Shape, plain, section
from gateway.policy.language.deployments import (
    DEPLOYMENT,
    RETRIES_ABOUT,
    RETRY_ON,
    CircuitFields,
    ConcurrencyFields,
    address,
    check_deployments,
    circuit,
    concurrency,
)
from gateway.policy.language.document import Reading, Value, Wrong
from gateway.policy.language.providers import PROVIDERS
from gateway.policy.language.secrets import Unset
from gateway.policy.language.shapes import (
    DAY,
    DURATION,
    FLAG,
    HEADER,
    LABEL,
    NUMBER,
    SECRET,
    SHARE,
    URL,
    WHOLE,
    list_of,
    named,
    one_of,
    one_or_more,
    reference,
)
from gateway.policy.language.surroundings import Surroundings
from gateway.policy.mistakes import nearest, shortened
from gateway.policy.schema import IN_PROCESS, Model, Price, head_of
from gateway.policy.vocabulary import RETRIED
from gateway.types import Api, Label, Timeouts

_PROVIDERS = ("openai", "anthropic", "gemini", "mistral", "azure", "bedrock", "openrouter", "groq", "ollama")
_KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}  # as those who run them call them
_USUAL = Timeouts()
_EMBEDDER = "minilm"
_SLIP = 2  # characters, by which a name may be longer or shorter than the one that was meant


def _target(value: Value) -> str:
    target = values.text(value)
    provider, slash, model = target.partition("/")
    if not (provider and slash and model):
        raise Wrong(f"{value.shown!r} is no target", "write provider/model, such as openai/gpt-5-mini")
    if provider not in PROVIDERS:
        raise Wrong(f"there is no provider {shortened(provider)}", _another(provider))
    if provider == "local" and not values.is_name(model):
        raise Wrong(f"{value.shown!r} names no model in process", "write local/ and a name without a slash")
    return target


def _another(provider: str) -> str:
    close = nearest(provider, PROVIDERS)
    if close:
        return f"did you mean {close}?"
    return "write openai-compatible/MODEL and a base_url for a server that speaks OpenAI's protocol"


MODEL_NAME = plain(
    values.model_name,
    {"type": "string", "pattern": values.NAME, "not": {"const": "auto"}},
)
TARGET = plain(
    _target,
    {
        "type": "string",
        "pattern": "^[^/]+/.",
        "examples": [
            "openai-compatible/MODEL",
            "local/smollm2",
            "local/minilm",
            *(f"{provider}/MODEL" for provider in _PROVIDERS),
        ],
    },
)
_USUAL_APIS = {
    "openai": (Api.CHAT, Api.RESPONSES),
    "openai-compatible": (Api.CHAT, Api.COMPLETIONS),
    "anthropic": (Api.MESSAGES,),
}
SPEAKS = one_or_more(one_of(Api.CHAT, Api.RESPONSES, Api.MESSAGES, Api.COMPLETIONS))


class PriceFields(Fields, what="a price"):
    """What a model costs."""

    input = Key(NUMBER, "USD for a million tokens of input.", 0.0, required=True)
    output = Key(NUMBER, "USD for a million tokens of output.", 0.0, required=True)
    cached_input = Key(NUMBER, "USD for a million tokens of input that the provider had cached.", None)


class TimeoutsFields(Fields, what="timeouts"):
    """How long each part of a call may take."""

    connect = Key(DURATION, "To connect.", _USUAL.connect)
    first_token = Key(DURATION, "From the request to the first token.", _USUAL.first_token)
    idle = Key(DURATION, "Between two events of a stream.", _USUAL.idle)
    total = Key(DURATION, "For the whole answer.", _USUAL.total)


def _price(fields: PriceFields) -> Price:
    return Price(fields.input, fields.output, fields.cached_input)


def _timeouts(fields: TimeoutsFields) -> Timeouts:
    return Timeouts(fields.connect, fields.first_token, fields.idle, fields.total)


class ModelFields(
    Fields,
    what="a model",
    rules={
        "if": {"properties": {"target": {"pattern": "^openai-compatible/"}}, "required": ["target"]},
        "then": {"anyOf": [{"required": ["base_url"]}, {"required": ["deployments"]}]},
    },
):
    """Something that answers, or that makes embeddings."""

    name = Key(MODEL_NAME, "What routes, callers and replies call the model.", "", required=True)
    target = Key(
        TARGET,
        "provider/model: the provider, and what it calls the model. `openai-compatible/…` is any server that "
        "speaks the same language at `base_url`; `local/…` runs inside the gateway.",
        "openai/unknown",
        required=True,
    )
    kind = Key(one_of("chat", "embedding"), "chat: it answers; embedding: it embeds texts.", "chat")
    base_url = Key(URL, "The address of the server, up to and with /v1.", None)
    api_key = Key(
        SECRET, "The provider's key as `${VARIABLE}` or `file:/run/secrets/NAME`, never the key itself.", None
    )
    clearance = Key(
        LABEL,
        "The highest label that the model may receive. Without it public; restricted for `local/…`, which "
        "sends nothing away.",
        None,
    )
    knows_until = Key(DAY, "The last day of which the model's training knows.", None)
    price = Key(section(PriceFields, _price), "What it costs; without it, litellm's price map says.", None)
    timeouts = Key(section(TimeoutsFields, _timeouts), "How long each part of a call may take.", _USUAL)
    retries = Key(WHOLE, "How often a failed call is repeated on the same model.", 2)
    retry_on = Key(RETRY_ON, RETRIES_ABOUT, RETRIED)
    retry_budget = Key(
        SHARE,
        "The share of the model's requests that may be retries, beside twenty to begin with: a model that is "
        "down does not get every request several times.",
        0.1,
    )
    deployments = Key(
        list_of(DEPLOYMENT, least=1),
        "Several addresses that serve this model, in place of `base_url`: each a URL, or "
        "`{base_url, api_key, weight}`. Calls are spread by weight and by what each has "
        "to do, and a retry goes to another.",
        (),
    )
    concurrency = Key(
        section(ConcurrencyFields, concurrency),
        "How many requests each deployment gets at once, and how many may wait for their turn. Without it, "
        "as many as come.",
        Concurrency(),
    )
    circuit = Key(
        section(CircuitFields, circuit),
        "When a deployment that fails gets no more requests for a while.",
        Breaker(),
    )
    teacher = Key(
        one_or_more(reference("chat")), "Who is asked next when this model abstains: a model or several.", ()
    )
    speaks = Key(
        SPEAKS,
        "The APIs of its server: a request that came in one of them goes on as it came, any other is "
        "translated. Without it: `openai/…` chat and responses, `openai-compatible/…` chat and completions; "
        "chat is always among them. `anthropic/…` speaks messages and nothing else.",
        (),
    )
    forward = Key(
        list_of(HEADER, least=1),
        "The caller's headers that its server gets, by their names in small letters. What they say is read "
        "for sensitive data like the rest of a request. `traceparent` and `tracestate` go along in any case, "
        "and so does what belongs to the API in which it is asked, as `anthropic-beta`.",
        (),
    )
    remote_tools = Key(
        FLAG,
        "true: a caller may name MCP servers that the provider then calls, and hosts that its tools may "
        "reach: what the model was given may get there, whatever the clearance of this model.",
        False,
    )
    disabled = Key(FLAG, "true: out of service, and still checked.", False)
    if_available = Key(
        FLAG,
        "true: left out of service, with a word at start, where its variable is not set or, without a key, "
        "nothing listens at its `base_url`.",
        False,
    )


def read_model(value: Value, found: Reading, around: Surroundings) -> Model | None:
    fields = ModelFields(value, found)
    provider, _, model = fields.target.partition("/")
    addresses = [each for each in fields.deployments if each is not None]
    if provider == "openai-compatible" and not {"base_url", "deployments"} & fields.present.keys():
        found.wrong(value, "an openai-compatible model needs base_url", "add 'base_url: http://HOST:PORT/v1'")
    _check_kind(fields, found, provider, model)
    if provider in _KEYS and not {"api_key", "base_url", "disabled"} & fields.present.keys():
        found.warn(
            value, f"a model of {provider}/… is asked without a key", f"add 'api_key: ${{{_KEYS[provider]}}}'"
        )
    check_deployments(fields, addresses, found, around, provider)
    forbidden = around.forbidden(fields.base_url)
    if forbidden and not fields.if_available:
        found.wrong(fields.present["base_url"], *forbidden)
    api_key, absent = _presence(fields, found, around, None if forbidden else fields.base_url)
    absent = absent or (f"{forbidden[0]}; {forbidden[1]}" if forbidden else None)
    if absent and fields.if_available:
        found.notes.append(f"model {fields.name} is out of service: {absent}")
    if not fields.name:
        return None
    found.define(fields.kind, fields.name, fields.present["name"])
    found.define("model", fields.name, fields.present["name"])
    return Model(
        name=fields.name,
        provider=provider,
        model=model,
        kind=fields.kind,
        base_url=fields.base_url,
        api_key=api_key,
        clearance=_usual_clearance(provider) if fields.clearance is None else fields.clearance,
        knows_until=fields.knows_until,
        price=fields.price,
        timeouts=fields.timeouts,
        retries=fields.retries,
        teacher=fields.teacher[0] if fields.teacher else None,
        teachers=fields.teacher,
        disabled=fields.disabled or (fields.if_available and absent is not None),
        if_available=fields.if_available,
        absent=(absent or "") if fields.if_available else "",
        speaks=_speaks(fields, found, provider),
        forward=tuple(dict.fromkeys(fields.forward)),
        remote_tools=fields.remote_tools,
        deployments=tuple(address(each, found, around) for each in addresses),
        concurrency=fields.concurrency,
        circuit=fields.circuit,
        retry_on=frozenset(fields.retry_on),
        retry_budget=fields.retry_budget,
    )


def _speaks(fields: ModelFields, found: Reading, provider: str) -> tuple[Api, ...]:
    usual = _USUAL_APIS.get(provider, (Api.CHAT,))
    if not fields.speaks:
        return usual
    place = fields.present["speaks"]
    if provider not in _USUAL_APIS:
        known = ", ".join(f"{name}/…" for name in _USUAL_APIS)
        found.wrong(place, f"a model of {provider}/… is asked in one way only", f"say it of {known} alone")
    elif usual[0] not in fields.speaks:
        found.wrong(
            place, f"every model of {provider}/… has to speak {usual[0].value}", f"add {usual[0].value}"
        )
    elif provider == "anthropic" and len(fields.speaks) > 1:
        found.wrong(place, "a model of anthropic/… speaks messages alone", "take the others away")
    elif Api.MESSAGES in fields.speaks and provider != "anthropic":
        found.wrong(
            place, "only a model of anthropic/… speaks messages", "make it another model, anthropic/NAME"
        )
    return tuple(Api(word) for word in fields.speaks)


def _usual_clearance(provider: str) -> Label:
    """What runs inside the gateway sends nothing away."""
    return Label.RESTRICTED if provider == "local" else Label.PUBLIC


def _presence(
    fields: ModelFields, found: Reading, around: Surroundings, base_url: str | None
) -> tuple[str | None, str | None]:
    """The model's key, and why it is out of service, if it is; only what says `if_available` may be."""
    key, probed = fields.api_key, base_url if fields.if_available else None
    if untrained := _untrained(fields, found, around):
        return None, untrained
    if key is None:
        missing = probed and around.available is not None and not around.available(probed)
        return None, f"nothing listens at {probed}" if missing else None
    try:
        return around.vault.reveal(key, found), None
    except Unset as unset:
        if not fields.if_available:
            found.wrong(key, unset.message, unset.proposal)
        return None, unset.message
    except Wrong as wrong:
        found.wrong(key, wrong.message, wrong.proposal)
        return None, None


def _check_kind(fields: ModelFields, found: Reading, provider: str, model: str) -> None:
    """Of what runs in process, one model embeds and the others answer."""
    if provider != "local" or (model == _EMBEDDER) == (fields.kind == "embedding"):
        return
    said, hint = f"local/{model} makes no embeddings", f"write local/{_EMBEDDER}"
    if model == _EMBEDDER:
        said, hint = f"local/{model} makes embeddings and does not answer", "add 'kind: embedding'"
    found.wrong(fields.present["target"], said, hint)


def _untrained(fields: ModelFields, found: Reading, around: Surroundings) -> str | None:
    """Why a head is out of service that is not trained and may be absent; else that is a mistake."""
    provider, _, model = fields.target.partition("/")
    head = head_of(provider, model)
    if not head or fields.disabled or fields.kind == "embedding":
        return None
    close = nearest(head, IN_PROCESS)
    meant = f"did you mean local/{close}?" if close and abs(len(close) - len(head)) <= _SLIP else ""
    if around.trained is None:
        if meant:
            found.warn(fields.present["target"], f"{head} would be a head that you train", meant)
        return None
    if around.trained(head):
        return None
    said = f"there is no head named {head}"
    hint = meant or f"train it: pointsman tune train {head} --examples FILE.jsonl"
    if not fields.if_available:
        found.wrong(fields.present["target"], said, hint)
    return f"{said}; {hint}"


def _pattern(value: Value) -> str:
    pattern = values.said(value)
    if "*" in pattern[:-1]:
        raise Wrong("'*' stands at the end of a pattern only", f"write {pattern.partition('*')[0]}*")
    return pattern


_ALIAS = reference("target")
ALIASES: Shape[Value] = Shape(
    lambda value, _: value,
    {
        "type": "object",
        "propertyNames": {"pattern": r"^(?=.*\S)[^*]*\*?$"},
        "additionalProperties": named("target"),
    },
)


def read_alias(key: Value, value: Value, found: Reading) -> tuple[str, str]:
    """A pattern, `*` at its end or nowhere, and `auto`, `route/NAME` or a model."""
    pattern = found.attempt(key, _pattern, "")
    target = found.attempt(value, lambda v: _ALIAS.read(v, found), "auto")
    if pattern:
        found.define("alias", pattern, key)
    return pattern, target
