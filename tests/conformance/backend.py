"""tileloom as an ONNX backend: ``prepare`` waits for ``run``, which binds every input but the first as a constant."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx.backend.base import Backend, BackendRep
from onnx.reference import ReferenceEvaluator

from tests.conformance.frames import FramedModel, bound, framed
from tests.float_in_process import float_runs_in_process
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.frontend import quantise, take_model
from tileloom.compiler.graph import IntegerGraph, Tensor
from tileloom.compiler.network import Network
from tileloom.compiler.quantised_io import dequantise_output, in_user_order, quantise_input
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target, load_target
from tileloom.sim.functional.run import run as run_functional

Array = npt.NDArray[Any]


COPY = "/copy"
"""After the name of a value that the host reads straight from the network's input."""


class EngineDiffers(AssertionError):
    """The functional simulator gave other codes than the integer reference."""


@dataclass(frozen=True, eq=False)
class Output:
    """One output: its values, and what the compiler states about them.

    Parameters
    ----------
    bound : greatest deviation from the float network; 0 for integer outputs, which are exact
    step : one code, in real numbers
    on_host : operators between the accelerator's output and this one, which ONNX's evaluator ran
    """

    values: Array
    bound: float
    step: float
    on_host: tuple[str, ...] = ()


SEGMENTS = 64
INSIDE = 0.73
QUANTISED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul")
INTEGER = ("ConvInteger", "MatMulInteger")
"""Their results are sums, which need 16 bits."""


@cache
def default_target() -> Target:
    """For what is given in 8-bit codes: the default machine."""
    return load_target("default")


@cache
def wide_target() -> Target:
    """For float cases: the default machine with operands of 16 bits."""
    return replace(
        load_target("default"),
        name="default16",
        activation_bits=16,
        weight_bits=16,
        accumulator_bits=48,
        segments=SEGMENTS,
    )


def calibration(frames: Array) -> Array:
    """The frames themselves, and floats again between theirs and 0: whole numbers alone would get whole codes."""
    return np.concatenate([frames, frames * frames.dtype.type(INSIDE)]) if frames.dtype.kind == "f" else frames


def has_codes(model: onnx.ModelProto) -> bool:
    """Whether a model computes with codes of its own."""
    if any(node.op_type in INTEGER for node in model.graph.node):
        return False
    kind = model.graph.input[0].type.tensor_type.elem_type if model.graph.input else 0
    return kind in (onnx.TensorProto.INT8, onnx.TensorProto.UINT8) or any(
        node.op_type in QUANTISED for node in model.graph.node
    )


class Prepared(BackendRep):
    """A model that is compiled when it is run."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.target = default_target() if has_codes(model) else wide_target()

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs as ONNX wants them."""
        return tuple(output.values for output in self.outputs(inputs))

    def outputs(self, inputs: Sequence[Any]) -> list[Output]:
        """Compile with the first input as calibration data, run, return every output with its bound.

        Raises ``ModelError`` for what is refused and :class:`EngineDiffers`.
        """
        case = framed(*bound(self.model, inputs))
        network = take_model(case.model, "case")
        with float_runs_in_process():
            graph = quantise(
                network,
                {case.input: calibration(case.frames)},
                method="minmax",
                bits=self.target.activation_bits,
                segments=SEGMENTS,
            )
        program = compile_graph(graph, self.target)
        codes = {case.input: quantise_input(graph.tensors[case.input], case.frames)}
        reference = evaluate(graph, codes)
        found = run_functional(program, codes).outputs
        for name in graph.outputs:
            if not np.array_equal(found[name], reference[name]):
                raise EngineDiffers(name)
        return _Results(network, graph, case, found).all()


class TileloomBackend(Backend):
    """What ``onnx.backend.test`` talks to."""

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> Prepared:
        """The model, not yet compiled."""
        return Prepared(model)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """There is one kind of device."""
        return device == "CPU"


@dataclass(frozen=True, eq=False)
class _Results:
    network: Network
    graph: IntegerGraph
    case: FramedModel
    codes: dict[str, npt.NDArray[np.signedinteger]]
    values: dict[str, str] = field(default_factory=dict)

    def all(self) -> list[Output]:
        """Every output of the case, in order."""
        return [self._output(name) for name in self.network.outputs]

    def _output(self, name: str) -> Output:
        if name in self.graph.outputs:
            return self._shaped(name, self._from_grid(name))
        return self._shaped(name, self._from_host(name))

    def _from_grid(self, name: str) -> Output:
        tensor = self.graph.tensors[name]
        kind = onnx.helper.tensor_dtype_to_np_dtype(self.network.types[name.removesuffix(COPY)])
        if kind.kind in "iu":
            return Output(_integers(tensor, self.codes[name], kind), 0.0, 1.0)
        values = dequantise_output(tensor, self.codes[name])
        return Output(values.astype(kind), self.graph.error_bounds[name], tensor.scale)

    def _from_host(self, name: str) -> Output:
        """ONNX's evaluator on the rest of the network, frame by frame."""
        heads = {head.removesuffix(COPY): self._from_grid(head) for head in self.graph.outputs}
        nodes = _between(self.network, set(heads), name)
        graph = onnx.helper.make_graph(
            nodes,
            "host",
            [self._value_info(head) for head in heads],
            [onnx.helper.make_empty_tensor_value_info(name)],
            [
                onnx.numpy_helper.from_array(constant.values, key)
                for key, constant in self.network.constants.items()
                if any(key in node.input for node in nodes)
            ],
        )
        model = onnx.helper.make_model(graph, opset_imports=self.network.model.opset_import)
        evaluator = ReferenceEvaluator(model)
        parts = []
        for frame in range(len(self.case.frames)):
            feeds = {
                head: output.values[frame : frame + 1].reshape(self.network.shapes[head])
                for head, output in heads.items()
            }
            (found,) = list(evaluator.run([name], feeds))
            parts.append(np.asarray(found))
        worst = max(output.bound for output in heads.values())
        operators = tuple(node.op_type for node in nodes)
        return Output(np.stack(parts), worst, max(output.step for output in heads.values()), operators)

    def _value_info(self, name: str) -> onnx.ValueInfoProto:
        return onnx.helper.make_tensor_value_info(name, self.network.types[name], self.network.shapes[name])

    def _shaped(self, name: str, output: Output) -> Output:
        shape = self.network.shapes[name]
        full = (len(self.case.frames) * shape[0], *shape[1:]) if self.case.stacked and shape else shape
        return replace(output, values=output.values.reshape(full))


def _integers(tensor: Tensor, codes: npt.NDArray[np.signedinteger], kind: np.dtype[Any]) -> Array:
    wide = in_user_order(tensor, codes).astype(np.int64)
    return (wide + 128 if kind == np.uint8 else wide).astype(kind)


def _between(network: Network, heads: set[str], output: str) -> list[onnx.NodeProto]:
    """Nodes that ``output`` needs, back to ``heads``."""
    wanted, nodes = {output}, []
    for node in reversed(network.nodes()):
        made = wanted.intersection(node.outputs) - heads
        if made:
            nodes.append(node.proto)
            wanted.update(name for name in node.inputs if name)
    return nodes[::-1]
