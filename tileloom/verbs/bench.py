"""``bench``: the zoo networks on the shipped targets, beside the goals that the project has set itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.compilation import Compiled, compile_quantised, quantise_model
from tileloom.compiler.problems import ModelError
from tileloom.document import Document, Kind
from tileloom.engine_name import EngineName
from tileloom.engines import rtl_engine, run_cycle, run_rtl
from tileloom.frames import frames_for
from tileloom.hw.spec.config import Target, load_target, presets
from tileloom.model_argument import ModelArgument, find
from tileloom.progress import Watch, unwatched
from tileloom.tables import Table, percent
from tileloom.verbs.targets import on_chip_bytes

GOALS: Mapping[tuple[str, str], int] = {("lenet5", "mac25"): 40_000}
"""Most cycles of one isolated frame, by network and target."""


@dataclass(frozen=True)
class BenchRow:
    """One network on one target; ``value`` is MACs / (cycles * peak), ``goal`` the same at the most cycles allowed."""

    network: str
    target: str
    macs: int
    bytes_per_cycle: int
    memory_kb: float
    cycles: int
    value: float
    goal: float | None
    reached: bool | None


@dataclass(frozen=True, kw_only=True)
class BenchDocument(Document):
    """One row for each network and target."""

    command: ClassVar[str] = "bench"
    table: ClassVar[Mapping[str, Kind]] = {
        "rows[].macs": Kind.COUNTED,
        "rows[].bytes_per_cycle": Kind.GIVEN,
        "rows[].memory_kb": Kind.COUNTED,
        "rows[].cycles": Kind.SIMULATED,
        "rows[].value": Kind.SIMULATED,
        "rows[].goal": Kind.GIVEN,
    }
    engine: EngineName
    rows: tuple[BenchRow, ...]
    notes: tuple[str, ...] = ()

    def tables(self) -> list[Table]:
        """The rows."""
        columns = ("network", "target", "MACs", "bytes/cycle", "memory KB", "cycles", "utilisation", "goal", "reached")
        rows = tuple(
            (
                row.network,
                row.target,
                row.macs,
                row.bytes_per_cycle,
                round(row.memory_kb, 1),
                row.cycles,
                percent(row.value),
                percent(row.goal),
                row.reached,
            )
            for row in self.rows
        )
        title = f"one isolated frame, program and weights fetched in it ({self.kinds['rows[].cycles']})"
        return [Table(title, columns, rows, "\n".join(self.notes))]


def bench(
    model: str | Path | None = None,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    seed: int = 0,
    watch: Watch = unwatched,
) -> BenchDocument:
    """Cycles of ``model`` (None: every zoo network) on ``target`` (None: every preset) by the cycle or RTL engine.

    A target that is too small for a network has a note instead of a row. Raises ``ModelError`` and ``TargetError``.
    """
    from tileloom.models.zoo import MODELS

    chosen = EngineName(engine) if engine else EngineName.CYCLE
    targets = [load_target(name) for name in ([target] if target is not None else presets())]
    rows, notes = [], []
    for name in [model] if model is not None else [zoo.name for zoo in MODELS]:
        argument = find(name)
        argument.network("bench")
        for machine in targets:
            quantised = quantise_model(argument, machine, None, None, seed, watch)
            try:
                program = compile_quantised(quantised, machine, watch=watch)
            except ModelError as error:
                notes.append(str(error))
                continue
            made = Compiled(program, quantised)
            rows.append(_row(argument.name, machine, made, _cycles(made, argument, chosen, seed, watch)))
    hardware = {"rows[].cycles": Kind.RTL, "rows[].value": Kind.RTL} if chosen is EngineName.RTL else {}
    return BenchDocument(changed_kinds=hardware, engine=chosen, rows=tuple(rows), notes=tuple(notes))


def _cycles(made: Compiled, argument: ModelArgument, engine: EngineName, seed: int, watch: Watch) -> int:
    if engine is not EngineName.RTL:
        return run_cycle(made.program, watch=watch).frames[0].cycles
    data = frames_for(made.inputs, None, 1, seed, argument)
    machine = rtl_engine(made.program.target, watch=watch)
    return run_rtl(machine, made.program, data.codes, watch=watch).frames[0].cycles


def _row(network: str, target: Target, made: Compiled, cycles: int) -> BenchRow:
    macs = int(made.program.information["macs"])
    most = GOALS.get((network, target.name))
    value = macs / (cycles * target.macs_per_cycle)
    goal = macs / (most * target.macs_per_cycle) if most else None
    memory_kb = on_chip_bytes(target) / 1024
    reached = None if most is None else cycles <= most
    return BenchRow(network, target.name, macs, target.port_bytes, memory_kb, cycles, value, goal, reached)
