"""The oracle: what must hold of a world that was played, told from the bytes alone.

It knows what was put in and where each destination stands, and asks the gateway nothing but the name of the
route that it says it took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.types import Api, Label
from tests.guarantee.apis import api_of
from tests.guarantee.conversations import Conversation
from tests.guarantee.destinations import PLACEHOLDER, Seen
from tests.guarantee.needles import Kind, Needle
from tests.guarantee.stage import Played, Reply
from tests.guarantee.worlds import told

BROKEN = "The guarantee is broken"
NO_MODEL, BLOCKED = "policy_no_cleared_model", "policy_blocked"


def faults(played: Played) -> list[str]:
    """Every way in which the guarantee was broken; empty where it held."""
    told_of = (_sent, _flowed_in, _risen, _writes, _replied, _written)
    return [fault for tells in told_of for fault in tells(played)]


def _sent(played: Played) -> Iterator[str]:
    """No byte labelled above a destination's clearance reached its socket."""
    clearances = _clearances(played)
    for seen in played.tape.seen:
        clearance = clearances[seen.destination]
        if len(seen.conversations) > 1:
            yield f"{seen.destination} was sent more than one conversation at once: {seen.conversations}"
        for number in seen.conversations:
            for needle in seen.needles:
                label = told(played.world, needle, number)
                if label > clearance:
                    yield (
                        f"{seen.destination}, cleared for {clearance.word}, was sent {_named(needle)} "
                        f"in conversation {number}, which is {label.word}"
                    )
                if seen.destination[0] == "m" and played.world.hides(
                    played.world.talks[number], needle.shape
                ):
                    yield f"{seen.destination} was sent {_named(needle)}, which is masked in {number}"
        if not seen.conversations and any(needle.label > Label.PUBLIC for needle in seen.needles):
            yield f"{seen.destination} was sent something that belongs to no conversation"


def _clearances(played: Played) -> dict[str, Label]:
    world = played.world
    return {
        **{f"m{n}": model.clearance for n, model in enumerate(world.models)},
        **{f"t{n}": tool.clearance for n, tool in enumerate(world.tools)},
    }


def _flowed_in(played: Played) -> Iterator[str]:
    """What the gateway adds is for a caller who may see it, from sources that might be asked."""
    world = played.world
    for seen in played.tape.seen:
        for number in seen.conversations:
            talk = world.talks[number]
            caller = world.callers[talk.caller]
            for needle in seen.needles:
                if needle.kind in (Kind.PASSAGE, Kind.RESULT) and needle.label > caller.clearance:
                    yield (
                        f"{_named(needle)}, which is {needle.label.word}, flowed into conversation {number} "
                        f"of a caller cleared for {caller.clearance.word}"
                    )
                if needle.kind is Kind.PASSAGE:
                    yield from _searched(played, needle, number)
            if seen.method and world.tools[int(seen.destination[1:])].label > caller.clearance:
                yield f"{seen.destination} was called for conversation {number}, whose caller may not see it"


def _searched(played: Played, needle: Needle, number: int) -> Iterator[str]:
    base, label = played.world.bases[int(needle.source[1:])], played.world.label(played.world.talks[number])
    if label > base.clearance:
        yield f"{needle.source}, cleared for {base.clearance.word}, was searched for a {label.word} request"


def _risen(played: Played) -> Iterator[str]:
    """Once a tool has answered, a conversation is as sensitive as that tool, for whomever it goes to next."""
    clearances = _clearances(played)
    for number in range(len(played.world.talks)):
        risen: dict[str, Label] = {}
        for seen in played.tape.seen:
            if number not in seen.conversations:
                continue
            for tool, label in risen.items():
                if tool != seen.destination and label > clearances[seen.destination]:
                    yield f"{seen.destination} was reached in conversation {number} after {tool} answered"
            if seen.answered:
                risen[seen.destination] = played.world.tools[int(seen.destination[1:])].label


def _writes(played: Played) -> Iterator[str]:
    """A tool that writes is not called by a model that had been given untrusted text.

    The words of such a model are untrusted themselves, and a call's arguments hold its words.
    """
    for seen in played.tape.seen:
        if seen.method != "tools/call" or seen.tool != "write":
            continue
        for number in seen.conversations:
            route, talk = played.replies[number].route, played.world.talks[number]
            if route is not None and played.world.routes[route].writes_on_untrusted:
                continue
            if talk.brings_untrusted or not all(needle.trusted for needle in seen.needles):
                yield f"{seen.destination} wrote on account of untrusted text in conversation {number}"


def _replied(played: Played) -> Iterator[str]:
    for number, (talk, reply) in enumerate(zip(played.world.talks, played.replies, strict=True)):
        reached = [s for s in played.tape.seen if number in s.conversations]
        yield from (
            f"conversation {number}: {fault}" for fault in _reply(played, talk, reply, number, reached)
        )


def _reply(
    played: Played, talk: Conversation, reply: Reply, number: int, reached: list[Seen]
) -> Iterator[str]:
    """What comes back is the caller's own, or what it may see; and no answer is a guess."""
    world = played.world
    clearance = world.callers[talk.caller].clearance
    for needle in reply.needles:
        if needle.kind in (Kind.PASSAGE, Kind.RESULT) and needle.label > clearance:
            yield f"the caller, cleared for {clearance.word}, was shown {_named(needle)}"
        if needle.conversation not in (None, number):
            yield f"the caller was shown {_named(needle)} of conversation {needle.conversation}"
    if reply.code == BLOCKED and reached:
        yield f"it was blocked, and {_destinations(reached)} had seen it"
    if world.must_block(talk) and reply.code != BLOCKED:
        yield f"a guard blocks it, but the reply is {reply.status} {reply.code}"
    allowed = _allowed(played, talk, reply)
    if allowed is None or (world.must_block(talk) and reply.code == BLOCKED):
        return
    strangers = {s.destination for s in reached if s.destination[0] == "m"} - {f"m{n}" for n in allowed}
    if strangers:
        yield f"{', '.join(sorted(strangers))} cannot serve it, and saw it"
    label = world.label(talk)
    if not any(world.models[n].clearance >= label for n in allowed):
        if reply.code not in (NO_MODEL, BLOCKED):
            yield f"no model is cleared for it, but the reply is {reply.status} {reply.code}"
        if reached:
            yield f"no model is cleared for it, but {_destinations(reached)} saw it"
    if world.masking(talk) and PLACEHOLDER.search(reply.text):
        yield f"the caller was shown a placeholder: {reply.text}"
    hidden = any(world.hides(talk, p.shape) for p in talk.pieces if p.place.in_message)
    back = any(world.hides(talk, needle.shape) for needle in reply.needles)
    if hidden and not back and reply.status == 200 and reply.code is None:
        yield "what the model said in a placeholder's place did not come back"
    yield from _answered(reply, label, allowed, played)


def _answered(reply: Reply, label: Label, allowed: frozenset[int], played: Played) -> Iterator[str]:
    """An answer is a model's word, and that model was cleared."""
    if reply.status != 200:
        return
    if reply.model is None or int(reply.model[1:]) not in allowed:
        yield f"it was answered by {reply.model}, which cannot serve it"
    elif played.world.models[int(reply.model[1:])].clearance < label:
        yield f"it was answered by {reply.model}, which is not cleared for {label.word}"
    if reply.code is None and not any(n.kind is Kind.ANSWER for n in reply.needles):
        yield "it was answered with what no model had said"


def _allowed(played: Played, talk: Conversation, reply: Reply) -> frozenset[int] | None:
    """The models that may serve it: those of the route that was taken, or the model that was named."""
    if talk.asks is not None and talk.asks[0] == "model":
        return played.world.chain((talk.asks[1],))
    return None if reply.route is None else played.world.candidates(reply.route)


def _written(played: Played) -> Iterator[str]:
    """The log and the ledger hold no word of what was said, but metadata up to the ledger's label."""
    world = played.world
    for needle in played.tape.needles.within(played.written):
        number = needle.conversation
        kept = needle.tag and number is not None and world.came(world.talks[number]) <= world.log_up_to
        if not kept:
            yield f"the log or the ledger holds {_named(needle)}"


def _named(needle: Needle) -> str:
    return f"{needle.text} ({needle.kind.value}{', of ' + needle.source if needle.source else ''})"


def _destinations(reached: list[Seen]) -> str:
    return ", ".join(sorted({seen.destination for seen in reached}))


def _api(seen: Seen) -> Api:
    return api_of(seen.data.split(b" ", 2)[1].decode())


def happenings(played: Played) -> Counter[str]:
    """What came about, so that a test can tell that it tested something."""
    counts: Counter[str] = Counter(conversations=len(played.replies))
    for number, (talk, reply) in enumerate(zip(played.world.talks, played.replies, strict=True)):
        seen = [s for s in played.tape.seen if number in s.conversations]
        kinds = {needle.kind for s in seen for needle in s.needles}
        calls = [s for s in seen if s.method == "tools/call"]
        models = [s.destination for s in seen if s.destination[0] == "m"]
        label = played.world.label(talk)
        answered = [s for s in seen if s.destination == reply.model]
        if reply.status == 200 and answered:
            counts[f"{talk.api} answered in {_api(answered[-1])}"] += 1
        counts["answered"] += reply.status == 200 and reply.code is None
        counts["cut"] += reply.status == 200 and reply.code is not None
        counts["failed"] += reply.status >= 500
        counts["refused"] += reply.code == NO_MODEL
        counts["refused with what flowed in"] += reply.code == NO_MODEL and bool(seen)
        counts["blocked"] += reply.code == BLOCKED
        counts["fell over"] += len(set(models)) > 1
        counts["asked again"] += len(set(models)) < len(models)
        counts["with passages"] += Kind.PASSAGE in kinds
        counts["with results"] += Kind.RESULT in kinds
        counts["called a tool"] += bool(calls)
        counts["wrote"] += any(s.tool == "write" for s in calls)
        counts["raised"] += any(told(played.world, n, number) > label for s in seen for n in s.needles)
        counts["masked"] += any(played.world.hides(talk, piece.shape) for piece in talk.pieces)
        counts["masked and answered"] += reply.status == 200 and any(
            played.world.hides(talk, n.shape) for n in reply.needles
        )
        counts["lowered and answered"] += reply.status == 200 and label < played.world.came(talk)
        counts["sensitive and answered"] += reply.status == 200 and label >= Label.CONFIDENTIAL
    return counts
