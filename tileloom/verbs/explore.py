"""``explore``: a network on many targets, each compiled anew and simulated exactly; the best of them as a front."""

import os
import pickle
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

from tileloom.compiler.problems import Problem
from tileloom.document import Document, Kind
from tileloom.energy_figures import technology_of
from tileloom.engines import require_rtl
from tileloom.explore.area import area_errors, with_counted_registers
from tileloom.explore.best import BestVerified, verify_best
from tileloom.explore.files import write_files
from tileloom.explore.point import DIRECTIONS, VARIABLE, Point, front, known_figures
from tileloom.explore.space import Candidate, read_space
from tileloom.explore.variant import Key, Variant, key_of, make_variants, read_sample
from tileloom.files import make_folder, require_writable
from tileloom.frames import Given
from tileloom.model_argument import find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.sim.energy.technology import Technology
from tileloom.tables import Cell, Table, decibels, percent, si

SIMULATED = ("cycles", "latency_s", "frames_per_s", "utilisation", "accuracy", "snr_db")
ESTIMATED = ("energy_j", "power_w", "register_bits", "luts")
COUNTED = ("multipliers", "memory_bits", "register_bits_counted")
OBJECTIVES = ("frames_per_s", "energy_j", "multipliers")
QUALITIES = ("accuracy", "snr_db")
"""Of these the first that is known is an objective, too, where a space has several bit widths."""
SHOWN = 30
"""Rows of the front in the terminal; the files have all."""


@dataclass(frozen=True, kw_only=True)
class ExploreDocument(Document):
    """The points of the front, best in the first objective first; all points are in the files."""

    command: ClassVar[str] = "explore"
    table: ClassVar[Mapping[str, Kind]] = {
        "points": Kind.COUNTED,
        "refused": Kind.COUNTED,
        "left_out": Kind.COUNTED,
        "known_before": Kind.COUNTED,
        "seconds": Kind.MEASURED,
        "points_per_minute": Kind.MEASURED,
        "processor_seconds": Kind.MEASURED,
        "accuracy_frames": Kind.COUNTED,
        "front[].target": Kind.GIVEN,
        "front[].weight_bits": Kind.GIVEN,
        "front[].activation_bits": Kind.GIVEN,
        **{f"front[].{name}": Kind.SIMULATED for name in SIMULATED},
        **{f"front[].{name}": Kind.ESTIMATED for name in ESTIMATED},
        **{f"front[].{name}": Kind.COUNTED for name in COUNTED},
        "verified.elements": Kind.COUNTED,
        "verified.mismatches": Kind.RTL,
        "verified.cycles_simulated": Kind.SIMULATED,
        "verified.cycles_rtl": Kind.RTL,
    }
    model: str
    technology: str
    objectives: tuple[str, ...]
    points: int
    """Distinct targets (clocks and bit widths told apart), those that cannot hold the network included."""
    refused: int
    left_out: int
    """Combinations of the space that are no target, or outside its bounds."""
    known_before: int
    """Points that an earlier run had made."""
    seconds: float
    points_per_minute: float | None
    """Of the points made in this run, each compiled anew, those of one machine at several clocks as one."""
    processor_seconds: float
    """That their making took on all processors together."""
    accuracy_frames: int
    """Frames that accuracy or deviation was measured on."""
    accuracy_from: str
    front: tuple[Point, ...]
    verified: BestVerified | None
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def tables(self) -> list[Table]:
        """The front, and what was proven of its first point."""
        columns = _shapes(self.front)
        columns |= {title: cells for title, cells in _figures(self.front).items() if set(cells) - {None}}
        rows = tuple(zip(*columns.values(), strict=True))
        title = f"{self.model}: front of {', '.join(self.objectives)}"
        table = Table(title, tuple(columns), rows[:SHOWN], "\n".join(self._lines()))
        return [table] if self.verified is None else [table, _verified_table(self.verified)]

    def _lines(self) -> list[str]:
        more = len(self.front) - SHOWN
        made = self.points - self.known_before
        told = f"{self.points} points ({self.refused} cannot hold the network, {self.known_before} known before)"
        rate = f": {self.points_per_minute:,.0f} points a minute" if self.points_per_minute else ""
        processor = f", {self.processor_seconds / made:.3f} s of a processor each" if made else ""
        common = {name: {point.target[name] for point in self.front} for name in VARIABLE}
        same = [f"{name} {value}" for name, (value, *others) in common.items() if not others] if self.front else []
        return [
            *([f"{more} more on the front."] if more > 0 else []),
            *([f"All have {', '.join(same)}."] if same else []),
            f"{told} in {self.seconds:.1f} s{rate}{processor}.",
            *self.notes,
            *(f"Written: {name}" for name in self.files),
        ]


def _shapes(points: tuple[Point, ...]) -> dict[str, list[Cell]]:
    """Columns for what tells the points' targets apart: pairs of sides in one column, sizes in binary kilobytes."""
    varies = [name for name in VARIABLE if len({point.target[name] for point in points}) > 1]
    columns: dict[str, list[Cell]] = {}
    for title, pair in {"tiles": ("tiles_x", "tiles_y"), "MACs a tile": ("lanes", "columns")}.items():
        if not set(pair).isdisjoint(varies):
            columns[title] = [" x ".join(str(point.target[name]) for name in pair) for point in points]
            varies = [name for name in varies if name not in pair]
    for name in varies:
        columns[name.replace("_", " ").removesuffix(" bytes")] = [_size(name, point.target[name]) for point in points]
    return columns


def _thousands(count: int | None) -> str | None:
    """A count of three digits.

    >>> _thousands(215_919), _thousands(980), _thousands(None)
    ('216 k', '980', None)
    """
    return None if count is None else (si(count, "") or "").strip()


def _size(name: str, value: Any) -> Cell:
    """Bytes with their unit, other settings as they are.

    >>> _size("map_bytes", 65536), _size("port_bytes", 16), _size("window_banks", 32)
    ('64 KB', '16 B', 32)
    """
    if not name.endswith("_bytes"):
        return cast(Cell, value)
    return f"{value} B" if value % 1024 else f"{value // 1024:,} KB"


def _figures(points: tuple[Point, ...]) -> dict[str, list[Cell]]:
    """Columns of the table; those that have nothing are left out."""
    clocks = {point.target["clock_hz"] for point in points}
    bits = [None if p.weight_bits is None else f"{p.weight_bits}/{p.activation_bits}" for p in points]
    return {
        "clock": [si(p.target["clock_hz"], "Hz") if len(clocks) > 1 else None for p in points],
        "bits": list(bits),
        "accuracy": [percent(p.accuracy) for p in points],
        "vs float": [None if p.snr_db is None else decibels(p.snr_db) for p in points],
        "cycles": [p.cycles for p in points],
        "frames/s": [f"{p.frames_per_s:,.0f}" for p in points],
        "busy": [percent(p.utilisation) for p in points],
        "energy": [si(p.energy_j, "J") for p in points],
        "MACs": [p.multipliers for p in points],
        "memory": [si((p.memory_bits or 0) / 8, "B") for p in points],
        "registers": [_thousands(p.register_bits_counted) or f"~{_thousands(p.register_bits)}" for p in points],
        "LUTs": [f"~{_thousands(p.luts)}" for p in points],
    }


def _verified_table(found: BestVerified) -> Table:
    rows = (
        ("program is the point's", found.program_equal, str(Kind.COUNTED)),
        ("elements compared with the integer reference", found.elements, str(Kind.COUNTED)),
        ("elements that differ", found.mismatches, str(Kind.RTL)),
        ("cycles of the point", found.cycles_simulated, str(Kind.SIMULATED)),
        ("cycles", found.cycles_rtl, str(Kind.RTL)),
        ("job traces equal", found.trace_equal, str(Kind.RTL)),
        ("stalls by cause equal", found.stalls_equal, str(Kind.RTL)),
    )
    verdict = "Proven on the RTL." if found.is_equal else "The RTL DIFFERS."
    return Table("the first of the front, on its RTL", ("", "value", "kind"), rows, verdict)


def explore(
    model: str | Path,
    *,
    space: str | Path | None = None,
    target: str | Path | None = None,
    budget: int = 400,
    objectives: tuple[str, ...] | None = None,
    output: str | Path | None = None,
    processes: int | None = None,
    scheduler: str | None = None,
    cached: bool = True,
    verify_best: bool = False,
    accuracy: Given | None = None,
    count_registers: bool = False,
    calibration: Given | None = None,
    technology: str | None = None,
    seed: int = 0,
    watch: Watch = unwatched,
) -> ExploreDocument:
    """Evaluate up to ``budget`` distinct targets of a space; write ``points.csv``, ``points.html`` and ``best.toml``.

    Parameters
    ----------
    space : file, see :mod:`tileloom.explore.space`; None: the default space around ``target``
    objectives : names of figures; the front has what no other point beats in all of them. None: :data:`OBJECTIVES`,
        and accuracy (else deviation) where the space has several bit widths
    output : folder for the files; None: none are written
    processes : on this machine; None: one a core. ``scheduler`` names a Dask cluster instead
    cached : whether points of earlier runs (also of broken-off ones) are taken over
    verify_best : run the front's first point on the RTL and compare; a difference is a problem of the document
    accuracy : held-out frames named like the inputs, and ``labels`` with the right class of each. Without them a zoo
        network takes its own, and another has only its deviation from float, on some of the calibration data
    count_registers : also count the register bits of the front's targets in their Verilog, seconds each

    Raises ``ModelError`` or ``TargetError``.
    """
    for name in objectives or ():
        if name not in DIRECTIONS:
            rule = f"an objective must be one of {', '.join(DIRECTIONS)}"
            raise refuse("TL413", "--objective", rule, name, "name one of them")
    if budget < 1:
        raise refuse("TL413", "--budget", "a budget must be at least one target", str(budget), "give 1 or more")
    if verify_best or count_registers:
        require_rtl()
    folder = None if output is None else Path(output)
    if folder is not None:
        make_folder(folder)
        require_writable(folder / "points.csv")
    argument = find(model)
    argument.network("explore")
    table = technology_of(technology)
    wanted = read_space(space, target)
    sample = read_sample(accuracy)
    candidates, left_out = wanted.candidates(budget, seed)
    if not candidates:
        raise refuse("TL413", str(space or "the space"), "some target must lie in it", "none", "widen its bounds")
    variants = make_variants(argument, candidates, calibration, sample, seed, watch)
    started = time.monotonic()
    found = _points(candidates, variants, table, processes, scheduler, cached, watch)
    seconds = time.monotonic() - started
    chosen = _objectives(objectives, found.points, several=len(wanted.widths) > 1)
    best = front(found.points, chosen)
    points = found.points
    if count_registers:
        counted = {id(old): new for old, new in zip(best, with_counted_registers(best, watch), strict=True)}
        best, points = list(counted.values()), [counted.get(id(point), point) for point in points]
    verified: BestVerified | None = None
    problems: tuple[Problem, ...] = ()
    if verify_best and best:
        first = next(i for i, point in enumerate(points) if point is best[0])
        verified, problems = _proven(best[0], variants[key_of(candidates[first])], seed, watch)
    files = write_files(folder, argument.name, points, best, chosen) if folder is not None else ()
    qualities = [variant.quality for variant in variants.values()]
    return ExploreDocument(
        problems=problems,
        model=argument.name,
        technology=table.name,
        objectives=chosen,
        points=len(points),
        refused=sum(bool(point.refused) for point in points),
        left_out=left_out,
        known_before=found.known,
        seconds=round(seconds, 3),
        points_per_minute=round(60 * found.compiled / seconds, 1) if found.compiled else None,
        processor_seconds=round(found.processor_s, 3),
        accuracy_frames=qualities[0].frames,
        accuracy_from=qualities[0].frames_from,
        front=tuple(best),
        verified=verified,
        files=files,
        notes=(
            *dict.fromkeys(quality.note for quality in qualities if quality.note),
            *_same(variants.values()),
            *([area_errors(best[0])] if best else []),
        ),
    )


_proven = verify_best
"""The function, where an option has its name."""


def _objectives(given: tuple[str, ...] | None, points: list[Point], *, several: bool) -> tuple[str, ...]:
    """The objectives; raises ``ModelError`` TL413 for one whose figure is not known."""
    known = known_figures(points)
    if given is None:
        quality = next((name for name in QUALITIES if name in known), None) if several else None
        return OBJECTIVES if quality is None else (*OBJECTIVES, quality)
    for name in given:
        if name not in known:
            rule = "an objective must be known of every point"
            raise refuse("TL413", "--objective", rule, name, "give --accuracy labelled.npz, or name another figure")
    return given


def _same(variants: Iterable[Variant]) -> list[str]:
    """Notes on bit widths that change nothing, because the network brings its own."""
    alike: dict[bytes, list[str]] = {}
    for variant in variants:
        alike.setdefault(pickle.dumps(variant.graph), []).append(str(variant.key[-1]))
    return [
        f"Bit widths {', '.join(names)} give one and the same integer network: it brings its own scales."
        for names in alike.values()
        if len(names) > 1
    ]


@dataclass(frozen=True)
class _Found:
    """All points in the order of their candidates."""

    points: list[Point]
    known: int
    compiled: int
    """Machines that were compiled for in this run."""
    processor_s: float


def _points(
    candidates: list[Candidate],
    variants: Mapping[Key, Variant],
    technology: Technology,
    processes: int | None,
    scheduler: str | None,
    cached: bool,
    watch: Watch,
) -> _Found:
    from tileloom.explore.store import Store
    from tileloom.explore.workers import Made, Task, here, on_cluster
    from tileloom.hw.build import cache_folder

    numbers = {key: number for number, key in enumerate(variants)}
    stores = {key: Store(cache_folder() / "explore", variant.graph, technology) for key, variant in variants.items()}
    keys = [key_of(candidate) for candidate in candidates]
    found: dict[int, Point] = {}
    tasks = []
    for number, (candidate, key) in enumerate(zip(candidates, keys, strict=True)):
        point = stores[key].get(candidate.target.to_dict()) if cached else None
        if point is not None:
            found[number] = point
        else:
            tasks.append(Task(number, numbers[key], candidate.target))
    known = len(found)
    watch("points", known, len(candidates))
    networks = {numbers[key]: (variant.graph, variant.macs) for key, variant in variants.items()}
    made: Iterator[Made] = iter(())
    if tasks and scheduler is not None:
        made = on_cluster(networks, technology, tasks, scheduler)
    elif tasks:
        made = here(networks, technology, tasks, min(processes or os.cpu_count() or 1, len(tasks)))
    processor_s = 0.0
    for each in made:
        stores[keys[each.number]].add(each.point)
        found[each.number] = each.point
        processor_s += each.processor_s
        watch("points", len(found), len(candidates))
    points = [
        _told(found[number], candidate, variants[key])
        for number, (candidate, key) in enumerate(zip(candidates, keys, strict=True))
    ]
    compiled = {(task.network, task.target.hash) for task in tasks}
    return _Found(points, known, len(compiled), processor_s)


def _told(point: Point, candidate: Candidate, variant: Variant) -> Point:
    """The point with what belongs to the network."""
    if point.refused:
        return point
    widths, quality = candidate.widths, variant.quality
    return replace(
        point,
        weight_bits=widths.weights if widths else None,
        activation_bits=widths.activations if widths else None,
        accuracy=quality.accuracy,
        snr_db=quality.snr_db,
    )
