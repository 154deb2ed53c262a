"""The rows about what the gateway serves: traffic, latency, tokens and money."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from dashboards.queries import (
    BASELINE,
    MODEL,
    RANGE,
    SERVED,
    SPENT,
    Panel,
    Query,
    Row,
    by_fault,
    one,
    quantile,
    quantiles,
    rate,
    share,
)

HOUR = 3600
ERRORS = rate("requests_total", f'{SERVED}, error_type!=""', "error_type")
REQUESTS = rate("requests_total", SERVED)
COST, BASE = rate("cost_usd_total", SPENT), rate("baseline_cost_usd_total", BASELINE)
PAID = rate("cost_usd_total", BASELINE)  # of all models, as the baseline is
SPENT_SO_FAR = f"sum(increase(pointsman_cost_usd_total{{{SPENT}}}{RANGE}))"
BASE_SO_FAR = f"sum(increase(pointsman_baseline_cost_usd_total{{{BASELINE}}}{RANGE}))"
PAID_SO_FAR = f"sum(increase(pointsman_cost_usd_total{{{BASELINE}}}{RANGE}))"


def _traffic(by: str, description: str) -> Panel:
    return Panel(
        f"Requests by {by}",
        description,
        units.RequestsPerSecond,
        one(rate("requests_total", SERVED, by), f"{{{{{by}}}}}"),
        "stack",
        6,
    )


TRAFFIC = Row(
    "Traffic",
    (
        _traffic("route", "Who gets the traffic. No route: it ended before one was chosen."),
        _traffic("model", "Whose answer left. No model: nothing was answered."),
        _traffic("task", "What is being asked for; unsure: the classifier would not say."),
        _traffic("outcome", "How requests end: ok, blocked, refused, hung_up, error."),
        Panel(
            "Errors by type",
            "The first word says whose fault it is: caller, policy, provider or gateway.",
            units.RequestsPerSecond,
            one(ERRORS, "{{error_type}}"),
            "stack",
            12,
        ),
        Panel(
            "Share of requests that fail, by whose fault",
            "A caller's mistakes and a policy's refusals are not outages; a provider's and ours are.",
            units.PercentUnit,
            one(share(by_fault(ERRORS), REQUESTS, "fault"), "{{fault}}"),
            span=12,
        ),
    ),
)

LATENCY = Row(
    "Latency",
    (
        Panel(
            "Request duration",
            "From the request to the last byte, as the caller feels it.",
            units.Seconds,
            quantiles("request_duration_seconds", SERVED),
        ),
        Panel(
            "Time to first token",
            "From the request to the first content, of streamed answers.",
            units.Seconds,
            quantiles("time_to_first_token_seconds", SERVED),
        ),
        Panel(
            "Time per output token",
            "Between output tokens of streamed answers, after the first.",
            units.Seconds,
            quantiles("time_per_output_token_seconds", SERVED),
        ),
        Panel(
            "Request duration by route, p95",
            "Where it is slow.",
            units.Seconds,
            one(quantile(0.95, "request_duration_seconds", SERVED, "route"), "{{route}}"),
        ),
        Panel(
            "Request duration by model, p95",
            "Whose answers are slow.",
            units.Seconds,
            one(quantile(0.95, "request_duration_seconds", SERVED, "model"), "{{model}}"),
        ),
        Panel(
            "Overhead by stage, p95",
            "What the gateway adds before and after the model: most is well below a millisecond, but for "
            "retrieval and tools. Not split by route or model.",
            units.Seconds,
            one(quantile(0.95, "overhead_seconds", "", "stage"), "{{stage}}"),
        ),
    ),
)

TOKENS = Row(
    "Tokens",
    tuple(
        Panel(
            f"Tokens by {by}",
            description,
            units.CountsPerSecond,
            one(rate("tokens_total", SERVED, by), f"{{{{{by}}}}}"),
            "stack",
        )
        for by, description in (
            ("kind", "Disjoint kinds, as providers bill them."),
            ("route", "Which routes use them, failed tries included."),
            ("model", "Which models use them, failed tries included."),
        )
    ),
)


def _cost(by: str, description: str) -> Panel:
    return Panel(
        f"Cost an hour by {by}",
        description,
        units.Dollars,
        one(f"{rate('cost_usd_total', SPENT, by)} * {HOUR}", f"{{{{{by}}}}}"),
        "stack",
        6,
    )


MONEY = Row(
    "Money",
    (
        Panel(
            "Spent",
            "In the time range shown. Requests whose price is unknown are not in it: see Unpriced requests.",
            units.Dollars,
            one(SPENT_SO_FAR, "spent"),
            "stat",
            6,
        ),
        Panel(
            "Saved",
            "Baseline minus cost in the time range shown: what the policy's baseline model would have cost "
            "for the same tokens. Of all models, whichever are chosen above.",
            units.Dollars,
            one(f"{BASE_SO_FAR} - ({PAID_SO_FAR} or vector(0))", "saved"),
            "stat",
            6,
        ),
        Panel(
            "Cost, baseline and savings an hour",
            "Savings are baseline minus the cost of all models, and can be below zero. The baseline is an "
            "estimate: answers differ in length.",
            units.Dollars,
            (
                Query(f"{COST} * {HOUR}", "cost"),
                Query(f"{BASE} * {HOUR}", "baseline"),
                Query(f"({BASE} - ({PAID} or vector(0))) * {HOUR}", "savings"),
            ),
            span=12,
        ),
        _cost("route", "Which routes cost."),
        _cost("model", "Which models cost."),
        _cost("team", "Who spends; no team: callers without one, or no callers in the policy."),
        _cost("purpose", "answer, or waste: a try whose content never left."),
        Panel(
            "Baseline cost an hour by team",
            "What the baseline model would have cost for the same requests.",
            units.Dollars,
            one(f"{rate('baseline_cost_usd_total', BASELINE, 'team')} * {HOUR}", "{{team}}"),
            "stack",
            12,
        ),
        Panel(
            "Unpriced requests",
            "Tries of models whose price is unknown: give them a price in the policy. Empty is good.",
            units.RequestsPerSecond,
            one(rate("unpriced_requests_total", MODEL, "model"), "{{model}}"),
            "stack",
            12,
        ),
    ),
)
