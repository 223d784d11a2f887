"""``bench``: the table of utilisations beside its goals and the figures of others, or any network on any target."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.bench.goals import GOALS, Goal, Peer, machine, multipliers
from tileloom.bench.measure import Share, measure, share
from tileloom.bench.networks import weights_of
from tileloom.compilation import compile_quantised, quantise_model
from tileloom.compiler.problems import ModelError
from tileloom.document import Document, Kind
from tileloom.engine_name import EngineName
from tileloom.engines import rtl_engine, run_cycle, run_rtl, showing_engine
from tileloom.frames import frames_for
from tileloom.hw.spec.config import Target, TargetError, presets
from tileloom.model_argument import find
from tileloom.progress import Watch, unwatched
from tileloom.tables import Cell, Table, percent
from tileloom.verbs.targets import on_chip_bytes

CAUSES = 1
"""Causes of lost cycles that the table shows of a row; JSON has them all."""
NOT_WORKING = "the multipliers of requantiser, nonlinearity, add and pool do no MACs and are not counted"


@dataclass(frozen=True)
class BenchLayer:
    """One layer: its cycles, its share of the MACs that the machine could do, and the shares it loses."""

    name: str
    op: str
    mapping: str
    cycles: int
    value: float
    lost: dict[str, float]

    def cells(self, row: "BenchRow") -> tuple[Cell, ...]:
        """The layer as the table of ``row`` shows it."""
        lost = _most(self.lost)
        return row.network, row.target, self.name, self.cycles, percent(self.value), lost, self.mapping


@dataclass(frozen=True)
class BenchRow:
    """One network on one target; ``value`` is macs / (cycles * macs_per_cycle), ``goal`` what it must at least be.

    ``roofline_efficiency`` is the larger of what the multipliers and the port need at least, divided by the cycles.
    ``lost`` tells by cause what is missing in ``value``; ``other_multipliers`` are those that do no MACs, by unit.
    """

    network: str
    weights: str
    target: str
    macs: int
    macs_per_cycle: int
    other_multipliers: dict[str, int]
    bytes_per_cycle: int
    memory_kb: float
    cycles: int
    value: float
    goal: float | None
    reached: bool | None
    roofline_efficiency: float
    convolutions_only: bool
    lost: dict[str, float]
    peers: tuple[Peer, ...]
    layers: tuple[BenchLayer, ...]

    def cells(self) -> tuple[Cell, ...]:
        """The row as the table shows it."""
        best = max(self.peers, key=lambda peer: peer.value, default=None)
        return (
            self.network,
            self.target,
            self.macs_per_cycle,
            self.bytes_per_cycle,
            round(self.memory_kb),
            self.cycles,
            percent(self.value),
            percent(self.goal),
            self.reached,
            percent(self.roofline_efficiency),
            None if best is None else f"{best.name} {percent(best.value)} {best.kind}",
            _most(self.lost),
        )


COLUMNS = (
    *("network", "target", "MACs/cycle", "bytes/cycle", "memory KB", "cycles", "utilisation", "goal", "reached"),
    *("of roofline", "best peer", "lost most to"),
)
LAYER_COLUMNS = ("network", "target", "layer", "cycles", "of all MACs", "lost most to", "mapping")


@dataclass(frozen=True, kw_only=True)
class BenchDocument(Document):
    """One row for each network and target."""

    command: ClassVar[str] = "bench"
    table: ClassVar[Mapping[str, Kind]] = {
        "rows[].macs": Kind.COUNTED,
        "rows[].macs_per_cycle": Kind.COUNTED,
        "rows[].other_multipliers": Kind.COUNTED,
        "rows[].bytes_per_cycle": Kind.GIVEN,
        "rows[].memory_kb": Kind.COUNTED,
        "rows[].cycles": Kind.SIMULATED,
        "rows[].value": Kind.SIMULATED,
        "rows[].goal": Kind.GIVEN,
        "rows[].roofline_efficiency": Kind.SIMULATED,
        "rows[].lost": Kind.SIMULATED,
        "rows[].peers[].value": Kind.GIVEN,
        "rows[].layers[].cycles": Kind.SIMULATED,
        "rows[].layers[].value": Kind.SIMULATED,
        "rows[].layers[].lost": Kind.SIMULATED,
    }
    engine: EngineName
    rows: tuple[BenchRow, ...]
    notes: tuple[str, ...] = ()

    def tables(self) -> list[Table]:
        """The rows, and their layers where they were asked for."""
        kind = self.kinds["rows[].cycles"]
        title = f"one isolated frame, program and weights fetched in it, batch 1 ({kind})"
        found = [Table(title, COLUMNS, tuple(row.cells() for row in self.rows), "\n".join((*self.notes, NOT_WORKING)))]
        if any(row.layers for row in self.rows):
            layers = tuple(layer.cells(row) for row in self.rows for layer in row.layers)
            found.append(Table(f"layer by layer ({kind})", LAYER_COLUMNS, layers))
        return found


def bench(
    model: str | Path | None = None,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    effort: int = 0,
    layers: bool = False,
    seed: int = 0,
    watch: Watch = unwatched,
) -> BenchDocument:
    """The rows of the table for ``model`` and ``target`` (None: all of them), by the cycle or RTL engine.

    A model or target that the table does not have is measured all the same: the model on ``target``, or on all presets.
    Raises ``ModelError`` and ``TargetError``.
    """
    chosen = showing_engine(engine)
    goals = [goal for goal in GOALS if str(model or goal.network) == goal.network]
    goals = [goal for goal in goals if str(target or goal.target) == goal.target]
    if goals or model is None:
        if not goals:
            names = ", ".join(sorted({goal.target for goal in GOALS}))
            raise TargetError(f"bench has no row on target {target}; name a model, or one of the targets {names}")
        rows, notes = [], []
        for number, goal in enumerate(goals):
            watch(f"{number + 1} of {len(goals)}: {goal.name}", number, len(goals))
            try:
                rows.append(_row(goal, machine(goal.target), measure(goal, effort, chosen, watch), layers=layers))
            except ModelError as error:
                notes.append(f"{goal.name}: {error}")
    else:
        rows, notes = _others(model, target, chosen, seed, watch, effort=effort, layers=layers)
    timed = [path for path in BenchDocument.table if path.endswith((".cycles", ".value", "efficiency"))]
    hardware = {path: Kind.RTL for path in timed if "peers" not in path and "layers" not in path}
    return BenchDocument(
        changed_kinds=hardware if chosen is EngineName.RTL else {}, engine=chosen, rows=tuple(rows), notes=tuple(notes)
    )


def _others(
    model: str | Path,
    target: str | Path | None,
    engine: EngineName,
    seed: int,
    watch: Watch,
    *,
    effort: int,
    layers: bool,
) -> tuple[list[BenchRow], list[str]]:
    """A model on a target, or on all presets; a target that is too small for it has a note instead of a row."""
    argument = find(model)
    argument.network("bench")
    rows, notes = [], []
    for name in [str(target)] if target is not None else presets():
        wanted = machine(name)
        quantised = quantise_model(argument, wanted, None, None, seed, watch)
        try:
            program = compile_quantised(quantised, wanted, watch=watch, effort=effort)
        except ModelError as error:
            notes.append(str(error))
            continue
        counted = run_cycle(program, watch=watch).frames[0]
        timed = counted
        if engine is EngineName.RTL:
            inputs = [quantised.graph.tensors[name] for name in quantised.graph.inputs]
            data = frames_for(inputs, None, 1, seed, argument)
            timed = run_rtl(rtl_engine(wanted, watch=watch), program, data.codes, watch=watch).frames[0]
        found = share(program, quantised.graph, timed, counted, engine=engine)
        rows.append(_row(Goal(argument.name, wanted.name), wanted, found, layers=layers))
    return rows, notes


def _row(goal: Goal, target: Target, found: Share, *, layers: bool) -> BenchRow:
    peak = target.macs_per_cycle
    wanted = goal.value or (found.macs / (goal.cycles * peak) if goal.cycles else None)
    shown = [layer for layer in found.layers if layers]
    return BenchRow(
        network=goal.network,
        weights=weights_of(goal.network),
        target=target.name,
        macs=found.macs,
        macs_per_cycle=peak,
        other_multipliers={unit: count for unit, count in multipliers(target).items() if unit != "mac_array"},
        bytes_per_cycle=target.port_bytes,
        memory_kb=on_chip_bytes(target) / 1024,
        cycles=found.cycles,
        value=found.value,
        goal=wanted,
        reached=None if wanted is None else found.value >= wanted,
        roofline_efficiency=found.least_cycles / found.cycles,
        convolutions_only=goal.convolutions,
        lost=found.lost,
        peers=goal.peers,
        layers=tuple(BenchLayer(**vars(layer)) for layer in shown),
    )


def _most(lost: Mapping[str, float]) -> str:
    return ", ".join(f"{cause} {percent(part)}" for cause, part in list(lost.items())[:CAUSES])
