"""When a policy comes into force, and when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

from gateway.accounting.metrics import Metrics
from gateway.holder import Holder
from gateway.knowledge.base import KnowledgeBase
from gateway.parts import PartsBuilder
from gateway.policy.language.load import fingerprint, load
from gateway.policy.schema import Policy
from gateway.settings import Settings

NEVER = 3600.0  # seconds: it does not look by itself
POLICY = """\
models: [{{name: small, target: openai-compatible/m, base_url: "http://m.example/v1"}}]
knowledge: [{{name: {base}, documents: "*.md"}}]
routes: [{{name: {route}, retrieve: {{from: [{base}]}}, model: {model}}}]
"""


def write(folder: Path, route: str, *, base: str = "book", model: str = "small") -> None:
    (folder / "book.md").write_text("# Returns\n\nYou may return an item for 30 days.\n")
    fresh = folder / ".fresh"
    fresh.write_text(POLICY.format(route=route, base=base, model=model))
    fresh.replace(folder / "policy.yaml")


class Stage:
    """A holder over a real folder; `reading` is called while the folder is read."""

    def __init__(self, folder: Path, every: float) -> None:
        self.folder, self.reads = folder, 0
        self.reading: Callable[[], None] = lambda: None
        self.metrics = Metrics("1")
        builder = PartsBuilder(Settings(folder, folder / "data", folder), self.metrics)
        write(folder, "first")
        self.holder = Holder(
            self.load(), self.load, lambda: fingerprint(folder), builder, self.metrics, every
        )

    def load(self) -> Policy:
        policy = load(self.folder, secrets={})
        self.reads += 1
        self.reading()
        return policy

    @property
    def route(self) -> str:
        return self.holder.current().policy.routes[0].name

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110
                await asyncio.sleep(0.005)


def played(folder: Path, every: float, play: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        stage = Stage(folder, every)
        async with stage.holder.running():
            await play(stage)

    asyncio.run(run())


def test_a_change_comes_into_force_by_looking(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        write(stage.folder, "second")
        await stage.until(lambda: stage.route == "second")

    played(tmp_path, 0.02, play)


def test_told_to_look_it_brings_the_documents_up_to_date_too(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        base = stage.holder.current().parts.knowledge("book")
        assert isinstance(base, KnowledgeBase)
        await stage.until(lambda: base.ready and not base.empty)
        (stage.folder / "book.md").unlink()
        stage.holder.look()
        await stage.until(lambda: base.empty)

    played(tmp_path, NEVER, play)


def test_told_to_look_it_reads_at_once_whether_or_not_anything_changed(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        write(stage.folder, "second")
        stage.holder.look()
        await stage.until(lambda: stage.route == "second")
        stage.holder.look()
        await stage.until(lambda: stage.reads == 3)

    played(tmp_path, NEVER, play)


def test_a_folder_that_is_written_to_while_it_is_read_is_not_put_in_force(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        seen = set[str]()

        def third() -> bool:
            seen.add(stage.route)
            return stage.route == "third"

        stage.reading = lambda: write(stage.folder, "third") if stage.reads == 2 else None
        write(stage.folder, "second")
        await stage.until(third)
        assert seen == {"first", "third"}

    played(tmp_path, 0.02, play)


def test_a_broken_folder_leaves_the_last_good_policy_and_says_what_is_wrong(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        write(stage.folder, "second", model="nobody")
        stage.holder.look()
        await stage.until(lambda: stage.holder.error is not None)
        assert "nobody" in (stage.holder.error or "")
        assert stage.route == "first"
        write(stage.folder, "third")
        stage.holder.look()
        await stage.until(lambda: stage.route == "third")
        assert stage.holder.error is None

    played(tmp_path, NEVER, play)


def test_a_request_keeps_its_policy_and_its_parts_until_it_has_ended(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.until(lambda: stage.holder.current().parts.knowledge("book").ready)
        with stage.holder.lease() as force:
            write(stage.folder, "second", base="book-2")
            stage.holder.look()
            await stage.until(lambda: stage.route == "second")
            await asyncio.sleep(0.05)
            assert force.policy.routes[0].name == "first"
            assert force.parts.knowledge("book").ready
        await stage.until(lambda: not force.parts.knowledge("book").ready)

    played(tmp_path, NEVER, play)


def test_what_a_policy_looks_up_is_ready_when_it_comes_into_force(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        ready = []
        write(stage.folder, "second", base="book-2")
        stage.holder.look()

        def swapped() -> bool:
            parts = stage.holder.current().parts
            if stage.route == "second":
                ready.append(parts.knowledge("book-2").ready)
            return bool(ready)

        await stage.until(swapped)
        assert ready == [True]

    played(tmp_path, NEVER, play)


def test_at_the_end_what_a_replaced_policy_used_is_closed_too(tmp_path: Path) -> None:
    async def run() -> None:
        stage = Stage(tmp_path, NEVER)
        async with stage.holder.running():
            await stage.until(lambda: stage.holder.current().parts.knowledge("book").ready)
            lease = stage.holder.lease()
            force = lease.__enter__()
            write(stage.folder, "second", base="book-2")
            stage.holder.look()
            await stage.until(lambda: stage.route == "second")
        assert not force.parts.knowledge("book").ready
        assert not stage.holder.current().parts.knowledge("book-2").ready

    asyncio.run(run())


def test_what_an_older_policy_still_uses_is_not_closed_with_an_even_older_one(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.until(lambda: stage.holder.current().parts.knowledge("book").ready)
        first, second = ExitStack(), ExitStack()
        oldest = first.enter_context(stage.holder.lease())
        write(stage.folder, "second")
        stage.holder.look()
        await stage.until(lambda: stage.route == "second")
        old = second.enter_context(stage.holder.lease())
        assert old.parts.knowledge("book") is oldest.parts.knowledge("book")
        write(stage.folder, "third", base="book-3")
        stage.holder.look()
        await stage.until(lambda: stage.route == "third")
        first.close()
        await asyncio.sleep(0.05)
        assert old.parts.knowledge("book").ready
        second.close()
        await stage.until(lambda: not old.parts.knowledge("book").ready)

    played(tmp_path, NEVER, play)


def test_callers_that_vanish_are_told_where_the_first_of_them_stood(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        callers = f"callers: [{{name: app, key_sha256: {'a' * 64}}}]\n"
        (stage.folder / "callers.yaml").write_text(callers)
        stage.holder.look()
        await stage.until(lambda: bool(stage.holder.current().policy.callers))
        (stage.folder / "callers.yaml").unlink()
        stage.holder.look()
        await stage.until(lambda: stage.holder.error is not None)
        assert str(stage.holder.error).startswith("callers.yaml:1:18: no callers are left")

    played(tmp_path, NEVER, play)
