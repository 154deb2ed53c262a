"""What is built for a policy."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.accounting.metrics import Metrics
from gateway.backends.anthropic.backend import AnthropicMessages
from gateway.backends.embeddings import OpenAIEmbeddings
from gateway.backends.litellm import LiteLLM
from gateway.backends.local.embeddings import LocalEmbeddings
from gateway.backends.openai import OpenAICompatible
from gateway.knowledge.base import KnowledgeBase
from gateway.parts import PartsBuilder, refreshed
from gateway.policy.mistakes import PolicyMistakes
from gateway.policy.schema import Knowledge, Model, Policy, ToolSource
from gateway.settings import Settings
from gateway.types import Label

HEAD = Path(__file__).parents[2] / "policies" / "heads" / "ticket-tagger" / "head.npz"


def policy(*, disabled: bool) -> Policy:
    return Policy(
        "rev",
        {"small": Model("small", "openai-compatible", "m", base_url="http://127.0.0.1:1/v1")},
        (),
        knowledge={"book": Knowledge("book", ("*.md",), disabled=disabled)},
        tools={"shop": ToolSource("shop", url="http://127.0.0.1:1/mcp", disabled=disabled)},
    )


def builder(folder: Path) -> PartsBuilder:
    return PartsBuilder(Settings(folder, folder / "data", folder), Metrics("1"))


@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        ("openai", OpenAICompatible),
        ("openai-compatible", OpenAICompatible),
        ("anthropic", AnthropicMessages),
        ("mistral", LiteLLM),
    ],
)
def test_a_model_is_asked_directly_where_its_api_is_known(
    provider: str, kind: type[object], tmp_path: Path
) -> None:
    entry = Model("m", provider, "m", base_url="http://127.0.0.1:1/v1")
    parts = builder(tmp_path).build(Policy("rev", {"m": entry}, ()), None)
    (deployment,) = parts.model("m").all
    assert isinstance(deployment.serves, kind)
    assert deployment.name == "127.0.0.1:1"


def test_what_is_disabled_is_neither_built_nor_started(tmp_path: Path) -> None:
    assert set(builder(tmp_path).build(policy(disabled=True), None).all()) == {"model small"}


def test_what_has_not_changed_is_taken_over_by_the_next_policy(tmp_path: Path) -> None:
    maker = builder(tmp_path)
    before = maker.build(policy(disabled=False), None)
    after = maker.build(policy(disabled=False), before)
    assert {name: id(part) for name, part in before.all().items()} == {
        name: id(part) for name, part in after.all().items()
    }


def test_a_command_is_not_started_where_that_was_not_allowed(tmp_path: Path) -> None:
    tools = {"clock": ToolSource("clock", command=("python", "-m", "gateway.demo.clock"))}
    parts = builder(tmp_path).build(Policy("rev", {}, (), tools=tools), None)
    assert "--allow-stdio" in parts.states()["tools clock"]


def test_what_changes_is_built_anew_and_nothing_else(tmp_path: Path) -> None:
    maker = builder(tmp_path)
    before = maker.build(policy(disabled=False), None)
    changed = policy(disabled=False)
    knowledge = {"book": replace(changed.knowledge["book"], label=Label.INTERNAL)}
    after = maker.build(replace(changed, knowledge=knowledge), before)
    kept = {name for name, part in after.all().items() if part is before.all().get(name)}
    assert kept == {"model small", "tools shop"}


def test_a_head_that_was_trained_anew_is_read_again_and_nothing_else(tmp_path: Path) -> None:
    small = Model("small", "openai-compatible", "m", base_url="http://127.0.0.1:1/v1")
    models = {name: Model(name, "local", name) for name in ("tickets", "mails")} | {"small": small}
    heads = tmp_path / "data" / "heads"
    for name in ("tickets", "mails"):
        (heads / name).mkdir(parents=True)
        shutil.copy(HEAD, heads / name / "head.npz")
    maker = builder(tmp_path)
    before, seen = maker.build(Policy("rev", models, ()), None), maker.fingerprint()
    shutil.copy(HEAD, heads / "fresh.npz")
    (heads / "fresh.npz").replace(heads / "mails" / "head.npz")
    assert maker.fingerprint() != seen
    after = maker.build(Policy("rev", models, ()), before)
    kept = {name for name, part in after.all().items() if part is before.all().get(name)}
    assert kept == {"model tickets", "model small"}


def test_parts_settle_once_each_has_been_started_or_has_failed_to(tmp_path: Path) -> None:
    async def test() -> dict[str, str]:
        parts = builder(tmp_path).build(policy(disabled=False), None)
        await parts.start()
        assert parts.states()["knowledge book"] == "loading"
        await parts.settle(20.0)
        states = parts.states()
        await parts.close()
        return states

    (tmp_path / "hours.md").write_text("Open from nine to five.")
    states = asyncio.run(test())
    assert states["knowledge book"] == "ready"
    assert "may not connect" in states["tools shop"]


def test_a_base_without_a_document_says_so_until_there_is_one(tmp_path: Path) -> None:
    async def test() -> list[str]:
        base = KnowledgeBase(Knowledge("book", ("term/*.md",)), root=tmp_path, folder=tmp_path / "data")
        states = [await refreshed(base)]
        (tmp_path / "term").mkdir()
        (tmp_path / "term" / "hours.md").write_text("Open from nine to five.")
        states.append(await refreshed(base))
        await base.close()
        return states

    assert asyncio.run(test()) == ["ready, no documents", "ready"]


def test_a_base_without_a_document_is_told_in_the_log_as_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> str:
        parts = builder(tmp_path).build(policy(disabled=False), None)
        await parts.start()
        await parts.settle(20.0)
        await parts.close()
        return parts.states()["knowledge book"]

    with caplog.at_level(logging.WARNING, "pointsman.parts"):
        assert asyncio.run(test()) == "ready, no documents"
    assert "knowledge book: ready, no documents" in caplog.messages


def test_a_head_that_went_away_or_is_broken_is_a_mistake_at_the_models_place(tmp_path: Path) -> None:
    tagger = Model("tickets", "local", "mails", clearance=Label.RESTRICTED)
    place = {("model", "tickets"): ("models.yaml", 7, 11)}
    maker, tagged = builder(tmp_path), Policy("rev", {"tickets": tagger}, (), places=place)
    with pytest.raises(
        PolicyMistakes, match=r"^models\.yaml:7:11: model tickets: there is no head named mails"
    ):
        maker.build(tagged, None)
    broken = tmp_path / "data" / "heads" / "mails"
    broken.mkdir(parents=True)
    (broken / "head.npz").write_bytes(b"no head")
    with pytest.raises(PolicyMistakes, match=r"^models\.yaml:7:11: model tickets: "):
        maker.build(tagged, None)


def test_a_model_for_embeddings_is_built_by_its_provider_and_nothing_is_loaded_for_it(tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/v1"
    models = {
        "up": Model("up", "openai-compatible", "m", kind="embedding", base_url=url),
        "own": Model("own", "local", "minilm", kind="embedding"),
        "far": Model("far", "mistral", "mistral-embed", kind="embedding"),
        "off": Model("off", "local", "minilm", kind="embedding", disabled=True),
    }
    made = builder(tmp_path).build(Policy("rev", models, ()), None).models
    kinds = {name: type(part.value.all[0].serves) for name, part in made.items()}
    assert kinds == {"up": OpenAIEmbeddings, "own": LocalEmbeddings, "far": LiteLLM}
    code = (
        "import sys; from pathlib import Path; from gateway.accounting.metrics import Metrics; "
        "from gateway.parts import PartsBuilder; from gateway.policy.schema import Model, Policy; "
        "from gateway.settings import Settings; p = Path('/nowhere'); "
        "own = Model('own', 'local', 'minilm', kind='embedding'); "
        "PartsBuilder(Settings(p, p, p), Metrics('1')).build(Policy('r', {'own': own}, ()), None); "
        "print([name for name in ('onnxruntime', 'tokenizers', 'litellm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
