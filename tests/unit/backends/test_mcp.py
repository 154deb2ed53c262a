"""Against real servers: the demo's, and small ones written for a fault."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.backends.mcp import McpServer, offered_names
from gateway.errors import ProviderTimeout, ProviderUnavailable
from gateway.labels import Cleared, clear
from gateway.policy.schema import ToolSource
from gateway.types import Label, ToolCall, ToolResult
from tests.reach import EVERYWHERE

ORDERS = ToolSource("orders", command=("python", "-m", "gateway.demo.orders"))

# A server of a few lines, that starts at once and speaks the older handshake. It notes its process and every
# call; `slow` never answers, `die.now` and `burn` end the process, `env` tells the environment.
ODD = """
import json, os, sys
def note(what):
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()} {what}\\n")
def listed(name, **more):
    return {"name": name, "inputSchema": {"type": "object"}, **more}
TOOLS = [listed("slow"), listed("die.now"), listed("env", annotations={"readOnlyHint": True}),
         listed("long", annotations={"readOnlyHint": False, "destructiveHint": False}),
         listed("burn", annotations={"destructiveHint": True})]
def answer(method, params):
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "odd", "version": "1"}}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method != "tools/call":
        return None
    name, given = params["name"], params.get("arguments", {})
    if name in ("slow", "die.now", "burn"):
        note(name.split(".")[0])
        return os._exit(3) if name != "slow" else "never"
    text = "x" * given["characters"] if name == "long" else ""
    more = {"structuredContent": dict(os.environ)} if name == "env" else {}
    return {"content": [{"type": "text", "text": text}], **more}
note("start")
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        result = answer(asked["method"], asked.get("params", {}))
        if result != "never":
            said = {"result": result} if result else {"error": {"code": -32601, "message": "no such method"}}
            print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)
"""


def call(name: str, **arguments: Any) -> Cleared[ToolCall]:
    return asked(name, json.dumps(arguments))


def asked(name: str, arguments: str) -> Cleared[ToolCall]:
    return clear(ToolCall("call_1", name, arguments), Label.PUBLIC, ORDERS, "tool")


@asynccontextmanager
async def opened(source: ToolSource, **options: Any) -> AsyncIterator[McpServer]:
    server = McpServer(source, EVERYWHERE, **options)
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
def odd(tmp_path: Path) -> tuple[ToolSource, Callable[[], list[str]]]:
    program, log = tmp_path / "odd.py", tmp_path / "log"
    program.write_text(ODD)
    source = ToolSource("odd", command=("python", str(program), str(log)))
    return source, lambda: [line.split()[1] for line in log.read_text().splitlines()]


@contextmanager
def over_http() -> Iterator[tuple[str, Callable[[], None]]]:
    """The demo's orders on a port, and how to kill and start them again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        for old in running:
            old.kill()
            old.wait()
        command = [sys.executable, "-m", "gateway.demo.orders", "--http", str(port)]
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError("the server did not start")

    try:
        start()
        yield f"http://127.0.0.1:{port}/mcp", start
    finally:
        for process in running:
            process.kill()
            process.wait()


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def test_tools_are_listed_as_allowed_with_what_the_policy_says_of_them() -> None:
    source = replace(
        ORDERS,
        allow=("order_status", "cancel_order"),
        examples={"order_status": ("Where is it?",)},
        replies={"order_status": "It is {status}."},
    )

    async def test() -> None:
        async with opened(source) as server:
            status, cancel = await server.tools()
            assert (status.name, status.server, status.writes) == ("order_status", "orders", False)
            assert (status.examples, status.reply) == (("Where is it?",), "It is {status}.")
            assert status.parameters["properties"]["order_id"]["type"] == "integer"
            assert cancel.writes
            stock = await server.call(call("stock_level", product="storm lantern"))
            assert stock == ToolResult("There is no tool 'stock_level' here.", is_error=True)

    run(test())


def test_a_result_has_text_and_fields_and_a_failure_is_a_result_too() -> None:
    async def test() -> None:
        async with opened(ORDERS) as server:
            found = await server.call(call("order_status", order_id=1004))
            assert found.structured is not None
            assert found.structured["status"] == "shipped"
            assert json.loads(found.text)["order_id"] == 1004
            missing = await server.call(call("order_status", order_id=7))
            assert missing.is_error
            assert "no order 7" in missing.text
            assert (await server.call(call("order_status", order="x"))).is_error
            assert (await server.call(asked("order_status", "[1"))).is_error

    run(test())


def test_calls_at_the_same_time_share_one_session(odd: tuple[ToolSource, Callable[[], list[str]]]) -> None:
    source, log = odd

    async def test() -> None:
        async with opened(source) as server:
            calls = [server.call(call("long", characters=n)) for n in range(1, 9)]
            assert [len(r.text) for r in await asyncio.gather(*calls)] == list(range(1, 9))
            assert log() == ["start"]

    run(test())


def test_a_child_gets_no_secrets_of_ours(
    odd: tuple[ToolSource, Callable[[], list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-children")

    async def test() -> None:
        async with opened(odd[0]) as server:
            seen = (await server.call(call("env"))).structured or {}
            assert "PATH" in seen
            assert "OPENAI_API_KEY" not in seen

    run(test())


def test_a_result_is_bounded(odd: tuple[ToolSource, Callable[[], list[str]]]) -> None:
    async def test() -> None:
        async with opened(odd[0], max_result=100) as server:
            result = await server.call(call("long", characters=5_000))
            assert result.text.startswith("x" * 100 + "\n[cut here: 4900")
            assert result.structured is None

    run(test())


def test_a_call_has_its_time_and_the_session_outlives_it(
    odd: tuple[ToolSource, Callable[[], list[str]]],
) -> None:
    source, log = odd

    async def test() -> None:
        async with opened(replace(source, timeout=0.4)) as server:
            await server.start()
            with pytest.raises(ProviderTimeout, match=r"'odd' did not answer in 0\.4 s"):
                await server.call(call("slow", seconds=5))
            assert (await server.call(call("long", characters=3))).text == "xxx"
            assert log() == ["start", "slow"]

    run(test())


def test_a_dead_server_is_started_again_and_only_a_read_is_repeated(
    odd: tuple[ToolSource, Callable[[], list[str]]],
) -> None:
    source, log = odd

    async def test() -> None:
        async with opened(replace(source, writes=frozenset({"die.now"}))) as server:
            named = {t.name for t in await server.tools()}
            dies = next(n for n in named if n.startswith("die_now_"))
            with pytest.raises(ProviderUnavailable, match="may have taken effect"):
                await server.call(call(dies))
            with pytest.raises(ProviderUnavailable, match="may have taken effect"):
                await server.call(call("burn"))
            assert (await server.call(call("long", characters=2))).text == "xx"
            assert log() == ["start", "die", "start", "burn", "start"]
        async with opened(source) as server:
            await server.tools()
            with pytest.raises(ProviderUnavailable, match="broke off"):
                await server.call(call(dies))
            assert log()[5:] == ["start", "die", "start", "die"]

    run(test())


def test_a_tool_writes_if_its_server_says_that_it_destroys_or_does_more_than_read(
    odd: tuple[ToolSource, Callable[[], list[str]]],
) -> None:
    source, _ = odd

    async def test() -> None:
        async with opened(replace(source, writes=frozenset({"env"}))) as server:
            writes = {tool.name.split("_")[0]: tool.writes for tool in await server.tools()}
            assert writes == {"slow": False, "die": False, "env": True, "long": True, "burn": True}

    run(test())


def test_a_server_dies_with_the_gateway(
    odd: tuple[ToolSource, Callable[[], list[str]]], tmp_path: Path
) -> None:
    source, _ = odd
    program = f"""
import asyncio
from gateway.backends.mcp import McpServer
from gateway.policy.schema import ToolSource
from gateway.reach import Reach
async def main():
    await McpServer(ToolSource("odd", command={source.command!r}), Reach()).start()
    print("up", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    ours = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert ours.stdout is not None
    assert ours.stdout.readline() == b"up\n"
    child = int((tmp_path / "log").read_text().split()[0])
    ours.send_signal(signal.SIGKILL)
    ours.wait()
    assert _ends(child, seconds=10)


def _ends(process: int, *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
            if Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_over_http_a_server_that_was_gone_is_found_again() -> None:
    async def test(url: str, restart: Callable[[], None]) -> None:
        source = ToolSource("orders", url=url, headers={"authorization": "Bearer x"})
        async with opened(source) as server:
            assert len(await server.tools()) == 4
            await asyncio.to_thread(restart)
            found = await server.call(call("order_status", order_id=1004))
            assert not found.is_error

    with over_http() as (url, restart):
        run(test(url, restart))


def test_a_closed_server_stays_closed() -> None:
    async def test() -> None:
        server = McpServer(ORDERS, EVERYWHERE)
        await server.close()
        with pytest.raises(ProviderUnavailable, match="is closed"):
            await server.tools()

    run(test())


def test_names_become_valid_and_stay_apart() -> None:
    names = ["find", "find.all", "find all", "ünï", "x" * 80, "find"]
    offered = offered_names(names)
    assert offered[0] == "find"
    assert len(set(offered)) == len(names)
    assert all(
        len(n) <= 64 and n.replace("_", "").replace("-", "").isalnum() and n.isascii() for n in offered
    )


MUTE = ToolSource("mute", command=("python", "-c", "import time; time.sleep(60)"), timeout=0.5)


def test_a_server_that_hangs_holds_requests_up_for_its_timeout_once_and_then_not_at_all() -> None:
    async def test() -> None:
        async with opened(MUTE) as server:
            began = time.monotonic()
            all_at_once = await asyncio.gather(*(server.tools() for _ in range(3)), return_exceptions=True)
            assert all(isinstance(said, ProviderTimeout) for said in all_at_once)
            assert time.monotonic() - began < 3  # the first import of `mcp` included
            began = time.monotonic()
            with pytest.raises(ProviderUnavailable, match=r"did not start in 0\.5 s; it is tried again"):
                await server.tools()
            assert time.monotonic() - began < 0.2

    run(test())


def test_a_server_that_failed_is_tried_again_by_start_and_after_the_cool_down(tmp_path: Path) -> None:
    program, log = tmp_path / "late.py", tmp_path / "log"
    source = ToolSource("late", command=("python", str(program), str(log)))

    async def test() -> None:
        async with opened(source) as server:
            with pytest.raises(ProviderUnavailable, match="ended before it answered"):
                await server.tools()
            program.write_text(ODD)
            with pytest.raises(ProviderUnavailable, match="tried again in a while"):
                await server.tools()
            await server.start()
            assert len(await server.tools()) == 5
        program.unlink()
        async with opened(source, cool_down=0.0) as server:
            with pytest.raises(ProviderUnavailable):
                await server.tools()
            program.write_text(ODD)
            assert len(await server.tools()) == 5

    run(test())


def test_a_start_goes_on_behind_a_request_that_could_not_wait_for_it(tmp_path: Path) -> None:
    program, log = tmp_path / "slow.py", tmp_path / "log"
    program.write_text(f"import time; time.sleep(1.5)\n{ODD}")
    source = ToolSource("slow", command=("python", str(program), str(log)), timeout=0.3)

    async def test() -> None:
        async with opened(source) as server:
            with pytest.raises(ProviderTimeout, match=r"did not start in 0\.3 s"):
                await server.tools()
            await server.start()
            assert len(await server.tools()) == 5
            assert len(log.read_text().splitlines()) == 1

    run(test())


def test_a_server_that_does_not_list_is_not_waited_for_by_each_request(tmp_path: Path) -> None:
    program, log = tmp_path / "listless.py", tmp_path / "log"
    program.write_text(ODD.replace('return {"tools": TOOLS}', 'return "never"'))
    source = ToolSource("listless", command=("python", str(program), str(log)), timeout=0.4)

    async def test() -> None:
        async with opened(source) as server:
            await server.start()
            with pytest.raises(ProviderTimeout):
                await server.tools()
            began = time.monotonic()
            with pytest.raises(ProviderUnavailable):
                await server.tools()
            assert time.monotonic() - began < 0.2

    run(test())


def test_arguments_nested_deeper_than_can_be_read_are_no_object(
    odd: tuple[ToolSource, Callable[[], list[str]]],
) -> None:
    async def test() -> None:
        async with opened(odd[0]) as server:
            result = await server.call(asked("env", '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"))
            assert result.is_error
            assert "not a JSON object" in result.text

    run(test())
