"""Imports run down only, a stage imports no other stage, and only the composition root knows backends."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import interfaces

ROOT = Path(__file__).parent.parent / "gateway"
STAGES = {"access", "classify", "strategies", "knowledge", "tuning", "accounting", "backends"}
# Each layer may import those below it, and itself; a stage only itself of its own layer.
LAYERS = (
    {"types", "errors", "escapes"},
    {"labels"},
    {"masks"},
    {"deployments"},
    {"interfaces"},
    {"policy", "reach", "proxies", "settings", "log", "descriptors"},
    STAGES,
    {"inbound"},
    {"conversations", "stored"},
    {"masking"},
    {"pipeline"},
    {"api"},
    {"app", "parts", "holder", "protocol", "server", "commands"},
    {"cli"},
)
KNOWS_BACKENDS = {"parts", "server", "commands", "backends"}
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
APART = {"demo"}  # servers of their own, started as processes


def rooms(path: Path) -> set[str]:
    """The rooms of ours that a module imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gateway."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(a.name.split(".")[1] for a in node.names if a.name.startswith("gateway."))
    return found


MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.name != "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    own = room_of(path)
    if own in APART:
        assert rooms(path) <= {own}
        return
    for other in rooms(path) - {own}:
        assert RANK[other] < RANK[own] or (RANK[other] == RANK[own] and own not in STAGES), (
            f"{own} imports {other}, which is not below it"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_composition_root_knows_backends(path: Path) -> None:
    assert "backends" not in rooms(path) or room_of(path) in KNOWS_BACKENDS


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(path: Path) -> None:
    if path.name != "__init__.py":
        assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_serving_path_imports_nothing_heavy() -> None:
    """Their imports take seconds and a hundred megabytes each: they wait until a policy needs them."""
    heavy = ("litellm", "sklearn", "mcp", "onnxruntime", "tokenizers", "xllamacpp", "openai", "pydantic")
    code = f"import gateway.server, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The gate: every way out takes only what it has passed


def test_what_leaves_has_passed_the_gate_by_its_type() -> None:
    """The first argument of whatever carries data out of the process is `Cleared`."""
    ways_out = {
        (interfaces.ChatModel, "answer"),
        (interfaces.Embedder, "embed"),
        (interfaces.Retriever, "search"),
        (interfaces.Retriever, "relevance"),
        (interfaces.ToolServer, "call"),
        (interfaces.Ledger, "write"),
        (interfaces.ResponseStore, "keep"),
        (interfaces.ResponseHolder, "forget"),
    }
    for protocol, name in ways_out:
        _, first, *_ = inspect.signature(getattr(protocol, name)).parameters.values()
        assert str(first.annotation).startswith("Cleared["), f"{protocol.__name__}.{name} takes {first}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_gate_makes_cleared_values_and_lowers_labels(path: Path) -> None:
    """Elsewhere a request's label only rises (`labelled`); what is not lowered cannot be lowered wrongly."""
    own = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and own not in ("labels.py", "types.py"):
            called = ast.unparse(node.func)
            assert called != "Cleared", f"{own}:{node.lineno} makes a Cleared value"
            if called == "replace" and any(keyword.arg == "label" for keyword in node.keywords):
                changed = ast.unparse(node.args[0])
                assert not {"request", "masked"} & set(changed.split(".")), f"{own}:{node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "gateway.labels":
            assert all(not alias.name.startswith("_") for alias in node.names), f"{own}:{node.lineno}"
            if any(alias.name == "lowered" for alias in node.names):
                assert own == "masking.py", f"{own} lowers a label"


# The policy: what decides, how it is read, what is told of it


@pytest.mark.parametrize("path", sorted(ROOT.glob("policy/**/*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_what_decides_knows_neither_how_a_policy_is_read_nor_what_is_told_of_it(path: Path) -> None:
    """`policy/` itself decides; `language/` reads YAML for it; `analysis/` looks at both."""
    above = {"policy": ("language", "analysis"), "language": ("analysis",), "analysis": ()}[path.parent.name]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert not any((node.module or "").startswith(f"gateway.policy.{room}") for room in above)
