"""The steps of normalisations: mean and variance over some axes, the deviations over their root."""

from collections.abc import Sequence

import numpy as np
import onnx

from tileloom.compiler.expansion import part
from tileloom.compiler.node import Array, Node
from tileloom.compiler.reductions import reduction_over

Steps = tuple[list[onnx.NodeProto], dict[str, Array]]


def normalised(
    node: Node, data: str, axes: tuple[int, ...], output: str, *, centred: bool = True, epsilon: float | None = None
) -> Steps:
    """``(x - mean) / sqrt(variance + epsilon)`` over ``axes``; not ``centred``, the mean counts as 0.

    ``epsilon`` is the node's own if not given.
    """
    mean, constants = reduction_over("ReduceMean", node, axes, data, ".mean")
    spread, more = reduction_over("ReduceMean", node, axes, ".squares", ".variance")
    centre = [mean, part("Sub", f"{data} .mean", ".deviations")] if centred else []
    deviations = ".deviations" if centred else data
    steps = [
        *centre,
        part("Mul", f"{deviations} {deviations}", ".squares"),
        spread,
        part("Add", ".variance .epsilon", ".positive"),
        part("Pow", ".positive .exponent", ".factors"),
        part("Mul", f"{deviations} .factors", output),
    ]
    least = node.real("epsilon", 1e-5) if epsilon is None else epsilon
    own = {".epsilon": least, ".exponent": -0.5}
    return steps, {**constants, **more, **{name: np.asarray(value, dtype=np.float32) for name, value in own.items()}}


def scaled(node: Node, data: str, gain: Array | str | None, offset: Array | str | None) -> Steps:
    """``data * gain + offset`` as the node's output; an absent one, and gains of 1 and offsets of 0, cost nothing.

    A gain or an offset is a constant, or the name of a computed value.
    """
    todo: list[tuple[str, str]] = []
    constants: dict[str, Array] = {}
    for op, name, value, idle in (("Mul", ".gain", gain, 1), ("Add", ".offset", offset, 0)):
        if isinstance(value, str):
            todo.append((op, value))
        elif value is not None and np.any(value != idle):
            constants[name] = np.asarray(value, dtype=np.float32)
            todo.append((op, name))
    if not todo:
        return [part("Identity", data, node.outputs[0])], {}
    steps = []
    for index, (op, name) in enumerate(todo):
        last = index == len(todo) - 1
        steps.append(part(op, f"{data} {name}", node.outputs[0] if last else ".scaled"))
        data = ".scaled"
    return steps, constants


def operand(node: Node, index: int, shape: Sequence[int] | None = None) -> Array | str | None:
    """A gain or an offset of a node: its constant (in ``shape``), or its name, or None where it is absent."""
    if not node.has_input(index):
        return None
    constant = node.constant(index)
    if constant is None:
        return node.inputs[index]
    return constant.values if shape is None else constant.values.reshape(tuple(shape))
