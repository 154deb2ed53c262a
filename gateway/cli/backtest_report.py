"""A backtest as it is shown to people: what changes, what that costs, what it does to quality, examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gateway.accounting.intervals import Interval
from gateway.cli.show import table
from gateway.commands.backtest import Backtest
from gateway.commands.comparison import Cost, Counts, Exchanged, Quality, Report

MOST_MOVES = 20
Lines = Iterator[RenderableType]


def shown(tested: Backtest) -> Group:
    """The whole report, for a console of any width."""
    return Group(*_report(tested))


def _report(tested: Backtest) -> Lines:
    report = tested.report
    yield Text.from_markup(f"[bold]policy {tested.revision}[/bold], requests {_when(tested)}")
    yield from _counts(report.counts)
    if report.counts.changed:
        yield from _moves(report)
    if report.counts.replayed:
        yield from _cost(report.cost)
        yield from _quality(report.quality)
    yield from _examples(report)


def _when(tested: Backtest) -> str:
    since, until = tested.window.since, tested.window.until
    begin = "from the first on" if since is None else f"since {since:%Y-%m-%d %H:%M} {since.tzname()}"
    return begin if until is None else f"{begin} until {until:%Y-%m-%d %H:%M} {until.tzname()}"


def _title(text: str) -> Lines:
    yield Text("")
    yield Text(text, style="bold cyan")


def _listed(lines: Mapping[str, int]) -> Lines:
    for text, count in lines.items():
        yield _indented(f"{count:,}  {escape(text)}")


def _indented(text: str) -> Padding:
    return Padding(Text.from_markup(text), (0, 0, 0, 2), expand=False)


# Decisions


def _counts(counts: Counts) -> Lines:
    if not counts.rows:
        yield Text("The ledger holds no request of that time.")
        return
    share = f" ({_share(counts.changed, counts.replayed)})" if counts.replayed else ""
    ways = {"another route or guard": counts.changed_route, "another first model": counts.changed_model}
    told = ", ".join(f"{count:,} {way}" for way, count in {**ways, **counts.fates}.items() if count)
    yield Text.from_markup(
        f"[bold]{counts.changed:,} of {counts.replayed:,} decisions change[/bold]{share}"
        + (f": {told}" if told else "")
    )
    if counts.estimated:
        yield Text(f"{counts.estimated:,} decisions are estimates, marked ~ where they change:")
        yield from _listed(counts.estimates)
    not_replayed = counts.rows - counts.replayed
    if not_replayed:
        yield Text(f"{not_replayed:,} of {counts.rows:,} rows could not be replayed:")
        hindered = {
            "ended before their signals and a decision were known": counts.undecided,
            "are torn, or of a version that is not understood": counts.unreadable,
        }
        yield from _listed({text: count for text, count in hindered.items() if count})
        yield from _listed({f"{text}, which they do not keep": n for text, n in counts.unknown.items()})


def _moves(report: Report) -> Lines:
    yield from _title("from where to where")
    rows = [
        (f"{move.count:,}", _mark(move.estimated), escape(str(move.before)), escape(str(move.after)))
        for move in report.moves[:MOST_MOVES]
    ]
    yield _right(table(["requests", "", "then", "now"], rows), 0)
    rest = report.moves[MOST_MOVES:]
    if rest:
        yield _indented(f"and {len(rest):,} more ways, {sum(move.count for move in rest):,} requests")


def _right(made: Table, *columns: int) -> Table:
    """The table, these columns of figures set to the right."""
    for column in columns:
        made.columns[column].justify = "right"
    return made


def _mark(estimated: int) -> str:
    return "~" if estimated else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


# Cost


def _cost(cost: Cost) -> Lines:
    yield from _title("cost")
    yield Text.from_markup(
        f"USD {_money(cost.then)} then, {_money(cost.now)} now: [bold]{_signed(cost.difference)}[/bold]"
        + (f" ({100 * cost.difference / cost.then:+.1f} %)" if cost.then else "")
    )
    if cost.exchanged:
        columns = ["answered", "now", "requests", "tokens in", "tokens out", "USD then", "USD now"]
        yield _right(table(columns, map(_exchanged, cost.exchanged)), 2, 3, 4, 5, 6)
        yield from map(_indented, dict.fromkeys(_price(one) for one in cost.exchanged if one.price))
        yield Text(
            "USD now is the tokens that were really used × the price of the new model; an answer is taken "
            "to be as long as it was. What goes on with the same first model costs what it cost."
        )
    if cost.shape_changes:
        yield Text(
            f"{cost.shape_changes:,} of them may gain or lose retrieval or tools; their tokens are not in it."
        )
    if cost.unknown:
        yield Text("Not in these sums, because of what is not known:")
        yield from _listed(cost.unknown)


def _exchanged(one: Exchanged) -> tuple[str, ...]:
    usage = one.usage
    now = "?" if one.now is None else _money(one.now)
    return (
        *(escape(one.before), escape(one.after or "no answer"), f"{one.requests:,}"),
        *(f"{usage.total_input:,}", f"{usage.total_output:,}", _money(one.then), now),
    )


def _price(one: Exchanged) -> str:
    price = one.price
    assert price is not None
    cached = "" if price.cached_input is None else f", {price.cached_input:g} for cached input"
    return (
        f"{escape(one.after or '')}: {price.input:g} for a million tokens in{cached}, "
        f"{price.output:g} out ({price.source})"
    )


def _money(usd: Decimal) -> str:
    return f"{usd:,.4f}"


def _signed(usd: Decimal) -> str:
    return f"{'+' if usd > 0 else ''}{_money(usd)}"


# Quality


def _quality(quality: tuple[Quality, ...]) -> Lines:
    yield from _title("quality")
    if not quality:
        yield Text("No row has scores, so that nothing can be said of it.")
    for one in quality:
        rows = [
            (escape(s.model), f"{s.count:,}", f"{s.interval.mean:.3f}", _between(s.interval))
            for s in one.models
        ]
        yield _right(table([escape(one.evaluator), "answers", "mean", "95 %"], rows), 1, 2)
        yield Text.from_markup(_difference(one))


def _difference(one: Quality) -> str:
    if not one.changed:
        return "No request goes to another model."
    if one.difference is None:
        return f"None of the {one.changed:,} requests that change their model can be compared: no scores."
    said = f"[bold]{one.difference.mean:+.3f}[/bold] (95 %: {_between(one.difference, '+.3f')})"
    return (
        f"{said} for the {one.comparable:,} of {one.changed:,} requests whose old and new model both have "
        "scores for their task. Models answered different requests: a hint, no experiment."
    )


def _between(interval: Interval, form: str = ".3f") -> str:
    return f"{interval.low:{form}} to {interval.high:{form}}"


# Examples


def _examples(report: Report) -> Lines:
    if not report.examples:
        return
    yield from _title("examples")
    for example in report.examples:
        mark = "~ " if example.estimated else ""
        yield Text.from_markup(f"[bold]{escape(example.id)}[/bold]")
        yield _indented(f"{mark}{escape(str(example.before))}  [bold]⇒[/bold]  {escape(str(example.after))}")
        yield _indented(f"[dim]{escape(example.why)}[/dim]")
