"""A row of the table: one isolated frame, from the start write to done, and what kept the multipliers from work."""

from dataclasses import asdict, dataclass, field

import numpy as np

from tileloom.bench.goals import Goal, machine
from tileloom.bench.networks import integer_graph
from tileloom.compilation import least_bytes
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Conv2d, IntegerGraph
from tileloom.engine_name import EngineName
from tileloom.engines import rtl_engine, run_cycle, run_rtl
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, Program, code_type
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import FrameTiming
from tileloom.layer_figures import layer_ends, stalls_between
from tileloom.progress import Watch, unwatched
from tileloom.sim.cycle.counts import Counts, count_events


@dataclass(frozen=True)
class LayerShare:
    """One layer: its cycles, its share of the MACs that the machine could do, and what it loses to each cause."""

    name: str
    op: str
    mapping: str
    cycles: int
    value: float
    lost: dict[str, float]


@dataclass(frozen=True)
class Share:
    """What became of the MACs that a machine could have done in a frame; ``value`` and ``lost`` sum to 1.

    ``lost`` is told by cause: ``packing`` is what the steps leave of the array, ``constants`` and ``idle`` are cycles
    within a unit, all others are stalls by the hardware's own causes. ``least_cycles`` is the larger of what the
    multipliers and what the memory port need for the frame; both count whole networks.
    """

    macs: int
    cycles: int
    value: float
    least_cycles: float
    lost: dict[str, float]
    layers: list[LayerShare] = field(repr=False)
    engine: EngineName = EngineName.CYCLE


def measure(goal: Goal, effort: int = 0, engine: EngineName = EngineName.CYCLE, watch: Watch = unwatched) -> Share:
    """Compile and run one row; on the RTL with random data."""
    watch(f"{goal.name}: quantising and compiling", 0, 0)
    graph, target = integer_graph(goal.network), machine(goal.target)
    program = compile_graph(graph, target, effort=effort)
    counted = run_cycle(program, watch=watch).frames[0]
    timed = counted
    if engine is EngineName.RTL:
        timed = run_rtl(rtl_engine(target, watch=watch), program, random_codes(graph), watch=watch).frames[0]
    return share(program, graph, timed, counted, convolutions=goal.convolutions, engine=engine)


def share(
    program: Program,
    graph: IntegerGraph,
    timed: FrameTiming,
    counted: FrameTiming,
    *,
    convolutions: bool = False,
    engine: EngineName = EngineName.CYCLE,
) -> Share:
    """The figures of a frame: cycles are those of ``timed``, the time of stalls that of the cycle simulator.

    With ``convolutions`` only the cycles of layers with a convolution count.
    """
    target = program.target
    macs = sum(graph.macs(operator) for operator in graph.operators if isinstance(operator, Conv2d))
    ends = layer_ends(program, timed)
    events, between = count_events(program.instructions, target), stalls_between(layer_ends(program, counted), counted)
    chosen = [not convolutions or job.macs > 0 for job in program.jobs]
    spans = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    cycles = sum(span for span, taken in zip(spans, chosen, strict=True) if taken)
    slots = cycles * target.macs_per_cycle
    layers, total = [], dict[str, int]()
    for job, span, stalled, taken in zip(program.jobs, spans, between, chosen, strict=True):
        if not taken:
            continue
        lost = _lost(events[job.tag], stalled, job.macs, target)
        for cause, amount in lost.items():
            total[cause] = total.get(cause, 0) + amount
        layers.append(LayerShare(job.name, job.op, job.mapping, span, job.macs / slots, _shares(lost, slots)))
    if not convolutions:
        total = _lost(_all(list(events.values())), _stalls(counted), macs, target)
    port = sum(least_bytes(graph).values()) * target.element_bytes / target.port_bytes
    least = max(macs / target.macs_per_cycle, port)
    return Share(macs, cycles, macs / slots, least, _shares(total, slots), layers, engine)


def random_codes(graph: IntegerGraph) -> dict[str, Codes]:
    """One frame of random codes for every input."""
    random, found = np.random.default_rng(1), {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        codes = random.integers(tensor.low, tensor.high + 1, (1, tensor.channels, tensor.height, tensor.width))
        found[name] = codes.astype(code_type(2 if tensor.high > 127 else 1))
    return found


def _all(counts: list[Counts]) -> Counts:
    return Counts(**{name: sum(asdict(of_tag)[name] for of_tag in counts) for name in asdict(Counts())})


def _stalls(frame: FrameTiming) -> dict[str, int]:
    stalls: dict[str, int] = {}
    for of_tile in frame.stalls:
        for cause, cycles in of_tile.items():
            if cause is not Cause.RUN:
                stalls[cause.name.lower()] = stalls.get(cause.name.lower(), 0) + cycles
    return stalls


def _lost(counts: Counts, stalls: dict[str, int], macs: int, target: Target) -> dict[str, int]:
    """MACs that were not done, by cause."""
    array = target.lanes * target.columns
    return {
        "packing": counts.active_steps * array - macs,
        "constants": counts.constant_words * array,
        "idle": counts.idle_cycles * array,
        **{cause: cycles * array for cause, cycles in stalls.items()},
    }


def _shares(lost: dict[str, int], slots: int) -> dict[str, float]:
    ordered = sorted(lost.items(), key=lambda item: -item[1])
    return {cause: amount / slots for cause, amount in ordered if amount}
