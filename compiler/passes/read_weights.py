"""Read weights: initialisers become arrays, and are checked.

Requires: the graph's structure. Ensures: ``constants``, ``shapes`` and ``types`` of initialisers; all of them finite
and within the limits. Nothing larger than the file is allocated: a tensor must bring its data.
"""

from dataclasses import replace
from math import prod

import numpy as np
import onnx
from onnx import numpy_helper

from tileloom.compiler.limits import shape_fault
from tileloom.compiler.network import Network
from tileloom.compiler.node import Array, Constant
from tileloom.compiler.problems import Problem


def read_weights(network: Network) -> Network:
    """Turn every initialiser into a constant."""
    constants, problems = dict(network.constants), []
    shapes, types = dict(network.shapes), dict(network.types)
    limits = limits_only(network.model)
    for tensor in network.model.graph.initializer:
        read = read_tensor(tensor, tensor.name in limits)
        if isinstance(read, Problem):
            problems.append(read)
            if read.code == "TL110":  # it is a constant all the same: that must not be doubted, too
                constants[tensor.name] = Constant(np.nan_to_num(numpy_helper.to_array(tensor)))
        else:
            constants[tensor.name] = Constant(read)
            shapes[tensor.name], types[tensor.name] = tuple(read.shape), tensor.data_type
    if network.model.graph.sparse_initializer:
        problems.append(_malformed("sparse_initializer", "sparse weights", "export dense weights"))
    return replace(network, constants=constants, shapes=shapes, types=types).with_problems(problems)


def limits_only(model: onnx.ModelProto) -> set[str]:
    """Values that are read as limits or padding alone, and so may be infinite."""
    others = {name for node in model.graph.node if node.op_type not in ("Clip", "Pad") for name in node.input}
    read = {name for node in model.graph.node for name in node.input[1:]}
    return read - others


def read_tensor(tensor: onnx.TensorProto, limit: bool = False) -> Array | Problem:
    """The array of a tensor, or what is wrong with it; a ``limit`` may be infinite."""
    name = tensor.name or "a tensor"
    shape = tuple(tensor.dims)
    if 0 not in shape and (fault := shape_fault(shape)) is not None:
        return _malformed(name, fault, "export the model again", code="TL109" if "dimension" in fault else "TL103")
    if tensor.data_location == onnx.TensorProto.EXTERNAL or min(shape, default=0) < 0:
        return _malformed(name, "no data", "save the model with its weights inside")
    stored = max(len(tensor.raw_data), *(len(getattr(tensor, field)) for field in _FIELDS))
    if prod(shape) > 0 and stored * 4 < prod(shape):
        return _malformed(name, f"{stored} stored for {list(shape)}", "export the model again")
    try:
        array = numpy_helper.to_array(tensor)
    except Exception as error:  # the library raises many kinds on malformed tensors
        return _malformed(name, str(error).splitlines()[0] if str(error) else type(error).__name__, "export it again")
    if array.dtype.kind == "f" and not np.all(np.isfinite(array) | (limit & np.isinf(array))):
        found = "NaN" if np.any(np.isnan(array)) else "infinity"
        return Problem("TL110", name, "", "weights must be finite", found, "train again; look for divergence")
    return array


_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def _malformed(name: str, value: str, fix: str, code: str = "TL111") -> Problem:
    return Problem(code, name, "", "a tensor must be well formed", value, fix)
