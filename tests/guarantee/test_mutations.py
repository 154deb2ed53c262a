"""The tests of the guarantee are tested: without any one check of the gate, they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import gateway
from tests.guarantee.mutations import MUTATIONS, Found, Mutation, copy
from tests.guarantee.oracle import BROKEN

PACKAGE = Path(gateway.__file__).parent
ROOT = Path(__file__).parents[2]
AT_ONCE, WORLDS, SEED = 2, 60, 2026
SIGNS = (
    BROKEN,
    "E   assert",
    "E   AssertionError",
    "DID NOT RAISE",
)  # of a test that has found it


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[str]]]:
    """The outcome of each mutation that was chosen; two at a time, while a test waits for the first."""
    asked = (getattr(item, "callspec", None) for item in request.session.items)
    chosen = [spec.params["mutation"] for spec in asked if spec and "mutation" in spec.params]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folder = tmp_path_factory.mktemp("mutants")
        yield {m.name: pool.submit(_outcome, m, folder / str(n)) for n, m in enumerate(chosen)}


def _outcome(mutation: Mutation, folder: Path) -> str:
    mutation.apply(copy(PACKAGE, folder))
    return _said(folder, mutation.found)


def _said(folder: Path, found: Found) -> str:
    """What pytest says of the package that lies in the folder."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "--show-capture=no"]
    options = ["-p", "no:cacheprovider", "-o", f"pythonpath={folder} {ROOT}", f"--hypothesis-seed={SEED}"]
    file = str(Path(__file__).parent / found.value)
    environment = {**os.environ, "POINTSMAN_PACKAGE": str(folder), "POINTSMAN_WORLDS": str(WORLDS)}
    environment.pop("POINTSMAN_NIGHTLY", None)
    ran = subprocess.run(
        [*command, *options, file], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
    )
    return f"{ran.returncode}\n{ran.stdout}{ran.stderr}"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_without_this_check_the_tests_fail(mutation: Mutation, outcomes: dict[str, Future[str]]) -> None:
    outcome = outcomes[mutation.name].result()
    assert not outcome.startswith("0"), f"{mutation.name} goes unnoticed"
    assert any(sign in outcome for sign in SIGNS), f"it broke the tests instead of failing them:\n{outcome}"


@pytest.mark.timeout(300)
def test_the_copy_as_it_is_passes(tmp_path: Path) -> None:
    """What fails a mutant is the mutation, not that it is a copy."""
    copy(PACKAGE, tmp_path)
    assert _said(tmp_path, Found.PINS).startswith("0")
