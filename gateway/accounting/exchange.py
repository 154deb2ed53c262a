"""The diary of one request: what came in, what was decided, what happened; only the pipeline writes in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from gateway.errors import GatewayError
from gateway.policy.evaluate import Decision
from gateway.policy.schema import Policy
from gateway.types import (
    Answer,
    Caller,
    ChatRequest,
    Delta,
    Label,
    Masked,
    Note,
    Refused,
    Retrieved,
    Serving,
    Signals,
    ToolUsed,
    Tried,
    Usage,
)

_NOTHING = Usage()
_OUTCOMES = {"policy_blocked": "blocked", "policy_no_cleared_model": "refused", "hung_up": "hung_up"}


@dataclass(slots=True)
class Exchange:
    """Times are seconds of a monotonic clock; `timings` maps a stage to seconds spent in the gateway."""

    request_id: str
    started: float
    at: float  # seconds since the epoch
    policy: Policy
    caller: Caller | None = None
    request: ChatRequest | None = None
    signals: Signals | None = None
    decision: Decision | None = None
    headers: dict[str, str] = field(default_factory=dict)  # those that the policy's conditions read
    sticky: str = ""  # what a canary draws by
    timings: dict[str, float] = field(default_factory=dict)
    tries: list[Tried] = field(default_factory=list)
    retrievals: list[Retrieved] = field(default_factory=list)
    tool_uses: list[ToolUsed] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    masked: Masked | None = None
    model: str | None = None  # whose content left
    unmasked: ChatRequest | None = None  # the request as it came, where guards masked it
    hidden: Label = Label.PUBLIC  # of what masks hid from models, and the caller gets back
    raised: Label = Label.PUBLIC  # the label that the conversation reached with what flowed in
    first_content: float | None = None
    finish: str | None = None
    error: GatewayError | None = None
    ended: float | None = None
    cost_usd: Decimal | None = None  # of the answer; None: a price is unknown, or it is not reckoned yet

    def note(self, note: Note) -> None:
        match note:
            case Tried():
                self.tries.append(note)
            case Serving():
                self.model = note.model
                self.raised = max(self.raised, note.label)
            case Retrieved():
                self.retrievals.append(note)
                self.spend("retrieve", sum(note.seconds))
            case ToolUsed():
                self.tool_uses.append(note)
                self.spend("tools", note.seconds)
            case Masked():
                self.masked = note
            case Refused():
                self.refusals.append(note)

    def spend(self, stage: str, seconds: float) -> None:
        self.timings[stage] = self.timings.get(stage, 0.0) + seconds

    def content(self, event: Delta | Answer, now: float) -> None:
        if self.first_content is None:
            self.first_content = now
        if event.finish is not None:
            self.finish = event.finish

    @property
    def label(self) -> Label | None:
        """The request's label, and what flowed into it; None: it was never labelled."""
        request, raised = self.request, self.raised
        if request is None:
            return None
        return request.label if request.label >= raised else raised

    @property
    def asked(self) -> ChatRequest | None:
        """The request as the caller made it."""
        return self.unmasked or self.request

    @property
    def route(self) -> str:
        return self.decision.route.name if self.decision and self.decision.route else ""

    @property
    def outcome(self) -> str:
        """ok, blocked, refused, hung_up or error."""
        if self.error is None:
            return "ok"
        return _OUTCOMES.get(self.error.code, "error")

    @property
    def usage(self) -> Usage:
        """What the answer used, its steps added up; failed tries are not part of it."""
        used = [attempt.usage for attempt in self.tries if attempt.outcome == "ok"]
        return used[0] if len(used) == 1 else sum(used, _NOTHING)

    @property
    def overhead(self) -> float:
        """Seconds that the gateway itself took."""
        return sum(self.timings.values())
