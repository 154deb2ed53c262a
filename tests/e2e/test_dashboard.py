"""Every panel of the dashboard shows something when a real Prometheus scrapes a gateway that is busy."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards.build import RELOADS, VARIABLES, panels
from gateway.access.keys import hash_key
from tests.prometheus import Prometheus
from tests.replies import Call, Recorded, Reply, failure
from tests.running import Gateway
from tests.upstream import Upstream

HANDBOOK = Path(__file__).parents[2] / "policies" / "handbook"
KEY = "pm-test-key-of-the-dashboard-test"
ROUNDS, PAUSE = 5, 0.8  # requests fall between scrapes, so that rates have something to see
WINDOW = "20s"

MODEL = "  - {{name: {name}, target: openai-compatible/{name}, base_url: '{url}', {more}}}\n"
MODELS = {
    "paid": "clearance: internal, retries: 0, price: {input: 1.0, output: 10.0}",
    "flaky": "clearance: internal, retries: 1, price: {input: 1.0, output: 10.0}",
    "dear": "clearance: internal, price: {input: 5.0, output: 50.0}",
    "unpriced": "clearance: internal",
}
POLICY = """\
models:
{models}baseline: dear
callers:
  - {{name: app, key_sha256: {key}, team: support, clearance: restricted}}
knowledge:
  - {{name: handbook, documents: handbook/*.md, label: internal}}
tools:
  - name: clock
    mcp: {{command: [python, -m, gateway.demo.clock]}}
    clearance: restricted
guards:
  - {{name: no-credentials, when: '"credential" in findings', block: Remove the credential.}}
  - {{name: hide-mail, when: '"email" in findings', mask: [email], lowers_to: internal}}
routes:
  - {{name: docs, when: 'request.headers["x-want"] == "docs"', retrieve: {{from: [handbook]}}, model: paid}}
  - {{name: act, when: 'request.headers["x-want"] == "act"', tools: {{from: [clock]}}, model: paid}}
  - {{name: fall, when: 'request.headers["x-want"] == "fall"', model: flaky, fallback: [paid]}}
  - {{name: unpriced, when: 'request.headers["x-want"] == "unpriced"', model: unpriced}}
  - {{name: everything-else, model: paid}}
"""


@dataclass(frozen=True)
class Ask:
    """One request and the status that it ends with."""

    text: str
    want: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stream: bool = False


ASKS = (
    Ask("Write two sentences about a walk in autumn."),
    Ask("Write two sentences about a walk in spring.", stream=True),
    Ask("Write two sentences about a walk to desk@example.org."),
    Ask("How many days do I have to send something back?", "docs"),
    Ask("zxqvw plorb", "docs"),
    Ask("What time is it in Tokyo?", "act"),
    Ask("Tell me a joke.", "fall"),
    Ask("Tell me another.", "unpriced"),
    Ask("My token is ghp_" + "9aKd82LmQx0ZrT4vWb7n" + "CjY5uEo1PsHi3fGt", status=403),
    Ask("Sum this up.", status=403, headers={"x-pointsman-sensitivity": "restricted"}),
)


def answer(request: Recorded) -> Reply:
    """`flaky` fails; whoever is offered tools first asks for the time; the rest answers."""
    if request.body["model"] == "flaky":
        return failure(503)
    if request.body.get("tools") and request.body["messages"][-1]["role"] != "tool":
        return Reply(calls=(Call("current_time", {"timezone": "Asia/Tokyo"}),))
    return Reply("It is as it is, and this is what there is to say.", between=0.01)


def ask(gateway: Gateway, what: Ask) -> None:
    reply = httpx.post(
        gateway.url + "/v1/chat/completions",
        json={"model": "auto", "stream": what.stream, "messages": [{"role": "user", "content": what.text}]},
        headers={"authorization": f"Bearer {KEY}", "x-want": what.want, **what.headers},
        timeout=30,
    )
    assert reply.status_code == what.status, (what, reply.text)


def edit(gateway: Gateway, file: Path, text: str) -> None:
    """Changes the policy, and waits until the gateway has taken it over or refused it."""
    before = gateway.metric("pointsman_policy_reloads_total")
    file.write_text(text)
    gateway.until(lambda: gateway.metric("pointsman_policy_reloads_total") > before, "reloaded", 20)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has watched a gateway in all of its business, policy reloads included."""
    folder = tmp_path_factory.mktemp("dashboard")
    policies = folder / "policies"
    shutil.copytree(HANDBOOK, policies / "handbook")
    with Upstream(answer) as up:
        models = "".join(MODEL.format(name=name, url=up.url, more=more) for name, more in MODELS.items())
        policy = POLICY.format(models=models, key=hash_key(KEY))
        (policies / "policy.yaml").write_text(policy)
        with (
            Gateway(policies, folder / "data") as gateway,
            Prometheus(folder / "prometheus", gateway.url) as prometheus,
        ):
            edits = {0: policy + "# edited\n", 1: policy + "rutes: []\n", 3: policy}
            for number in range(ROUNDS):
                for what in ASKS:
                    ask(gateway, what)
                if number in edits:
                    edit(gateway, policies / "policy.yaml", edits[number])
                time.sleep(PAUSE)
            time.sleep(2.5)  # the last scrape, and one more
            yield prometheus


def filled(expr: str) -> str:
    """An expression as Grafana sends it with everything chosen."""
    for name in VARIABLES:
        expr = expr.replace(f"${name}", ".*")
    return expr.replace("$__rate_interval", WINDOW).replace("$__range", WINDOW)


def numbers(series: list[dict[str, Any]]) -> list[float]:
    return [float(one["value"][1]) for one in series if not math.isnan(float(one["value"][1]))]


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel.title)
def test_a_panel_shows_data(busy: Prometheus, panel: Any) -> None:
    for query in panel.queries:
        assert numbers(busy.query(filled(query.expr))), query.expr


def test_the_annotations_mark_reloads_that_were_taken_over_and_that_were_refused(busy: Prometheus) -> None:
    results = {one["metric"]["result"] for one in busy.query(filled(RELOADS))}
    assert results == {"loaded", "refused"}


@pytest.mark.parametrize(
    ("variable", "known"),
    [("route", {"docs", "act", "fall"}), ("model", {"paid", "unpriced"}), ("team", {"support"})],
)
def test_a_variable_offers_what_there_is(busy: Prometheus, variable: str, known: set[str]) -> None:
    metric, label = VARIABLES[variable].removeprefix("label_values(").removesuffix(")").split(", ")
    offered = {one["metric"].get(label) for one in busy.query(f"count by ({label}) ({metric})")}
    assert known <= offered


def value(prometheus: Prometheus, expr: str) -> float:
    (number,) = numbers(prometheus.query(expr))
    return number


def test_savings_are_what_the_baseline_costs_more(busy: Prometheus) -> None:
    cost = value(busy, "sum(pointsman_cost_usd_total)")
    baseline = value(busy, "sum(pointsman_baseline_cost_usd_total)")
    priced = value(busy, 'sum(pointsman_baseline_cost_usd_total{route!="unpriced"})')
    assert priced == pytest.approx(5 * cost)
    assert baseline > priced


def test_what_fails_is_shown_with_whose_fault_it_is(busy: Prometheus) -> None:
    (share,) = (p for p in panels() if p.title == "Share of requests that fail, by whose fault")
    shares = {
        one["metric"]["fault"]: float(one["value"][1]) for one in busy.query(filled(share.queries[0].expr))
    }
    assert shares["policy"] == pytest.approx(2 / len(ASKS), abs=0.1)
