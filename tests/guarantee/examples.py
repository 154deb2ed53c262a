"""Worlds written by hand, for what seldom meets by chance; the oracle and the sockets are the same."""

from __future__ import annotations

from dataclasses import replace

from gateway.types import Label
from tests.guarantee.conversations import QUESTIONS, Conversation, ModelStep, Piece, Place, ToolStep
from tests.guarantee.needles import Shape
from tests.guarantee.worlds import BaseSpec, CallerSpec, GuardSpec, ModelSpec, RouteSpec, ToolSpec, World

PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED = Label
ANSWERS, CALLS = (ModelStep.ANSWER,) * 3, (ModelStep.CALL_ALL, ModelStep.CALL_ALL, ModelStep.ANSWER)
ASKS = Conversation(
    caller=0,
    asks=None,
    headers=(),
    stream=False,
    image=False,
    escaped=False,
    question=QUESTIONS[0],
    pieces=(),
    models=(ANSWERS, ANSWERS),
    tools=(ToolStep.ANSWER, ToolStep.ANSWER),
)
STREAMS, ACTS = replace(ASKS, stream=True), replace(ASKS, models=(CALLS, CALLS))
LOW_FIRST = (ModelSpec(PUBLIC, (), 0), ModelSpec(RESTRICTED, (), 0))
ROUTE = RouteSpec(None, (0, 1), "list", (), (), (), writes_on_untrusted=False)
SEARCHES, TOOLED = replace(ROUTE, bases=(0,)), replace(ROUTE, tools=(0, 1))
EVERYTHING, LITTLE = CallerSpec(PUBLIC, RESTRICTED, "red"), CallerSpec(PUBLIC, INTERNAL, "blue")
BARE = World(
    models=LOW_FIRST,
    bases=(),
    tools=(),
    routes=(ROUTE,),
    callers=(EVERYTHING, LITTLE),
    guards=(),
    unreadable=CONFIDENTIAL,
    log_up_to=PUBLIC,
    talks=(),
)


def says(*shapes: Shape, place: Place = Place.USER) -> Conversation:
    return replace(ASKS, pieces=tuple(Piece(shape, place) for shape in shapes))


def base(label: Label, *documents: Shape, trusted: bool = False) -> BaseSpec:
    return BaseSpec(label, RESTRICTED, trusted, documents)


LABELLED = replace(
    BARE,
    callers=(*BARE.callers, CallerSpec(CONFIDENTIAL, RESTRICTED, "red")),
    talks=(
        replace(ASKS, caller=2),
        replace(ASKS, image=True),
        replace(ASKS, headers=(RESTRICTED, PUBLIC)),
        replace(ASKS, headers=(PUBLIC, RESTRICTED)),
        *(says(shape) for shape in Shape),
        *(says(Shape.API_KEY, place=place) for place in Place if place is not Place.WHO),
        replace(says(Shape.PLAIN, place=Place.METADATA), headers=(RESTRICTED,)),
    ),
)
"""What a label is made of, with the model first that may have nothing."""

FALLING = replace(
    BARE,
    models=(ModelSpec(RESTRICTED, (1,), 0), ModelSpec(PUBLIC, (), 0), ModelSpec(RESTRICTED, (), 0)),
    routes=(replace(ROUTE, models=(0, 1, 2)),),
    talks=tuple(
        replace(says(Shape.CARD), stream=stream, models=((step,), ANSWERS, ANSWERS))
        for stream in (False, True)
        for step in ModelStep
    ),
)
"""The first breaks in every way, and its teacher may not have what it had."""

KEPT = replace(BARE, log_up_to=RESTRICTED, talks=(says(Shape.API_KEY, place=Place.METADATA),))
"""A ledger that may have much, and metadata that it may not have all the same."""

READ = replace(
    BARE,
    bases=(base(CONFIDENTIAL, Shape.PLAIN), base(PUBLIC, Shape.API_KEY, Shape.PLAIN)),
    routes=(replace(SEARCHES, when="request.stream"), replace(SEARCHES, bases=(1,))),
    talks=(ASKS, STREAMS, replace(ASKS, caller=1), replace(STREAMS, caller=1)),
)
"""Passages raise the label by their base's, and by what is in them."""

CALLED = replace(
    BARE,
    tools=(ToolSpec(CONFIDENTIAL, RESTRICTED, trusted=False), ToolSpec(PUBLIC, INTERNAL, trusted=True)),
    routes=(TOOLED,),
    talks=(
        ACTS,
        replace(ACTS, stream=True),
        replace(ACTS, caller=1),
        replace(ACTS, pieces=(Piece(Shape.PLAIN, Place.TOOL),)),
        replace(ACTS, tools=(ToolStep.ADDRESS, ToolStep.CREDENTIAL)),
        replace(ACTS, tools=(ToolStep.CREDENTIAL, ToolStep.FAIL)),
        replace(ACTS, tools=(ToolStep.CREDENTIAL, ToolStep.RPC_ERROR), caller=1),
    ),
)
"""Results raise the label from call to call, and hold back what writes."""

STUCK = replace(
    CALLED,
    models=(ModelSpec(PUBLIC, (), 0), ModelSpec(INTERNAL, (), 0)),
    tools=(ToolSpec(PUBLIC, PUBLIC, trusted=True),),
    routes=(replace(TOOLED, tools=(0,)),),
    talks=(replace(ACTS, tools=(ToolStep.CREDENTIAL,)),),
)
"""A result after which no model is left."""

BREAKING = tuple(
    replace(CALLED, talks=(replace(ACTS, tools=(step, ToolStep.ANSWER)),))
    for step in (ToolStep.SLOW, ToolStep.RESET)
)
"""Tool servers that fail. Each has a world of its own: one that failed is left alone for a while."""

WRITING = replace(
    CALLED,
    bases=(base(PUBLIC, Shape.PLAIN),),
    tools=(ToolSpec(PUBLIC, RESTRICTED, trusted=True),),
    routes=(replace(TOOLED, tools=(0,), when="request.stream"), replace(SEARCHES, tools=(0,))),
    talks=(ACTS, replace(ACTS, stream=True), replace(ACTS, stream=True, pieces=says(Shape.PLAIN).pieces)),
)
"""A passage holds back what writes."""

MAIL = GuardSpec("true", ("email",), INTERNAL)
MASKED = replace(
    BARE,
    models=(ModelSpec(PUBLIC, (), 0), ModelSpec(INTERNAL, (), 0), ModelSpec(RESTRICTED, (), 0)),
    tools=(ToolSpec(PUBLIC, INTERNAL, trusted=True), ToolSpec(PUBLIC, RESTRICTED, trusted=True)),
    routes=(replace(TOOLED, models=(0, 1, 2)),),
    guards=(MAIL, GuardSpec("true", ("payment",))),
    talks=tuple(
        replace(talk, stream=stream, models=(CALLS,) * 3)
        for stream in (False, True)
        for talk in (
            says(Shape.EMAIL),
            says(Shape.CARD),
            says(Shape.EMAIL, Shape.CARD),
            says(Shape.EMAIL, Shape.API_KEY),
        )
    ),
)
"""What is masked comes back for the caller and for tools that are cleared; the rest keeps its label."""

STAYING = replace(MASKED, guards=(GuardSpec("true", ("email", "payment")),))
"""Masks that lower nothing."""

MASKED_WITHIN = tuple(
    replace(READ, guards=(GuardSpec("true", ("credential", "email"), lowers_to),))
    for lowers_to in (None, PUBLIC, CONFIDENTIAL)
)
"""What is masked as it flows in."""

EXAMPLES = (LABELLED, FALLING, KEPT, READ, CALLED, STUCK, *BREAKING, WRITING, MASKED, STAYING, *MASKED_WITHIN)
