from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.accounting.history import Row
from gateway.classify.entities import finding
from gateway.commands.replay import BASES, DRAWN, MASKED, Fate, Replayed, Replayer, Served, Unknown
from gateway.policy.evaluate import Facts, Stay
from gateway.policy.schema import Policy
from gateway.types import Caller, Label, Task
from tests.facts import credential, facts
from tests.ledgers import row
from tests.policies import KNOWLEDGE, MODELS, loaded

CALLERS = "callers: [{{name: app, key_sha256: {digest}, {more}}}]\n"
BLOCK = "guards: [{name: no-keys, when: '\"credential\" in findings', block: Take it out.}]\n"
MASK = "guards: [{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}]\n"
EMAIL = finding("email", 0, 3, 20, 0.99)


def policy(folder: Path, routes: str = "", **files: str) -> Policy:
    folder.mkdir(exist_ok=True, parents=True)
    text = f"routes:\n{routes}  - {{name: rest, model: [small, house]}}\n"
    return loaded(folder, routes=text, **files)


def kept(old: Policy, asked: Facts, **changes: Any) -> Row:
    """The row of a request under the old policy, through JSON; changes are of its members, by `a__b`."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(row(old, asked), enc_hook=str))
    for path, value in changes.items():
        inner = made
        *parents, last = path.split("__")
        for name in parents:
            inner = inner[name]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
    return msgspec.convert(made, Row, strict=False)


def replayed(new: Policy, of: Row) -> Replayed:
    made = Replayer(new).replay(of)
    assert made is not None
    return made


def test_under_the_same_policy_nothing_changes(tmp_path: Path) -> None:
    old = policy(tmp_path, "  - {name: code, when: task == coding, model: house}\n", guards=BLOCK)
    for asked in (
        facts(Task.CODING),
        facts(None),
        facts(label=Label.RESTRICTED, findings=(credential(),)),
        facts(model="small"),
        facts(model="route/code", label=Label.CONFIDENTIAL),
        facts(model="small", label=Label.RESTRICTED),
    ):
        made = replayed(old, kept(old, asked))
        assert made.before == made.after


def test_embeddings_are_replayed_as_such(tmp_path: Path) -> None:
    old = policy(tmp_path / "old")
    made = kept(old, facts(model="embed", embeds=True))
    served = Served(Fate.SERVED, None, "embed")
    assert (replayed(old, made).before, replayed(old, made).after) == (served, served)
    hiding = policy(tmp_path / "new", guards="guards: [{name: hide, when: 'true', mask: [credential]}]\n")
    found = kept(old, facts(model="embed", embeds=True, findings=(credential(),)))
    assert replayed(hiding, found).after == Served(Fate.BLOCKED, "hide")


def test_another_route_and_model_are_told(tmp_path: Path) -> None:
    old = policy(tmp_path / "old")
    new = policy(tmp_path / "new", "  - {name: code, when: task == coding, model: house}\n")
    made = replayed(new, kept(old, facts(Task.CODING)))
    assert (made.before, made.after) == (
        Served(Fate.SERVED, "rest", "small"),
        Served(Fate.SERVED, "code", "house"),
    )


def test_a_task_that_was_unsure_is_unknown_still(tmp_path: Path) -> None:
    new = policy(tmp_path / "new", "  - {name: code, when: task == coding, model: house}\n")
    made = replayed(new, kept(policy(tmp_path / "old"), facts(None)))
    assert made.after == Served(Fate.SERVED, "rest", "small")


def test_blocked_refused_and_rejected_are_told_apart(tmp_path: Path) -> None:
    old = policy(tmp_path / "old")
    leak = kept(old, facts(label=Label.RESTRICTED, findings=(credential(),)))
    assert replayed(policy(tmp_path / "1", guards=BLOCK), leak).after == Served(Fate.BLOCKED, "no-keys")
    strict = policy(tmp_path / "2", "  - {name: code, when: task == coding, model: small}\n")
    secret = kept(old, facts(Task.CODING, label=Label.RESTRICTED))
    assert replayed(strict, secret).after == Served(Fate.REFUSED, "code")
    named = kept(old, facts(model="small"), request__model="gone")
    assert replayed(old, named).after == Served(Fate.REJECTED, "model_not_found")


def test_what_is_out_of_service_is_not_refused(tmp_path: Path) -> None:
    down = MODELS.replace("clearance:", "disabled: true, clearance:")
    up, out = policy(tmp_path / "up"), policy(tmp_path / "out", models=down)
    assert replayed(out, kept(up, facts())).after == Served(Fate.UNSERVED, "rest")
    assert str(Served(Fate.UNSERVED, "rest")) == "rest → no model is in service"
    assert str(Served(Fate.REFUSED, "rest")) == "rest → no model is cleared"
    again = replayed(out, kept(out, facts()))
    assert again.before == again.after


def test_a_caller_is_the_new_policys(tmp_path: Path) -> None:
    old = policy(tmp_path / "old")
    asked = kept(old, facts(caller=Caller("app", label=Label.PUBLIC)))
    raised = CALLERS.format(digest="ab" * 32, more="label: confidential")
    assert replayed(policy(tmp_path / "1", c=raised), asked).after == Served(Fate.SERVED, "rest", "house")
    limited = CALLERS.format(digest="ab" * 32, more="may_use: [small]")
    assert replayed(policy(tmp_path / "2", c=limited), asked).after == Served(Fate.REJECTED, "forbidden")
    other = CALLERS.format(digest="ab" * 32, more="label: public").replace("app", "other")
    assert replayed(policy(tmp_path / "3", c=other), asked).after == Served(Fate.REJECTED, "no such caller")


def test_a_label_that_the_header_gave_stays(tmp_path: Path) -> None:
    old = policy(tmp_path)
    asked = facts(label=Label.PUBLIC)
    said = kept(old, replace(asked, label=Label.CONFIDENTIAL))
    assert said.request is not None
    assert said.request.label == "confidential"
    made = replayed(old, said)
    assert made.facts is not None
    assert (made.facts.label, made.after) == (Label.CONFIDENTIAL, Served(Fate.SERVED, "rest", "house"))


@pytest.mark.parametrize(("unreadable", "model"), [("internal", "small"), ("restricted", "house")])
def test_what_could_not_be_read_has_the_new_policys_label(
    tmp_path: Path, unreadable: str, model: str
) -> None:
    old = policy(tmp_path / "old")
    asked = facts(label=Label.PUBLIC)
    picture = kept(old, replace(asked, label=Label.CONFIDENTIAL), signals__unreadable=True)
    made = replayed(policy(tmp_path / "new", u=f"unreadable: {unreadable}\n"), picture)
    assert made.after == Served(Fate.SERVED, "rest", model)


def test_masking_is_an_estimate_from_the_findings(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", guards=MASK)
    made = replayed(new, kept(old, facts(label=Label.CONFIDENTIAL, findings=(EMAIL,))))
    assert (made.before.model, made.estimates) == ("house", (MASKED,))
    assert made.after == Served(Fate.SERVED, "rest", "small")
    phone = finding("phone", 0, 30, 40, 0.9)
    made = replayed(new, kept(old, facts(label=Label.CONFIDENTIAL, findings=(EMAIL, phone))))
    assert made.after == Served(Fate.SERVED, "rest", "house")


def test_a_request_that_was_masked_is_replayed_with_the_label_that_it_came_with(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old", guards=MASK), policy(tmp_path / "new")
    asked = facts(label=Label.CONFIDENTIAL, findings=(EMAIL,))
    masked = msgspec.convert(
        msgspec.json.decode(msgspec.json.encode(row(old, asked, masked=Label.INTERNAL), enc_hook=str)),
        Row,
        strict=False,
    )
    made = replayed(new, masked)
    assert (made.before.model, made.after) == ("small", Served(Fate.SERVED, "rest", "house"))
    assert replayed(old, masked).after == made.before


def test_a_canary_draws_as_it_drew(tmp_path: Path) -> None:
    old = policy(tmp_path, "  - {name: split, when: task == coding, model: {small: 50, house: 50}}\n")
    asked = [facts(Task.CODING, sticky=f"{n:04x}") for n in range(40)]
    models = [replayed(old, kept(old, one)) for one in asked]
    assert {made.before.model for made in models} == {"small", "house"}
    assert [made.before for made in models] == [made.after for made in models]
    assert not any(made.estimates for made in models)


def test_a_row_without_its_draw_draws_anew_and_says_so(tmp_path: Path) -> None:
    old = policy(tmp_path, "  - {name: split, when: task == coding, model: {small: 50, house: 50}}\n")
    assert replayed(old, kept(old, facts(Task.CODING), request__sticky=...)).estimates == (DRAWN,)


def test_a_tool_loop_goes_on_where_it_was(tmp_path: Path) -> None:
    old = policy(tmp_path / "old", "  - {name: code, when: task == coding, model: house}\n")
    going_on = replace(facts(Task.CHIT_CHAT), stays=Stay("code", "house"))
    assert replayed(old, kept(old, going_on)).after == Served(Fate.SERVED, "code", "house")
    assert replayed(policy(tmp_path / "new"), kept(old, going_on)).after == Served(
        Fate.SERVED, "rest", "small"
    )


TIER = "  - {name: gold, when: 'task == coding && request.metadata.tier == \"gold\"', model: house}\n"
HEADER = '  - {name: beta, when: \'request.headers["x-beta"] == "1"\', model: house}\n'
LOOKUP = "  - {name: facts, when: 'knowledge.handbook > 0.5', model: house}\n"


def test_metadata_that_the_row_does_not_keep_leaves_the_decision_unknown(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", TIER)
    gone = kept(old, facts(Task.CODING), request__metadata=None)
    assert replayed(new, gone).after == Unknown("gold", ("request.metadata.tier",))
    known = kept(old, facts(Task.CODING, metadata={"tier": "gold"}))
    assert replayed(new, known).after == Served(Fate.SERVED, "gold", "house")
    none = kept(old, facts(Task.CODING))
    assert replayed(new, none).after == Served(Fate.SERVED, "rest", "small")


@pytest.mark.parametrize("metadata", [{"tier": "for [PERSON_1]"}, {"[PERSON_1]": "gold"}])
def test_metadata_that_was_masked_leaves_the_decision_unknown(
    tmp_path: Path, metadata: dict[str, str]
) -> None:
    old, new = policy(tmp_path / "old", guards=MASK), policy(tmp_path / "new", TIER)
    asked = facts(Task.CODING, label=Label.CONFIDENTIAL, findings=(EMAIL,))
    masked = {"guards": ["hide"], "entities": {}, "before": "confidential", "after": "internal"}
    made = kept(old, asked, request__metadata=metadata, masked=masked)
    assert replayed(new, made).after == Unknown("gold", ("request.metadata.tier",))
    whole = policy(
        tmp_path / "whole", TIER.replace('request.metadata.tier == "gold"', "size(request.metadata) == 9")
    )
    assert replayed(whole, made).after == Unknown("gold", ("request.metadata",))
    other = kept(old, asked, request__metadata={"tier": "gold", "who": "[PERSON_1]"}, masked=masked)
    assert replayed(new, other).after == Served(Fate.SERVED, "gold", "house")
    written = kept(old, asked, request__metadata={"tier": "[GOLD_1]"}, masked=None)
    assert replayed(new, written).after == Served(Fate.SERVED, "rest", "house")


def test_what_is_missing_does_not_matter_where_the_rest_decides(tmp_path: Path) -> None:
    new = policy(tmp_path / "new", TIER)
    other = kept(policy(tmp_path / "old"), facts(Task.CHIT_CHAT), request__metadata=None)
    assert replayed(new, other).after == Served(Fate.SERVED, "rest", "small")


def test_a_guard_that_reads_what_is_missing_leaves_the_decision_unknown(tmp_path: Path) -> None:
    guard = "guards: [{name: eu, when: 'request.metadata.region == \"eu\"', block: No.}]\n"
    new = policy(tmp_path / "new", guards=guard)
    gone = kept(policy(tmp_path / "old"), facts(), request__metadata=None)
    assert replayed(new, gone).after == Unknown("eu", ("request.metadata.region",))


def test_a_header_that_was_not_sent_differs_from_one_that_nobody_looked_at(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", HEADER)
    assert replayed(new, kept(old, facts())).after == Unknown("beta", ("request.headers.x-beta",))
    assert replayed(new, kept(new, facts())).after == Served(Fate.SERVED, "rest", "small")
    sent = kept(new, facts(headers={"x-beta": "1"}))
    assert replayed(new, sent).after == Served(Fate.SERVED, "beta", "house")


def test_a_name_of_which_the_row_keeps_the_alias_leaves_the_decision_unknown(tmp_path: Path) -> None:
    mini = "  - {name: minis, when: 'task == coding && request.model == \"gpt-4o-mini\"', model: house}\n"
    same = policy(tmp_path, mini, a='aliases: {"gpt-4o*": auto}\n')
    above = kept(same, facts(Task.CODING, model="gpt-4o-mini", label=Label.INTERNAL))
    assert above.request is not None
    assert above.request.model == "gpt-4o*"
    assert replayed(same, above).after == Unknown("minis", ("request.model",))
    other = kept(same, facts(Task.CHIT_CHAT, model="gpt-4o-mini", label=Label.INTERNAL))
    assert replayed(same, other).after == Served(Fate.SERVED, "rest", "small")
    known = kept(same, facts(Task.CODING, model="gpt-4o-mini", label=Label.PUBLIC))
    assert replayed(same, known).after == Served(Fate.SERVED, "minis", "house")


def test_a_base_that_was_not_asked_differs_from_one_that_was_not_there(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", LOOKUP, k=KNOWLEDGE)
    assert replayed(new, kept(old, facts())).after == Unknown("facts", ("knowledge.handbook",))
    assert replayed(new, kept(new, facts())).after == Served(Fate.SERVED, "rest", "small")
    assert replayed(new, kept(new, facts(knowledge={"handbook": 0.9}))).after == Served(
        Fate.SERVED, "facts", "house"
    )


def test_a_question_is_an_estimate_where_other_bases_would_be_asked(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", k=KNOWLEDGE)
    assert replayed(new, kept(old, facts(Task.QUESTION_ANSWERING))).estimates == (BASES,)
    assert replayed(new, kept(old, facts(None))).estimates == (BASES,)
    assert replayed(new, kept(old, facts(Task.CODING))).estimates == ()
    assert replayed(new, kept(new, facts(Task.QUESTION_ANSWERING))).estimates == ()


@pytest.mark.parametrize("missing", ["signals", "decision", "caller", "request"])
def test_a_request_that_ended_early_is_not_replayed(tmp_path: Path, missing: str) -> None:
    old = policy(tmp_path)
    assert Replayer(old).replay(kept(old, facts(), **{missing: None})) is None


@pytest.mark.parametrize(
    "word", ["signals__task__best", "signals__sensitivity__best", "caller__label", "request__label"]
)
def test_a_word_of_another_version_is_not_replayed(tmp_path: Path, word: str) -> None:
    old = policy(tmp_path)
    assert Replayer(old).replay(kept(old, facts(), **{word: "philosophy"})) is None
