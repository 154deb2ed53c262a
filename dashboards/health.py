"""The rows about how the gateway is: understanding, protection, upstreams, retrieval, tools, state."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from dashboards.queries import (
    MODEL,
    NOT_FAILED,
    RATE,
    ROUTED,
    THIS,
    Panel,
    Query,
    Row,
    mean,
    one,
    quantile,
    rate,
)

CALLS = rate("upstream_requests_total", MODEL, "model")
RETRIES = rate("upstream_retries_total", MODEL, "model")
FAILED = f'{MODEL}, outcome!~"{NOT_FAILED}"'

UNDERSTANDING = Row(
    "Understanding",
    (
        Panel(
            "Confidence of the classifier, mean",
            "The probability of the best label, by axis. A fall says that the traffic has become strange to "
            "it.",
            units.PercentUnit,
            one(mean("signal_confidence", "", "axis"), "{{axis}}"),
        ),
        Panel(
            "Unsure share",
            "Requests whose label is unsure, by axis: what a condition asks of it is unknown then.",
            units.PercentUnit,
            one(
                f"{rate('signal_unsure_total', '', 'axis')} / {rate('signal_confidence_count', '', 'axis')}",
                "{{axis}}",
            ),
        ),
        Panel(
            "Route decisions by reason",
            "matched by a condition, forced by the caller, a named model, or the default.",
            units.RequestsPerSecond,
            one(rate("route_decisions_total", ROUTED, "reason"), "{{reason}}"),
            "stack",
        ),
    ),
)

PROTECTION = Row(
    "Protection",
    (
        Panel(
            "Guard actions",
            "Requests that a guard stopped or masked. Empty: none did.",
            units.RequestsPerSecond,
            one(rate("guard_actions_total", "", "guard, action"), "{{guard}} {{action}}"),
            "stack",
        ),
        Panel(
            "Values masked",
            "By kind of what was found, each different value of a request once. Empty: nothing was masked.",
            units.OpsPerSecond,
            one(rate("masked_total", "", "entity"), "{{entity}}"),
            "stack",
        ),
        Panel(
            "Clearance refusals",
            "Data kept from a destination that is not cleared for its label, by the kind of destination.",
            units.RequestsPerSecond,
            one(rate("clearance_refusals_total", "", "kind"), "{{kind}}"),
            "stack",
        ),
    ),
)

UPSTREAMS = Row(
    "Upstreams",
    (
        Panel(
            "Calls of models by outcome",
            "ok, or the error's code; a request can take several calls.",
            units.RequestsPerSecond,
            one(rate("upstream_requests_total", MODEL, "model, outcome"), "{{model}} {{outcome}}"),
            "stack",
        ),
        Panel(
            "Share of calls that fail",
            "By model. A caller that hangs up and a tuned endpoint that abstains are not failures.",
            units.PercentUnit,
            one(
                f"{rate('upstream_requests_total', FAILED, 'model')}"
                f" / {rate('upstream_requests_total', MODEL, 'model')}",
                "{{model}}",
            ),
        ),
        Panel(
            "Fallbacks",
            "Answers that another model gave in place of this one. Empty: none did.",
            units.RequestsPerSecond,
            one(rate("fallbacks_total", MODEL, "model"), "{{model}}"),
            "stack",
        ),
        Panel(
            "Retries for each request",
            "Calls of a model that had failed the same request, for each that had not. Its budget bounds "
            "them: a tenth, unless the policy says otherwise. Empty: no retries.",
            units.PercentUnit,
            one(f"{RETRIES} / ({CALLS} - {RETRIES})", "{{model}}"),
            span=6,
        ),
        Panel(
            "Circuits",
            "By deployment. 0: closed; 1: half open, and the next request is a probe; 2: open, it failed too "
            "often and is given a rest.",
            units.Short,
            one(
                f"max by (model, deployment) (pointsman_circuit_state{{{MODEL}}})", "{{model}} {{deployment}}"
            ),
            span=6,
        ),
        Panel(
            "Requests under way",
            "By deployment, at the moment of reading.",
            units.Short,
            one(
                f"sum by (model, deployment) (pointsman_deployment_outstanding{{{MODEL}}})",
                "{{model}} {{deployment}}",
            ),
            "stack",
            6,
        ),
        Panel(
            "Requests that wait for a model",
            "All of its deployments have as many as the policy lets them have at once.",
            units.Short,
            one(f"sum by (model) (pointsman_queue_waiting{{{MODEL}}})", "{{model}}"),
            "stack",
            6,
        ),
    ),
)

RETRIEVAL = Row(
    "Retrieval",
    (
        Panel(
            "Time of a search, p95",
            "By knowledge base.",
            units.Seconds,
            one(quantile(0.95, "retrieval_seconds", "", "knowledge"), "{{knowledge}}"),
            span=6,
        ),
        Panel(
            "Passages found, mean",
            "For each search, by knowledge base.",
            units.Short,
            one(mean("retrieval_passages", "", "knowledge"), "{{knowledge}}"),
            span=6,
        ),
        Panel(
            "Searches that found nothing",
            "By knowledge base: what people ask and the documents do not say. Empty: all found something.",
            units.RequestsPerSecond,
            one(rate("retrieval_empty_total", "", "knowledge"), "{{knowledge}}"),
            "stack",
            6,
        ),
        Panel(
            "Age of the knowledge",
            "Since the documents were last read.",
            units.Seconds,
            one("max by (knowledge) (pointsman_knowledge_age_seconds)", "{{knowledge}}"),
            span=6,
        ),
    ),
)

TOOLS = Row(
    "Tools",
    (
        Panel(
            "Tool calls by status",
            "ok, error, denied and the like, by server and tool. No tool: the server offered none.",
            units.RequestsPerSecond,
            one(rate("tool_calls_total", "", "server, tool, status"), "{{server}} {{tool}} {{status}}"),
            "stack",
        ),
        Panel(
            "Time of a tool call, p95",
            "By server and tool.",
            units.Seconds,
            one(quantile(0.95, "tool_call_seconds", "", "server, tool"), "{{server}} {{tool}}"),
        ),
        Panel(
            "Tool calls for each request",
            "Of requests that took any; near the route's bound on steps, the model may be going in circles.",
            units.Short,
            (
                Query(mean("agent_steps", ROUTED, "route"), "{{route}} mean"),
                Query(quantile(0.95, "agent_steps", ROUTED, "route"), "{{route}} p95"),
            ),
        ),
    ),
)

STATE = Row(
    "State",
    (
        Panel(
            "Policy in force",
            "Its revision, a hash of the folder's content; more than one while gateways differ.",
            units.NoUnit,
            one("count by (revision) (pointsman_policy_info)", "{{revision}}"),
            "name",
            6,
        ),
        Panel(
            "Version",
            "Of the gateways that run.",
            units.NoUnit,
            one("count by (version) (pointsman_build_info)", "{{version}}"),
            "name",
            6,
        ),
        Panel(
            "Last reload",
            "Taken over: the folder as it stands is in force. Refused: it has mistakes, and the one before "
            "it goes on serving.",
            units.NoUnit,
            one("min(pointsman_policy_last_reload_successful)", "reload"),
            "reload",
            6,
        ),
        Panel(
            "Dependencies",
            "Knowledge bases and tool servers: whether they answered when last asked.",
            units.NoUnit,
            one("min by (name) (pointsman_dependency_up)", "{{name}}"),
            "up",
            6,
        ),
        Panel(
            "Policy reloads",
            "Edits of the folder that were taken over, and that were refused for their mistakes.",
            units.OpsPerSecond,
            one(rate("policy_reloads_total", "", "result"), "{{result}}"),
            "stack",
        ),
        Panel(
            "Ledger rows",
            "One for each request; anything lost is money that nobody can account for.",
            units.RowsPerSecond,
            (
                Query(rate("ledger_rows_total", ""), "written"),
                Query(rate("ledger_rows_lost_total", ""), "lost"),
            ),
        ),
        Panel(
            "Knowledge bases and tool servers that are up",
            "Over time; 1: it answers.",
            units.Short,
            one("min by (name) (pointsman_dependency_up)", "{{name}}"),
        ),
        Panel(
            "Memory",
            "Resident memory of each gateway process.",
            units.BytesIEC,
            one(f"process_resident_memory_bytes {THIS}", "{{instance}}"),
        ),
        Panel(
            "CPU",
            "Cores that each gateway process keeps busy.",
            units.Short,
            one(f"rate(process_cpu_seconds_total{RATE}) {THIS}", "{{instance}}"),
        ),
        Panel(
            "Tasks",
            "Of each gateway's event loop: some for each request that runs, a few that stay. What only grows "
            "is a leak.",
            units.Short,
            one(f"pointsman_tasks {THIS}", "{{instance}}"),
        ),
    ),
)
