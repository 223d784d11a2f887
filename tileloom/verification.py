"""All engines on the same frames, compared bit for bit: tensors at job boundaries, cycles, traces, stalls."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tileloom.comparison import (
    Codes,
    ElementDifference,
    TimingDifference,
    TraceDifference,
    count_mismatches,
    first_difference,
    first_trace_difference,
    timing_differences,
)
from tileloom.compilation import Quantised, compile_quantised
from tileloom.engine_name import EngineName
from tileloom.engines import netlist_engine, rtl_engine, run_cycle, run_functional, run_rtl
from tileloom.frames import Frames
from tileloom.hw.spec.isa import Space
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import Result
from tileloom.progress import Watch, unwatched

FAMILY = "ecp5"
"""What a netlist is synthesised for unless told otherwise."""


@dataclass(frozen=True, eq=False)
class ProgramRun:
    """One program on every engine; results of engines that were not run are None."""

    program: Program
    with_taps: bool
    functional: Result
    cycle: Result | None
    rtl: Result | None
    netlist: Result | None = None

    @property
    def data(self) -> dict[str, Result]:
        """Engines that give tensors."""
        return {"functional": self.functional, **self.hardware}

    @property
    def hardware(self) -> dict[str, Result]:
        """Engines that are hardware."""
        both = {"RTL": self.rtl, "netlist": self.netlist}
        return {name: result for name, result in both.items() if result is not None}


@dataclass(frozen=True)
class Comparison:
    """One engine's tensors against the reference's."""

    engine: str
    program: str
    """``as compiled`` or ``with taps``."""
    tensors: int
    elements: int
    mismatches: int


@dataclass(frozen=True, eq=False)
class Verification:
    """Everything that was run, and what was found."""

    reference: str
    """Whose codes are the expected ones."""
    runs: tuple[ProgramRun, ...]
    """The program as compiled, then the one with taps where the network is known."""
    expected: dict[str, Codes]
    comparisons: tuple[Comparison, ...]
    layer_mismatches: dict[str, int]
    """By tensor name, summed over engines and programs."""
    first_element: ElementDifference | None
    first_trace: TraceDifference | None
    timing: tuple[TimingDifference, ...] = ()
    """Frames and tiles whose cycles differ."""

    @property
    def mismatches(self) -> int:
        """Elements that differ, of all engines and programs."""
        return sum(comparison.mismatches for comparison in self.comparisons)


def verify_quantised(
    quantised: Quantised,
    program: Program,
    frames: Frames,
    engine: EngineName,
    watch: Watch = unwatched,
    family: str = FAMILY,
) -> Verification:
    """The engines up to ``engine`` against the PyTorch integer reference, as compiled and once more with taps.

    ``family`` of devices is what a netlist is synthesised for.
    """
    from tileloom.compiler.reference import evaluate

    tapped = compile_quantised(quantised, program.target, taps=True, watch=watch)
    watch("integer reference", 0, 0)
    expected: dict[str, Codes] = dict(evaluate(quantised.graph, frames.codes))
    runs = run_programs({False: program, True: tapped}, frames, engine, watch, family)
    return compare("PyTorch integer reference", expected, runs)


def verify_program(
    program: Program, frames: Frames, engine: EngineName, watch: Watch = unwatched, family: str = FAMILY
) -> Verification:
    """A program file, whose network is not known: the functional simulator is the reference, of the hardware alone."""
    runs = run_programs({False: program}, frames, engine, watch, family)
    found = compare("functional simulator", dict(stored(runs[0].functional)), runs)
    return replace(found, comparisons=tuple(each for each in found.comparisons if each.engine != "functional"))


def run_programs(
    programs: Mapping[bool, Program], frames: Frames, engine: EngineName, watch: Watch, family: str = FAMILY
) -> tuple[ProgramRun, ...]:
    """Each program on each engine up to ``engine``; the key tells whether it was compiled with taps."""
    target = next(iter(programs.values())).target
    rtl = rtl_engine(target, watch=watch) if engine in (EngineName.RTL, EngineName.NETLIST) else None
    netlist = netlist_engine(target, family, watch=watch) if engine is EngineName.NETLIST else None
    runs = []
    for taps, program in programs.items():
        functional = run_functional(program, frames.codes, taps=True, watch=watch)
        timed = None if engine is EngineName.FUNCTIONAL else run_cycle(program, frames.count, watch=watch)
        hardware = None if rtl is None else run_rtl(rtl, program, frames.codes, taps=True, watch=watch)
        gates = None
        if netlist is not None:
            gates = run_rtl(netlist, program, frames.codes, taps=True, watch=watch, name="netlist")
        runs.append(ProgramRun(program, taps, functional, timed, hardware, gates))
    return tuple(runs)


def compare(reference: str, expected: dict[str, Codes], runs: tuple[ProgramRun, ...]) -> Verification:
    """What differs from ``expected``, and between simulated timing and that of the hardware."""
    comparisons: list[Comparison] = []
    layer_mismatches: dict[str, int] = {}
    for run in runs:
        for engine, result in run.data.items():
            tensors = stored(result)
            wanted = {name: expected[name] for name in readable(run.program, engine) if name in expected}
            wrong = {name: count_mismatches(codes, tensors.get(name)) for name, codes in wanted.items()}
            for name, count in wrong.items():
                layer_mismatches[name] = layer_mismatches.get(name, 0) + count
            title = "with taps" if run.with_taps else "as compiled"
            elements = sum(codes.size for codes in wanted.values())
            comparisons.append(Comparison(engine, title, len(wanted), elements, sum(wrong.values())))
    return Verification(
        reference,
        runs,
        expected,
        tuple(comparisons),
        layer_mismatches,
        _first_element(expected, runs),
        _first_trace(runs),
        tuple(found for run in runs for found in _timing_differences(run)),
    )


def stored(result: Result) -> dict[str, Codes]:
    """Every tensor that a result has."""
    return {**result.taps, **result.outputs}


def layer_of(program: Program) -> dict[str, str]:
    """Layer of each tensor that can be read after a run, in order of the jobs that make them."""
    order = {job.name: job.tag for job in program.jobs}
    tensors = {tensor.name: tensor for tensor in (*program.taps, *program.outputs)}
    ranked = sorted(tensors.values(), key=lambda tensor: order.get(tensor.layer, len(order) + 1))
    return {tensor.name: tensor.layer for tensor in ranked}


def readable(program: Program, engine: str) -> list[str]:
    """Tensors that an engine can give: nobody sees into the map buffer of hardware."""
    tensors = {tensor.name: tensor for tensor in (*program.taps, *program.outputs)}
    return [name for name in layer_of(program) if engine == "functional" or tensors[name].space == Space.MEMORY]


def _first_element(expected: dict[str, Codes], runs: tuple[ProgramRun, ...]) -> ElementDifference | None:
    """The first difference in order of layers, in the program with taps first, because that one shows more of them."""
    for run in reversed(runs):
        for tensor, layer in layer_of(run.program).items():
            for engine, result in run.data.items():
                if tensor in expected and tensor in readable(run.program, engine):
                    found = first_difference(engine, layer, tensor, expected[tensor], stored(result).get(tensor))
                    if found is not None:
                        return found
    return None


def _first_trace(runs: tuple[ProgramRun, ...]) -> TraceDifference | None:
    for run in runs:
        layers = {job.tag: job.name for job in run.program.jobs}
        if run.cycle is None:
            continue
        for engine, result in run.hardware.items():
            found = first_trace_difference(run.cycle.frames, result.frames, layers, engine)
            if found is not None:
                return found
    return None


def _timing_differences(run: ProgramRun) -> list[TimingDifference]:
    if run.cycle is None:
        return []
    simulated = run.cycle.frames
    hardware = run.hardware.items()
    return [each for engine, result in hardware for each in timing_differences(simulated, result.frames, engine)]
