"""How busy the machines are: ``python -m benchmarks.utilisation`` prints each row's utilisation beside its goal.

Value = MACs / (cycles * MACs per cycle): one isolated frame from the start write to done, program and weights fetched
in it, every layer included, by the cycle simulator (which is cycle-equal to the RTL).
The targets are those of ``hw/spec/targets/bench``.

What is lost is printed too, as a share of all MACs that the machine could have done: every cycle of every tile is a
step, a constants or idle cycle within a unit, or a stall by one cause; ``packing`` is what the steps leave unused.
``--layers`` tells it layer by layer. Networks of a folder of cases (``TILELOOM_CASES``) are left out where it is not
there.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from benchmarks.shapes import filter_bank, mobilenet, scene_parser, vgg_small
from tileloom.compilation import quantise_model
from tileloom.compiler import frontend
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Conv2d, IntegerGraph
from tileloom.compiler.problems import ModelError
from tileloom.hw.spec.config import PRESETS, Target, load_target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Cause
from tileloom.layer_figures import layer_ends, stalls_between
from tileloom.model_argument import find
from tileloom.sim.cycle.counts import Counts, count_events
from tileloom.sim.cycle.simulate import simulate
from tileloom.verbs.targets import on_chip_bytes

CASES = Path(os.environ.get("TILELOOM_CASES", Path(__file__).resolve().parents[2] / "shared" / "cases"))


@dataclass(frozen=True)
class Goal:
    """A row of the table: at least ``value``, or at most ``cycles``."""

    network: str
    target: str
    value: float = 0.0
    cycles: int = 0


GOALS = (
    Goal("resnet8", "mac9", 0.93),
    Goal("resnet8", "mac36", 0.93),
    Goal("resnet8", "mac144", 0.90),
    Goal("dscnn", "mac64", 0.74),
    Goal("dscnn", "mac128", 0.70),
    Goal("dscnn", "mac256", 0.66),
    Goal("mobilenet", "mac64", 0.70),
    Goal("mobilenet", "mac128", 0.66),
    Goal("mobilenet", "mac256", 0.56),
    Goal("lenet5", "mac25", cycles=24_000),
    Goal("lenet5", "mac100", cycles=6_000),
    Goal("vgg_small", "mac144", 0.92),
    Goal("scene_parser", "mac400", 0.96),
    Goal("filter_bank", "mac400"),
    Goal("digits_modern", "default"),
)


@dataclass(frozen=True)
class Layer:
    """One layer: its cycles, its share of the MACs that the machine could do, and what it loses to each cause."""

    name: str
    op: str
    mapping: str
    cycles: int
    value: float
    lost: dict[str, float]


@dataclass(frozen=True)
class Row:
    """One network on one target; ``lost`` are shares by cause, which with ``value`` sum to 1."""

    network: str
    target: str
    macs: int
    bytes_per_cycle: int
    memory_kb: float
    cycles: int
    value: float
    goal: float | None
    reached: bool | None
    lost: dict[str, float]
    layers: list[Layer] = field(repr=False)


def _case(folder: str, file: str) -> Callable[[], IntegerGraph]:
    def read() -> IntegerGraph:
        return frontend.quantise(frontend.read_model(CASES / folder / file))

    return read


def _zoo(name: str) -> Callable[[], IntegerGraph]:
    return lambda: quantise_model(find(name), load_target("default"), None, None, seed=0).graph


NETWORKS: dict[str, Callable[[], IntegerGraph]] = {
    "resnet8": _case("cifar_resnet8", "resnet8_int8_qdq.onnx"),
    "dscnn": _case("kws_dscnn", "kws_dscnn_int8_qdq.onnx"),
    "mobilenet": lambda: frontend.quantise(frontend.take_model(mobilenet())),
    "lenet5": _zoo("lenet5"),
    "vgg_small": lambda: frontend.quantise(frontend.take_model(vgg_small())),
    "digits_modern": _zoo("digits_modern"),
    "scene_parser": lambda: frontend.quantise(frontend.take_model(scene_parser()), bits=16),
    "filter_bank": lambda: frontend.quantise(frontend.take_model(filter_bank()), bits=16),
}


@cache
def network(name: str) -> IntegerGraph:
    """The integer graph of a network of the table."""
    return NETWORKS[name]()


def target(name: str) -> Target:
    """A target of the table, or a preset."""
    path = PRESETS / "bench" / f"{name}.toml"
    return load_target(path if path.exists() else name)


def measure(goal: Goal, effort: int = 0) -> Row:
    """Compile and simulate one row."""
    graph, machine = network(goal.network), target(goal.target)
    program = compile_graph(graph, machine, effort=effort)
    macs = sum(graph.macs(operator) for operator in graph.operators if isinstance(operator, Conv2d))
    return row(program, macs, goal)


def row(program: Program, macs: int, goal: Goal) -> Row:
    """The figures of a compiled network."""
    machine = program.target
    frame = simulate(program).frames[0]
    slots = frame.cycles * machine.macs_per_cycle
    stalls: dict[str, int] = {}
    for of_tile in frame.stalls:
        for cause, cycles in of_tile.items():
            if cause is not Cause.RUN:
                stalls[cause.name.lower()] = stalls.get(cause.name.lower(), 0) + cycles
    events = count_events(program.instructions, machine)
    ends = layer_ends(program, frame)
    total = Counts(
        **{name: sum(asdict(counts)[name] for counts in events.values()) for name in asdict(Counts())},
    )
    between = stalls_between(ends, frame)
    layers, start = [], 0
    for job, end, stalled in zip(program.jobs, ends, between, strict=True):
        cycles, start = end - start, end
        lost = _lost(events[job.tag], stalled, job.macs, machine)
        layers.append(Layer(job.name, job.op, job.mapping, cycles, job.macs / slots, _shares(lost, slots)))
    value = macs / slots
    wanted = goal.value or (macs / (goal.cycles * machine.macs_per_cycle) if goal.cycles else None)
    return Row(
        goal.network,
        machine.name,
        macs,
        machine.port_bytes,
        on_chip_bytes(machine) / 1024,
        frame.cycles,
        value,
        wanted,
        None if wanted is None else value >= wanted,
        _shares(_lost(total, stalls, macs, machine), slots),
        layers,
    )


def _lost(counts: Counts, stalls: dict[str, int], macs: int, machine: Target) -> dict[str, int]:
    """MACs that were not done, by cause."""
    array = machine.lanes * machine.columns
    return {
        "packing": counts.active_steps * array - macs,
        "constants": counts.constant_words * array,
        "idle": counts.idle_cycles * array,
        **{cause: cycles * array for cause, cycles in stalls.items()},
    }


def _shares(lost: dict[str, int], slots: int) -> dict[str, float]:
    ordered = sorted(lost.items(), key=lambda item: -item[1])
    return {cause: amount / slots for cause, amount in ordered if amount}


def _text(lost: dict[str, float], most: int) -> str:
    return ", ".join(f"{cause} {share:.3f}" for cause, share in list(lost.items())[:most] if share >= 0.0005)


def print_row(found: Row, *, layers: bool) -> None:
    """One line, and with ``layers`` one for each layer."""
    wanted = "" if found.goal is None else f"goal {found.goal:.3f} {'reached' if found.reached else 'MISSED'}"
    print(
        f"{found.network:14} {found.target:8} {found.memory_kb:5.0f} KB {found.cycles:9,} cycles "
        f"{found.value:.3f} {wanted:21} lost: {_text(found.lost, 8 if layers else 3)}"
    )
    for layer in found.layers if layers else []:
        print(f"    {layer.cycles:8,} {layer.value:.3f} {layer.op[:24]:24} {layer.mapping}")
        print(f"    {'':14} lost: {_text(layer.lost, 6)}")


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--network", help="only rows of this network")
    parser.add_argument("--target", help="only rows of this target; with --network, any target or TOML file")
    parser.add_argument("--effort", type=int, default=0, help="mappings of each layer to try besides the best estimate")
    parser.add_argument("--layers", action="store_true", help="layer by layer")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = [
        goal for goal in GOALS if options.network in (None, goal.network) and options.target in (None, goal.target)
    ]
    if not chosen and options.network and options.target:
        chosen = [Goal(options.network, options.target)]
    rows = []
    for goal in chosen:
        try:
            rows.append(measure(goal, options.effort))
        except (ModelError, OSError) as error:
            print(f"{goal.network} on {goal.target}: {error}", file=sys.stderr)
            continue
        if not options.json:
            print_row(rows[-1], layers=options.layers)
    if options.json:
        print(json.dumps({"rows": [asdict(found) for found in rows]}, indent=1))


if __name__ == "__main__":
    main()
