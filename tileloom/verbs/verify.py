"""``verify``: the same frames through reference, simulators, hardware; differences are counted, the first is named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import Compiled, compiled
from tileloom.compiler.problems import ModelError, Problem
from tileloom.deviation import Deviation, Deviations
from tileloom.document import Document, Kind
from tileloom.engine_name import EngineName
from tileloom.engines import missing_for_rtl
from tileloom.float_run import ONNXRUNTIME_LEVEL, FloatRun, deviations_of, run_float_network
from tileloom.fpga.synthesis import MODELLED
from tileloom.frames import Frames, Given, arrays_of, calibration_of, frames_for
from tileloom.hw.spec.program import JobMap
from tileloom.hw.spec.result import Result
from tileloom.model_argument import Model, find
from tileloom.noise import greatest_loss
from tileloom.note_lines import note_lines
from tileloom.progress import Watch, unwatched
from tileloom.refusal import problem, refuse
from tileloom.tables import Table, decibels, facts
from tileloom.verification import FAMILY, Comparison, Verification, layer_of, verify_program, verify_quantised

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration

FRAMES = 3
"""Frames where the user gives neither a number nor data."""


@dataclass(frozen=True)
class VerifiedLayer:
    """One tensor at a job boundary, of the program compiled with taps.

    Cycles are those of its layer's jobs as compiled, from the first start to the last end, in the first frame.
    """

    name: str
    op: str
    source: str
    tensor: str
    elements: int
    mismatches: int
    cycles_simulated: int | None
    cycles_rtl: int | None
    deviation: Deviations | None


@dataclass(frozen=True, kw_only=True)
class VerifyDocument(Document):
    """``mismatches`` counts elements of all engines and of both compilations; what was not run is None."""

    command: ClassVar[str] = "verify"
    table: ClassVar[Mapping[str, Kind]] = {
        "frames": Kind.GIVEN,
        "mismatches": Kind.SIMULATED,
        "comparisons": Kind.COUNTED,
        "cycles_simulated": Kind.SIMULATED,
        "cycles_rtl": Kind.RTL,
        "cycles_netlist": Kind.NETLIST,
        "deviation": Kind.SIMULATED,
        "layers[].elements": Kind.COUNTED,
        "layers[].mismatches": Kind.SIMULATED,
        "layers[].cycles_simulated": Kind.SIMULATED,
        "layers[].cycles_rtl": Kind.RTL,
        "layers[].deviation": Kind.SIMULATED,
    }
    model: str
    target: str
    engine: EngineName
    reference: str
    frames: int
    frames_from: str
    calibration: str | None
    mismatches: int
    comparisons: tuple[Comparison, ...]
    cycles_simulated: int | None
    """Of the first frame, program as compiled; every frame of both programs is compared."""
    cycles_rtl: int | None
    cycles_netlist: int | None = None
    family: str | None = None
    """Of the devices that the netlist is synthesised for."""
    trace_equal: bool | None
    """Start and end of every job of every frame, and total cycles, equal."""
    stalls_equal: bool | None
    """Cycles of every tile by cause equal."""
    deviation: Deviations | None
    onnxruntime_level: str | None
    layers: tuple[VerifiedLayer, ...]
    notes: tuple[str, ...] = ()

    def tables(self) -> list[Table]:
        """Layers, engines, totals."""
        return [_layer_table(self), *([_engine_table(self)] if self.comparisons else []), _summary(self)]

    def verdict(self) -> str:
        """What was found, in one sentence."""
        if self.problems:
            return f"DIFFERENT: {self.mismatches:,} elements differ from the {self.reference}, or cycles do; see above."
        elements = sum(comparison.elements for comparison in self.comparisons)
        engines = " and ".join(dict.fromkeys(comparison.engine for comparison in self.comparisons))
        hardware = "RTL" if self.cycles_netlist is None else "RTL and the netlist"
        cycles = (
            f"; the {hardware} took the simulated cycles, job by job" if self.trace_equal and self.stalls_equal else ""
        )
        if self.engine is EngineName.CYCLE:
            cycles = f"; the cycle simulator, which has no data, ran to its end in {self.cycles_simulated:,} cycles"
        return f"Equal: {elements:,} elements of {engines}, every one as in the {self.reference}{cycles}."


def verify(
    model: Model,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    family: str | None = None,
    frames: int | None = None,
    seed: int = 0,
    input: Given | None = None,
    calibration: "Given | Calibration | None" = None,
    watch: Watch = unwatched,
) -> VerifyDocument:
    """Compare all engines up to ``engine``: functional, cycle, rtl, netlist; None: rtl if it can be built, else cycle.

    The netlist is synthesised for ``family`` (ecp5, the usual one, or ice40) and costs minutes.
    Without ``input`` the frames are the zoo's held-out digits, or random codes by ``seed``. Differences are problems
    (TL410) of the document; what the user's input is at fault for is raised.
    """
    if family is not None and engine != EngineName.NETLIST:
        fix = "add --engine netlist, or leave --family out"
        raise refuse("TL409", "--family", "a family of devices is what a netlist is synthesised for", "", fix)
    if family is not None and family not in MODELLED:
        rule = "a netlist is synthesised for a family of devices that tileloom knows"
        raise refuse("TL409", "--family", rule, family, f"take one of {', '.join(MODELLED)}")
    argument = find(model)
    given = arrays_of(input)
    made = compiled(argument, target, calibration_of(calibration), given, seed, watch)
    missing = () if engine else missing_for_rtl()
    deepest = EngineName(engine) if engine else EngineName.CYCLE if missing else EngineName.RTL
    skipped = (f"The RTL was not run, because {', '.join(missing)} is missing here.",) if missing else ()
    count = frames if frames is not None or given is not None else FRAMES
    data = frames_for(made.inputs, given, count, seed, argument)
    if made.quantised is None and deepest in (EngineName.FUNCTIONAL, EngineName.CYCLE):
        rule = "a tile program has lost its network, so that only hardware can be compared with the simulators"
        fix = "name the ONNX file, or take --engine rtl"
        raise refuse("TL409", str(argument.path), rule, f"engine {deepest} alone", fix)
    if made.quantised is None:
        alone = verify_program(made.program, data, deepest, watch, family or FAMILY)
        return verify_document(argument.name, made, data, deepest, alone, notes=skipped, family=family)
    found = verify_quantised(made.quantised, made.program, data, deepest, watch, family or FAMILY)
    floats, notes = FloatRun(), (*skipped, *made.quantised.graph.notes)
    try:
        floats = run_float_network(made.quantised, found.expected, data, watch)
    except ModelError as error:
        notes = (*notes, f"no deviations: {error}")
    return verify_document(argument.name, made, data, deepest, found, floats, notes, family)


def verify_document(
    model: str,
    made: Compiled,
    data: Frames,
    engine: EngineName,
    found: Verification,
    floats: FloatRun | None = None,
    notes: tuple[str, ...] = (),
    family: str | None = None,
) -> VerifyDocument:
    """The document of what a verification found."""
    timing = found.runs[0]
    is_timed = timing.cycle is not None and bool(timing.hardware)
    cycles_differ = any(difference.cause is None for difference in found.timing)
    stalls_differ = any(difference.cause is not None for difference in found.timing)
    hardware = {"mismatches": Kind.RTL, "layers[].mismatches": Kind.RTL} if timing.hardware else {}
    layers = tuple(_layers(made, found, floats))
    return VerifyDocument(
        problems=_problems(found),
        changed_kinds=hardware,
        model=model,
        target=made.program.target.name,
        engine=engine,
        reference=found.reference,
        frames=data.count,
        frames_from=data.origin,
        calibration=made.quantised.calibration if made.quantised else None,
        mismatches=found.mismatches,
        comparisons=found.comparisons,
        cycles_simulated=_cycles(timing.cycle),
        cycles_rtl=_cycles(timing.rtl),
        cycles_netlist=_cycles(timing.netlist),
        family=None if timing.netlist is None else family or FAMILY,
        trace_equal=found.first_trace is None and not cycles_differ if is_timed else None,
        stalls_equal=not stalls_differ if is_timed else None,
        deviation=_total(made, floats, found),
        onnxruntime_level=ONNXRUNTIME_LEVEL if floats and floats.onnxruntime else None,
        layers=layers,
        notes=(*notes, *_loss(made, layers)),
    )


def _loss(made: Compiled, layers: tuple[VerifiedLayer, ...]) -> list[str]:
    """A note that names the layer that loses most of the signal, if one loses much."""
    known = {
        layer.tensor: layer.deviation.float.snr_db
        for layer in layers
        if layer.deviation and layer.deviation.float and layer.deviation.float.snr_db is not None
    }
    lost = None if made.quantised is None else greatest_loss(made.quantised.graph, known)
    if lost is None:
        return []
    (layer,) = (each for each in layers if each.tensor == lost.tensor)
    where = f"{layer.name} ({layer.source})" if layer.source else layer.name
    return [f"most signal is lost in {where}: {lost.before:.1f} dB to noise before it, {lost.behind:.1f} dB behind it"]


def _layers(made: Compiled, found: Verification, floats: FloatRun | None) -> Iterable[VerifiedLayer]:
    last = found.runs[-1]
    jobs = {job.name: job for job in found.runs[0].program.jobs}
    for tensor, layer in layer_of(last.program).items():
        if tensor not in found.expected:
            continue
        job = jobs.get(layer, JobMap(-1, layer, ""))
        codes = found.expected[tensor]
        known = made.quantised if floats is not None else None
        yield VerifiedLayer(
            layer or tensor,
            job.op,
            job.source,
            tensor,
            int(codes.size),
            found.layer_mismatches.get(tensor, 0),
            _layer_cycles(found.runs[0].cycle, job.tag),
            _layer_cycles(found.runs[0].rtl, job.tag),
            deviations_of(known, floats, tensor, codes) if known is not None and floats is not None else None,
        )


def _total(made: Compiled, floats: FloatRun | None, found: Verification) -> Deviations | None:
    """Of the network's outputs; of several, the one that is worst against the float network."""
    if made.quantised is None or floats is None:
        return None
    each = [deviations_of(made.quantised, floats, name, found.expected[name]) for name in made.quantised.graph.outputs]
    known = [deviations for deviations in each if deviations is not None]

    def noise(found: Deviation | None) -> float:
        return -1.0 if found is None else found.rms

    return max(known, key=lambda deviations: noise(deviations.float), default=None)


def _cycles(result: Result | None) -> int | None:
    return result.frames[0].cycles if result is not None and result.frames else None


def _layer_cycles(result: Result | None, tag: int) -> int | None:
    jobs = [job for job in result.frames[0].trace if job.tag == tag] if result is not None and result.frames else []
    return max(job.end for job in jobs) - min(job.start for job in jobs) + 1 if jobs else None


def _problems(found: Verification) -> tuple[Problem, ...]:
    fix = "report this: it is a fault of tileloom"
    problems = []
    if found.first_element is not None:
        first = found.first_element
        rule = "every engine must give the reference's codes"
        value = f"{found.mismatches} others, of which the first: {first}"
        problems.append(problem("TL410", first.layer or first.tensor, rule, value, fix))
    if found.first_trace is not None:
        rule = "every job must start and end in the cycle that was simulated"
        problems.append(problem("TL410", found.first_trace.layer, rule, str(found.first_trace), fix))
    if found.timing:
        rule = "the hardware must take the simulated cycles, stall by stall"
        problems.append(problem("TL410", found.runs[0].program.name, rule, str(found.timing[0]), fix))
    return tuple(problems)


SPAN = "span: cycles from the start of a layer's first job to the end of its last; spans overlap and leave gaps"


def _layer_table(document: VerifyDocument) -> Table:
    columns = ("layer", "operator", "mismatches", "elements", "span simulated", "span RTL", "vs float", "vs ORT")
    rows = tuple(
        (
            layer.name,
            layer.op,
            layer.mismatches,
            layer.elements,
            layer.cycles_simulated,
            layer.cycles_rtl,
            _snr(layer.deviation.float if layer.deviation else None),
            _snr(layer.deviation.onnxruntime if layer.deviation else None),
        )
        for layer in document.layers
    )
    count = "1 frame" if document.frames == 1 else f"{document.frames} frames"
    title = f"{document.model} on {document.target}: {count} ({document.frames_from})"
    return Table(title, columns, rows, "\n".join((SPAN, *note_lines(document.notes))))


def _engine_table(document: VerifyDocument) -> Table:
    rows = tuple((c.engine, c.program, c.tensors, c.elements, c.mismatches) for c in document.comparisons)
    columns = ("engine", "program", "tensors", "elements", "mismatches")
    return Table(f"compared with the {document.reference}", columns, rows)


def _summary(document: VerifyDocument) -> Table:
    deviation = document.deviation or Deviations(None, None)
    gates = document.cycles_netlist
    rows = [
        ("mismatches", document.mismatches, document.kinds["mismatches"]),
        ("cycles of a frame", document.cycles_simulated, Kind.SIMULATED),
        ("cycles of a frame", document.cycles_rtl, Kind.RTL),
        *([(f"cycles of a frame, {document.family}", gates, Kind.NETLIST)] if gates is not None else []),
        ("job traces equal", document.trace_equal, Kind.RTL),
        ("stalls by cause equal", document.stalls_equal, Kind.RTL),
        ("outputs vs float network", _long(deviation.float), Kind.SIMULATED),
        (f"outputs vs ONNX Runtime ({document.onnxruntime_level})", _long(deviation.onnxruntime), Kind.SIMULATED),
    ]
    return facts("", rows, document.verdict())


def _snr(found: Deviation | None) -> str | None:
    return None if found is None else decibels(found.snr_db)


def _long(found: Deviation | None) -> str | None:
    if found is None:
        return None
    return f"max {found.max_abs:.4g}, rms {found.rms:.4g}, {decibels(found.snr_db)}"
