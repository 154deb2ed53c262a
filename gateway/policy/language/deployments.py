"""Reads how a model's deployments share its requests, when they rest, and what is retried."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.deployments.circuit import Breaker
from gateway.deployments.deployments import Concurrency
from gateway.policy.language import values
from gateway.policy.language.definitions import Fields, Key, Shape
from gateway.policy.language.document import Reading, Value, Wrong
from gateway.policy.language.secrets import Unset
from gateway.policy.language.shapes import (
    DURATION,
    NUMBER,
    POSITIVE,
    SECRET,
    SHARE,
    URL,
    WHOLE,
    one_of,
    one_or_more,
)
from gateway.policy.language.surroundings import Surroundings
from gateway.policy.schema import Address
from gateway.policy.vocabulary import RETRIED

_USUAL_QUEUE, _USUAL_CIRCUIT = Concurrency(), Breaker()
RETRY_ON = one_or_more(one_of(*RETRIED))
RETRIES_ABOUT = (
    "The failures after which a call is repeated: statuses; reset, a connection that broke or could not be "
    "made; and, on another deployment only, timeout, and broken: an answer that broke off before its first "
    "word."
)


class DeploymentFields(Fields, what="a deployment"):
    """One address that serves a model."""

    base_url = Key(URL, "The address of the server, up to and with /v1.", "", required=True)
    api_key = Key(SECRET, "Its own key, where the model's is another: as `${VARIABLE}`.", None)
    weight = Key(NUMBER, "Its share of the requests, beside the others' weights.", 1.0)


class ConcurrencyFields(Fields, what="concurrency"):
    """How many requests at once."""

    limit = Key(POSITIVE, "Of each deployment.", None, required=True)
    queue = Key(WHOLE, "How many more may wait, in turns among callers.", _USUAL_QUEUE.queue)
    wait = Key(DURATION, "How long one waits at most; then the next model is asked.", _USUAL_QUEUE.wait)


class CircuitFields(Fields, what="circuit"):
    """When a deployment is given a rest, and for how long."""

    failures = Key(POSITIVE, "After so many failures in a row.", _USUAL_CIRCUIT.failures)
    share = Key(SHARE, "Or once this share of its last requests failed.", _USUAL_CIRCUIT.share)
    of = Key(POSITIVE, "Of at least so many.", _USUAL_CIRCUIT.of)
    within = Key(DURATION, "That ended within this time.", _USUAL_CIRCUIT.within)
    rest = Key(DURATION, "The first rest; it doubles after each probe that fails.", _USUAL_CIRCUIT.rest)
    longest = Key(DURATION, "The longest rest.", _USUAL_CIRCUIT.longest)


def concurrency(fields: ConcurrencyFields) -> Concurrency:
    return Concurrency(fields.limit, fields.queue, fields.wait)


def circuit(fields: CircuitFields) -> Breaker:
    return Breaker(fields.failures, fields.share, fields.of, fields.within, fields.rest, fields.longest)


Written = tuple[Value, Value | None, float]
"""A deployment's URL and key as they stand in the file, and its weight."""


def _deployment(value: Value, found: Reading) -> Written | None:
    if value.kind != "a mapping":
        values.url(value)
        return value, None, 1.0
    fields = DeploymentFields(value, found)
    if "weight" in fields.present and not fields.weight:
        found.wrong(fields.present["weight"], "a weight of 0 gets no requests", "leave the deployment out")
    return (fields.present["base_url"], fields.api_key, fields.weight) if fields.base_url else None


DEPLOYMENT = Shape(_deployment, {"anyOf": [URL.schema, DeploymentFields.schema()]}, secret=True)


def check_deployments(
    fields: Fields, given: Iterable[Written], found: Reading, around: Surroundings, provider: str
) -> None:
    """What is wrong with the deployments of a model of these fields."""
    place = fields.present.get("deployments")
    if place is None:
        return
    if provider == "local":
        found.wrong(place, "what runs in process has one deployment", "take 'deployments:' out")
    if "base_url" in fields.present:
        found.wrong(place, "base_url and deployments say the same", "move base_url into deployments")
    if fields.read.get("if_available"):
        found.warn(place, "deployments are not looked for at start, whatever if_available says")
    for url, _, _ in given:
        forbidden = around.forbidden(url.scalar)
        if forbidden:
            found.wrong(url, *forbidden)


def address(written: Written, found: Reading, around: Surroundings) -> Address:
    """Its key revealed; one that cannot be is a mistake."""
    url, key, weight = written
    try:
        own = None if key is None else around.vault.reveal(key, found)
    except (Unset, Wrong) as wrong:
        found.wrong(key or url, wrong.message, wrong.proposal)
        own = None
    return Address(url.scalar, own, weight)
