"""The benchmark itself, shortly: it starts what it measures, and says what it promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.pointsman import gateway
from tests.bench.prompts import EVERY, chosen


def test_a_short_run_writes_what_it_promises(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench", "--only", "direct", "pointsman", "--out", str(tmp_path)]
    short = ["--quick", "--rounds", "1", "--seconds", "0.2", "--soak", "200"]
    subprocess.run([*command, *short], check=True, capture_output=True, timeout=90)
    report = json.loads((tmp_path / "bench.json").read_text())
    ours = report["subjects"]["pointsman"]
    assert report["machine"]
    assert report["date"]
    assert set(ours["medians"]["rates"]) == {"1", "16", "64"}
    assert ours["medians"]["cpu"] > 0
    assert ours["medians"]["cpu_event"] is not None
    assert ours["idle"] > 0
    assert ours["soaked"]["requests"] >= 200
    assert len(ours["rounds"]) == 1
    assert (tmp_path / "bench.svg").exists()


def test_of_the_mixed_texts_one_in_five_is_one_that_the_models_are_not_sure_of() -> None:
    sure, mixed = set(chosen(False, 400)), chosen(True, 400)
    assert [text in sure for text in mixed] == [(n + 1) % EVERY != 0 for n in range(len(mixed))]


def test_beside_another_checkout_it_is_that_ones_gateway_which_runs(tmp_path: Path) -> None:
    other = tmp_path / "tree" / "gateway"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "cli.py").write_text("def main():\n    raise SystemExit('the other gateway')\n")
    (tmp_path / "run").mkdir()
    start = gateway("beside", "everything", other.parent)
    with pytest.raises(SystemExit, match="the other gateway"), start(tmp_path / "run", 9):
        pass
