"""An explanation as it is shown to people: the way of a request from its signals to the model that serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from gateway.cli.show import table
from gateway.policy.analysis.explain import Cost, Evidence, Explanation, Masking, Signal, Step

Parts = Iterator[RenderableType]
_MARKS = {"true": "[green]✓[/green]", "false": "[dim]✗[/dim]", "unknown": "[yellow]?[/yellow]"}
_BAR = 10  # characters of a probability's bar
_MOST_SHARES = 2  # beside the best
_LEAST_SHARE = 0.01
_MOST_FINDINGS = 20
_OUTSIDE = "outside the messages"


def shown(explanation: Explanation) -> Group:
    """The whole of it, for a console of any width."""
    return Group(*_sections(explanation))


def _sections(e: Explanation) -> Parts:
    yield Text.from_markup(
        f"[bold]{escape(e.caller)}[/bold] asks for [bold]{escape(e.asked_for)}[/bold] "
        f"under policy {e.revision}"
    )
    yield from _section("signals", _signals(e))
    yield from _section("evidence", _evidence(e.findings))
    yield from _section("guards", _steps(e.guards))
    yield from _section("masking", _masking(e.masking) if e.masking else ())
    yield from _section("routes", _routes(e))
    yield from _section("gate", _gate(e))
    yield from _section("cost", _cost(e.cost) if e.cost else ())
    yield from _section("outcome", [_outcome(e)])


def _section(title: str, parts: Iterable[RenderableType]) -> Parts:
    """A title and what stands below it; nothing where that is empty."""
    made = list(parts)
    if made:
        yield Text("")
        yield Text(title, style="bold cyan")
        yield from (Padding(part, (0, 0, 0, 2), expand=False) for part in made)


# Signals and their evidence


def _signals(e: Explanation) -> Parts:
    rows = [_signal(signal) for signal in e.signals]
    rows.append(("label", f"[bold]{e.came_as}[/bold]", "the highest of content, caller, header, unreadable"))
    yield table(["axis", "label", "probabilities"], rows)
    others = [f"language {e.language}", f"about {e.input_tokens:,} tokens in"]
    if e.injection is not None:
        others.append(f"injection {e.injection:.2f}")
    if e.difficulty is not None:
        others.append(f"difficulty {e.difficulty:.2f}")
    if e.refined:
        others.append("told by the small transformer too")
    if e.needs:
        others.append(f"needs {', '.join(e.needs)}")
    if e.unreadable:
        others.append("[yellow]a part cannot be read[/yellow]")
    others += [f"{escape(name)} answers with {score:.2f}" for name, score in e.knowledge.items()]
    yield Text.from_markup(", ".join(others))


def _signal(signal: Signal) -> tuple[str, str, str]:
    unsure = " [yellow](unsure)[/yellow]" if signal.unsure else ""
    shares = dict(signal.probabilities)
    best = shares.pop(signal.label, 0.0)
    others = [f"{name} {share:.2f}" for name, share in shares.items() if share >= _LEAST_SHARE]
    told = ", then ".join([f"{best:.2f}", *others[:_MOST_SHARES]])
    return signal.axis, f"[bold]{signal.label}[/bold]{unsure}", f"[cyan]{_bar(best)}[/cyan] {told}"


def _bar(share: float) -> str:
    full = round(share * _BAR)
    return "█" * full + "░" * (_BAR - full)


def _evidence(findings: tuple[Evidence, ...]) -> Parts:
    if findings:
        yield table(["entity", "class", "label", "where", "sure"], map(_finding, findings[:_MOST_FINDINGS]))
    if len(findings) > _MOST_FINDINGS:
        yield Text(f"and {len(findings) - _MOST_FINDINGS:,} more")


def _finding(found: Evidence) -> tuple[str, ...]:
    return found.entity, found.kind, found.label, _where(found), f"{found.confidence:.2f}"


def _where(found: Evidence) -> str:
    place = _OUTSIDE if found.message < 0 else f"message {found.message}"
    return (
        f"{place}, characters {found.start} to {found.end}"
        if found.end > found.start
        else f"{place}, as a whole"
    )


# Guards, masking, routes


def _steps(steps: tuple[Step, ...]) -> Parts:
    for step in steps:
        yield Text.from_markup(
            f"{_MARKS[step.outcome]} [bold]{escape(step.name)}[/bold] is {step.outcome}: {step.action}"
        )
        if step.when is not None:
            yield _detail(f"when {' '.join(step.when.split())}")
        if step.reads:
            yield _detail("read " + ", ".join(f"{name} = {value}" for name, value in step.reads))


def _detail(text: str) -> Padding:
    return Padding(Text(text, style="dim"), (0, 0, 0, 4), expand=False)


def _masking(masking: Masking) -> Parts:
    counted = ", ".join(f"{count} × {entity}" for entity, count in masking.entities.items())
    yield Text(f"{', '.join(masking.guards)}: {counted or 'nothing is found that can be hidden'}")
    fell = masking.before != masking.after
    yield Text.from_markup(
        f"the label falls from {masking.before} to [bold]{masking.after}[/bold]"
        if fell
        else f"the label stays [bold]{masking.after}[/bold]"
    )


def _routes(e: Explanation) -> Parts:
    if e.blocked_by is None and not e.routes:
        yield Text(f"none is tried: {_UNTRIED.get(e.reason, 'there is none')}")
    yield from _steps(e.routes)


_UNTRIED = {
    "named": "a model was named",
    "forced": "a route was named",
    "continued": "a tool loop goes on with what began it",
}


# The gate, the cost, the outcome


def _gate(e: Explanation) -> Parts:
    if e.destinations:
        yield table(
            ["", "name", "cleared for", f"verdict on {e.label}"],
            [
                (d.kind, f"[bold]{escape(d.name)}[/bold]", d.clearance, _verdict(d.verdict))
                for d in e.destinations
            ],
        )


def _verdict(verdict: str) -> str:
    passes = verdict.startswith(("asked", "may be asked"))
    return f"[green]{verdict}[/green]" if passes else f"[red]{escape(verdict)}[/red]"


def _cost(cost: Cost) -> Parts:
    if cost.source is None:
        yield Text(f"unknown: neither the policy nor litellm's price map has a price for {cost.model}")
        return
    yield Text(
        f"in:  about {cost.input_tokens:,} tokens × ${cost.input_price:g} for a million "
        f"= ${cost.input_usd:.6f}"
    )
    if cost.output_tokens is None:
        yield Text(f"out: unknown, the request has no max_tokens; ${cost.output_price:g} for a million")
    else:
        yield Text(
            f"out: at most {cost.output_tokens:,} tokens × ${cost.output_price:g} for a million "
            f"= ${cost.output_usd:.6f}"
        )
    more = f"; {cost.more} come on top" if cost.more else ""
    yield Text(f"{cost.model}'s price, source: {cost.source}{more}")


def _outcome(e: Explanation) -> Text:
    if e.blocked_by is not None:
        return Text.from_markup(
            f"[bold red]blocked[/bold red] by {escape(e.blocked_by)}: {escape(e.message)}"
        )
    served = f"route [bold]{escape(e.route)}[/bold]" if e.route else "the model that was named"
    if e.unserved:
        return Text.from_markup(
            f"[bold red]not served[/bold red]: {served} ({e.reason}), and no model that could answer is in "
            "service: policy_no_model_in_service"
        )
    if e.model is None:
        return Text.from_markup(
            f"[bold red]refused[/bold red]: {served} ({e.reason}), and no model may serve it: "
            "policy_no_cleared_model"
        )
    return Text.from_markup(
        f"[bold green]served[/bold green] by {served} ({e.reason}), "
        f"first asked is [bold]{escape(e.model)}[/bold]"
    )
