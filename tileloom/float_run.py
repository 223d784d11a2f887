"""The float network's values beside the integer ones: what deviations are measured from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.compilation import Quantised
from tileloom.compiler.graph import Tensor
from tileloom.compiler.quantised_io import dequantise_output, in_user_order
from tileloom.deviation import Deviation, Deviations, deviation
from tileloom.files import Arrays
from tileloom.frames import Codes, Frames
from tileloom.progress import Watch, unwatched

ONNXRUNTIME_LEVEL = "ORT_ENABLE_ALL"
"""ONNX Runtime's default: its own rewritten graph."""
FRAMES = 64
"""Frames that deviations are measured on at most: the first ones."""


@dataclass(frozen=True, eq=False)
class FloatRun:
    """Values of the float network by ONNX name, frames first; empty where it was not run."""

    plain: Arrays = field(default_factory=dict)
    """Every value of the network as written, without any rewriting (``ORT_DISABLE_ALL``)."""
    onnxruntime: Arrays = field(default_factory=dict)
    """The outputs, by ONNX Runtime at :data:`ONNXRUNTIME_LEVEL`."""


def run_float_network(
    quantised: Quantised, tensors: Iterable[str], frames: Frames, watch: Watch = unwatched
) -> FloatRun:
    """Run the float network twice in child processes: every one of ``tensors`` that ONNX knows, and the outputs.

    Raises ``ModelError`` TL308 where it cannot be run.
    """
    from tileloom.compiler.float_model import PLAIN, run_float

    network = quantised.network
    known = {name for node in network.model.graph.node for name in node.output}
    wanted = sorted(name for name in set(tensors) if name in known)
    outputs = [name for name in quantised.graph.outputs if name in known]
    data = network_inputs(quantised, frames, FRAMES)
    watch("float network", 0, 0)
    plain = run_float(network, data, wanted, PLAIN) if wanted else {}
    has_runtime = bool(outputs) and find_spec("onnxruntime") is not None
    rewritten = run_float(network, data, outputs, ONNXRUNTIME_LEVEL) if has_runtime else {}
    return FloatRun(plain, rewritten)


def run_float_outputs(quantised: Quantised, frames: Frames) -> Arrays:
    """The float network's outputs for all frames, as :attr:`FloatRun.plain`."""
    from tileloom.compiler.float_model import PLAIN, run_float

    return run_float(quantised.network, network_inputs(quantised, frames, frames.count), quantised.graph.outputs, PLAIN)


def network_inputs(quantised: Quantised, frames: Frames, count: int) -> Arrays:
    """The first ``count`` frames in the shapes and element types that the ONNX network declares.

    An input of integers as wide as the codes takes the codes themselves.
    """
    from onnx.helper import tensor_dtype_to_np_dtype

    network = quantised.network
    data: Arrays = {}
    for name, array in frames.reals.items():
        kind = tensor_dtype_to_np_dtype(network.types[name])
        tensor, values = quantised.graph.tensors[name], array[:count]
        if _are_codes(tensor, kind):
            values = in_user_order(tensor, frames.codes[name][:count]) + np.int64(_offset(tensor, kind))
        data[name] = values.reshape(-1, *network.shapes[name][1:]).astype(kind)
    return data


def deviations_of(quantised: Quantised, floats: FloatRun, name: str, codes: Codes) -> Deviations | None:
    """Deviations of one tensor's codes; None where the float network has no such value."""
    tensor = quantised.graph.tensors[name]
    reals = dequantise_output(tensor, codes[:FRAMES])

    def against(values: Arrays) -> Deviation | None:
        return deviation(reals, _reals(tensor, values[name])) if name in values else None

    found = Deviations(against(floats.plain), against(floats.onnxruntime))
    return None if found.float is None and found.onnxruntime is None else found


def _are_codes(tensor: Tensor, kind: np.dtype[Any]) -> bool:
    """Whether values of this type in the ONNX network are the tensor's codes."""
    return kind.kind in "iu" and kind.itemsize == tensor.code_type.itemsize


def _offset(tensor: Tensor, kind: np.dtype[Any]) -> int:
    """What the ONNX network's codes are more than ours."""
    return 1 << (8 * tensor.code_type.itemsize - 1) if kind.kind == "u" else 0


def _reals(tensor: Tensor, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What the values of the ONNX network stand for."""
    if not _are_codes(tensor, values.dtype):
        return values
    return (values.astype(np.float64) - _offset(tensor, values.dtype) - tensor.zero_point) * tensor.scale
