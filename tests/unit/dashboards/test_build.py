"""The dashboard that is shipped is the one that is built, and Grafana can lay it out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.models import units

from dashboards.build import FILE, VARIABLES, build, panels
from gateway import __version__
from gateway.accounting.metrics import Metrics

BOARD = json.loads(FILE.read_text())
DRAWN = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
# The file is provisioned, so Grafana puts in its own: only these are not the policy's or Prometheus' words.
MACROS = {"$__rate_interval", "$__range", "$1", *(f"${name}" for name in VARIABLES)}


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = folder / "build.py"
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)


def test_the_shipped_file_is_what_the_script_builds() -> None:
    checked = run("--check", folder=FILE.parent)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_building_twice_gives_the_same() -> None:
    assert build() == build()


def test_a_file_that_is_old_is_told(tmp_path: Path) -> None:
    for path in FILE.parent.glob("*.py"):
        (tmp_path / "dashboards").mkdir(exist_ok=True)
        (tmp_path / "dashboards" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "dashboards" / FILE.name).write_text("{}\n")
    checked = run("--check", folder=tmp_path / "dashboards")
    assert checked.returncode == 1
    assert "old" in checked.stdout
    assert run(folder=tmp_path / "dashboards").returncode == 0
    assert (tmp_path / "dashboards" / FILE.name).read_bytes() == FILE.read_bytes()


def test_an_option_that_it_does_not_know_is_refused() -> None:
    assert run("--chek", folder=FILE.parent).returncode == 2


def test_every_panel_is_there_once_with_a_title_of_its_own() -> None:
    assert sorted(panel["title"] for panel in DRAWN) == sorted(panel.title for panel in panels())
    assert len({panel["title"] for panel in DRAWN}) == len(DRAWN)
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


@pytest.mark.parametrize("panel", DRAWN, ids=lambda panel: panel["title"])
def test_a_panel_says_its_unit_what_it_means_and_what_it_asks(panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["description"].endswith(".")
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["expr"]
        assert target["legendFormat"]
        assert target["datasource"]["uid"] == "${datasource}"
        assert set(re.findall(r"\$\w+", target["expr"])) <= MACROS


def overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    across = a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
    return across and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def test_no_panel_lies_on_another_or_beyond_the_edge() -> None:
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]


def test_every_metric_that_is_asked_for_is_the_gateways() -> None:
    defined = set(re.findall(r"# TYPE (\w+)", Metrics(__version__).render().decode()))
    asked = {
        name
        for panel in panels()
        for query in panel.queries
        for name in re.findall(r"\b(?:pointsman|process)_\w+", query.expr)
    }
    known = defined | {f"{name}_{part}" for name in defined for part in ("bucket", "sum", "count")}
    assert asked <= known


def test_every_metric_of_the_gateway_is_on_a_panel() -> None:
    text = Metrics(__version__).render().decode()
    defined = {name for name in re.findall(r"# TYPE (pointsman_\w+)", text) if not name.endswith("_created")}
    shown = " ".join(query.expr for panel in panels() for query in panel.queries)
    assert {name for name in defined if name not in shown} == set()


def test_route_model_and_team_can_be_chosen_all_or_several_at_once() -> None:
    chosen = {v["name"]: v for v in BOARD["templating"]["list"] if v["type"] == "query"}
    assert set(chosen) == {"route", "model", "team"}
    for variable in chosen.values():
        assert variable["multi"]
        assert variable["includeAll"]
        assert variable["allValue"] == ".*"
        assert variable["current"]["value"] == "$__all"


def test_policy_reloads_are_marked() -> None:
    (annotation,) = BOARD["annotations"]["list"]
    assert annotation["enable"]
    assert "pointsman_policy_reloads_total" in annotation["expr"]
