"""What a started gateway says of itself: where it listens, who answers, and requests to try."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote

from gateway import __version__
from gateway.app import CHAT_PATH
from gateway.policy.candidates import usual_order
from gateway.policy.language.cases import Case, read_cases
from gateway.policy.language.load import files_of_cases
from gateway.policy.mistakes import PolicyMistakes
from gateway.policy.schema import Model, Policy, Route
from gateway.settings import Settings

_TRIED = 3
_LONGEST = 120  # characters of what is said


def banner(policy: Policy, settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return "\n".join(_lines(policy, settings, f"http://{host}:{port}"))


def _lines(policy: Policy, settings: Settings, base: str) -> Iterator[str]:
    callers = f"{len(policy.callers)} caller{'' if len(policy.callers) == 1 else 's'}"
    who = callers if policy.callers else "anyone on this machine (no callers are named)"
    yield f"Pointsman {__version__} listens on {base}/v1 for {who}"
    yield f"policy {policy.revision} from {settings.policies}; see also {base}/readyz and {base}/metrics"
    yield ""
    yield from _models(policy)
    yield ""
    yield "routes:"
    width = max((len(route.name) for route in policy.routes), default=0)
    for route in policy.routes:
        yield f"  {route.name:{width}}  {_about(policy, route)}"
    yield ""
    yield "Try:"
    for say, caller in to_try(policy, settings.policies):
        yield _curl(base, say, caller)


def _models(policy: Policy) -> Iterator[str]:
    serving = ", ".join(map(_named, policy.chat_models))
    yield f"models:  {serving}" if serving else "models:  none is in service, so no request can be answered"
    embedding = [model for model in policy.models.values() if model.kind != "chat" and not model.disabled]
    if embedding:
        yield f"embed:   {', '.join(map(_named, embedding))}"
    yield from policy.notes


def _named(model: Model) -> str:
    return f"{model.name} ({model.provider}/{model.model})"


def _about(policy: Policy, route: Route) -> str:
    about = route.about or "Everything that no route above takes."
    return about if usual_order(policy, route) else f"NO MODEL IN SERVICE. {about}"


# Requests to try


def to_try(policy: Policy, folder: Path) -> tuple[tuple[str, str | None], ...]:
    """What the first cases of the folder say, one for each route that serves, and as which caller.

    Without such a case, a greeting.
    """
    serving = {route.name for route in policy.routes if usual_order(policy, route)}
    by_route: dict[object, tuple[str, str | None]] = {}
    for case in _cases(policy, folder):
        said, route = _said(case), case.expect.get("route")
        if said and route in serving:
            by_route.setdefault(route, (said, case.caller))
    caller = policy.callers[0].caller.name if policy.callers else None
    return tuple(by_route.values())[:_TRIED] or (("Hello!", caller),)


def _cases(policy: Policy, folder: Path) -> Iterable[Case]:
    """Those with a mistake stand in nobody's way here: `policy check` tells of it."""
    try:
        return read_cases(files_of_cases(folder), policy)
    except PolicyMistakes:
        return ()


def _said(case: Case) -> str:
    """What a case says, where that is all that it sends."""
    messages = case.request.get("messages")
    if case.headers or not isinstance(messages, list) or len(messages) != 1:
        return ""
    if set(case.request) != {"model", "messages"} or case.request["model"] != "auto":
        return ""
    content = messages[0].get("content") if isinstance(messages[0], dict) else None
    return content if isinstance(content, str) and len(content) <= _LONGEST else ""


def _curl(base: str, say: str, caller: str | None) -> str:
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": say}]}, ensure_ascii=False)
    key = f" -H 'authorization: Bearer KEY-OF-{caller}'" if caller is not None else ""
    return f"  curl -s {base}{CHAT_PATH}{key} -H 'content-type: application/json' -d {quote(body)}"
