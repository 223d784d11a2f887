"""Fold: whatever depends on constants only is computed now.

Requires: shapes. Ensures: nodes whose outputs are all known are dropped from ``order``; weights behind
DequantizeLinear keep their codes and scales, also through reshapes and transposes.
"""

from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from tileloom.compiler.limits import shape_fault
from tileloom.compiler.network import Network
from tileloom.compiler.node import Array, Constant, Node
from tileloom.compiler.passes.infer_shapes import infer_shapes
from tileloom.compiler.passes.read_weights import limits_only, read_tensor
from tileloom.compiler.problems import Problem
from tileloom.compiler.quantisation_parameters import SCALE_RULE
from tileloom.compiler.quantised_constant import QUANTS, quantised_constant

# fmt: off
FOLDABLE = frozenset({
    "Abs", "Add", "And", "ArgMax", "ArgMin", "BatchNormalization", "Cast", "CastLike", "Ceil", "Clip", "Compress",
    "Concat", "ConstantOfShape", "Cos", "CumSum", "DepthToSpace", "Div", "Dropout", "Einsum", "Equal", "Erf", "Exp",
    "Expand", "EyeLike", "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Gemm", "Greater",
    "GreaterOrEqual", "Identity", "IsInf", "IsNaN", "Less", "LessOrEqual", "Log", "MatMul", "Max", "Mean", "Min", "Mod",
    "Mul", "Neg", "NonZero", "Not", "OneHot", "Or", "Pad", "Pow", "QuantizeLinear", "Range", "Reciprocal", "ReduceL1",
    "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
    "ReduceSumSquare", "Relu", "Reshape", "Round", "ScatterElements", "ScatterND", "Shape", "Sigmoid", "Sign", "Sin",
    "Size", "Slice", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "Transpose", "Trilu",
    "Unsqueeze", "Where", "Xor",
})
# fmt: on
"""Operators computed by ONNX's reference evaluator when all their inputs are constants."""
VIEWS = frozenset(
    [
        "Reshape",
        "Transpose",
        "Squeeze",
        "Unsqueeze",
        "Flatten",
        "Identity",
        "Slice",
        "Gather",
        "Split",
        "Expand",
        "Tile",
    ]
)
"""Those that move elements only, and so carry codes and scales along."""


def fold_constants(network: Network) -> Network:
    """Compute all that is constant; shapes are inferred again with what was found."""
    while True:
        folded = _fold_once(network)
        unknown = any(node.output_shape() is None for node in folded.nodes())
        # A constant may be a shape, with which more shapes are known, of which more is constant.
        if folded.problems or not unknown or len(folded.constants) == len(network.constants):
            return folded
        network = infer_shapes(_with_initialisers(folded))


def _with_initialisers(network: Network) -> Network:
    """The model with folded integers as initialisers, so that shape inference sees them."""
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    live = [model.graph.node[index] for index in network.order]
    kept = [onnx.NodeProto() for _ in live]
    for copy, node in zip(kept, live, strict=True):
        copy.CopyFrom(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    present = {tensor.name for tensor in model.graph.initializer}
    for name, constant in network.constants.items():
        if name not in present:
            kind = onnx.helper.tensor_dtype_to_np_dtype(network.types[name])
            model.graph.initializer.append(numpy_helper.from_array(constant.values.astype(kind), name))
    return replace(network, model=model, order=tuple(range(len(kept))))


def _fold_once(network: Network) -> Network:
    constants, shapes, types = dict(network.constants), dict(network.shapes), dict(network.types)
    problems: list[Problem] = []
    order = []
    limits = limits_only(network.model)
    for index in network.order:
        proto = network.model.graph.node[index]
        node = Node(proto, index, network.opset, shapes, types, constants)
        result = _constant_node(node, limits) if node.op == "Constant" else _evaluate(node)
        if isinstance(result, Problem):
            problems.append(result)
        if isinstance(result, Constant):
            result = [result]
        if isinstance(result, list):
            for name, constant in zip(_named(node), result, strict=True):
                constants[name], shapes[name] = constant, tuple(constant.values.shape)
                # Values of quantised weights are kept in double precision; their type is the model's.
                types.setdefault(name, onnx.helper.np_dtype_to_tensor_dtype(constant.values.dtype))
        else:
            order.append(index)
    changed = replace(network, order=tuple(order), constants=constants, shapes=shapes, types=types)
    return changed.with_problems(problems)


def _evaluate(node: Node) -> Constant | list[Constant] | Problem | None:
    """The value of a node that is constant, or those of all its outputs; None where it is not."""
    if node.op == "Shape":
        shape = node.shape(0)
        start, end = node.integer("start", 0), node.attribute("end", onnx.AttributeProto.INT)
        return None if shape is None else Constant(np.asarray(shape[start:end], dtype=np.int64))
    if node.op == "Size":
        shape = node.shape(0)
        return None if shape is None else Constant(np.asarray(np.prod(shape), dtype=np.int64))
    operands = [node.constants.get(name) for name in node.inputs if name]
    if any(operand is None for operand in operands) or not node.outputs[0]:
        return None
    if len(_named(node)) != 1 and node.op != "Split":
        return None
    if node.op == "DequantizeLinear":
        return _dequantised(node)
    if node.op in QUANTS:
        return quantised_constant(node)
    if node.op not in FOLDABLE or not operands:
        return None
    declared = node.output_shape()
    if declared is not None and shape_fault(declared) is not None and 0 not in declared:
        return None
    first = operands[0]
    assert first is not None
    try:
        values = _run(node, [node.constants[name].values for name in node.inputs if name])
        if first.codes is None or first.scales is None or node.op not in VIEWS:
            return [Constant(each) for each in values]
        rest = [node.constants[name].values for name in node.inputs[1:] if name]
        codes, scales = _run(node, [first.codes, *rest]), _run(node, [first.scales, *rest])
        return [Constant(*each) for each in zip(values, codes, scales, strict=True)]
    except Exception as error:  # the evaluator raises whatever its numpy code raises
        return Problem(
            "TL111",
            node.name,
            node.source.line,
            f"{node.op}: constants must be computable",
            str(error).splitlines()[0] if str(error) else type(error).__name__,
            "export the network again",
        )


def _named(node: Node) -> list[str]:
    """Outputs that are there."""
    return [name for name in node.outputs if name]


def _run(node: Node, operands: list[Array]) -> list[Array]:
    """The outputs of one node on arrays, by ONNX's own evaluator."""
    names = [name for name in node.inputs if name]
    graph = onnx.helper.make_graph(
        [node.proto],
        "fold",
        [
            onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in dict(zip(names, operands, strict=True)).items()
        ],
        [onnx.helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in _named(node)],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", node.opset)])
    with np.errstate(all="ignore"):
        results = ReferenceEvaluator(model).run(None, dict(zip(names, operands, strict=True)))
    return [np.asarray(result) for result in results]


def _constant_node(node: Node, limits: set[str]) -> Constant | Problem | None:
    """The value of a Constant node; None where its form is unknown. Those among ``limits`` may be infinite."""
    value = node.attribute("value")
    if isinstance(value, onnx.TensorProto):
        array = read_tensor(value, node.outputs[0] in limits)
        if isinstance(array, Problem):
            return Problem(array.code, node.name, node.source.line, array.rule, array.value, array.fix)
        return Constant(array)
    kinds = onnx.AttributeProto
    for name, kind in (("value_float", kinds.FLOAT), ("value_floats", kinds.FLOATS)):
        if (found := node.attribute(name, kind)) is not None:
            return Constant(np.asarray(found, dtype=np.float32))
    for name, kind in (("value_int", kinds.INT), ("value_ints", kinds.INTS)):
        if (found := node.attribute(name, kind)) is not None:
            return Constant(np.asarray(found, dtype=np.int64))
    return None


def _dequantised(node: Node) -> Constant | Problem:
    """Codes, scales and values of a constant behind DequantizeLinear."""
    if (problem := SCALE_RULE.check(node)) is not None:
        return problem
    codes = np.asarray(node.constants[node.inputs[0]].values)
    scale = np.asarray(node.constants[node.inputs[1]].values, dtype=np.float64)
    zero = np.asarray(node.constants[node.inputs[2]].values).astype(np.int64) if node.has_input(2) else np.int64(0)
    if node.integer("block_size", 0) or not _is_integer(codes):
        return Problem(
            "TL304",
            node.name,
            node.source.line,
            "DequantizeLinear: constants must be integers with one scale, or one per channel",
            f"blocks of {node.integer('block_size', 0)}" if _is_integer(codes) else str(codes.dtype),
            "quantise per tensor or per channel",
        )
    if scale.size > 1:
        axis = node.integer("axis", 1) % max(codes.ndim, 1)
        if (
            scale.ndim != 1
            or axis >= codes.ndim
            or scale.size != codes.shape[axis]
            or np.size(zero) not in (1, scale.size)
        ):
            return Problem(
                "TL304",
                node.name,
                node.source.line,
                "DequantizeLinear: there must be one scale per channel of the axis",
                f"{list(scale.shape)} on axis {axis} of {list(codes.shape)}",
                "quantise per tensor or per channel",
            )
        wide = [1] * codes.ndim
        wide[axis] = -1
        scale = scale.reshape(wide)
        zero = np.reshape(zero, wide) if np.size(zero) > 1 else np.ravel(zero)[0]
    else:
        scale, zero = scale.ravel()[0], np.ravel(zero)[0]
    signed = codes.astype(np.int64) - zero
    scales = np.broadcast_to(scale, codes.shape).astype(np.float64)
    return Constant(signed * scales, signed, scales)


def _is_integer(codes: Array) -> bool:
    """Whether the type is one of integers, those of 4 and 2 bits included, which numpy does not know by itself."""
    return codes.dtype.kind in "iu" or codes.dtype.name in ("int4", "uint4", "int2", "uint2")
