from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import Forbidden, UnknownModel
from gateway.policy.evaluate import Reason, Stay, Trace, Verdict, decide, observed, trace
from gateway.policy.schema import Knowledge, Policy, ToolSource
from gateway.policy.vocabulary import VARIABLES
from gateway.types import Caller, Freshness, Label, Refused, Task
from tests.facts import ANYONE, credential, facts
from tests.policies import KNOWLEDGE, MODELS, TOOLS, loaded

GUARDS = "guards: [{name: no-credentials, when: '\"credential\" in findings', block: Take it out.}]\n"
ROUTES = """\
routes:
  - {name: tag, when: task == categorization && freshness == static, model: tagger, fallback: small}
  - {name: facts, when: task == knowledge_lookup, retrieve: {from: [handbook]}, model: [small, house]}
  - {name: act, when: task == tool_action || freshness == live, tools: {from: [crm]}, model: [small, house]}
  - {name: not-code, when: task != coding && language == "de", model: house}
  - {name: rest, model: [small, house]}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return loaded(tmp_path, routes=ROUTES, guards=GUARDS, k=KNOWLEDGE, t=TOOLS)


def served(policy: Policy, task: Task | None, freshness: Freshness | None = Freshness.STATIC) -> str | None:
    route = decide(policy, facts(task, freshness)).route
    return route.name if route else None


def test_the_first_route_whose_condition_is_true_serves(policy: Policy) -> None:
    assert served(policy, Task.CATEGORIZATION) == "tag"
    assert served(policy, Task.KNOWLEDGE_LOOKUP, Freshness.LIVE) == "facts"
    assert served(policy, Task.TOOL_ACTION) == "act"
    assert served(policy, Task.CODING) == "rest"


def test_an_unknown_condition_does_not_match_a_route(policy: Policy) -> None:
    assert served(policy, None) == "rest"
    assert served(policy, Task.CATEGORIZATION, None) == "rest"
    decision = decide(policy, facts(None, language="de"))
    assert Verdict("not-code", None) in trace(policy, facts(None, language="de")).routes
    assert decision.reason is Reason.DEFAULT


def test_what_decides_alone_matches_though_the_other_signal_is_unsure(policy: Policy) -> None:
    assert served(policy, None, Freshness.LIVE) == "act"


def test_a_decision_holds_the_verdicts_on_what_its_cell_left_open(policy: Policy) -> None:
    decision = decide(policy, facts(Task.KNOWLEDGE_LOOKUP))
    assert decision.guards == (Verdict("no-credentials", False),)
    assert decision.tried == (Verdict("facts", True),)
    assert decision.reason is Reason.MATCHED
    german = decide(policy, facts(Task.CHIT_CHAT, language="de"))
    assert german.tried == (Verdict("not-code", True),)


def test_a_trace_says_what_every_guard_and_every_route_up_to_the_first_true_one_makes_of_it(
    policy: Policy,
) -> None:
    plain = facts(Task.TOOL_ACTION)
    assert trace(policy, plain) == Trace(
        guards=(Verdict("no-credentials", False),),
        routes=(Verdict("tag", False), Verdict("facts", False), Verdict("act", True)),
    )
    assert trace(policy, facts(model="route/act")) == Trace((Verdict("no-credentials", False),), ())
    blocked = facts(label=Label.RESTRICTED, findings=(credential(),))
    assert trace(policy, blocked) == Trace((Verdict("no-credentials", True),), ())


def test_a_trace_tries_routes_by_the_label_after_masking(tmp_path: Path) -> None:
    guards = "guards: [{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}]\n"
    routes = (
        "routes: [{name: low, when: sensitivity < confidential, model: small}, {name: r, model: house}]\n"
    )
    policy = loaded(tmp_path, guards=guards, routes=routes)
    secret = facts(label=Label.CONFIDENTIAL)
    assert trace(policy, secret).routes == (Verdict("low", False), Verdict("r", True))
    assert trace(policy, secret, Label.INTERNAL).routes == (Verdict("low", True),)


def test_a_guard_blocks_and_then_nothing_else_counts(policy: Policy) -> None:
    decision = decide(policy, facts(Task.CODING, label=Label.RESTRICTED, findings=(credential(),)))
    assert decision.blocked_by is not None
    assert decision.blocked_by.block == "Take it out."
    assert (decision.route, decision.candidates, decision.tried) == (None, (), ())


@pytest.mark.parametrize("model", ["route/rest", "small", "house"])
def test_no_name_that_a_caller_asks_for_gets_around_a_guard(policy: Policy, model: str) -> None:
    decision = decide(policy, facts(label=Label.RESTRICTED, findings=(credential(),), model=model))
    assert decision.blocked_by is not None


def test_a_guard_acts_where_its_condition_is_unknown(tmp_path: Path) -> None:
    text = "guards: [{name: g, when: 'task != coding && caller.team != \"hr\"', block: No.}]\n"
    policy = loaded(tmp_path, guards=text)
    assert decide(policy, facts(None)).blocked_by is not None
    assert decide(policy, facts(Task.CODING)).blocked_by is None
    assert decide(policy, facts(None, caller=replace(ANYONE, team="hr"))).blocked_by is None


def test_a_guard_that_masks_lets_the_rest_go_on_with_the_label_that_is_left(tmp_path: Path) -> None:
    text = "guards: [{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}]\n"
    policy = loaded(tmp_path, guards=text)
    kept = decide(policy, facts(label=Label.CONFIDENTIAL))
    lowered = decide(policy, facts(label=Label.CONFIDENTIAL), Label.INTERNAL)
    assert [guard.name for guard in lowered.masking] == ["hide"]
    assert (kept.blocked_by, kept.label, lowered.label) == (None, Label.CONFIDENTIAL, Label.INTERNAL)
    assert [model.name for model in kept.candidates] == ["house"]
    assert [model.name for model in lowered.candidates] == ["small", "house"]


def test_a_label_after_masking_is_not_believed_where_nothing_masks(policy: Policy) -> None:
    assert decide(policy, facts(label=Label.CONFIDENTIAL), Label.PUBLIC).label is Label.CONFIDENTIAL


def test_the_first_guard_that_blocks_wins_over_those_that_mask(tmp_path: Path) -> None:
    text = "guards: [{name: hide, when: 'true', mask: [email]}, {name: stop, when: 'true', block: No.}]\n"
    decision = decide(loaded(tmp_path, guards=text), facts())
    assert decision.blocked_by is not None
    assert (decision.blocked_by.name, decision.masking, decision.candidates) == ("stop", (), ())


def test_disabled_guards_and_routes_are_passed_over(tmp_path: Path) -> None:
    text = "guards: [{name: g, when: 'true', block: No., disabled: true}]\n"
    routes = (
        "routes:\n- {name: off, when: 'true', model: small, disabled: true}\n- {name: rest, model: small}\n"
    )
    decision = decide(loaded(tmp_path, guards=text, routes=routes), facts())
    assert (decision.blocked_by, decision.guards, decision.tried) == (None, (), (Verdict("rest", True),))


def test_every_candidate_is_held_against_the_label(policy: Policy) -> None:
    decision = decide(policy, facts(Task.CODING, label=Label.CONFIDENTIAL))
    assert [model.name for model in decision.candidates] == ["house"]
    assert decision.refused == (Refused("model", "small", Label.CONFIDENTIAL),)


def test_fallbacks_and_teachers_pass_the_same_gate(policy: Policy) -> None:
    decision = decide(policy, facts(Task.CATEGORIZATION, label=Label.RESTRICTED))
    assert [model.name for model in decision.candidates] == ["tagger", "house"]
    assert Refused("model", "small", Label.RESTRICTED) in decision.refused


def test_where_nobody_is_cleared_there_is_no_candidate(tmp_path: Path) -> None:
    policy = loaded(tmp_path, routes="routes: [{name: rest, model: small}]\n")
    decision = decide(policy, facts(label=Label.RESTRICTED))
    assert decision.candidates == ()
    assert decision.refused == (Refused("model", "small", Label.RESTRICTED),)


def test_a_model_that_is_not_in_service_is_told_apart_from_one_that_is_not_cleared(tmp_path: Path) -> None:
    models = MODELS + "  - {name: off, target: openai/x, disabled: true}\n"
    routes = "routes: [{name: dead, when: task == coding, model: off}, {name: rest, model: [off, small]}]\n"
    policy = loaded(tmp_path, models=models, routes=routes)
    dead, named = decide(policy, facts(Task.CODING)), decide(policy, facts(model="off"))
    assert (dead.candidates, dead.unserved, named.candidates, named.unserved) == ((), True, (), True)
    refused = decide(policy, facts(label=Label.RESTRICTED))
    assert (refused.candidates, refused.unserved) == ((), False)
    assert not decide(policy, facts()).unserved


def test_a_named_route_skips_its_condition_and_keeps_its_sources_and_the_gate(policy: Policy) -> None:
    decision = decide(policy, facts(Task.CODING, model="route/facts", label=Label.CONFIDENTIAL))
    assert decision.route is not None
    assert (decision.route.name, decision.reason, decision.tried) == ("facts", Reason.FORCED, ())
    assert [base.name for base in decision.knowledge] == ["handbook"]
    assert [model.name for model in decision.candidates] == ["house"]


def test_a_tool_loop_goes_on_with_its_route_and_its_model_first(policy: Policy) -> None:
    begun = replace(facts(Task.CODING), stays=Stay("act", "house"))
    decision = decide(policy, begun)
    assert decision.route is not None
    assert (decision.route.name, decision.reason, decision.tried) == ("act", Reason.CONTINUED, ())
    assert [source.name for source in decision.tools] == ["crm"]
    assert [model.name for model in decision.candidates] == ["house", "small"]
    assert trace(policy, begun).routes == ()


def test_a_tool_loop_passes_the_guards_and_the_gate(policy: Policy) -> None:
    stays = Stay("act", "small")
    found = decide(policy, replace(facts(findings=(credential(),)), stays=stays))
    assert found.blocked_by is not None
    raised = decide(policy, replace(facts(label=Label.CONFIDENTIAL), stays=stays))
    assert [model.name for model in raised.candidates] == ["house"]


def test_a_name_counts_more_than_the_tool_loop(policy: Policy) -> None:
    stays = Stay("act", "house")
    route = decide(policy, replace(facts(model="route/facts"), stays=stays)).route
    assert route is not None
    assert route.name == "facts"
    named = decide(policy, replace(facts(model="small"), stays=stays))
    assert (named.route, [model.name for model in named.candidates]) == (None, ["small"])


def test_a_tool_loop_whose_route_is_gone_or_out_of_service_is_decided_afresh(tmp_path: Path) -> None:
    routes = (
        "routes:\n"
        "  - {name: old, when: task == coding, model: house, disabled: true}\n"
        "  - {name: rest, model: small}\n"
    )
    policy = loaded(tmp_path, routes=routes)
    for name in ("old", "never"):
        decision = decide(policy, replace(facts(), stays=Stay(name, "house")))
        assert decision.route is not None
        assert (decision.route.name, decision.reason) == ("rest", Reason.DEFAULT)
        assert [model.name for model in decision.candidates] == ["small"]


def test_a_named_model_serves_without_retrieval_and_tools_and_passes_the_gate(policy: Policy) -> None:
    decision = decide(policy, facts(Task.KNOWLEDGE_LOOKUP, model="small"))
    assert (decision.route, decision.reason, decision.knowledge) == (None, Reason.NAMED, ())
    assert [model.name for model in decision.candidates] == ["small"]
    assert decide(policy, facts(model="small", label=Label.RESTRICTED)).candidates == ()


def test_a_name_that_is_unknown_or_not_the_callers_is_refused(policy: Policy) -> None:
    with pytest.raises(UnknownModel):
        decide(policy, facts(model="gpt-9"))
    with pytest.raises(Forbidden):
        decide(policy, facts(model="small", caller=Caller("app", may_use=("auto",))))


def test_embeddings_are_made_by_the_one_model_that_is_named(tmp_path: Path) -> None:
    models = MODELS.replace("kind: embedding", "kind: embedding, clearance: internal, teacher: house")
    policy = loaded(tmp_path, models=models, routes=ROUTES, guards=GUARDS, k=KNOWLEDGE, t=TOOLS)
    decision = decide(policy, facts(Task.KNOWLEDGE_LOOKUP, model="embed", embeds=True))
    assert (decision.route, decision.reason) == (None, Reason.NAMED)
    assert (decision.candidates, decision.knowledge, decision.tools) == ((policy.models["embed"],), (), ())
    above = decide(policy, facts(label=Label.CONFIDENTIAL, model="embed", embeds=True))
    assert above.candidates == ()
    assert above.refused == (Refused("model", "embed", Label.CONFIDENTIAL),)
    assert not above.unserved


def test_a_model_for_embeddings_that_is_out_of_service_has_no_stand_in(tmp_path: Path) -> None:
    models = MODELS.replace("kind: embedding", "kind: embedding, disabled: true, teacher: house")
    decision = decide(loaded(tmp_path, models=models), facts(model="embed", embeds=True))
    assert (decision.candidates, decision.unserved) == ((), True)


def test_a_guard_that_would_mask_blocks_embeddings_where_there_is_something_to_mask(tmp_path: Path) -> None:
    guards = "guards: [{name: hide, when: 'true', mask: [credential], lowers_to: internal}]\n"
    policy = loaded(tmp_path, guards=guards)
    found = facts(model="embed", embeds=True, findings=(credential(),))
    assert decide(policy, found).blocked_by == policy.guards[0]
    clean = decide(policy, facts(model="embed", embeds=True))
    assert (clean.blocked_by, clean.masking) == (None, ())
    assert clean.candidates == (policy.models["embed"],)


def test_a_source_above_the_callers_clearance_is_not_asked(policy: Policy) -> None:
    caller = Caller("app", clearance=Label.PUBLIC)
    decision = decide(policy, facts(Task.KNOWLEDGE_LOOKUP, caller=caller))
    assert decision.knowledge == ()
    assert decision.refused == (Refused("caller", "handbook", Label.INTERNAL),)
    assert [model.name for model in decision.candidates] == ["small", "house"]


def test_a_tool_that_is_not_cleared_for_the_request_is_not_asked(policy: Policy) -> None:
    decision = decide(policy, facts(Task.TOOL_ACTION, label=Label.RESTRICTED))
    assert decision.tools == ()
    assert Refused("tool", "crm", Label.RESTRICTED) in decision.refused


def test_a_source_whose_label_would_leave_no_model_is_not_asked(tmp_path: Path) -> None:
    routes = "routes: [{name: rest, model: small, tools: {from: [crm]}}]\n"
    decision = decide(loaded(tmp_path, routes=routes, k=KNOWLEDGE, t=TOOLS), facts())
    assert decision.tools == ()
    assert decision.refused == (Refused("model", "crm", Label.CONFIDENTIAL),)


def test_a_source_that_leaves_one_model_is_asked(policy: Policy) -> None:
    decision = decide(policy, facts(Task.TOOL_ACTION))
    assert [source.name for source in decision.tools] == ["crm"]
    assert decision.refused == ()


def test_a_disabled_source_is_not_asked(tmp_path: Path) -> None:
    tools = TOOLS.replace("label:", "disabled: true, label:")
    policy = loaded(tmp_path, routes=ROUTES, k=KNOWLEDGE, t=tools)
    assert decide(policy, facts(Task.TOOL_ACTION)).tools == ()


@pytest.mark.parametrize("label", list(Label))
@pytest.mark.parametrize("task", [*Task, None])
def test_no_decision_holds_a_candidate_or_a_source_that_is_not_cleared(
    policy: Policy, task: Task | None, label: Label
) -> None:
    for clearance in Label:
        for freshness in (*Freshness, None):
            decision = decide(policy, facts(task, freshness, label, caller=Caller("a", clearance=clearance)))
            assert all(model.clearance >= label for model in decision.candidates)
            sources: list[Knowledge | ToolSource] = [*decision.knowledge, *decision.tools]
            for source in sources:
                assert source.label <= clearance
                assert label <= source.clearance
                assert any(m.clearance >= max(label, source.label) for m in decision.candidates)


def test_a_condition_reads_the_caller_the_request_and_what_was_measured(tmp_path: Path) -> None:
    routes = (
        "routes:\n"
        "- name: gold\n"
        "  when: request.metadata.plan == 'gold' && request.headers['x-a'] == '1'\n"
        "  model: house\n"
        "- {name: team, when: 'caller.team == \"hr\" && caller.clearance >= internal', model: house}\n"
        "- {name: long, when: 'input_tokens > 50 && language == \"fr\"', model: house}\n"
        "- {name: known, when: knowledge.handbook >= 0.5, model: house}\n"
        "- {name: rest, model: small}\n"
    )
    policy = loaded(tmp_path, routes=routes, k=KNOWLEDGE)

    def name(**given: object) -> str:
        route = decide(policy, facts(**given)).route  # type: ignore[arg-type]
        assert route is not None
        return route.name

    assert name(metadata={"plan": "gold"}, headers={"x-a": "1"}) == "gold"
    assert name(metadata={"plan": "gold"}) == "rest"
    assert name(caller=Caller("a", team="hr", clearance=Label.INTERNAL)) == "team"
    assert name(language="fr") == "long"
    assert name(knowledge={"handbook": 0.5}) == "known"
    assert name(knowledge={"handbook": 0.4}) == "rest"
    assert name(language="und") == "rest"


def test_what_is_unknown_is_left_out_of_what_is_observed() -> None:
    seen = observed(facts(None, None, language="und"), VARIABLES)
    assert {"task", "freshness", "language", "caller.team", "difficulty"}.isdisjoint(seen)
    assert seen["sensitivity"] == 0
    assert seen["caller.name"] == "anyone"


def test_a_canary_is_sticky_by_the_given_key(tmp_path: Path) -> None:
    policy = loaded(tmp_path, routes="routes: [{name: rest, model: {small: 50, house: 50}}]\n")
    first = [decide(policy, facts(sticky=str(i))).candidates[0].name for i in range(50)]
    assert first == [decide(policy, facts(sticky=str(i))).candidates[0].name for i in range(50)]
    assert set(first) == {"small", "house"}
