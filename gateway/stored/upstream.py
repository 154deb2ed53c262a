"""Has the upstream that keeps a response as well delete it."""

from __future__ import annotations

import logging
import re
from typing import Final

from gateway.errors import ProviderError
from gateway.inbound import InForce
from gateway.interfaces import ResponseHolder
from gateway.labels import clear
from gateway.types import KeptResponse, Label

_ID: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")  # any other may be more than a name in a path
_log = logging.getLogger("pointsman.responses")


async def forget_upstream(response: KeptResponse, force: InForce) -> None:
    """As well as it can be done: an upstream that fails, or is not in the policy any more, keeps it.

    Its id goes through the model's gate; it says nothing, so that whoever holds a response can be told to
    delete it, whatever its clearance is by now.
    """
    models = (model for model in force.policy.chat_models if model.upstream == response.upstream)
    spec = next(models, None)
    if spec is None or not _ID.fullmatch(response.id):
        return
    (holder, *others) = (each.serves for each in force.parts.model(spec.name).all)
    if others or not isinstance(holder, ResponseHolder):  # of several deployments, none was told to keep it
        return
    try:
        await holder.forget(clear(response.id, Label.PUBLIC, spec, "model"))
    except ProviderError as error:
        _log.warning("A response could not be deleted upstream: %s", error.message)
