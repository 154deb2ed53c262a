"""Builds overview.json for Grafana: `python dashboards/build.py`, with --check to compare only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).parents[1]))

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as settings
from grafana_foundation_sdk.models import dashboard as model

from dashboards.health import PROTECTION, RETRIEVAL, STATE, TOOLS, UNDERSTANDING, UPSTREAMS
from dashboards.queries import Panel, Query, Row
from dashboards.usage import LATENCY, MONEY, TOKENS, TRAFFIC

FILE = Path(__file__).parent / "overview.json"
SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
ROWS = (
    *(TRAFFIC, LATENCY, TOKENS, MONEY, UNDERSTANDING),
    *(PROTECTION, UPSTREAMS, RETRIEVAL, TOOLS, STATE),
)
VARIABLES = {
    "route": "label_values(pointsman_requests_total, route)",
    "model": "label_values(pointsman_requests_total, model)",
    "team": "label_values(pointsman_cost_usd_total, team)",
}
RELOADS = "sum by (result) (changes(pointsman_policy_reloads_total[$__rate_interval])) > 0"
HEIGHTS = {"stat": 4, "name": 4, "reload": 4, "up": 4}
WORDS = {"reload": ("refused", "taken over"), "up": ("down", "up")}
"""How a state of 0 and of 1 is said."""


def panels() -> tuple[Panel, ...]:
    return tuple(panel for row in ROWS for panel in row.panels)


def build() -> str:
    """The dashboard's JSON; the same whenever and wherever it is built."""
    board = (
        dashboard.Dashboard("Pointsman: overview")
        .uid("pointsman-overview")
        .description("Who gets what, how fast, for how much, and whether the gateway is well.")
        .tags(["pointsman"])
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for name, query in VARIABLES.items():
        board.with_variable(_variable(name, query))
    number = count(1)
    for row in ROWS:
        _add(board, row, number)
    content = json.loads(JSONEncoder(sort_keys=True).encode(board.build()))
    content["annotations"] = {"list": [_reloads()]}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _variable(name: str, query: str) -> dashboard.QueryVariable:
    """Several can be chosen; all of them is `.*`, which takes in the series without the label."""
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .datasource(SOURCE)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(text="All", value="$__all", selected=True))
    )


def _reloads() -> dict[str, Any]:
    """A mark wherever the policy was reloaded; the SDK does not know the members that name it."""
    return {
        "name": "Policy reloads",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "enable": True,
        "hide": False,
        "iconColor": "blue",
        "expr": RELOADS,
        "titleFormat": "Policy reload: {{result}}",
        "tagKeys": "result",
    }


def _add(board: dashboard.Dashboard, row: Row, number: Iterator[int]) -> None:
    board.with_row(dashboard.Row(row.title).id(next(number)))
    for panel in row.panels:
        drawn = _stat(panel) if panel.kind in HEIGHTS else _lines(panel)
        drawn.title(panel.title).description(panel.description).unit(panel.unit).datasource(SOURCE)
        drawn.span(panel.span).height(HEIGHTS.get(panel.kind, 8)).no_value("none").id(next(number))
        for letter, query in zip("ABC", panel.queries, strict=False):
            drawn.with_target(_target(query, letter, panel.kind in HEIGHTS))
        board.with_panel(drawn)


def _target(query: Query, letter: str, now_only: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().datasource(SOURCE).expr(query.expr).legend_format(query.legend)
    return (target.instant() if now_only else target.range()).ref_id(letter)


def _lines(panel: Panel) -> timeseries.Panel:
    legend = common.VizLegendOptions().show_legend(True).display_mode(settings.LegendDisplayMode.LIST)
    drawn = (
        timeseries.Panel()
        .axis_soft_min(0)
        .line_width(1)
        .show_points(settings.VisibilityMode.NEVER)
        .legend(legend.placement(settings.LegendPlacement.BOTTOM))
        .tooltip(
            common.VizTooltipOptions()
            .mode(settings.TooltipDisplayMode.MULTI)
            .sort(settings.SortOrder.DESCENDING)
        )
    )
    if panel.kind == "stack":
        drawn.fill_opacity(25).stacking(common.StackingConfig().mode(settings.StackingMode.NORMAL))
    return drawn


def _stat(panel: Panel) -> stat.Panel:
    drawn = stat.Panel().graph_mode(settings.BigValueGraphMode.NONE)
    drawn.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if panel.kind == "name":
        drawn.text_mode(settings.BigValueTextMode.NAME)
    if panel.kind in WORDS:
        drawn.text_mode(settings.BigValueTextMode.VALUE_AND_NAME).mappings([_words(*WORDS[panel.kind])])
    return drawn


def _words(zero: str, one: str) -> model.ValueMap:
    said = {
        "0": model.ValueMappingResult(text=zero, color="red", index=0),
        "1": model.ValueMappingResult(text=one, color="green", index=1),
    }
    return model.ValueMap(options=said)


def main(arguments: list[str]) -> int:
    built = build()
    if arguments == ["--check"]:
        same = FILE.exists() and FILE.read_text(encoding="utf-8") == built
        print(f"{FILE.name} is {'up to date' if same else 'old: run python dashboards/build.py'}")
        return 0 if same else 1
    if arguments:
        print("usage: python dashboards/build.py [--check]", file=sys.stderr)
        return 2
    FILE.write_text(built, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
