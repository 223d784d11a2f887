"""``explore``: a network on many targets, each compiled anew and simulated exactly; the best of them as a front."""

import csv as csv_file
import io
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import macs as macs_of
from tileloom.compilation import quantise_model
from tileloom.document import Document, Kind
from tileloom.engines import require_rtl
from tileloom.explore.point import DIRECTIONS, VARIABLE, Point, front
from tileloom.explore.space import read_space
from tileloom.files import make_folder, require_writable, write
from tileloom.frames import Given, arrays_of
from tileloom.hw.spec.config import Target, target_from_dict
from tileloom.model_argument import find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.tables import Table, percent, si

if TYPE_CHECKING:
    from tileloom.compiler.graph import IntegerGraph
    from tileloom.verbs.verify import VerifyDocument

SIMULATED = ("cycles", "latency_s", "frames_per_s", "utilisation")
ESTIMATED = ("energy_j", "power_w")
COUNTED = ("multipliers", "memory_bits")
OBJECTIVES = ("frames_per_s", "energy_j", "multipliers")
SHOWN = 30
"""Rows of the front in the terminal; the files have all."""


@dataclass(frozen=True)
class BestVerified:
    """The first point of the front, run on the RTL."""

    target_hash: str
    mismatches: int | None
    cycles_simulated: int | None
    cycles_rtl: int | None
    trace_equal: bool | None


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
        "front[].target": Kind.GIVEN,
        **{f"front[].{name}": Kind.SIMULATED for name in SIMULATED},
        **{f"front[].{name}": Kind.ESTIMATED for name in ESTIMATED},
        **{f"front[].{name}": Kind.COUNTED for name in COUNTED},
        "verified.mismatches": Kind.RTL,
        "verified.cycles_simulated": Kind.SIMULATED,
        "verified.cycles_rtl": Kind.RTL,
    }
    model: str
    objectives: tuple[str, ...]
    points: int
    """Distinct targets, those that cannot hold the network included."""
    refused: int
    left_out: int
    """Combinations of the space that are no target, or outside its bounds."""
    known_before: int
    """Points that an earlier run had made."""
    seconds: float
    points_per_minute: float | None
    """Of the points made in this run."""
    front: tuple[Point, ...]
    verified: BestVerified | None
    files: tuple[str, ...]

    def tables(self) -> list[Table]:
        """The front."""
        columns = (*VARIABLE, "cycles", "frames/s", "utilisation", "energy", "multipliers", "memory")
        rows = tuple(
            (
                *(point.target[name] for name in VARIABLE),
                point.cycles,
                f"{point.frames_per_s:,.0f}",
                percent(point.utilisation),
                si(point.energy_j, "J"),
                point.multipliers,
                si((point.memory_bits or 0) / 8, "B"),
            )
            for point in self.front[:SHOWN]
        )
        rate = f", {self.points_per_minute:,.0f} points a minute" if self.points_per_minute else ""
        note = f"{self.points} points ({self.refused} cannot hold the network, {self.known_before} known before)"
        lines = [f"{note} in {self.seconds:.1f} s{rate}.", *(f"Written: {name}" for name in self.files)]
        if len(self.front) > SHOWN:
            lines.insert(0, f"{len(self.front) - SHOWN} more on the front.")
        if self.verified is not None:
            checked = self.verified
            lines.append(
                f"The first, on the RTL: {checked.mismatches} mismatches, {checked.cycles_rtl} cycles "
                f"(simulated {checked.cycles_simulated}), traces {'equal' if checked.trace_equal else 'DIFFER'}."
            )
        title = f"{self.model}: front of {', '.join(self.objectives)}"
        return [Table(title, tuple(name.replace("_", " ") for name in columns), rows, "\n".join(lines))]


def explore(
    model: str | Path,
    *,
    space: str | Path | None = None,
    target: str | Path | None = None,
    budget: int = 400,
    objectives: tuple[str, ...] = OBJECTIVES,
    output: str | Path | None = None,
    processes: int | None = None,
    scheduler: str | None = None,
    cached: bool = True,
    verify_best: bool = False,
    calibration: Given | None = None,
    seed: int = 0,
    watch: Watch = unwatched,
) -> ExploreDocument:
    """Evaluate up to ``budget`` distinct targets of a space; write ``points.csv``, ``points.html`` and ``best.toml``.

    Parameters
    ----------
    space : file, see :mod:`tileloom.explore.space`; None: the default space around ``target``
    objectives : names of figures; the front has what no other point beats in all of them
    output : folder for the files; None: none are written
    processes : on this machine; None: one a core. ``scheduler`` names a Dask cluster instead
    cached : whether points of earlier runs (also of broken-off ones) are taken over
    verify_best : run the front's first point on the RTL and compare

    Raises ``ModelError`` or ``TargetError``.
    """
    for name in objectives:
        if name not in DIRECTIONS:
            rule = f"an objective must be one of {', '.join(DIRECTIONS)}"
            raise refuse("TL413", "--objective", rule, name, "name one of them")
    if verify_best:
        require_rtl()
    folder = None if output is None else Path(output)
    if folder is not None:
        make_folder(folder)
        require_writable(folder / "points.csv")
    argument = find(model)
    argument.network("explore")
    wanted = read_space(space, target)
    targets, left_out = wanted.targets(budget, seed)
    if not targets:
        raise refuse("TL413", str(space or "the space"), "some target must lie in it", "none", "widen its bounds")
    quantised = quantise_model(argument, wanted.base, arrays_of(calibration), None, seed, watch)
    started = time.monotonic()
    points, known = _points(quantised.graph, targets, processes, scheduler, cached, watch)
    seconds = time.monotonic() - started
    best = front(points, objectives)
    verified = _verified(argument.name, best[0], model, calibration, seed, watch) if verify_best and best else None
    files = _write(folder, argument.name, points, best, objectives) if folder is not None else ()
    made = len(points) - known
    return ExploreDocument(
        model=argument.name,
        objectives=objectives,
        points=len(points),
        refused=sum(bool(point.refused) for point in points),
        left_out=left_out,
        known_before=known,
        seconds=round(seconds, 3),
        points_per_minute=round(60 * made / seconds, 1) if made else None,
        front=tuple(best),
        verified=verified,
        files=files,
    )


def _points(
    graph: "IntegerGraph",
    targets: list[Target],
    processes: int | None,
    scheduler: str | None,
    cached: bool,
    watch: Watch,
) -> tuple[list[Point], int]:
    """All points in the order of their targets, and how many were known."""
    from tileloom.explore.store import Store
    from tileloom.explore.workers import here, on_cluster
    from tileloom.hw.build import cache_folder

    store = Store(cache_folder() / "explore", graph)
    found = {target.hash: store.get(target.to_dict()) for target in targets} if cached else {}
    missing = [target for target in targets if found.get(target.hash) is None]
    known = len(targets) - len(missing)
    watch("points", known, len(targets))
    made: Iterator[Point] = iter(())
    count = processes or os.cpu_count() or 1
    if missing and scheduler is not None:
        made = on_cluster(graph, macs_of(graph), missing, scheduler)
    elif missing:
        made = here(graph, macs_of(graph), missing, min(count, len(missing)))
    for number, point in enumerate(made, known + 1):
        store.add(point)
        found[int(point.target_hash, 16)] = point
        watch("points", number, len(targets))
    points = [found[target.hash] for target in targets]
    return [point for point in points if point is not None], known


def _verified(
    name: str, best: Point, model: str | Path, calibration: Given | None, seed: int, watch: Watch
) -> BestVerified:
    import tempfile

    from tileloom.verbs.verify import verify

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.toml"
        path.write_text(target_toml(best), encoding="utf-8")
        done: VerifyDocument = verify(
            model, target=path, engine="rtl", frames=1, calibration=calibration, seed=seed, watch=watch
        )
    return BestVerified(best.target_hash, done.mismatches, done.cycles_simulated, done.cycles_rtl, done.trace_equal)


def target_toml(point: Point) -> str:
    """The target of a point as a file that ``--target`` takes."""
    fields = {name: value for name, value in point.target.items() if name not in ("name", "memory")}
    lines = [f"{name} = {str(value).lower() if isinstance(value, bool) else value}" for name, value in fields.items()]
    memory = [f"{name} = {value}" for name, value in point.target["memory"].items()]
    target_from_dict(dict(point.target))
    return "\n".join([*lines, "", "[memory]", *memory, ""])


def _write(
    folder: Path, model: str, points: list[Point], best: list[Point], objectives: tuple[str, ...]
) -> tuple[str, ...]:
    from tileloom.explore.plot import plot

    files = {
        folder / "points.csv": points_csv(points, best),
        folder / "points.html": plot(model, points, best, objectives),
    }
    if best:
        files[folder / "best.toml"] = target_toml(best[0])
    for path, content in files.items():
        write(path, content)
    return tuple(str(path) for path in files)


def points_csv(points: list[Point], best: list[Point]) -> str:
    """Every point on a line: its target's fields, its figures, whether it is on the front, why it was refused."""
    hashes = {point.target_hash for point in best}
    varying = [name for name in points[0].target if name not in ("name", "memory")]
    figures = (*SIMULATED, *ESTIMATED, *COUNTED)
    file = io.StringIO()
    writer = csv_file.writer(file, lineterminator="\n")
    writer.writerow(("target_hash", *varying, *figures, "front", "refused", "program_hash"))
    for point in points:
        values = ["" if getattr(point, name) is None else getattr(point, name) for name in figures]
        fields = [point.target[name] for name in varying]
        writer.writerow(
            (point.target_hash, *fields, *values, int(point.target_hash in hashes), point.refused, point.program_hash)
        )
    return file.getvalue()
