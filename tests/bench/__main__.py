"""Measures the gateway beside the bare upstream, HAProxy, Envoy and the litellm proxy, all in one run.

    python -m tests.bench                                        everything, about 8 minutes
    python -m tests.bench --only pointsman haproxy --quick       a comparison while you work, 20 seconds
    python -m tests.bench --only pointsman --beside DIR          this checkout and another one, in turns
    python -m tests.bench --long                                 a million requests, and what memory does
    python -m tests.bench --curves                               only the curves
    python -m tests.bench --client                               only the connection pool

The load generator and the upstream share one core, what is measured has the other, and whoever has not its
turn is stopped. Only numbers of the same run may be compared: they depend on the machine, and on who else
is busy on it. docs/performance.md says what each means.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console
from rich.status import Status

from tests.bench.client import measure_pool
from tests.bench.curves import Bench, Curve, curves
from tests.bench.measure import Asked
from tests.bench.pictures import draw
from tests.bench.pointsman import gateway
from tests.bench.process import CORES, Process, machine, pin
from tests.bench.report import Report, Settings
from tests.bench.rounds import Result, Say, in_turns, medians
from tests.bench.running import LOAD_CORE, SUBJECT_CORE, Running, running, upstream
from tests.bench.soak import HOUR, MILLION, Soaked, soak
from tests.bench.subjects import SUBJECTS, Subject
from tests.bench.table import compared, curve_table, memory

OUT: Final = Path("build/bench")
_SOAK_SECONDS: Final = 12.0  # of each subject, if not --long
_LONG_SECONDS: Final = 4 * 3600.0
_DISTURBED: Final = 0.05  # of the subject's core, taken by others


@dataclass(frozen=True, slots=True)
class Session:
    """What all parts of a run share."""

    folder: Path
    upstream: Process
    port: int
    settings: Settings
    soak_seconds: float
    say: Say


def measured(session: Session, subjects: Sequence[Subject]) -> dict[str, Result]:
    """The subjects' rounds, then the long pull of each."""
    settings = session.settings
    asked = {unsure: Asked.of(unsure) for unsure in {subject.unsure for subject in subjects}}
    with ExitStack() as stack:
        up = [(subject, _started(session, subject, stack)) for subject in subjects]
        idle = {at.name: at.process.memory() if at.process else None for _, at in up}
        turning = [each for each in up if each[0].compared]
        turns = in_turns(turning, asked, session.upstream, settings.rounds, settings.seconds, session.say)
        soaked = {at.name: _soaked(session, at, asked[subject.unsure]) for subject, at in up}
    direct = turns.get("direct") or None
    return {
        at.name: Result(
            version=at.version,
            settings=at.settings,
            started=at.started,
            idle=idle[at.name],
            rounds=tuple(seen := turns.get(at.name, [])),
            medians=medians(seen, direct) if seen else None,
            soaked=soaked[at.name],
        )
        for _, at in up
    }


def _started(session: Session, subject: Subject, stack: ExitStack) -> Running:
    session.say(f"starting {subject.name}")
    return stack.enter_context(running(subject.start, session.folder / subject.name, session.port))


def _soaked(session: Session, at: Running, asked: Asked) -> Soaked | None:
    if not at.process or not session.settings.soak:
        return None
    session.say(f"{at.name}: {session.settings.soak:,} requests, or {session.soak_seconds:.0f} s")
    return soak(at, asked, session.settings.soak, session.soak_seconds)


def drawn(session: Session) -> list[Curve]:
    settings = session.settings
    bench = Bench(
        folder=session.folder,
        upstream=session.port,
        asked=Asked.of(False),
        seconds=settings.seconds,
        rounds=min(3, settings.rounds),
        say=session.say,
    )
    return list(curves(bench))


def options() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [subject.name for subject in SUBJECTS]
    made.add_argument("--seconds", type=float, help="of each measurement (1; quick 0.5)")
    made.add_argument("--rounds", type=int, help="over all subjects (5; quick 2)")
    made.add_argument(
        "--only", nargs="+", choices=names, metavar="SUBJECT", help=f"of {', '.join(names)}; and no curves"
    )
    made.add_argument("--quick", action="store_true", help="shorter, fewer rounds, no memory, no curves")
    made.add_argument("--beside", type=Path, metavar="DIR", help="measure the gateway of this checkout, too")
    made.add_argument(
        "--soak",
        type=int,
        metavar="COUNT",
        help="requests after which memory is read (20000, in 12 s at most)",
    )
    made.add_argument("--hour", action="store_true", help=f"that: {HOUR:,}, as 200/s in an hour, untimed")
    made.add_argument("--long", action="store_true", help=f"that: {MILLION:,}, untimed, and only pointsman")
    made.add_argument("--curves", action="store_true", help="only the curves")
    made.add_argument("--no-curves", action="store_true", help="all but the curves")
    made.add_argument("--client", action="store_true", help="only the connection pool's CPU a call")
    made.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"for JSON and SVG ({OUT})")
    return made


def settings_of(asked: argparse.Namespace) -> Settings:
    pull = MILLION if asked.long else HOUR if asked.hour else 0 if asked.quick else 20_000
    only = tuple(asked.only or (("pointsman",) if asked.long else ()))
    return Settings(
        seconds=asked.seconds or (0.5 if asked.quick else 1.0),
        rounds=asked.rounds or (2 if asked.quick else 1 if asked.long else 5),
        soak=pull if asked.soak is None else asked.soak,
        only=only,
        curves=asked.curves or not (asked.no_curves or asked.quick or only),
    )


def subjects_of(settings: Settings, beside: Path | None) -> tuple[list[Subject], list[str]]:
    """Those that are there, and what is missing."""
    wanted = [subject for subject in SUBJECTS if not settings.only or subject.name in settings.only]
    if settings.only and settings.soak < MILLION and wanted[0].name != "direct":
        wanted.insert(0, SUBJECTS[0])  # what is added is added to it
    if beside:
        wanted.append(Subject("pointsman-beside", gateway("pointsman-beside", "everything", beside)))
    lacks = [(subject, subject.missing()) for subject in wanted]
    return [subject for subject, why in lacks if not why], [why for _, why in lacks if why]


def pool_only() -> str:
    pin(LOAD_CORE)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, upstream(Path(folder)) as (_, port):
        pin(SUBJECT_CORE)
        return uvloop.run(measure_pool(port))


def run(asked: argparse.Namespace, console: Console, status: Status) -> Report:
    settings, about, date = settings_of(asked), machine(), datetime.now(UTC).isoformat(timespec="seconds")
    subjects, missing = subjects_of(settings, asked.beside)
    say: Say = (lambda text: status.update(text)) if console.is_terminal else console.print
    pin(LOAD_CORE)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, upstream(Path(name)) as (process, port):
        untimed = asked.long or asked.hour
        session = Session(
            Path(name), process, port, settings, _LONG_SECONDS if untimed else _SOAK_SECONDS, say
        )
        results = {} if asked.curves else measured(session, subjects)
        found = drawn(session) if settings.curves else []
    return Report(date, about, len(CORES), settings, results, missing, found)


def show(report: Report, console: Console) -> None:
    console.print(report.machine)
    if report.cores < 2:
        console.print("[bold]There is one core only: all share it, and rates and times say little.[/]")
    for name, result in report.subjects.items():
        console.print(f"{name} {result.version}: {result.settings}", highlight=False)
    for why in report.missing:
        console.print(f"No row: {why}.")
    if any(result.medians for result in report.subjects.values()):
        console.print(compared(report.subjects))
    if report.subjects:
        console.print(memory(report.subjects))
    if report.curves:
        console.print(curve_table(report.curves))
    taken = max((r.medians.disturbed for r in report.subjects.values() if r.medians), default=0.0)
    if taken > _DISTURBED:
        console.print(
            f"[bold]Other work took up to {taken:.0%} of the subjects' core: rates are too low and times too "
            "long; CPU a request suffers less.[/] Repeat it on an idle machine."
        )


def main() -> None:
    asked = options().parse_args()
    console = Console(width=max(160, Console().width))
    if asked.client:
        console.print(machine())
        console.print(pool_only())
        return
    with console.status("…", refresh_per_second=0.5) as status:  # seldom: it would disturb what is measured
        report = run(asked, console, status)
    show(report, console)
    written = [report.write(asked.out), *draw(report, asked.out)]
    console.print("Written:", *written)


if __name__ == "__main__":
    main()
