"""From a model argument to what the verbs work on: the checked network, its integer graph, its program."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tileloom.compiler.graph import Conv2d, IntegerGraph, Tensor, inputs_of
from tileloom.files import Arrays
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.program import Program, TensorMap
from tileloom.model_argument import ModelArgument
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration
    from tileloom.compiler.network import Network

Saved = Callable[[str, Any], None]
"""Told of every pass of the front end: its name, and the graph after it."""
DEFAULT_TARGET = "default"
WEIGHTED = ("Conv", "Gemm", "MatMul", "ConvTranspose")
"""ONNX operators whose multiply-accumulates and weights are the network's own."""


def nothing_saved(name: str, stage: Any) -> None:
    """Nobody looks at the stages."""


@dataclass(frozen=True, eq=False)
class Quantised:
    """A network before it is compiled: as ONNX, and as integer graph."""

    network: "Network"
    graph: IntegerGraph
    calibration: str
    """Where the ranges came from."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A program, and what it was made from where that is known (a program file has lost it)."""

    program: Program
    quantised: Quantised | None = None

    @property
    def inputs(self) -> list[Tensor]:
        """The network's inputs."""
        return [as_tensor(tensor) for tensor in self.program.inputs]


def quantise_model(
    argument: ModelArgument,
    target: Target,
    calibration: "Calibration | None",
    inputs: Arrays | None,
    seed: int,
    watch: Watch = unwatched,
    saved: Saved = nothing_saved,
) -> Quantised:
    """The integer graph of an ONNX file or zoo network; of ``target`` only the nonlinearity unit matters.

    Ranges come from ``calibration``, else the zoo's own digits, else ``inputs`` where they are floats, else random data
    (the graph's notes then say so). Raises ``ModelError``.
    """
    from tileloom.compiler import frontend
    from tileloom.compiler.nonlinearity import SEGMENTS

    watch("reading the network", 0, 0)
    network = frontend.read_model(argument.path, saved, argument.settings or frontend.DEFAULT_SETTINGS)
    data: Calibration | None = calibration
    origin = "the calibration data"
    if data is None and argument.zoo is not None:
        data, origin = dict(argument.zoo.calibration()), "64 training digits"
    if data is None and inputs is not None and all(array.dtype.kind == "f" for array in inputs.values()):
        data, origin = inputs, "the input frames"
    watch("quantising", 0, 0)
    # A target without the unit gets the full tables, so that the back end refuses them by name.
    segments, bits = target.segments or SEGMENTS, target.activation_bits
    graph = frontend.quantise(network, data, seed, segments=segments, saved=saved, bits=bits)
    return Quantised(network, graph, origin if data is not None else f"random data, seed {seed}")


def compile_quantised(
    quantised: Quantised, target: Target, taps: bool = False, watch: Watch = unwatched, effort: int = 0
) -> Program:
    """The program of a quantised network; with ``taps`` every tensor at a job boundary can be read after a run."""
    from tileloom.compiler.backend.compile import compile_graph

    watch(f"compiling for {target.name}{' with taps' if taps else ''}", 0, 0)
    program = compile_graph(quantised.graph, target, taps=taps, effort=effort)
    information = {
        **program.information,
        "macs": macs(quantised.graph),
        "least_bytes": least_bytes(quantised.graph),
        "calibration": quantised.calibration,
        "notes": list(quantised.graph.notes),
        "error_bounds": {name: quantised.graph.error_bounds[name] for name in quantised.graph.outputs},
    }
    return dataclasses.replace(program, information=information)


def compiled(
    argument: ModelArgument,
    target: str | Path | None,
    calibration: "Calibration | None" = None,
    inputs: Arrays | None = None,
    seed: int = 0,
    watch: Watch = unwatched,
    saved: Saved = nothing_saved,
    effort: int = 0,
) -> Compiled:
    """The program of a model argument; a program file is loaded, and must be for ``target`` if one is named.

    Raises ``ModelError``, ``ProgramError`` or ``TargetError``.
    """
    if not argument.is_program:
        machine = load_target(target or DEFAULT_TARGET)
        quantised = quantise_model(argument, machine, calibration, inputs, seed, watch, saved)
        return Compiled(compile_quantised(quantised, machine, watch=watch, effort=effort), quantised)
    program = argument.program()
    if calibration is not None:
        rule = "a tile program is quantised already"
        raise refuse("TL409", str(argument.path), rule, "to be calibrated again", "leave --calibration out")
    if argument.settings is not None:
        rule = "a tile program has its sizes, constants and ranges already"
        fix = "compile the network again with --dim, --batch, --bind, --method or --bits"
        raise refuse("TL409", str(argument.path), rule, "to be given others", fix)
    if target is not None:
        machine = load_target(target)
        if machine.hash != program.target.hash:
            raise refuse(
                "TL404",
                str(argument.path),
                f"a program runs on the target it was compiled for ({program.target.name}, {program.target.hash:016x})",
                f"{machine.name} ({machine.hash:016x})",
                f"compile the network with --target {target}",
            )
        program = dataclasses.replace(program, target=machine)
    return Compiled(program)


def macs(graph: IntegerGraph) -> int:
    """Multiply-accumulates of one frame, of the network's own convolutions and fully connected layers."""
    return sum(graph.macs(operator) for operator in graph.operators if operator.source.op in WEIGHTED)


def least_bytes(graph: IntegerGraph) -> dict[str, int]:
    """By ONNX node, the bytes that must be read at least: its own weights, and the network inputs that it reads.

    The bytes of the network's outputs, which must be written, are not in it.
    """
    found: dict[str, int] = {}
    seen: set[str] = set()
    for operator in graph.operators:
        count = 0
        if isinstance(operator, Conv2d) and operator.source.op in WEIGHTED:
            count += int(operator.weights.size)
        for name in inputs_of(operator):
            if name in graph.inputs and name not in seen:
                seen.add(name)
                count += graph.tensors[name].elements
        found[operator.source.node] = found.get(operator.source.node, 0) + count
    return found


def as_tensor(tensor: TensorMap) -> Tensor:
    """A program's tensor as the integer graph describes it."""
    return Tensor(
        tensor.name,
        tensor.channels,
        tensor.height,
        tensor.width,
        tensor.scale,
        tensor.zero_point,
        tensor.low,
        tensor.high,
        tuple(tensor.shape),
        tensor.channels_last,
    )
